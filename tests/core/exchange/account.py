"""A small language for stories about the simulated exchange."""

from dataclasses import replace
from decimal import Decimal

from core.exchange.engine import step
from core.exchange.events import InstrumentsListed, LiquidityOffered, OrderSubmitted, Outcome, PricesMoved, Refused
from core.exchange.state import Order, State, Terms, open_account
from core.execution.orders import OrderRequest
from core.market.instrument import Instrument

FREE = Terms(taker_bps=Decimal(0), maker_bps=Decimal(0), slippage_bps=Decimal(0))
"""Trading without costs, so that a story can be checked in the head."""


def instrument(symbol: str = "BTCUSDT", **rules) -> Instrument:
    return replace(Instrument("paper", symbol, Decimal("0.1"), Decimal("0.001"), Decimal("0.001"), Decimal(5)), **rules)


def exchange(price: str = "100", *, terms: Terms = FREE, deposit: int = 10_000, **rules) -> State:
    listed = {symbol: instrument(symbol, **rules) for symbol in ("BTCUSDT", "ETHUSDT")}
    state = step(open_account("story", Decimal(deposit), terms), InstrumentsListed(listed)).state
    return step(state, PricesMoved(1_000, {"BTCUSDT": Decimal(price), "ETHUSDT": Decimal(price)})).state


def order(text: str, link: str = "a") -> OrderSubmitted:
    """Read "buy 2 BTC", "sell 1 BTC @ 110 post-only", "sell 1 BTC reduce", "buy 1 BTC rises 120 stop 90 take 150"."""
    words = text.split()

    def after(word):
        return Decimal(words[words.index(word) + 1]) if word in words else None

    return OrderSubmitted(
        OrderRequest(
            link=link,
            symbol=f"{words[2]}USDT",
            side="buy" if words[0] == "buy" else "sell",
            quantity=Decimal(words[1]),
            reduce_only="reduce" in words,
            price=after("@"),
            stop_loss=after("stop"),
            take_profit=after("take"),
            trigger=after("rises") or after("falls"),
            trigger_rises="falls" not in words,
            time_in_force=next((word for word in words if word in ("ioc", "fok", "post-only")), "gtc"),
        )
    )


def sent(state: State, text: str, link: str = "a") -> State:
    """Send an order and see what is left."""
    return step(state, order(text, link)).state


def price(state: State, value: str) -> Outcome:
    """Move BTC to a price, a second later."""
    return step(state, PricesMoved(state.now + 1_000, {"BTCUSDT": Decimal(value)}))


def thin(state: State, quantity: str) -> State:
    """Leave so much BTC to be traded until the next move."""
    return step(state, LiquidityOffered("BTCUSDT", Decimal(quantity))).state


def found(state: State, link: str = "a") -> Order:
    """Return the order behind a link."""
    return state.orders[state.links[link]]


def code(reply) -> int:
    return reply.code if isinstance(reply, Refused) else 0
