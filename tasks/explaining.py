"""What a night's page shows beside the decision: everything that is reported and never judged."""

import numpy as np

from core.backtest.metrics import daily_returns
from core.deploy.guard import GuardLimits
from core.errors import DataError
from core.market.timeframe import utc
from core.optimize.importance import importance
from core.optimize.search import SearchPlan
from core.portfolio import Market, run
from core.reporting.attribution import attribution
from core.reporting.night import Night
from core.reporting.validation import Validation, fold_lines, track, tried
from core.strategies.registry import strategy
from core.types import Array
from core.validation.cost_sensitivity import cost_sensitivity
from core.validation.drawdown_cone import picture
from core.validation.evidence import Found
from core.validation.inference import Inference, inference
from core.validation.overfitting import Overfitting, overfitting
from core.validation.shocks import shocks
from core.validation.streams import daily_streams
from core.validation.stressed import Stress
from tasks.progress import Counter
from tasks.version import core_version

SYNTHETIC = "synthetic"
"""Venue of the invented market."""


def explain(market: Market, found: Found, night: Night, plan: SearchPlan, *, run_id: str, tried_ever: int) -> Validation:
    """Compute the parts of the page.

    Parameters
    ----------
    tried_ever : trials of this family over all nights, tonight's included
    """
    counter, panel, walk = Counter("page", 4), market.panel, found.walk
    paths, booked = run(market, found.challenger), slice(market.first, None)
    streams = daily_streams(market, found.challenger, plan.strategy, [trial.params for trial in found.trials])
    counter.step()
    costs = cost_sensitivity(market, found.challenger).outcomes
    counter.step()
    struck = shocks(market, found.challenger, paths, seed=plan.seed)
    counter.step()
    told = Validation(
        subject=f"{plan.strategy} on {panel.venue} {panel.timeframe}, {len(panel.symbols)} symbols, "
        f"{utc(int(panel.open_time[market.first])):%Y-%m-%d} to {utc(int(panel.close_time[-1])):%Y-%m-%d}",
        synthetic=panel.venue == SYNTHETIC,
        labels=(("Run", run_id), ("Data", panel.data_hash[:12]), ("Code", core_version())),
        night=night,
        limits=GuardLimits(),
        bar_ms=panel.bar_ms,
        in_sample=track(paths.net[booked], panel.open_time[booked]),
        out_of_sample=track(walk.net, walk.open_time),
        folds=fold_lines(walk),
        picture=picture(walk.net, **_drawn_as(found.worst, plan.seed)),
        trials=tried(walk, found.trials),
        importance=importance(strategy(plan.strategy).space, found.trials),
        overfitting=_overfitting(streams),
        inference=_inference(daily_returns(walk.net, walk.open_time), streams, tried_ever, plan.seed),
        costs=tuple((one.multiple, one.sharpe, one.annual_return) for one in costs),
        shocks=struck,
        attribution=attribution(market, found.challenger, paths),
    )
    counter.step()
    return told


def _drawn_as(worst: Stress, seed: int) -> dict[str, int]:
    return {"paths": worst.paths, "horizon": worst.horizon_bars, "mean_block": worst.mean_block_bars, "seed": seed}


def _overfitting(streams: Array) -> Overfitting | None:
    try:
        return overfitting(streams)
    except DataError:  # too few trials or days for it; the page says that it could not be computed
        return None


def _inference(chosen: Array, streams: Array, tried_ever: int, seed: int) -> Inference | None:
    try:
        return inference(chosen, streams, trials=tried_ever, rng=np.random.default_rng(seed))
    except DataError:  # the same
        return None
