"""What can happen to the simulated exchange, and what it answers.

The owner's own hand needs no event of its own: an order with a foreign or an empty link is his, and so is a cancellation.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from core.exchange.state import Bar, Execution, State
from core.execution.orders import OrderRequest
from core.market.instrument import Instrument


@dataclass(frozen=True, slots=True)
class InstrumentsListed:
    """These symbols are listed now, under these rules; ``active=False`` means listed but not tradable at the moment.

    A symbol left out goes away, unless something is held or ordered in it: then it stays, inactive, until `SymbolDelisted`.
    """

    instruments: Mapping[str, Instrument]


@dataclass(frozen=True, slots=True)
class PricesMoved:
    """Time is `now` (ms) and these are the last prices; a symbol left out keeps its last one.

    A bar may be one move (its open) or several at growing moments, for instance along `core.exchange.path.bar_path`; limits and
    triggers inside the bar are reached only if the path goes there.

    Parameters
    ----------
    liquidity : base coin of a moved symbol that can be traded, both sides together, until it moves again; left out: no bound
    """

    now: int
    prices: Mapping[str, Decimal]
    liquidity: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LiquidityOffered:
    """From now until its price moves, this much of a symbol can be traded (base coin); None is no bound, 0 nobody there."""

    symbol: str
    quantity: Decimal | None


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
    """Somebody cancelled an order, by the exchange's id."""

    order_id: str


@dataclass(frozen=True, slots=True)
class OrderRejected:
    """The venue itself ends an open order as rejected; what it filled before stays filled."""

    order_id: str


@dataclass(frozen=True, slots=True)
class ProtectionSet:
    """Somebody set the position's stop-loss or take-profit (quote currency): None leaves one as it is, 0 takes it away."""

    symbol: str
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None


@dataclass(frozen=True, slots=True)
class LeverageSet:
    """Somebody set the leverage of a symbol."""

    symbol: str
    leverage: Decimal


@dataclass(frozen=True, slots=True)
class PositionModeSet:
    """Somebody switched the account to hedge mode, or back to one-way."""

    hedge: bool


@dataclass(frozen=True, slots=True)
class TradingBarred:
    """A listed symbol cannot be traded from now on, for this reason; None lifts it. Cancelling works meanwhile."""

    symbol: str
    why: Bar | None


@dataclass(frozen=True, slots=True)
class SymbolDelisted:
    """A symbol leaves: its orders are cancelled and its position is settled at the last price."""

    now: int
    symbol: str


@dataclass(frozen=True, slots=True)
class Deleveraged:
    """The venue takes up to this much of a position (base coin) for somebody else's loss: at the last price, without a fee."""

    symbol: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class MoneyMoved:
    """Money came in (positive) or went out (negative), quote currency."""

    amount: Decimal


@dataclass(frozen=True, slots=True)
class VenueRestarted:
    """The venue restarted: its list of recently closed orders is empty again; its history is not."""


@dataclass(frozen=True, slots=True)
class HistoryForgotten:
    """Closed orders and executions from before this moment (ms) can no longer be asked for; links and totals stay."""

    before: int


Event = (
    InstrumentsListed
    | PricesMoved
    | LiquidityOffered
    | FundingSettled
    | OrderSubmitted
    | OrderCancelled
    | OrderRejected
    | ProtectionSet
    | LeverageSet
    | PositionModeSet
    | TradingBarred
    | SymbolDelisted
    | Deleveraged
    | MoneyMoved
    | VenueRestarted
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


Reply = Done | Refused


@dataclass(frozen=True, slots=True)
class Outcome:
    """State after an event, the answer to whoever caused it, and what was executed."""

    state: State
    reply: Reply = Done()
    executions: tuple[Execution, ...] = ()
