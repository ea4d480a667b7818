"""The null test: the nightly gate on markets whose truth is known, night after night, counting what it deploys.

Every night the family's evidence is judged by the gate's own key 1; on nights when that key turns, and there only, the rest
of the cycle could deploy, so a sample of those nights runs it in full: walk-forward, search, Monte Carlo, all objections.
A night whose key 1 does not turn cannot deploy, whatever a search would find, so nothing is lost by not searching it.

A market ends with its first deployment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from core.config import Config
from core.deploy.guard import GuardLimits, key_turns, objections
from core.deploy.release import Release
from core.deploy.sequence import Arming, KeyOne, e_path, in_force, key_one, z_path
from core.market.worlds import START
from core.optimize.search import SearchPlan
from core.portfolio import Market, prepare
from core.types import Array, Ints, Mask
from core.validation.binomial import interval
from core.validation.evidence import gather_evidence, look_for_better
from core.validation.family import family_stream, standardised
from core.validation.null_kinds import Kind
from core.validation.null_worlds import STRATEGY, world

FRONTIER = (2.326, 2.576, 2.807, 2.9, 3.0, 3.1, 3.2, 3.3, 3.5)
"""Boundaries at which key 1 is counted beside the one in force."""


class NullPlan(Config):
    """What is tried, and how often."""

    kind: Kind = "noise"
    """What the markets hold, see `tradewind null-test`."""
    markets: int = Field(default=200, ge=1, le=100_000)
    """How many are tried."""
    nights: int = Field(default=365, ge=1, le=3650)
    """Nights that each of them is looked at."""
    sharpe: Annotated[float, Field(ge=0.0, le=5.0)] = 2.0
    """Of the best parameter set, net; for planted edges."""
    seed: int = Field(default=0, ge=0, le=2**31)
    """Same seed, same markets."""
    history_days: int = Field(default=730, ge=365, le=3650)
    """Days of book before the first night."""
    search_every: int = Field(default=28, ge=1, le=365)
    """Nights between full searches while key 1 is turned."""
    trials: int = Field(default=20, ge=5, le=1000)
    """Parameter sets per fold, and over the whole history."""
    folds: int = Field(default=6, ge=1, le=20)
    """Walk-forward folds."""
    neighbours: int = Field(default=1, ge=0, le=20)
    """Sets around each trial that are scored with it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One market.

    Parameters
    ----------
    top_z : largest statistic over the nights
    key_night : first night on which key 1 turned, None when it never did
    deploy_night : first searched night without an objection, None when there was none
    searches : nights searched in full
    objected : what stood in the way on the last of them
    """

    market: int
    top_z: float
    key_night: int | None
    deploy_night: int | None
    searches: int
    objected: tuple[str, ...]


class Nights(NamedTuple):
    """What the family says, night after night: the stream, the sequence each night belongs to, its Z, whether key 1 turns."""

    x: Array
    armed: tuple[Arming, ...]
    z: Array
    turned: Mask


def try_market(plan: NullPlan, limits: GuardLimits, number: int, source: Array | None = None) -> Outcome:
    """Live through the nights of one market; the same plan, limits and number give the same outcome."""
    rng = np.random.default_rng([plan.seed, number])
    made = world(plan.kind, rng, plan.history_days + plan.nights, sharpe=plan.sharpe, source=source)
    market = prepare(made.panel, made.rules)
    seen = nights_of(standardised(family_stream(market, made.rules, STRATEGY)), plan.nights, limits)
    searched, reasons = _sample(np.flatnonzero(seen.turned), plan.search_every), tuple[str, ...]()
    first, top = (searched[0] if searched else None), float(seen.z.max())
    for count, night in enumerate(searched, 1):
        reasons = _judged(market, made.rules, plan, limits, (seen, night))
        if not reasons:
            return Outcome(number, top, first, night, count, ())
    return Outcome(number, top, first, None, len(searched), reasons)


def nights_of(x: Array, nights: int, limits: GuardLimits) -> Nights:
    """Look at a stream on its last `nights` days and the day before them, as the nightly flow would.

    Parameters
    ----------
    x : (days,) standardised; the first look sees ``days - nights`` of them
    """
    begun, armed, key = len(x) - nights, list[Arming](), list[KeyOne]()
    bets = e_path(x)
    for days in range(begun, len(x) + 1):
        asked = Arming("null test", 1, START + timedelta(days=days), days, limits.horizon_days, limits.error)
        armed.append(in_force(armed[-1:], asked))
        if days == begun or armed[-1] != armed[-2]:
            path = z_path(x, armed[-1].n_max)
        key.append(KeyOne(path[days - 1], armed[-1].boundary, bets[days - 1], 1.0 / armed[-1].error))
    turned = np.array([key_turns(one, limits) for one in key])
    return Nights(x, tuple(armed), np.array([one.z for one in key]), turned)


def _judged(market: Market, rules: Release, plan: NullPlan, limits: GuardLimits, looked: tuple[Nights, int]) -> tuple[str, ...]:
    """Run one night in full, on what was known then."""
    seen, night = looked
    known = market.until(market.first + 24 * (plan.history_days + night))
    search = SearchPlan(
        strategy=STRATEGY, trials=plan.trials, folds=plan.folds, neighbours=plan.neighbours, seed=plan.seed + night
    )
    found = look_for_better(known, rules, search)
    key = key_one(seen.x[: len(seen.x) - plan.nights + night], seen.armed[night])
    return objections(gather_evidence(known, found, None, key, limits), limits)


def _sample(turned: Ints, every: int) -> list[int]:
    """Take the first of these nights, and then the next ones at least `every` nights apart."""
    taken: list[int] = []
    for night in turned.tolist():
        if not taken or night >= taken[-1] + every:
            taken.append(night)
    return taken


def summary(plan: NullPlan, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Count the outcomes, with exact binomial 95 % intervals: a market counts once.

    Without an edge net of costs every deployment is false; `key_one_turned` bounds what searching every night could deploy.
    """
    markets = len(outcomes)
    deployed = sum(one.deploy_night is not None for one in outcomes)
    turned = sum(one.key_night is not None for one in outcomes)
    share, span = deployed / markets, interval(deployed, markets)
    counted = (
        {"detected": deployed, "power": share, "interval": span}
        if plan.kind == "planted"
        else {"false_deploys": deployed, "rate": share, "interval": span}
    )
    return {
        "kind": plan.kind,
        "markets": markets,
        "market_years": markets * plan.nights / 365,
        **counted,
        "key_one_turned": turned,
        "key_one_interval": interval(turned, markets),
        "full_searches": sum(one.searches for one in outcomes),
        "search_every": plan.search_every,
        "frontier": [_at(boundary, outcomes) for boundary in FRONTIER],
    }


def _at(boundary: float, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Count the markets whose key 1 would have turned at another boundary."""
    turned = sum(one.top_z >= boundary for one in outcomes)
    return {"boundary": boundary, "key_one_turned": turned, "interval": interval(turned, len(outcomes))}
