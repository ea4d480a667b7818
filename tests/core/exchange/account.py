"""A small language for stories about the simulated exchange."""

from decimal import Decimal

from core.exchange.engine import step
from core.exchange.events import InstrumentsListed, OrderSubmitted, Outcome, PricesMoved
from core.exchange.state import State, Terms, open_account
from core.execution.orders import OrderRequest
from core.market.instrument import Instrument

FREE = Terms(taker_bps=Decimal(0), maker_bps=Decimal(0), slippage_bps=Decimal(0))
"""Trading without costs, so that a story can be checked in the head."""


def instrument(symbol: str = "BTCUSDT") -> Instrument:
    return Instrument("paper", symbol, Decimal("0.1"), Decimal("0.001"), Decimal("0.001"), Decimal(5))


def exchange(price: str = "100", *, terms: Terms = FREE, deposit: int = 10_000) -> State:
    rules = {symbol: instrument(symbol) for symbol in ("BTCUSDT", "ETHUSDT")}
    state = step(open_account("story", Decimal(deposit), terms), InstrumentsListed(rules)).state
    return step(state, PricesMoved(1_000, {"BTCUSDT": Decimal(price), "ETHUSDT": Decimal(price)})).state


def order(text: str, link: str = "a") -> OrderSubmitted:
    """Read "buy 2 BTC", "sell 1 BTC @ 110" or "sell 1 BTC reduce"."""
    words = text.split()
    return OrderSubmitted(
        OrderRequest(
            link=link,
            symbol=f"{words[2]}USDT",
            side="buy" if words[0] == "buy" else "sell",
            quantity=Decimal(words[1]),
            reduce_only="reduce" in words,
            price=Decimal(words[words.index("@") + 1]) if "@" in words else None,
        )
    )


def price(state: State, value: str) -> Outcome:
    """Move BTC to a price, a second later."""
    return step(state, PricesMoved(state.now + 1_000, {"BTCUSDT": Decimal(value)}))
