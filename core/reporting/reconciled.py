"""What a reconciliation found: the account as the venue shows it, and whether the books agree."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.execution.orders import Account, Position


@dataclass(frozen=True, slots=True)
class Reconciled:
    """The account, after every fill was booked and every order in flight was asked for.

    Parameters
    ----------
    market : venue whose bars are read
    differs : how the venue's positions differ from the books; empty when they agree
    in_flight : orders of which nobody knows yet what became of them
    """

    at: datetime
    account: str
    market: str
    timeframe: str
    money: Account
    positions: tuple[Position, ...]
    prices: Mapping[str, float]
    differs: str
    in_flight: int
