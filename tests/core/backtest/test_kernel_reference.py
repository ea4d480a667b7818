"""The compiled kernel against the slow reference, on markets as ugly as they come."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.backtest.kernel import Knobs, Paths, simulate
from tests.core.backtest import reference
from tests.core.panels import holey, walk, without


def ugly_panel(seed, bars, width, rng):
    """A market with holes, jumps of x1000 and -99 %, dead rows and dead columns."""
    panel = holey(seed, bars=bars, width=width, volatility=0.02)
    jump = np.where(rng.random(panel.close.shape) < 0.02, rng.choice([1000.0, 0.01, 2.0, 0.5], panel.close.shape), 1.0)
    level = np.cumprod(jump, axis=0)
    panel.close[:] *= level
    panel.open[:] *= np.vstack([np.ones((1, width)), level[:-1]])
    if rng.random() < 0.3:
        panel = without(panel, rng.random((bars, 1)) < 0.05)
    if rng.random() < 0.2:
        panel = without(panel, np.arange(width) == rng.integers(width))
    return panel


def random_decisions(rng, first, bars, width):
    rows = np.flatnonzero(rng.random(bars) < rng.choice([0.1, 0.5, 1.0]))
    rows = rows[rows >= first].astype(np.int64)
    raw = rng.normal(0, 0.5, (len(rows), width))
    raw[rng.random(raw.shape) < 0.2] = 0.0
    raw[rng.random(raw.shape) < 0.1] = np.nan
    return rows, raw, rng.uniform(0, 2.5, len(rows))


def random_knobs(rng):
    start = rng.choice([0.0, 0.02, 0.2])
    values = Knobs(
        fee=rng.choice([0.0, 0.00055, 0.01]),
        slippage=rng.choice([0.0, 0.0002, 0.02]),
        band=rng.choice([0.0, 0.1, 0.5]),
        cap_symbol=rng.choice([0.1, 0.5, 1.0]),
        cap_gross=rng.choice([0.3, 1.5, 5.0]),
        stepdown_start=start,
        stepdown_end=start + rng.choice([0.05, 0.5]),
        stepdown_floor=rng.choice([0.0, 0.25, 1.0]),
        kelly_fraction=rng.choice([0.25, 1.0]),
        kelly_floor=rng.choice([0.0, 0.5, 1.0]),
        kelly_decay=rng.choice([0.5, 0.9, 0.999]),
    )
    return Knobs(*map(float, values))


def listed(values):
    """Turn an array into lists, NaN into None."""
    return [listed(v) if isinstance(v, list) else (None if v != v else v) for v in np.asarray(values).tolist()]  # noqa: PLR0124


def slow(panel, decisions, first, knobs):
    prices = tuple(listed(x) for x in (panel.open, panel.close, panel.funding))
    return reference.simulate(prices, tuple(listed(x) for x in decisions), first, knobs)


def assert_same(paths, expected):
    for name in Paths._fields:
        seen = getattr(paths, name)
        wanted = np.array(getattr(expected, name), dtype=float).reshape(seen.shape)
        np.testing.assert_allclose(seen, wanted, rtol=1e-10, atol=1e-10, err_msg=name)


def fast(panel, decisions, first, knobs):
    return simulate((panel.open, panel.close, panel.funding), decisions, first, knobs)


def draw_case(seed):
    rng = np.random.default_rng([seed, 7])
    bars, width, first = int(rng.integers(2, 90)), int(rng.choice([1, 2, 5])), int(rng.choice([0, 1, 5]))
    panel = ugly_panel(seed, bars, width, rng) if rng.random() < 0.7 else walk(seed, bars=bars, width=width, volatility=0.03)
    return panel, random_decisions(rng, first, bars, width), first, random_knobs(rng)


@given(st.integers(0, 2**31))
def test_the_kernel_agrees_with_the_reference(seed):
    case = draw_case(seed)
    assert_same(fast(*case), slow(*case))


@pytest.mark.parametrize("start", range(0, 150, 30))
def test_the_kernel_agrees_with_the_reference_on_pinned_markets(start):
    for seed in range(start, start + 30):
        case = draw_case(seed)
        assert_same(fast(*case), slow(*case))


def test_the_pinned_markets_contain_what_can_go_wrong():
    runs = [(panel, fast(panel, decisions, first, knobs)) for panel, decisions, first, knobs in map(draw_case, range(150))]
    assert sum((paths.equity == 0).any() for _, paths in runs) >= 5
    assert sum(paths.forced.sum() > 0 for _, paths in runs) >= 20
    assert sum((paths.funding != 0).any() for _, paths in runs) >= 20
    assert sum(np.isnan(panel.close).all(axis=1).any() for panel, _ in runs) >= 5
    assert all(np.isfinite(paths.equity).all() and np.isfinite(paths.pnl).all() for _, paths in runs)
