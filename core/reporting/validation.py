"""What the validation page of a night shows, in one small record, and how its parts are made.

A part that could not be computed is None or empty, and the page says so; it is never drawn as a zero.

Tested in tests/tasks/test_validation_page.py.
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from math import nan

import numpy as np

from core.backtest.metrics import max_drawdown, sharpe
from core.deploy.guard import GuardLimits
from core.market.features import day_of
from core.market.timeframe import utc
from core.optimize.search import Params, Trial
from core.reporting.attribution import Attribution
from core.reporting.backtest_detail import curve
from core.reporting.night import Night
from core.types import Array, Ints
from core.validation.inference import Inference
from core.validation.overfitting import Overfitting
from core.validation.stressed import Picture, Shock
from core.validation.walkforward import WalkForward

WHOLE_RANGE = "all"
"""Study of the search over all bars, the one that chose what would be deployed."""


@dataclass(frozen=True, slots=True)
class Track:
    """One equity by day.

    Parameters
    ----------
    days : (days,) UTC days since 1970
    equity : (days,) at the end of each, 1 before the first
    drawdown : (days,) deepest of each, 0 or negative
    """

    days: Ints
    equity: Array
    drawdown: Array


@dataclass(frozen=True, slots=True)
class FoldLine:
    """One fold: when it was tested, and the annual net Sharpe of what it chose in training and in test.

    `total` compounds the test's net returns, `max_drawdown` is its deepest drawdown, negative; `last` is its last bar's open.
    """

    name: str
    first: datetime
    last: datetime
    is_sharpe: float
    oos_sharpe: float
    total: float
    max_drawdown: float


@dataclass(frozen=True, slots=True)
class Tried:
    """One trial: its score in the search, and its annual net Sharpe after it; NaN where there is no after."""

    number: int
    study: str
    params: Params
    score: float
    oos_sharpe: float


@dataclass(frozen=True, slots=True)
class Validation:
    """Everything the page of one night shows.

    Parameters
    ----------
    subject : what was searched on which bars, in a few words
    labels : name and value of what identifies the run: data, code, run
    bar_ms : length of a bar of the Monte Carlo
    in_sample : the challenger's book over all bars, chosen with their knowledge
    out_of_sample : the walk-forward's test bars, joined
    trials : of every fold and of the whole range
    importance : parameter and share, largest first
    costs : (multiple of the costs, annual Sharpe, mean annual return)
    """

    subject: str
    synthetic: bool
    labels: tuple[tuple[str, str], ...]
    night: Night
    limits: GuardLimits
    bar_ms: int
    in_sample: Track
    out_of_sample: Track
    folds: tuple[FoldLine, ...]
    picture: Picture | None
    trials: tuple[Tried, ...]
    importance: tuple[tuple[str, float], ...]
    overfitting: Overfitting | None
    inference: Inference | None
    costs: tuple[tuple[float, float, float], ...]
    shocks: tuple[Shock, ...]
    attribution: Attribution | None


def track(net: Array, open_time: Ints) -> Track:
    """Reduce net returns per bar, or per day, (T,), to one point a day; no point without a return."""
    if not len(net):
        return Track(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0))
    drawn = curve("", net, open_time)
    return Track(np.unique(day_of(open_time)), np.array(drawn.equity), np.array(drawn.drawdown))


def fold_lines(walk: WalkForward) -> tuple[FoldLine, ...]:
    """Sum up the folds of a walk-forward, oldest first."""
    ends = np.cumsum([0, *(result.fold.test_stop - result.fold.test_start for result in walk.folds)])
    return tuple(
        FoldLine(
            name=f"fold {number}",
            first=utc(int(walk.open_time[start])),
            last=utc(int(walk.open_time[stop - 1])),
            is_sharpe=result.is_sharpe,
            oos_sharpe=result.oos_sharpe,
            total=float(np.prod(1.0 + walk.net[start:stop]) - 1.0),
            max_drawdown=max_drawdown(walk.net[start:stop]),
        )
        for number, (result, (start, stop)) in enumerate(zip(walk.folds, pairwise(ends), strict=True), 1)
    )


def tried(walk: WalkForward, trials: tuple[Trial, ...]) -> tuple[Tried, ...]:
    """List every trial of every fold with what followed, and those of the search over all bars, which nothing follows."""
    after = {f"fold {k}": (fold.trials, [sharpe(row) for row in fold.streams]) for k, fold in enumerate(walk.folds, 1)}
    studies = {**after, WHOLE_RANGE: (trials, [nan] * len(trials))}
    return tuple(
        Tried(trial.number, study, trial.params, trial.value, oos)
        for study, (numbered, followed) in studies.items()
        for trial, oos in zip(numbered, followed, strict=True)
    )
