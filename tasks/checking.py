"""Checks: whether a strategy may be believed. `opened` loads the stored bars once and closes the database; then they think."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from core.deploy.release import Release
from core.portfolio import Market
from core.strategies.registry import strategy_config
from core.validation.cost_sensitivity import MULTIPLES, CostSensitivity, cost_sensitivity
from core.validation.coverage import Coverage, coverage
from core.validation.data_limits import DataLimits, data_objections
from core.validation.lookahead import FUTURES, LookAhead, look_ahead
from core.validation.warmup import WarmUp, warm_up
from tasks.progress import Counter
from tasks.research import load_market, release_to_test


@dataclass(frozen=True, slots=True)
class Subject:
    """What is checked: a strategy with its parameters, in place of a release's sleeves, over a range of stored bars.

    Parameters
    ----------
    release : fingerprint; None means the live release, or the baseline
    start, end : None means as far as the stored bars reach
    """

    strategy: str
    params: dict[str, Any]
    venue: str | None = None
    release: str | None = None
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class DataCheck:
    """What is stored, and what speaks against it."""

    coverage: Coverage
    limits: dict[str, float]
    objections: tuple[str, ...]


def opened(subject: Subject) -> tuple[Market, Release]:
    """Return the bars the subject reads, and the release it makes.

    Raises
    ------
    ConfigError
        For an unknown strategy (with the nearest name), parameter, venue or release, or an empty range.
    DataError
        When there is no bar in the range.
    """
    strategy_config(subject.strategy, subject.params)  # a misspelt name is told before anything is loaded
    release = release_to_test(subject.venue, subject.release, subject.strategy, subject.params, subject.start)
    return load_market(release, subject.end), release


def check_lookahead(market: Market, release: Release, *, cuts: int, seed: int) -> LookAhead:
    """Search for a decision that a later bar changes."""
    steps = 1 + min(cuts, len(market.rows)) * len(FUTURES)
    told = Counter("look-ahead", steps).step
    return look_ahead(market.panel, release, cuts=cuts, rng=np.random.default_rng(seed), told=told)


def check_warmup(market: Market, release: Release, *, decisions: int, tolerance: float) -> WarmUp:
    """Make the newest decisions again with less and less history."""
    steps = min(decisions, len(market.rows)) * (len(release.sleeves) + 1)
    return warm_up(market.panel, release, decisions=decisions, tolerance=tolerance, told=Counter("warm-up", steps).step)


def check_costs(market: Market, release: Release) -> CostSensitivity:
    """Run the book at every multiple of its costs."""
    return cost_sensitivity(market, release, Counter("costs", len(MULTIPLES)).step)


def check_data(market: Market, release: Release, limits: DataLimits) -> DataCheck:
    """Look over the bars."""
    seen = coverage(market, release, extreme=limits.extreme)
    return DataCheck(seen, limits.model_dump(), data_objections(seen, limits))
