"""The night, one computation per task: they are handed what was loaded, think, and keep what they found at the end."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import optuna
from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from core.backtest.metrics import sharpe
from core.deploy.guard import Evidence, GuardLimits
from core.deploy.release import Release
from core.deploy.sequence import Arming, KeyOne, key_one
from core.market.timeframe import bar_ms
from core.optimize.search import SearchPlan, Trial
from core.portfolio import Market
from core.reporting.night import Night
from core.reporting.validation import Validation
from core.validation.evidence import Found, challenger_of, gather_evidence, worst_years
from core.validation.family import family_stream, hypothesis, standardised
from core.validation.fitness import FitnessLimits, require_fit
from core.validation.walkforward import Keeper, WalkForward, fit_all, joined, nowhere, walk_fold
from storage.studies import kept, opened
from storage.trials import Trial as TrialRow
from tasks import clock
from tasks.cluster import Job, run_here, run_on
from tasks.explaining import explain
from tasks.html_page import write_page
from tasks.live_releases import days_since_rollback, is_proven
from tasks.progress import Counter
from tasks.research import keep_run, load_market, new_run_id
from tasks.settings import settings
from tasks.stores import store
from tasks.validation_page import validation_page
from tasks.version import core_version

optuna.logging.set_verbosity(optuna.logging.WARNING)


@task(cache_policy=NO_CACHE)
def load(release: Release, end: datetime | None) -> Market:
    """Load the market of a night, and refuse one that cannot be judged.

    Raises
    ------
    ConfigError, DataError
        When there are no bars, or too few, too many gaps, too few symbols or no funding; with the numbers.
    """
    market = load_market(release, end)
    for remark in require_fit(market, release, FitnessLimits(), store().absences.known(release.venue, release.timeframe)):
        get_run_logger().info(remark)
    return market


@task(cache_policy=NO_CACHE)
def ask_family(market: Market, rules: Release, strategy: str, limits: GuardLimits) -> KeyOne:
    """Look at the family's evidence in the sequence that is armed for it; arm one when none is."""
    counter = Counter("family", 1)
    x = standardised(family_stream(market, rules, strategy))
    asked = Arming(hypothesis(rules, strategy), 1, clock.now(), len(x), limits.horizon_days, limits.error)
    armed = store().armings.arm(asked)
    counter.step()
    return key_one(x, armed)


@task(cache_policy=NO_CACHE)
def search(market: Market, rules: Release, plan: SearchPlan) -> tuple[WalkForward, tuple[Trial, ...]]:
    """Search in every fold and see what followed, then over all bars for what would be deployed; on a cluster, side by side."""
    walking, searching = Counter("walk-forward", plan.folds * plan.trials), Counter("search", plan.trials)
    asked: dict[str, Any] = {"release": rules, "plan": plan, "keep": _keeper(market, rules, plan)}
    folds = [Job(f"fold-{k}", partial(walk_fold, number=k, **asked), walking.step) for k in range(1, plan.folds + 1)]
    # What takes longest begins first: it has the most bars.
    whole, *walked = _run([Job("all", partial(fit_all, **asked), searching.step), *reversed(folds)], market)
    return joined(walked[::-1]), whole


def _run(jobs: Sequence[Job], market: Market) -> list[Any]:
    cluster = settings().dask
    return run_on(cluster, market, jobs) if cluster else run_here(market, jobs)


def _keeper(market: Market, rules: Release, plan: SearchPlan) -> Keeper:
    """Keep studies in the database of the settings, if there is one, under a name of all that their scores depend on."""
    url = settings().search_storage
    if url is None:
        return nowhere
    opened(url)  # makes its tables, which workers must not do at the same moment
    names = (market.panel.data_hash, core_version(), rules.fingerprint, plan.fingerprint)
    return partial(kept, url, "-".join(name[:12] for name in names))


@task(cache_policy=NO_CACHE)
def resample(walk: WalkForward, trials: tuple[Trial, ...], rules: Release, live: Release, plan: SearchPlan) -> Found:
    """Make the challenger, a child of what is live, and resample the walk-forward's own net returns into years."""
    counter = Counter("Monte Carlo", 1)
    challenger = challenger_of(rules, plan, trials, parent=live.fingerprint)
    found = Found(walk, trials, challenger, worst_years(walk, bar_ms(rules.timeframe), plan.seed))
    counter.step()
    return found


@task(cache_policy=NO_CACHE)
def gather(market: Market, found: Found, live: Release, key: KeyOne, limits: GuardLimits) -> Evidence:
    """Collect what the gate looks at; the live release, when it once passed the gate itself, runs over the same bars."""
    seen = gather_evidence(market, found, live if is_proven(live.fingerprint) else None, key, limits)
    return replace(seen, rollback_days=days_since_rollback(clock.now()))


@task(cache_policy=NO_CACHE)
def keep_night(market: Market, found: Found, night: Night, plan: SearchPlan, started: datetime) -> Night:
    """Store the night with every trial of every fold, and write its page; the night comes back with the page's place."""
    run_id, family = new_run_id(), hypothesis(found.challenger, plan.strategy)
    store().trials.append(_ledger(run_id, family, found, market.panel.data_hash))
    told = explain(market, found, night, plan, run_id=run_id, tried_ever=store().trials.count(family).trials)
    path = write_page(validation_page(told), night_page(run_id))
    kept = replace(night, page=str(path), seconds=(clock.now() - started).total_seconds())
    config = json.dumps({"plan": json.loads(plan.canonical_json), "rules": json.loads(found.challenger.canonical_json)})
    keep_run("optimize", started, config, asdict(kept) | reported(told), market.panel.data_hash, run_id)
    return kept


def reported(told: Validation) -> dict[str, Any]:
    """Return what is kept of the page beside the night: who earned it, which parameter mattered, what luck explains."""
    return {
        "attribution": None if told.attribution is None else asdict(told.attribution),
        "importance": dict(told.importance),
        "inference": None if told.inference is None else asdict(told.inference),
        "pbo": None if told.overfitting is None else told.overfitting.pbo,
        "shocks": [asdict(shock) for shock in told.shocks],
    }


def night_page(run_id: str) -> Path:
    """Return where the page of a night lies."""
    return settings().home / "reports" / "nights" / f"{run_id}.html"


def _ledger(run_id: str, family: str, found: Found, data_hash: str) -> Iterator[TrialRow]:
    """List every trial of every fold with what followed it, and those over all bars, which nothing follows."""
    ran: dict[str, Any] = {"family": family, "data_hash": data_hash, "code_version": core_version(), "tried_at": clock.now()}
    for k, fold in enumerate(found.walk.folds, 1):
        for trial, days in zip(fold.trials, fold.streams, strict=True):
            after: dict[str, Any] = {"oos_sharpe": sharpe(days), "oos_daily": tuple(days.tolist())}
            yield TrialRow(run_id, f"fold {k}", trial.number, _text(trial), trial.value, **after, **ran)
    for trial in found.trials:
        yield TrialRow(run_id, "all", trial.number, _text(trial), trial.value, **ran)


def _text(trial: Trial) -> str:
    return json.dumps(trial.params, sort_keys=True)
