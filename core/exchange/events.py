"""What can happen to the simulated exchange, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from core.exchange.state import Execution, State
from core.execution.orders import OrderRequest
from core.market.instrument import Instrument


@dataclass(frozen=True, slots=True)
class InstrumentsListed:
    """These symbols are listed now; ``active=False`` means listed but not tradable at the moment."""

    instruments: Mapping[str, Instrument]


@dataclass(frozen=True, slots=True)
class PricesMoved:
    """Time is `now` (ms) and these are the last prices; a symbol left out keeps its last one."""

    now: int
    prices: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class FundingSettled:
    """Funding is exchanged: a long pays a positive rate (fraction of notional).

    Parameters
    ----------
    now : milliseconds, when it is exchanged
    settled : milliseconds, when it was due; earlier than `now` when the rate became known late
    """

    now: int
    rates: Mapping[str, Decimal]
    settled: int


@dataclass(frozen=True, slots=True)
class OrderSubmitted:
    """Somebody sent an order."""

    request: OrderRequest


@dataclass(frozen=True, slots=True)
class OrderCancelled:
    """Somebody cancels an order by the exchange's own id."""

    order_id: str


@dataclass(frozen=True, slots=True)
class LeverageSet:
    """Somebody sets the leverage of a symbol."""

    symbol: str
    leverage: Decimal


@dataclass(frozen=True, slots=True)
class SymbolDelisted:
    """A symbol is gone at `now` (ms): its orders are cancelled and its position settled at the last price."""

    now: int
    symbol: str


@dataclass(frozen=True, slots=True)
class HistoryForgotten:
    """Closed orders and executions older than `before` (ms) may be dropped; links and totals stay."""

    before: int


Event = (
    InstrumentsListed
    | PricesMoved
    | FundingSettled
    | OrderSubmitted
    | OrderCancelled
    | LeverageSet
    | SymbolDelisted
    | HistoryForgotten
)


@dataclass(frozen=True, slots=True)
class Done:
    """It happened; `order_id` names the order it happened to, if any."""

    order_id: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """It did not happen: the venue's code and a sentence. The state is unchanged."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """State after an event, the answer to whoever caused it, and what was executed."""

    state: State
    reply: Done | Refused = Done()
    executions: tuple[Execution, ...] = ()
