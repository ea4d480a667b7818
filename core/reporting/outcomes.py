"""What single commands end with."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.reporting.backtested import Backtested
from core.reporting.daily import DailyReport
from core.reporting.night import Night


@dataclass(frozen=True, slots=True)
class Reported:
    """The daily report, and where its page lies."""

    report: DailyReport
    path: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A backtest, the id it is kept under, where its page lies, and how long it took this time."""

    result: str
    backtested: Backtested
    path: str
    seconds: float

    @property
    def flat(self) -> dict[str, Any]:
        """Everything in one level, as scripts read it."""
        return {"result": self.result, "path": self.path, **self.backtested.flat, "seconds": self.seconds}


@dataclass(frozen=True, slots=True)
class Saved:
    """A backtest as it was kept.

    Parameters
    ----------
    at : when it was run first
    config : the release and the request it answered, as JSON reads it
    figures : `Backtested.flat`, as JSON reads it
    path : where its page lies; None when it is not there any more
    """

    result: str
    at: datetime
    code_version: str
    config: dict[str, Any]
    figures: dict[str, Any]
    path: str | None

    @property
    def flat(self) -> dict[str, Any]:
        """Everything in one level, as scripts read it."""
        labels = {"result": self.result, "at": self.at, "code_version": self.code_version, "path": self.path}
        return {**labels, **self.figures, "config": self.config}


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo went through and ended with."""

    night: Night
    reported: Reported
    ticks: int
    orders: int
    seconds: float
