"""What a reconciliation found: the account as the venue shows it, and whether the books agree."""

from dataclasses import dataclass
from datetime import datetime

from core.execution.sight import Sight


@dataclass(frozen=True, slots=True)
class Reconciled:
    """The account, after every fill was booked and every order in flight was asked for.

    Parameters
    ----------
    market : venue whose bars are read
    newest_close : when the newest stored bar closed
    missing : symbols that should have that bar and have not
    differs : how the venue's positions differ from the books; empty when they agree
    in_flight : orders of which nobody knows yet what became of them
    """

    at: datetime
    account: str
    market: str
    timeframe: str
    sight: Sight
    newest_close: datetime
    missing: tuple[str, ...]
    differs: str
    in_flight: int
