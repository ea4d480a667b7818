"""The family: a pre-registered crowd of parameter sets, never the ones a search visited.

Its equal-weight gross stream answers "is there an edge at all" without any selection, so a plain test of it means what it
says. The seed is pinned with the version of the space; change either and it is a new hypothesis.
"""

from collections.abc import Callable

import numpy as np

from core.backtest.kernel import simulate
from core.backtest.metrics import daily_sums
from core.backtest.run import Knobs
from core.deploy.release import Release
from core.optimize.search import draw
from core.portfolio import Market, raw_weights
from core.strategies.registry import strategy
from core.types import Array
from core.validation.robust import ensemble

FAMILY_SIZE = 200
FAMILY_SEED = 20_260_101

_NOTHING_BUT_PRICES = Knobs(
    fee=0.0,
    half_spread=0.0,
    impact=0.0,
    room=1e12,
    band=0.0,
    cap_symbol=1.0,
    cap_asset=1.0,
    cap_gross=1.0,
    target_vol=np.inf,
    max_leverage=1.0,
    correlation=0.0,
    mismatch=0.0,
    vol_decay=0.5,
    bars_per_year=1.0,
    stepdown_start=0.0,
    stepdown_end=1.0,
    stepdown_floor=1.0,
    kelly_fraction=1.0,
    kelly_floor=1.0,
    kelly_cap=1.0,
    kelly_decay=0.5,
    trail_atr=0.0,
    stop_atr=0.0,
)
"""The raw book of gross 1: no costs, no band, no scaler."""


def family_stream(market: Market, release: Release, name: str, told: Callable[[], None] = lambda: None) -> Array:
    """Return the family's daily gross profit, (days,), as a fraction of equity, funding included, not compounded."""
    total = np.zeros(len(market.panel) - market.first)
    for params in draw(strategy(name).space, FAMILY_SIZE, np.random.default_rng(FAMILY_SEED)):
        total += _gross(market, ensemble(release, name, (params,)))
        told()
    return daily_sums(total / FAMILY_SIZE, market.panel.open_time[market.first :])


def _gross(market: Market, release: Release) -> Array:
    raw = raw_weights(market, release.sleeves, vol_floor=release.vol_floor)
    return simulate(market.tape, raw, _NOTHING_BUT_PRICES).net[market.first :]
