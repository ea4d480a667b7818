"""What the simulated exchange remembers: one account, its orders, positions and executions, all frozen.

1. Money is `Decimal`; moments are milliseconds since 1970 UTC; the exchange has no clock but the events it is given.
2. A link used by an order is used for ever, also after the order itself has been forgotten.
3. Every identifier carries the account and the moment its exchange opened, so a paper account started afresh never repeats one
   (a ledger that knows the old fills would take the new ones for repetitions).
4. A position keeps what it cost, not its average price: costs add up exactly, averages do not.
5. Every field that came later has a default, so that a state stored before it still loads.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from core.exchange.archive import Archive, Log, Register
from core.execution.orders import FillKind, OrderStatus, TimeInForce
from core.market.instrument import Instrument
from core.types import Side

ZERO = Decimal(0)

Origin = Literal["user", "stop-loss", "take-profit", "liquidation", "adl", "settlement", "funding", "transfer"]
"""Who made an order or a booking: the account's owner (through whatever door), or the venue and why."""

Cause = Literal[
    "",
    "owner",
    "no-liquidity",
    "post-only",
    "fill-or-kill",
    "reduce-only",
    "no-margin",
    "liquidation",
    "delisted",
    "flat",
    "replaced",
    "venue",
]
"""Why an order ended unfilled; empty while it is open and when it is filled."""

Bar = Literal["halted", "settling"]
"""Why a listed symbol cannot be traded at the moment."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What trading costs and how far the account may stretch.

    Parameters
    ----------
    taker_bps, maker_bps : basis points of notional
    slippage_bps : basis points by which a taker's price is worse than the last price
    max_leverage : gross notional over equity; also the leverage of a symbol until it is set
    maintenance_rate : fraction of the positions' notional; equity at or below it is liquidated
    liquidation_bps : basis points by which a liquidation's price is worse than the last price
    """

    taker_bps: Decimal = Decimal("5.5")
    maker_bps: Decimal = Decimal(2)
    slippage_bps: Decimal = Decimal(2)
    max_leverage: Decimal = Decimal(10)
    maintenance_rate: Decimal = Decimal("0.02")
    liquidation_bps: Decimal = Decimal(100)


@dataclass(frozen=True, slots=True)
class Order:
    """An order in the exchange's books.

    Parameters
    ----------
    price : quote currency, None for a market order
    filled : base coin; ``value`` and ``fees`` are what these fills were worth and cost, in quote currency
    seen_price : the last price when the order arrived
    stop_loss, take_profit : quote currency; become protective orders of the position when this fills
    trigger : quote currency; ``asleep`` until the last price reaches it, rising if `trigger_rises`, else falling
    parent : the order that caused this one; empty when there is none
    """

    order_id: str
    link: str
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal | None
    reduce_only: bool
    seen_price: Decimal
    sequence: int
    created: int
    updated: int
    status: OrderStatus = "open"
    filled: Decimal = ZERO
    value: Decimal = ZERO
    fees: Decimal = ZERO
    time_in_force: TimeInForce = "gtc"
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    trigger: Decimal | None = None
    trigger_rises: bool = True
    asleep: bool = False
    origin: Origin = "user"
    parent: str = ""
    cause: Cause = ""

    @property
    def leaves(self) -> Decimal:
        """Base coin not filled yet."""
        return self.quantity - self.filled


@dataclass(frozen=True, slots=True)
class Holding:
    """A one-way position; flat ones stay, for what they realised.

    Parameters
    ----------
    quantity : base coin, signed, negative is short
    cost : quote currency, signed as the quantity: what the quantity was bought (or sold) for
    realised : quote currency, profit of what was closed, before fees and funding
    """

    symbol: str
    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    realised: Decimal = ZERO
    sequence: int = 0
    created: int = 0
    updated: int = 0

    @property
    def entry(self) -> Decimal:
        """Average entry price, 0 when flat."""
        return self.cost / self.quantity if self.quantity else ZERO


@dataclass(frozen=True, slots=True)
class Execution:
    """One booking on the account.

    Parameters
    ----------
    quantity : base coin, positive; for funding the size of the position, of which nothing was traded; for a transfer the money
    fee : quote currency, positive is paid; for funding the payment
    rate : fraction of notional at which the fee was charged
    closed : base coin, the part of the quantity that reduced a position
    leaves : base coin, what was left of the order
    """

    exec_id: str
    sequence: int
    order_id: str
    link: str
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal
    rate: Decimal
    kind: FillKind
    maker: bool
    closed: Decimal
    leaves: Decimal
    at: int
    origin: Origin = "user"


@dataclass(frozen=True, slots=True)
class State:
    """The whole exchange as one account sees it.

    Parameters
    ----------
    deposit : quote currency, what the account began with
    wallet : quote currency: deposit + realised - fees - funding + transferred
    now, opened : milliseconds; 0 before the first prices
    sequence : the last number given to anything
    links : link to order id, never forgotten
    funded : symbol to the moment of its last settlement that was booked, milliseconds
    liquidity : symbol to the base coin that can still be traded until its price moves; a symbol left out has no bound
    barred : symbols that are listed but cannot be traded, and why
    hedge : whether the account is in hedge mode, where a one-way order is refused
    restarted : milliseconds, when the venue's list of recent orders was last lost
    """

    account: str
    deposit: Decimal
    wallet: Decimal
    terms: Terms = field(default_factory=Terms)
    now: int = 0
    opened: int = 0
    sequence: int = 0
    realised: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    transferred: Decimal = ZERO
    instruments: Mapping[str, Instrument] = field(default_factory=dict)
    prices: Mapping[str, Decimal] = field(default_factory=dict)
    liquidity: Mapping[str, Decimal] = field(default_factory=dict)
    barred: Mapping[str, Bar] = field(default_factory=dict)
    leverage: Mapping[str, Decimal] = field(default_factory=dict)
    orders: Register[Order] = field(default_factory=Register)
    links: Archive[str] = field(default_factory=Archive)
    holdings: Mapping[str, Holding] = field(default_factory=dict)
    funded: Mapping[str, int] = field(default_factory=dict)
    executions: Log[Execution] = field(default_factory=Log)
    hedge: bool = False
    restarted: int = 0

    def name(self, sequence: int) -> str:
        """Return the identifier of the thing with this number, unique over all lives of the account."""
        return f"{self.account}-{self.opened:x}-{sequence:08d}"


def open_account(account: str, deposit: Decimal, terms: Terms) -> State:
    """Return an exchange with one funded account, no instruments and no time yet."""
    return State(account=account, deposit=deposit, wallet=deposit, terms=terms)
