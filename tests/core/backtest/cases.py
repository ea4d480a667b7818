"""Cases for the kernel, as ugly as they come, each from one seed: a market, what is decided on it, and all knobs."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from core.backtest.kernel import simulate
from core.backtest.run import Knobs
from core.backtest.tape import make_tape
from core.market.panel import Panel
from tests.core.backtest import reference
from tests.core.panels import holey, walk, without

PLAIN = Knobs(
    fee=0.0,
    half_spread=0.0,
    impact=0.0,
    room=1e12,
    band=0.0,
    cap_symbol=1.0,
    cap_asset=10.0,
    cap_gross=10.0,
    target_vol=np.inf,
    max_leverage=1.0,
    correlation=0.0,
    mismatch=0.0,
    vol_decay=0.5,
    bars_per_year=2190.0,
    stepdown_start=0.1,
    stepdown_end=0.3,
    stepdown_floor=1.0,
    kelly_fraction=1.0,
    kelly_floor=1.0,
    kelly_cap=1.0,
    kelly_decay=0.5,
    trail_atr=0.0,
    stop_atr=0.0,
)
"""Nothing but prices: no costs, no band, no cap that binds, no stop, and a leverage that is always 1."""

EVERYTHING = PLAIN._replace(
    fee=0.00055,
    half_spread=0.0002,
    impact=100.0,
    room=1e-6,
    band=0.2,
    cap_symbol=0.5,
    cap_asset=0.6,
    cap_gross=1.5,
    target_vol=0.3,
    max_leverage=2.0,
    correlation=0.5,
    mismatch=0.05,
    vol_decay=0.98,
    stepdown_floor=0.25,
    kelly_fraction=0.5,
    kelly_floor=0.5,
    kelly_cap=1.5,
    kelly_decay=0.99,
    trail_atr=2.0,
    stop_atr=1.5,
)
"""Everything on, at values one might use."""

NAMES = ("AAAUSDT", "1000AAAUSDT", "AAAUSDC", "BBBUSDT", "BBB-PERP", *(f"S{i:02d}" for i in range(60)))
COINS = ("AAA", "AAA", "AAA", "BBB", "BBB", *(f"S{i:02d}" for i in range(60)))

TYPICAL_VALUE = 1e8
"""Quote currency a day: the spread's reference."""


class Case(NamedTuple):
    """`rows` (D,), `raw`, `vol` and `value` (D, N); NaN where there is nothing or nothing known."""

    panel: Panel
    rows: np.ndarray
    raw: np.ndarray
    vol: np.ndarray
    value: np.ndarray
    knobs: Knobs
    atr_bars: int = 24

    @property
    def tape(self):
        return make_tape(self.panel, self.rows, self.vol, self.value, atr_bars=self.atr_bars)


def case_of(panel, raw, rows, *, atr_bars=24, value=TYPICAL_VALUE, **changes):
    """Build a case in which every symbol is as volatile and as traded as any other."""
    rows, raw = np.asarray(rows, dtype=np.int64), np.asarray(raw, dtype=float)
    value = np.broadcast_to(np.asarray(value, dtype=float), raw.shape).copy()
    return Case(panel, rows, raw, np.full(raw.shape, 0.5), value, PLAIN._replace(**changes), atr_bars)


def play(case):
    """Run a case through the strict kernel."""
    return simulate(case.tape, case.raw, case.knobs)


def play_slowly(case):
    """Run a case through the reference."""
    panel = case.panel
    prices = reference.Prices(*(listed(x) for x in (panel.open, panel.high, panel.low, panel.close, panel.funding)))
    decisions = reference.Decisions(*(listed(x) for x in (case.rows, case.raw, case.vol, case.value)))
    coins = [dict(zip(NAMES, COINS, strict=True))[symbol] for symbol in panel.symbols]
    return reference.simulate(prices, coins, decisions, case.knobs, atr_bars=case.atr_bars)


def listed(values):
    """Turn an array into lists, NaN into None."""
    return [listed(v) if isinstance(v, list) else (None if v != v else v) for v in np.asarray(values).tolist()]  # noqa: PLR0124


def draw_case(seed):
    """Draw a small case with anything that can go wrong."""
    rng = np.random.default_rng([seed, 7])
    bars, width = int(rng.integers(2, 80)), int(rng.choice([1, 2, 3, 5, 17], p=[0.2, 0.2, 0.3, 0.25, 0.05]))
    panel = ugly_panel(seed, bars, width, rng) if rng.random() < 0.8 else walk(seed, bars=bars, width=width, volatility=0.03)
    return decided(named(panel, rng), rng, float(rng.choice([0.1, 0.4, 1.0])), draw_knobs(rng))


def named(panel, rng):
    """Name the symbols, half of the time so that several stand for the same coin."""
    width = len(panel.symbols)
    first = 0 if rng.random() < 0.5 else 5
    return replace(panel, symbols=NAMES[first : first + width])


