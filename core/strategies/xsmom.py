"""Cross-sectional momentum: hold what rose most against what fell most.

The score of a symbol is the mean, over several look-backs, of the z-score of its past log return across the universe.
Evidence and its limits: Liu, Tsyvinski and Wu (2022) find it in 2014-18; most re-tests after publication do not.
"""

from typing import Annotated

import numpy as np
from pydantic import Field

from core.compiled import strict
from core.config import Bars, Config
from core.market.panel import Panel
from core.signals.momentum import MomentumSpec, side_rows, zscore_rows
from core.strategies.strategy import FloatRange, IntRange, Strategy
from core.types import Array, Ints, Mask


class XsmomConfig(Config):
    """Parameters of cross-sectional momentum."""

    lookback: Bars = 336
    """Longest look-back; each further one is half as long."""
    horizons: Annotated[int, Field(ge=1, le=6)] = 3
    """How many look-backs are averaged."""
    skip: Annotated[int, Field(ge=0, le=1000)] = 1
    """Most recent bars left out, because the last move tends to reverse."""
    top: Annotated[int, Field(ge=1, le=500)] = 5
    """Most names held on each side."""
    threshold: Annotated[float, Field(ge=0.0, le=3.0)] = 0.3
    """A name is held only when its score is beyond this many standard deviations."""


def signal(panel: Panel, rows: Ints, eligible: Mask, config: XsmomConfig) -> Array:
    """+1 for the top names, -1 for the bottom names, 0 for the rest. See `Signal`."""
    spec = momentum(config)
    z = np.empty((config.horizons, *eligible.shape))
    for j, past in enumerate(spec.pasts):
        strict(zscore_rows)(panel.log_close, rows, eligible, past, z[j])
    out, part = np.zeros(eligible.shape), np.arange(config.horizons)
    rule = (spec.top, spec.threshold)
    strict(side_rows)(z, part, np.array(spec.weights), rule, np.empty(eligible.shape[1]), out)
    return out


def momentum(config: XsmomConfig) -> MomentumSpec:
    """Say the same as a specification, which a batch can run without storing scores."""
    lookbacks = (max(1, config.lookback >> j) for j in range(config.horizons))
    weights = (1.0 / config.horizons,) * config.horizons
    return MomentumSpec(tuple((config.skip, one) for one in lookbacks), weights, config.top, config.threshold)


STRATEGY = Strategy(
    name="xsmom",
    config=XsmomConfig,
    signal=signal,
    space={
        "lookback": IntRange(96, 1440, log=True),
        "skip": IntRange(0, 24),
        "top": IntRange(3, 8),
        "threshold": FloatRange(0.0, 1.0),
    },
    momentum=momentum,
    history=lambda config: config.lookback + config.skip,
)
