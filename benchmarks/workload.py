"""Where the benchmarks meet the product's kernel: the market as a tape, parameters as knobs, and strict runs to compare with.

What depends on the market only (tape, volatility, log closes) is made once, as the product does, and is not counted; the peers'
signals get log closes and volatility for nothing too.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from benchmarks.data import ATR_BARS, HALF_LIFE, Bars, Features, make_bars, make_features
from benchmarks.numpy_loop import (
    CORRELATION,
    HOURS_A_YEAR,
    KELLY_CAP,
    KELLY_FLOOR,
    KELLY_HALF_LIFE,
    MAX_GROSS,
    MAX_LEVERAGE,
    MISMATCH,
    Outcome,
    Sets,
)
from benchmarks.sets import one_set
from benchmarks.signals import EVERY, VOL_FLOOR, decision_rows, numpy_scores, picked
from core.backtest.kernel import Paths, simulate
from core.backtest.run import Knobs, Tape
from core.backtest.tape import make_tape
from core.market.panel import Panel
from core.types import Array, Ints

HOUR_MS = 3_600_000
START_MS = 1_704_067_200_000
NEVER = 1e12
"""A knob that does not bind."""


@dataclass(frozen=True)
class Workload:
    """A market with a decision every `every` bars."""

    bars: Bars
    features: Features
    every: int

    @cached_property
    def rows(self) -> Ints:
        """(D,) decision bars."""
        return decision_rows(len(self.bars.close), self.every)

    @cached_property
    def panel(self) -> Panel:
        """The bars as the product has them."""
        count, width = self.bars.close.shape
        symbols = tuple(f"C{i:04}USDT" for i in range(width))
        times = START_MS + HOUR_MS * np.arange(count)
        opened, high, low, close, funding, value = self.bars
        return Panel("bench", "1h", symbols, times, opened, high, low, close, value / close, funding)

    @cached_property
    def vol(self) -> Array:
        """(D, N) annualised volatility at the decisions."""
        return self.features.vol[self.rows] * np.sqrt(HOURS_A_YEAR)

    @cached_property
    def tape(self) -> Tape:
        """The panel as the kernel reads it."""
        return self._tape_of(self.panel)

    def plain_equity(self, weights: Array, *, fee: float) -> Array:
        """(T,) equity of weights (D, N) traded as they are: no leverage, caps, band, stops, funding, spread or impact."""
        unfunded = replace(self.panel, funding=np.zeros_like(self.panel.funding))
        return simulate(self._tape_of(unfunded), weights, plain_knobs(fee)).equity

    def outcome(self, sets: Sets) -> Outcome:
        """Run every set with the strict build."""
        paths = [simulate(self.tape, raw, full_knobs(one_set(sets, m))) for m, raw in enumerate(self.raw(sets))]
        return Outcome(*np.array([_outcome(one, self.rows[0]) for one in paths]).T)

    def raw(self, sets: Sets) -> Array:
        """(P, D, N) raw weights of each set, by NumPy."""
        return np.stack([self._raw(one_set(sets, m)) for m in range(len(sets.top))])

    def _raw(self, one: Sets) -> Array:
        score = numpy_scores(self.features.log_close, self.rows, one.mix[0])
        held = picked(score, int(one.top[0]), one.threshold[0]) / np.maximum(self.features.vol[self.rows], VOL_FLOOR)
        gross = np.abs(held).sum(axis=1, keepdims=True)
        return held / np.where(gross > 0.0, gross, 1.0)

    def _tape_of(self, panel: Panel) -> Tape:
        return make_tape(panel, self.rows, self.vol, np.full(self.vol.shape, NEVER), atr_bars=ATR_BARS)


def make_workload(count: int = 17_520, width: int = 50, every: int = EVERY) -> Workload:
    """Draw the market and compute what is shared."""
    bars = make_bars(count, width)
    return Workload(bars, make_features(bars), every)


def full_knobs(one: Sets) -> Knobs:
    """Return the first of the sets as the kernel reads it, with everything on that the workload has."""
    return plain_knobs(one.fee[0])._replace(
        band=one.band[0],
        cap_symbol=one.cap[0],
        cap_asset=MAX_GROSS,
        cap_gross=MAX_GROSS,
        target_vol=one.target_vol[0],
        max_leverage=MAX_LEVERAGE,
        stepdown_start=one.stepdown_start[0],
        stepdown_end=one.stepdown_end[0],
        stepdown_floor=one.stepdown_floor[0],
        kelly_fraction=one.kelly[0],
        kelly_floor=KELLY_FLOOR,
        kelly_cap=KELLY_CAP,
        trail_atr=one.trail[0],
    )


def plain_knobs(fee: float) -> Knobs:
    """Return knobs under which the kernel trades the weights as they are."""
    return Knobs(
        fee=fee,
        half_spread=0.0,
        impact=0.0,
        room=NEVER,
        band=0.0,
        cap_symbol=NEVER,
        cap_asset=NEVER,
        cap_gross=NEVER,
        target_vol=NEVER,
        max_leverage=1.0,
        correlation=CORRELATION,
        mismatch=MISMATCH,
        vol_decay=0.5 ** (1.0 / HALF_LIFE),
        bars_per_year=HOURS_A_YEAR,
        stepdown_start=2.0,
        stepdown_end=3.0,
        stepdown_floor=1.0,
        kelly_fraction=1.0,
        kelly_floor=1.0,
        kelly_cap=1.0,
        kelly_decay=0.5 ** (1.0 / KELLY_HALF_LIFE),
        trail_atr=0.0,
        stop_atr=0.0,
    )


def _outcome(paths: Paths, first: int) -> tuple[float, ...]:
    net = paths.net[first + 1 :]
    drawdown = float((1.0 - paths.equity / np.maximum.accumulate(paths.equity)).max())
    cost = float((paths.fees + paths.spread + paths.impact).sum())
    mean = float(net.mean())
    square = float((net**2).mean() - mean**2)
    return paths.equity[-1], drawdown, mean, square, float(paths.turnover.sum()), cost, float(paths.stopped.sum())
