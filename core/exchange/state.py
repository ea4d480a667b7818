"""What the simulated exchange remembers: one account, its orders, positions and executions, all frozen.

1. Money is `Decimal`; moments are milliseconds since 1970 UTC; the exchange has no clock but the events it is given.
2. A link used by an order is used for ever, also after the order itself has been forgotten.
3. Every identifier carries the account and the moment its exchange opened, so a paper account started afresh never repeats one
   (a ledger that knows the old fills would take the new ones for repetitions).
4. A position keeps what it cost, not its average price: costs add up exactly, averages do not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from core.execution.orders import FillKind, OrderStatus
from core.market.instrument import Instrument
from core.types import Side

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Terms:
    """What trading costs and how far the account may stretch.

    Parameters
    ----------
    taker_bps, maker_bps : basis points of notional
    slippage_bps : basis points by which a taker's price is worse than the last price
    max_leverage : gross notional over equity; also the leverage of a symbol until it is set
    """

    taker_bps: Decimal = Decimal("5.5")
    maker_bps: Decimal = Decimal(2)
    slippage_bps: Decimal = Decimal(2)
    max_leverage: Decimal = Decimal(10)


@dataclass(frozen=True, slots=True)
class Order:
    """An order in the exchange's books.

    Parameters
    ----------
    price : quote currency, None for a market order
    filled : base coin; ``value`` and ``fees`` are what these fills were worth and cost, in quote currency
    seen_price : the last price when the order arrived
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
    quantity : base coin, positive; for funding the size of the position, of which nothing was traded
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


@dataclass(frozen=True, slots=True)
class State:
    """The whole exchange as one account sees it.

    Parameters
    ----------
    deposit : quote currency, what the account began with
    wallet : quote currency: deposit + realised - fees - funding
    now, opened : milliseconds; 0 before the first prices
    sequence : the last number given to anything
    links : link to order id, never forgotten
    funded : symbol to the moment of its last settlement that was booked, milliseconds
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
    instruments: Mapping[str, Instrument] = field(default_factory=dict)
    prices: Mapping[str, Decimal] = field(default_factory=dict)
    leverage: Mapping[str, Decimal] = field(default_factory=dict)
    orders: Mapping[str, Order] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    holdings: Mapping[str, Holding] = field(default_factory=dict)
    funded: Mapping[str, int] = field(default_factory=dict)
    executions: tuple[Execution, ...] = ()

    def name(self, sequence: int) -> str:
        """Return the identifier of the thing with this number, unique over all lives of the account."""
        return f"{self.account}-{self.opened:x}-{sequence:08d}"


def open_account(account: str, deposit: Decimal, terms: Terms) -> State:
    """Return an exchange with one funded account, no instruments and no time yet."""
    return State(account=account, deposit=deposit, wallet=deposit, terms=terms)
