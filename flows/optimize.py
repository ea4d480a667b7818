"""Optimise: look every night for something better, and deploy it only if it can be defended."""

from datetime import datetime
from typing import Annotated

from prefect import flow
from prefect.transactions import transaction
from pydantic import Field

from core.deploy.guard import Evidence, GuardLimits, objections
from core.deploy.release import Release
from core.optimize.search import SearchPlan
from core.reporting.night import Night
from core.validation.evidence import Found
from flows.forms import Moment, StrategyName, with_help
from flows.ingest import ingest
from tasks import clock
from tasks.deploying import deploy, live_release
from tasks.freshness import symbols_behind
from tasks.nightly import ask_family, gather, keep_night, load, resample, search
from tasks.settings import settings
from tasks.stores import stored_venue
from tasks.telling import tell_night


@with_help
@flow(name="optimize", timeout_seconds=21_600)
def optimize(
    start: Moment | None = None,
    end: Moment | None = None,
    trials: Annotated[int, Field(ge=1, le=10_000)] = 100,
    folds: Annotated[int, Field(ge=1, le=50)] = 6,
    train_bars: Annotated[int, Field(ge=1, le=1_000_000)] | None = None,
    seed: Annotated[int, Field(ge=0)] = 0,
    strategy: StrategyName = "xsmom",
    venue: str | None = None,
) -> Night:
    """Walk forward, search, stress, judge; deploy only without an objection. Bars that are behind are brought first.

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
    train_bars
        Bars that every fold trains on. Leave empty for all before its test.
    seed
        Same seed, same bars, same result.
    strategy
        Which strategy to search.
    venue
        Whose bars to read. May be left empty while the store holds one venue.
    """
    started, limits = clock.now(), GuardLimits()
    plan = SearchPlan(strategy=strategy, trials=trials, folds=folds, train_bars=train_bars, seed=seed)
    _freshen(venue, end)
    live = live_release(stored_venue(venue), settings().timeframe, started)
    rules = live.model_copy(update={"book_start": start or live.book_start})
    market = load(rules, end)
    key = ask_family(market, rules, strategy, limits)
    walk, tried = search(market, rules, plan)
    found = resample(walk, tried, rules, live, plan)
    evidence = gather(market, found, live, key, limits)
    night = _decided(found, evidence, live, plan, objections(evidence, limits))
    with transaction():  # what could not be kept and told is not deployed either
        if not night.objections:
            deploy(found.challenger, evidence, reason=_praise(evidence), now=clock.now())
        return tell_night(keep_night(market, found, night, plan, started))


def _freshen(venue: str | None, end: datetime | None) -> None:
    """Bring the bars up to date first, when they are behind: a night judged on yesterday's bars is a wasted one."""
    if end is None and (behind := symbols_behind(venue)):
        ingest(venue=stored_venue(venue), timeframe=settings().timeframe, symbols=list(behind))


def _decided(found: Found, evidence: Evidence, live: Release, plan: SearchPlan, reasons: tuple[str, ...]) -> Night:
    return Night(
        decision="hold" if reasons else "deploy",
        objections=reasons,
        release=found.challenger.fingerprint,
        live=(live if reasons else found.challenger).fingerprint,
        is_sharpe=evidence.is_sharpe,
        oos_sharpe=evidence.oos_sharpe,
        trials=plan.trials,
        trials_in_all=plan.trials * (plan.folds + 1),
        folds=plan.folds,
        fold_sharpes=tuple((fold.is_sharpe, fold.oos_sharpe) for fold in found.walk.folds),
        evidence=evidence,
        stress=found.worst,
    )


def _praise(seen: Evidence) -> str:
    return f"no objection: walk-forward Sharpe {seen.oos_sharpe:.2f}, family statistic {seen.key.z:.2f}"
