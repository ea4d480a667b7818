"""Attribution: four cuts of one profit that always sum to it, a slow reading of the rule for sleeves, and stories."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.backtest.kernel import simulate
from core.deploy.release import Sleeve
from core.portfolio import prepare, run
from core.reporting.attribution import Part, attribution, per_weight
from tests.core.backtest.cases import MILD, WILD, case_of, draw_case, jumped, play
from tests.core.panels import holey, small_release, walk

RUINOUS = 5
"""Seed of prices that ruin the book."""
CUTS = ("by_symbol", "by_sleeve", "by_side", "by_source")
SLEEVES = (
    Sleeve(strategy="xsmom", params={"lookback": 24, "horizons": 2, "top": 2, "threshold": 0.2}, budget=0.5),
    Sleeve(strategy="xsmom", params={"lookback": 6, "horizons": 1, "top": 3, "threshold": 0.0}, budget=0.3),
    Sleeve(strategy="sma_cross", params={"fast": 6, "slow": 24}, budget=0.2),
)


def rough(seed, sizes, share):
    """Return a release of three sleeves with stops, its market and its run, on prices that jump."""
    panel = jumped(holey(seed, bars=300, width=5), np.random.default_rng(seed), sizes, share)
    release = small_release(panel, stops={"atr_bars": 12, "trail_atr": 3.0, "stop_atr": 2.0}).model_copy(
        update={"sleeves": SLEEVES}
    )
    market = prepare(panel, release)
    return market, release, run(market, release)


def sums(found):
    return [sum(part.earned for part in getattr(found, cut)) for cut in CUTS]


@settings(max_examples=15)
@given(st.integers(0, 10_000))
def test_every_cut_sums_to_the_profit_of_the_run(seed):
    market, release, paths = rough(seed, MILD, 0.03)
    assert sums(attribution(market, release, paths)) == pytest.approx([paths.net.sum()] * 4, abs=1e-9)


def test_in_ruin_every_cut_sums_to_what_there_was_to_lose():
    market, release, paths = rough(RUINOUS, WILD, 0.03)
    lost = int(np.argmax(paths.equity <= 0.0))
    assert paths.contribution[lost].sum() < -1.5
    assert sums(attribution(market, release, paths)) == pytest.approx([paths.net.sum()] * 4, abs=1e-9)


def split(case, seed):
    """Cut a case's raw weights into three sleeves that often pull against each other."""
    parts = np.random.default_rng(seed).normal(0, 1, (2, *case.raw.shape)) * np.nan_to_num(case.raw)
    raws = np.stack([*parts, np.nan_to_num(case.raw) - parts.sum(axis=0)])
    return raws, raws.sum(axis=0)


def slowly(raws, total, case, paths):
    """Split profit cell by cell as the module's docstring says."""
    earned, panel = np.zeros(len(raws)), case.panel
    for t in range(int(case.rows[0]) + 1 if len(case.rows) else 0, len(paths.net)):
        d = int(np.searchsorted(case.rows, t)) - 1
        for i in range(total.shape[1]):
            new, profit = shares_at(raws, total, d, i), paths.contribution[t, i]
            held, wanted = paths.weights[t - 1, i], paths.targets[d, i]
            if t == case.rows[d] + 1 and held != 0.0:
                old, share = shares_at(raws, total, d - 1, i), abs(held) / (abs(held) + abs(np.nan_to_num(wanted)))
                gap = held * (panel.open[t, i] / panel.close[t - 1, i] - 1.0) if panel.open[t, i] > 0.0 else 0.0
                kept = 0.0
                if paths.weights[t, i] != 0.0:
                    units = paths.weights[t, i] * paths.equity[t] / panel.close[t, i]
                    moved = panel.close[t, i] * (1.0 - panel.funding[t, i]) - panel.open[t, i]
                    kept = units * moved / paths.equity[t - 1]
                rest = profit - gap - kept
                earned += old * gap + new * kept + (share * old + (1.0 - share) * new) * rest
            else:
                earned += new * profit
    return earned


def shares_at(raws, total, d, i):
    """Shares of the last decision, up to d, at which the weights did not sum to 0."""
    weighty = [e for e in range(d + 1) if total[e, i] != 0.0]
    return raws[:, weighty[-1], i] / total[weighty[-1], i] if weighty else np.zeros(len(raws))


