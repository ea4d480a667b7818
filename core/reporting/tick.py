"""One tick of the live flow, as it is told."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from core.execution.intents import Intent
from core.execution.orders import Position
from core.risk.alarms import Alarm


@dataclass(frozen=True, slots=True)
class Tick:
    """What one run of the trade flow saw, decided and did; equity in quote currency, targets fractions of it."""

    at: datetime
    release: str
    decision_time: datetime
    verdict: str
    reasons: tuple[str, ...]
    targets: dict[str, float]
    orders: tuple[Intent, ...]
    skipped: tuple[str, ...]
    equity: Decimal
    alarms: tuple[Alarm, ...] = ()
    decided: bool = False
    """Whether the decision was taken in this very tick."""
    positions: tuple[Position, ...] = ()
    """What the venue showed at the end."""
