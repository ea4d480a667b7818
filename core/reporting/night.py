"""A night's result: what was decided, why, and on which evidence."""

from dataclasses import dataclass

from core.deploy.guard import Evidence
from core.validation.stressed import Stress


@dataclass(frozen=True, slots=True)
class Night:
    """One run of the optimise flow; Sharpe ratios are annual and net.

    `release` is the challenger's fingerprint, `trials` what each search tried, `trials_in_all` the sum over all folds,
    `page` where the validation page lies.
    """

    decision: str
    objections: tuple[str, ...]
    release: str
    live: str
    is_sharpe: float
    oos_sharpe: float
    trials: int
    trials_in_all: int
    folds: int
    fold_sharpes: tuple[tuple[float, float], ...]
    evidence: Evidence
    stress: Stress
    seconds: float = 0.0
    page: str | None = None