@given(st.integers(0, 10_000))
def test_sleeves_get_what_a_slow_reading_of_the_rule_gives_them(seed):
    case = draw_case(seed)
    filled = case.rows < len(case.panel) - 1
    case = case._replace(rows=case.rows[filled], raw=case.raw[filled], vol=case.vol[filled], value=case.value[filled])
    if len(case.rows):
        paths, (raws, total) = play(case), split(case, seed)
        got = (raws * per_weight(total, case.panel, case.rows, paths, paths.contribution)).sum(axis=(1, 2))
        size = np.abs(paths.contribution).sum() + 1.0
        np.testing.assert_allclose(got, slowly(raws, total, case, paths), atol=1e-9 * size, rtol=1e-7)


def test_a_sleeve_that_wanted_the_other_side_lost_what_its_part_would_have_lost():
    panel = walk(1, bars=12, width=1)
    panel.open[:] = panel.close[:] = panel.high[:] = panel.low[:] = 100.0
    panel.close[5:] = panel.open[6:] = panel.high[5:] = 110.0
    panel.funding[:] = 0.0
    raws = np.array([[[0.6], [0.0]], [[-0.2], [0.0]]])
    paths = play(case_of(panel, raws.sum(axis=0), [2, 8]))
    earned = (raws * per_weight(raws.sum(axis=0), panel, np.array([2, 8]), paths, paths.contribution)).sum(axis=(1, 2))
    assert earned == pytest.approx([0.06, -0.02])


def test_the_cost_of_leaving_belongs_to_who_held():
    panel = walk(2, bars=12, width=1)
    panel.open[:] = panel.close[:] = panel.high[:] = panel.low[:] = 100.0
    panel.funding[:] = 0.0
    raws = np.array([[[0.5], [0.4], [0.4]], [[0.5], [-0.4], [0.1]]])
    case = case_of(panel, raws.sum(axis=0), [2, 5, 8], fee=0.01)
    paths = simulate(case.tape, case.raw, case.knobs)
    earned = (raws * per_weight(raws.sum(axis=0), panel, case.rows, paths, paths.contribution)).sum(axis=(1, 2))
    opened = -0.01
    left = -0.01 / (1 - 0.01)
    again = -0.005
    assert earned == pytest.approx([0.5 * opened + 0.5 * left + 0.8 * again, 0.5 * opened + 0.5 * left + 0.2 * again])


def test_without_frictions_a_sleeve_earns_what_it_would_alone():
    panel = walk(3, bars=600, width=6, volatility=0.003)
    panel.funding[:] = 0.0
    free = {"taker_bps": 0.0, "maker_bps": 0.0, "half_spread_bps": 0.0, "impact": 0.0, "capital": 1.0}
    plain = {"target_vol": 1.0, "max_leverage": 1.0, "stepdown_floor": 1.0, "kelly_floor": 1.0, "kelly_cap": 1.0}
    caps = {"symbol": 1.0, "asset": 1.0}
    whole = small_release(panel, costs=free, caps=caps, rebalance=1, band=0.0, scaler=plain)
    whole = whole.model_copy(update={"sleeves": SLEEVES})
    market = prepare(panel, whole)
    alone = [run(market, whole.model_copy(update={"sleeves": (sleeve,)})).net.sum() for sleeve in SLEEVES]
    found = attribution(market, whole, run(market, whole)).by_sleeve
    assert [part.earned for part in found] == pytest.approx(alone, rel=1e-3)


def test_a_book_of_one_sleeve_is_all_its_own():
    panel = walk(4, bars=300, width=5)
    release = small_release(panel)
    market = prepare(panel, release)
    paths = run(market, release)
    found = attribution(market, release, paths)
    assert found.by_sleeve == (Part("xsmom", pytest.approx(paths.net.sum())),)
    assert [part.name for part in found.by_side] == ["long", "short"]
    assert [part.name for part in found.by_source] == ["price", "funding", "fees", "spread", "impact"]
    assert found.by_source[2].earned == -paths.fees.sum() < 0.0
    assert [part.earned for part in found.by_symbol] == sorted((part.earned for part in found.by_symbol), reverse=True)
    assert found.total == pytest.approx(paths.net.sum())


def test_a_book_that_never_traded_earned_nothing():
    panel = walk(5, bars=200, width=3)
    release = small_release(panel, caps={"gross": 0.0})
    market = prepare(panel, release)
    found = attribution(market, release, run(market, release))
    assert found.by_symbol == ()
    assert sums(found) == [0.0] * 4


def test_sleeves_are_named_by_the_parameters_in_which_they_differ():
    panel = walk(6, bars=200, width=3)
    release = small_release(panel).model_copy(update={"sleeves": SLEEVES})
    market = prepare(panel, release)
    names = [part.name for part in attribution(market, release, run(market, release)).by_sleeve]
    assert names == [
        "xsmom lookback 24, horizons 2, top 2, threshold 0.2",
        "xsmom lookback 6, horizons 1, top 3, threshold 0",
        "sma_cross",
    ]
