"""Optimise: look every night for something better, and deploy it only if it can be defended."""

from datetime import datetime
from typing import Annotated

from prefect import flow
from pydantic import Field

from core.deploy.guard import Evidence, GuardLimits, objections
from core.optimize.search import SearchPlan
from core.reporting.night import Night
from tasks import clock
from tasks.deploying import deploy, live_release
from tasks.research import challenger_of, gather, keep_night, load, resample, search_all, validate
from tasks.settings import settings
from tasks.stores import stored_venue
from tasks.telling import tell_night


@flow(name="optimize")
def optimize(
    start: datetime | None = None,
    end: datetime | None = None,
    trials: Annotated[int, Field(ge=1, le=10_000)] = 100,
    folds: Annotated[int, Field(ge=1, le=50)] = 6,
    seed: Annotated[int, Field(ge=0)] = 0,
    strategy: str = "xsmom",
    venue: str | None = None,
) -> Night:
    """Walk forward, search, stress, judge; deploy only without an objection.

    Parameters
    ----------
    start
        Where the model book starts. Leave empty for the first day with enough history before it.
    end
        Bars that open before this. Leave empty for all that are stored.
    trials
        Parameter sets tried in every fold, and again over the whole range.
    folds
        Walk-forward folds.
    seed
        Same seed, same bars, same result.
    strategy
        Which strategy to search.
    venue
        Whose bars to read. May be left empty while the store holds one venue.
    """
    started, limits = clock.now(), GuardLimits()
    plan = SearchPlan(strategy=strategy, trials=trials, folds=folds, seed=seed)
    live = live_release(stored_venue(venue), settings().timeframe, started)
    rules = live.model_copy(update={"book_start": start or live.book_start})
    market = load(rules, end)
    walk = validate(market, rules, plan)
    tried = search_all(market, rules, plan)
    challenger = challenger_of(rules, live, plan, tried)
    stressed = resample(walk, rules.timeframe, seed)
    evidence = gather(market, challenger, live, (walk, stressed), limits)
    reasons = objections(evidence, limits)
    if not reasons:
        deploy(challenger, evidence, reason=_praise(evidence), now=clock.now())
    night = Night(
        decision="hold" if reasons else "deploy",
        objections=reasons,
        release=challenger.fingerprint,
        live=live.fingerprint if reasons else challenger.fingerprint,
        is_sharpe=evidence.is_sharpe,
        oos_sharpe=evidence.oos_sharpe,
        trials=trials,
        trials_in_all=trials * (folds + 1),
        folds=folds,
        fold_sharpes=tuple((fold.is_sharpe, fold.oos_sharpe) for fold in walk.folds),
        evidence=evidence,
        stress=stressed,
        seconds=(clock.now() - started).total_seconds(),
    )
    keep_night(night, plan, (walk, tried), market.panel.data_hash, started)
    return tell_night(night)


def _praise(seen: Evidence) -> str:
    return f"no objection: walk-forward Sharpe {seen.oos_sharpe:.2f}, family statistic {seen.family_z:.2f}"
