"""Lives of the simulated exchange for Hypothesis: whatever may happen to it, in any order."""

from dataclasses import dataclass
from decimal import Decimal

from hypothesis import strategies as st

from core.exchange.engine import step
from core.exchange.events import (
    Deleveraged,
    FundingSettled,
    InstrumentsListed,
    LiquidityOffered,
    MoneyMoved,
    OrderCancelled,
    OrderRejected,
    OrderSubmitted,
    PositionModeSet,
    PricesMoved,
    ProtectionSet,
    SymbolDelisted,
    TradingBarred,
    VenueRestarted,
)
from core.exchange.state import Terms
from core.execution.orders import OrderRequest
from tests.core.exchange.account import exchange, instrument

NAMES = ("BTCUSDT", "ETHUSDT")
TERMS = Terms()
RULES = {name: instrument(name, max_quantity=Decimal(150)) for name in NAMES}

TICK = Decimal("0.1")

SYMBOLS = st.sampled_from(NAMES)
LINKS = st.sampled_from([f"link{n}" for n in range(30)] + [""])
PRICES = st.integers(850, 1_150).map(lambda tenths: Decimal(tenths) / 10)
QUANTITIES = st.integers(1, 200).map(Decimal) | st.integers(1, 5_000).map(lambda n: Decimal(n) / 1_000)
RATES = st.integers(-75, 75).map(lambda bps: Decimal(bps) / 10_000)
AWAY = st.none() | st.integers(-60, 60)


@dataclass(frozen=True)
class Aim:
    """An order whose prices are ticks away from the last price; a stop and a target on their proper sides."""

    link: str
    symbol: str
    side: str
    quantity: Decimal
    reduce_only: bool
    limit: int | None = None
    trigger: int | None = None
    stop: int | None = None
    target: int | None = None
    time_in_force: str = "gtc"

    def at(self, last):
        """Return the request at this last price."""
        away = 1 if self.side == "buy" else -1

        def price(ticks):
            return None if ticks is None else last + ticks * TICK

        return OrderRequest(
            link=self.link,
            symbol=self.symbol,
            side=self.side,
            quantity=self.quantity,
            reduce_only=self.reduce_only,
            price=price(self.limit),
            stop_loss=price(self.stop and -away * self.stop),
            take_profit=price(self.target and away * self.target),
            trigger=price(self.trigger),
            trigger_rises=(self.trigger or 0) > 0,
            time_in_force=self.time_in_force,
        )


BASIC = {
    "link": LINKS,
    "symbol": SYMBOLS,
    "side": st.sampled_from(["buy", "sell"]),
    "quantity": QUANTITIES,
    "reduce_only": st.sampled_from([False, False, True]),
}
DISTANCES = st.none() | st.integers(1, 80)
ORDERS = (
    st.builds(Aim, **BASIC)
    | st.builds(Aim, **BASIC, stop=DISTANCES, target=DISTANCES)
    | st.builds(Aim, **BASIC, limit=AWAY, time_in_force=st.sampled_from(["gtc", "gtc", "ioc", "fok", "post-only"]))
    | st.builds(Aim, **BASIC, limit=AWAY, trigger=AWAY, stop=DISTANCES, target=DISTANCES)
)
MOVES = st.tuples(
    st.just("prices"),
    st.dictionaries(SYMBOLS, PRICES, min_size=1),
    st.dictionaries(SYMBOLS, QUANTITIES, max_size=1),
)
TRADING = (
    st.tuples(st.just("funding"), st.dictionaries(SYMBOLS, RATES, min_size=1))
    | st.tuples(st.sampled_from(["cancel", "reject"]), LINKS)
    | st.builds(LiquidityOffered, SYMBOLS, st.none() | QUANTITIES)
    | st.builds(ProtectionSet, SYMBOLS, st.none() | PRICES, st.none() | PRICES | st.just(Decimal(0)))
)
OUTSIDE = (
    st.builds(MoneyMoved, st.integers(-600, 900).map(Decimal))
    | st.builds(Deleveraged, SYMBOLS, QUANTITIES)
    | st.builds(TradingBarred, SYMBOLS, st.sampled_from(["halted", "settling", None, None]))
    | st.builds(PositionModeSet, st.sampled_from([True, False, False]))
    | st.tuples(st.just("delist"), SYMBOLS)
    | st.just(InstrumentsListed({"ETHUSDT": RULES["ETHUSDT"]}))
    | st.just(VenueRestarted())
)
ANY = st.sampled_from([ORDERS, ORDERS, ORDERS, MOVES, MOVES, TRADING, OUTSIDE, st.just(InstrumentsListed(RULES))])
PLANS = st.lists(ANY.flatmap(lambda kind: kind), min_size=10, max_size=40)


def born(deposit=1_000):
    return exchange(terms=TERMS, deposit=deposit, max_quantity=Decimal(150))


def event_of(state, plan):
    """Make one planned event fit the state it finds."""
    match plan:
        case Aim():
            event = OrderSubmitted(plan.at(state.prices[plan.symbol]))
        case ("prices", prices, liquidity):
            event = PricesMoved(state.now + 1, prices, {s: q for s, q in liquidity.items() if s in prices})
        case ("funding", rates):
            event = FundingSettled(state.now, rates, state.now)
        case ("cancel", link):
            event = OrderCancelled(state.links.get(link, ""))
        case ("reject", link):
            event = OrderRejected(state.links.get(link, ""))
        case ("delist", symbol):
            event = SymbolDelisted(state.now, symbol)
        case _:
            event = plan
    return event


def lived(plans, state=None):
    """Return the last state of a life."""
    return history(plans, state)[-1].state if plans else state or born()


def history(plans, state=None):
    """Return what every event of a life came to."""
    state, outcomes = state or born(), []
    for plan in plans:
        outcomes.append(step(state, event_of(state, plan)))
        state = outcomes[-1].state
    return outcomes
