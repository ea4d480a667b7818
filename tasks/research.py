"""Research: whole computations, one task each. They load once, close the database, and think."""

import json
import uuid
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import optuna
from prefect import task
from prefect.cache_policies import NO_CACHE

from core.backtest.metrics import daily_returns, sharpe
from core.deploy.guard import Evidence, GuardLimits, family_z, largest_share, trailing_sharpe
from core.deploy.release import Release, Sleeve, baseline
from core.errors import ConfigError
from core.market.timeframe import DAY, bar_ms
from core.optimize.search import SearchPlan, Trial, top_fifth
from core.portfolio import Market, prepare, run
from core.reporting.night import Night
from core.validation.family import FAMILY_SIZE, family_stream
from core.validation.montecarlo import stress
from core.validation.robust import ensemble
from core.validation.stressed import Stress
from core.validation.walkforward import WalkForward, fit, net_sharpe, walk_forward
from storage.runs import Run
from storage.trials import Trial as TrialRow
from tasks import clock
from tasks.deploying import default_book_start, is_proven
from tasks.progress import Counter
from tasks.settings import settings
from tasks.stores import store, stored_venue
from tasks.version import core_version

PATHS = 10_000
STRESS_DAYS = 365
BLOCK_DAYS = 10
"""Mean block of the bootstrap: about one holding period, so that clustered volatility stays clustered."""

optuna.logging.set_verbosity(optuna.logging.WARNING)


def load_market(release: Release, end: datetime | None) -> Market:
    """Return the bars a release's book reads, from its warm-up to `end`, and what all its parameters share.

    Raises
    ------
    ConfigError
        When the range is empty.
    DataError
        When there is no bar in it.
    """
    if end is not None and end <= release.book_start:
        raise ConfigError(f"start {release.book_start:%Y-%m-%d} is not before end {end:%Y-%m-%d}: swap them or widen the range")
    warmup = timedelta(milliseconds=release.warmup_bars * bar_ms(release.timeframe))
    return prepare(store().bars.panel(release.venue, release.timeframe, release.book_start - warmup, end), release)


def release_to_test(
    venue: str | None, fingerprint: str | None, strategy: str | None, params: dict[str, Any], start: datetime | None
) -> Release:
    """Return the release named, or the live one, or the baseline; with one strategy instead if that is asked for.

    Raises
    ------
    ConfigError
        For an unknown release, strategy or parameter, or parameters without a strategy.
    """
    if params and not strategy:
        raise ConfigError("--params needs --strategy: name the strategy they belong to")
    name, timeframe = stored_venue(venue), settings().timeframe
    live = store().activations.live()
    chosen = fingerprint or (live.fingerprint if live else None)
    if chosen:
        release = Release.model_validate_json(store().releases.get(chosen).json)
    else:
        release = baseline(name, timeframe, default_book_start(name, timeframe))
    changes: dict[str, Any] = {"venue": name, "book_start": start or release.book_start}
    if strategy:
        changes["sleeves"] = (Sleeve(strategy=strategy, params=params),)
    return release.model_copy(update=changes)


@task(cache_policy=NO_CACHE)
def load(release: Release, end: datetime | None) -> Market:
    """Load the market of an optimisation."""
    return load_market(release, end)


@task(cache_policy=NO_CACHE)
def validate(market: Market, release: Release, plan: SearchPlan) -> WalkForward:
    """Walk forward: search in every fold, collect what followed."""
    counter = Counter("walk-forward", plan.folds * plan.trials)
    return walk_forward(market, release, plan, counter.step)


@task(cache_policy=NO_CACHE)
def search_all(market: Market, release: Release, plan: SearchPlan) -> tuple[Trial, ...]:
    """Search over the whole range for what would be deployed."""
    return fit(market, release, plan, Counter("search", plan.trials).step)


@task(cache_policy=NO_CACHE)
def resample(walk: WalkForward, timeframe: str, seed: int) -> Stress:
    """Monte Carlo on the walk-forward's own net returns."""
    per_day = DAY // bar_ms(timeframe)
    counter = Counter("Monte Carlo", 1)
    out = stress(walk.net, paths=PATHS, horizon=STRESS_DAYS * per_day, mean_block=BLOCK_DAYS * per_day, seed=seed)
    counter.step()
    return out


@task(cache_policy=NO_CACHE)
def gather(
    market: Market, challenger: Release, incumbent: Release, found: tuple[WalkForward, Stress], limits: GuardLimits
) -> Evidence:
    """Collect what the gate looks at; the incumbent runs over the same bars."""
    walk, worst = found
    counter = Counter("evidence", FAMILY_SIZE)
    name = challenger.sleeves[0].strategy
    daily = daily_returns(walk.net, walk.open_time)
    paths = run(market, challenger)
    first_test = market.panel.row_at(int(walk.open_time[0]))
    return Evidence(
        family_z=family_z(family_stream(market, challenger, name, counter.step), limits.horizon_days),
        trailing_net_sharpe=trailing_sharpe(daily, limits.trailing_days),
        oos_days=len(daily),
        net_at_double_cost=float(np.mean(daily_returns(walk.net - walk.cost, walk.open_time))),
        drawdown_1_in_20=worst.drawdown_1_in_20,
        largest_symbol_share=largest_share(paths.contribution.sum(axis=0)),
        oos_sharpe=walk.sharpe,
        incumbent_sharpe=net_sharpe(market, incumbent, first_test, len(market.panel)) if is_proven(incumbent) else None,
        same_as_incumbent=incumbent.sleeves == challenger.sleeves,
        is_sharpe=sharpe(daily_returns(paths.net[market.first :], market.panel.open_time[market.first :])),
    )


def challenger_of(release: Release, incumbent: Release, plan: SearchPlan, trials: tuple[Trial, ...]) -> Release:
    """Return the release that the search found, as a child of the live one."""
    return ensemble(release, plan.strategy, top_fifth(trials)).model_copy(update={"parent": incumbent.fingerprint})


@task(cache_policy=NO_CACHE)
def keep_night(
    night: Night, plan: SearchPlan, tried: tuple[WalkForward, tuple[Trial, ...]], data_hash: str, started: datetime
) -> None:
    """Store the night with every trial of every fold."""
    walk, trials = tried
    run_id = keep_run("optimize", started, plan.canonical_json, asdict(night), data_hash)
    studies = {f"fold {k}": fold.trials for k, fold in enumerate(walk.folds, 1)} | {"all": trials}
    store().trials.append(
        TrialRow(run_id, study, trial.number, json.dumps(trial.params, sort_keys=True), trial.value)
        for study, numbered in studies.items()
        for trial in numbered
    )


def keep_run(kind: str, started: datetime, config: str, result: object, data_hash: str) -> str:
    """Append a run to the research store and return its id."""
    run_id = uuid.uuid4().hex[:12]
    text = json.dumps(result, default=str, sort_keys=True)
    store().runs.append(Run(run_id, kind, started, clock.now(), config, text, data_hash, core_version()))
    return run_id