def decided(panel, rng, density, knobs):
    """Decide something at some of the bars."""
    rows = np.flatnonzero(rng.random(len(panel)) < density).astype(np.int64)
    raw = rng.normal(0, 0.5, (len(rows), panel.close.shape[1]))
    raw[rng.random(raw.shape) < 0.2] = 0.0
    raw[rng.random(raw.shape) < 0.1] = np.nan
    vol = rng.uniform(0.05, 2.0, raw.shape)
    vol[rng.random(raw.shape) < 0.05] = np.nan
    value = 10 ** rng.uniform(3, 10, raw.shape)
    value[rng.random(raw.shape) < 0.05] = np.nan
    value[rng.random(raw.shape) < 0.05] = 0.0
    return Case(panel, rows, raw, vol, value, knobs, int(rng.choice([1, 5, 24])))


def ugly_panel(seed, bars, width, rng):
    """Draw a market with holes, jumps of x171,115 and -99 %, frozen prices, dead rows and dead columns."""
    panel = jumped(holey(seed, bars=bars, width=width, volatility=0.02), rng)
    if rng.random() < 0.3:
        frozen(panel, int(rng.integers(bars)), rng.integers(1, 20), int(rng.integers(width)))
    if rng.random() < 0.2:
        frozen(panel, 0, rng.integers(1, 20), int(rng.integers(width)))
    if rng.random() < 0.3:
        panel = without(panel, rng.random((bars, 1)) < 0.05)
    if rng.random() < 0.2:
        panel = without(panel, np.arange(width) == rng.integers(width))
    panel.funding[:] *= rng.choice([0.0, 1.0, 50.0])
    return panel


WILD = {171_115.0: 0.01, 1000.0: 0.01, 0.01: 0.05, 2.0: 0.1, 0.5: 0.1, 1.2: 0.365, 0.8: 0.365}
MILD = {1.2: 0.5, 0.8: 0.5}


def jumped(panel, rng, sizes=WILD, share=None):
    """Let prices jump, between two bars or within one."""
    shape = panel.close.shape
    share = rng.choice([0.0, 0.03, 0.1]) if share is None else share
    jump = np.where(rng.random(shape) < share, rng.choice(list(sizes), shape, p=list(sizes.values())), 1.0)
    level = np.cumprod(jump, axis=0)
    between = rng.random(shape) < 0.5
    before = np.vstack([np.ones((1, shape[1])), level[:-1]])
    wicks = panel.high / np.fmax(panel.open, panel.close), panel.low / np.fmin(panel.open, panel.close)
    panel.open[:] *= np.where(between, level, before)
    panel.close[:] *= level
    panel.high[:] = np.fmax(panel.open, panel.close) * wicks[0]
    panel.low[:] = np.fmin(panel.open, panel.close) * wicks[1]
    return panel


def frozen(panel, start, bars, column):
    """Let a symbol stand still for some bars: one price, nothing traded, where it has bars at all."""
    cells = slice(start, start + int(bars)), column
    here = np.where(np.isnan(panel.close[cells]), np.nan, panel.close[start, column])
    for name in ("open", "high", "low", "close"):
        getattr(panel, name)[cells] = here
    panel.volume[cells] *= 0.0
    without_price = np.isnan(here)
    panel.volume[cells][without_price] = np.nan


def draw_knobs(rng):
    """Draw every knob, each often from an end of its range."""
    start = rng.choice([0.0, 0.02, 0.2])
    stops = rng.random() < 0.6
    values = Knobs(
        fee=rng.choice([0.0, 0.00055, 0.01]),
        half_spread=rng.choice([0.0, 0.0002, 0.002]),
        impact=rng.choice([0.0, 100.0, 2000.0]),
        room=rng.choice([1e12, 1e-6, 1e-8]),
        band=rng.choice([0.0, 0.1, 0.5]),
        cap_symbol=rng.choice([0.1, 0.5, 1.0, 3.0]),
        cap_asset=rng.choice([0.1, 0.6, 5.0]),
        cap_gross=rng.choice([0.3, 1.5, 5.0]),
        target_vol=rng.choice([0.1, 0.5, 3.0]),
        max_leverage=rng.choice([0.5, 2.0, 5.0]),
        correlation=rng.choice([0.0, 0.5, 0.9]),
        mismatch=rng.choice([0.0, 0.05]),
        vol_decay=rng.choice([0.5, 0.99]),
        bars_per_year=2190.0,
        stepdown_start=start,
        stepdown_end=start + rng.choice([0.05, 0.5]),
        stepdown_floor=rng.choice([0.0, 0.25, 1.0]),
        kelly_fraction=rng.choice([0.25, 1.0]),
        kelly_floor=rng.choice([0.0, 0.5, 1.0]),
        kelly_cap=rng.choice([1.0, 1.5]),
        kelly_decay=rng.choice([0.5, 0.9, 0.999]),
        trail_atr=rng.choice([0.0, 0.5, 1.0, 3.0]) * stops,
        stop_atr=rng.choice([0.0, 0.5, 1.0, 3.0]) * stops,
    )
    return Knobs(*map(float, values))
