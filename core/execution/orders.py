"""Orders, what the venue may answer, and what it executed: records without behaviour.

Money is `Decimal` here. The answers are types of their own so that nobody can read "I do not know" as "no".
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from core.types import Side

TimeInForce = Literal["gtc", "ioc", "fok", "post-only"]


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """A market order (price None) or limit order, in the venue's own grains.

    Parameters
    ----------
    link : at most 36 characters of ``[A-Za-z0-9_-]``: our name for the order, and the only handle we trust
    quantity : base coin, positive, a multiple of the instrument's step
    stop_loss, take_profit : quote currency; kept by the venue for the whole position from the moment the order fills
    trigger : quote currency; the order sleeps until the last price reaches it, rising if `trigger_rises`, else falling
    """

    link: str
    symbol: str
    side: Side
    quantity: Decimal
    reduce_only: bool
    price: Decimal | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    trigger: Decimal | None = None
    trigger_rises: bool = True
    time_in_force: TimeInForce = "gtc"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The venue has the order. It is an acknowledgement, not a fill."""

    order_id: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The venue has said no, by a code that proves the order does not exist."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """The venue does not have it, and it may be sent again: never connected, or turned away for now (too fast, wrong time)."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Everything else: the order may exist, now or in a moment."""

    reason: str


Submission = Accepted | Rejected | NotSent | Unknown


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The venue has taken the order out of its book; what it filled before stays filled."""

    order_id: str


@dataclass(frozen=True, slots=True)
class Gone:
    """There was nothing left to cancel: the order is finished, or never was. Look it up to learn which."""

    reason: str


Cancellation = Cancelled | Gone | Unknown

OrderStatus = Literal["open", "filled", "cancelled", "rejected"]


@dataclass(frozen=True, slots=True)
class VenueOrder:
    """An order as the venue reports it; a cancelled one may have fills."""

    link: str
    order_id: str
    symbol: str
    side: Side
    quantity: Decimal
    filled: Decimal
    status: OrderStatus
    reduce_only: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """The venue knows this link."""

    order: VenueOrder


@dataclass(frozen=True, slots=True)
class NotFound:
    """Every place the venue keeps orders was read without error and none had the link."""

    as_of: datetime
    """Server time before the first of these reads: what was sent later may have been missed."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The question could not be answered: nothing is known, nothing changes."""

    reason: str


Lookup = Found | NotFound | Failed

FillKind = Literal["trade", "funding", "liquidation", "settlement", "transfer", "adjustment"]


@dataclass(frozen=True, slots=True)
class Fill:
    """One booking at a venue, keyed (venue, symbol, exec_id): booking it twice is harmless.

    A transfer is money that came in (buy) or went out (sell): `quantity` of the settle coin, which is its symbol, at price 1.
    An adjustment is ours: a person had the books take over a position that no execution explains.

    Parameters
    ----------
    quantity : base coin, positive; the position size for ``kind == "funding"``, where nothing was traded
    price : quote currency; 0 for funding where the venue does not say
    fee : quote currency, positive is paid, negative is received; for funding, the payment itself
    link : ours, or empty when the order was not ours
    """

    venue: str
    symbol: str
    exec_id: str
    link: str
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal
    kind: FillKind
    at: datetime


@dataclass(frozen=True, slots=True)
class Position:
    """A position at the venue; quantity is signed, negative is short."""

    symbol: str
    quantity: Decimal
    entry_price: Decimal
    mark_price: Decimal
    unrealised: Decimal
    leverage: Decimal = Decimal(0)
    """0 when the venue does not say."""
    sequence: int = 0
    """Grows with every change of the position at the venue; 0 when the venue does not say."""


@dataclass(frozen=True, slots=True)
class Account:
    """What the account is worth, in quote currency: equity = wallet + unrealised profit."""

    equity: Decimal
    wallet: Decimal
    as_of: datetime
    initial_margin: Decimal = Decimal(0)
    """Tied up by positions and open orders."""
    maintenance_margin: Decimal = Decimal(0)
    """Equity below which the venue liquidates."""
