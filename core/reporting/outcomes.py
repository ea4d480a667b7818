"""What single commands end with."""

from dataclasses import dataclass

from core.reporting.daily import DailyReport
from core.reporting.night import Night


@dataclass(frozen=True, slots=True)
class Reported:
    """The daily report, and where its page lies."""

    report: DailyReport
    path: str


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo went through and ended with."""

    night: Night
    reported: Reported
    ticks: int
    orders: int
    seconds: float
