"""The reference vectors of the statistics note, each reproduced by the project's own code.

Numbers are copied here with their source; nothing reads the file they came from but the last test, which asks whether a
vector is missing. A test says with `vectors` which it meets.
"""

import json
from dataclasses import replace
from math import sqrt
from pathlib import Path

import numpy as np
import pytest

from core.backtest.metrics import cagr, drawdowns, metrics, sharpe
from core.backtest.serial import lo_eta
from core.backtest.tails import expected_shortfall
from core.market.timeframe import DAY
from core.sizing.drawdown_floor import grossman_zhou
from core.sizing.inverse_vol import inverse_vol_weights
from core.sizing.kelly import fall_probability, growth_rate, kelly_weights
from core.sizing.scaler import forecast_vol
from core.sizing.tsmom import equal_risk_weights, half_life_of
from core.sizing.water_filling import fill_to_cap
from core.validation.binomial import max_false, min_detected
from core.validation.block_length import block_length, cutoff_lag, length_at, length_from
from core.validation.effective_trials import effective_rank
from core.validation.haircut import bonferroni_sharpe, sharpe_p
from core.validation.montecarlo import Plan, circular, worst_quantile
from core.validation.power import (
    constant_boundary,
    difference_sharpe,
    observed_false_share,
    planned_false_share,
    sharpe_power,
    sharpe_times_root_years,
    years_to_prove,
)
from core.validation.published_peers import adjusted_among, peer_p_values
from core.validation.reality_check import resample, spa
from core.validation.sharpe_tests import (
    Shape,
    best_of,
    expected_best,
    min_backtest_years,
    min_track_record,
    min_track_record_2012,
    psr,
    psr_2012,
    unit_variance,
)

VECTORS = Path(__file__).parents[4] / "shared" / "fixtures" / "statistics_vectors.json"
ELSEWHERE = {
    "pbo_skilled": "test_overfitting.py",
    "pbo_noise": "test_overfitting.py",
    "pbo_oddN_seed0": "test_overfitting.py",
    "pbo_oddN_seed1": "test_overfitting.py",
    "pbo_oddN_seed2": "test_overfitting.py",
    "pbo_R_vignette": "test_overfitting.py",
    "pbo_R_testthat": "test_overfitting.py",
    "cscv_combinations": "test_overfitting.py",
    "cpcv_skfolio_6_2_p1_e1": "test_cpcv.py",
    "wf_skfolio": "test_splits.py",
    "purge_label_overlap": "test_splits.py",
    "timeseriescv_0_2_embargo_bug": "test_splits.py",
    "spa_order": "test_reality_check.py",
    # Simulations of two other gates than ours: not rebuilt. What ours does in such a world is in docs/gate.md.
    "sim_two_key_gate": "docs/gate.md",
    "sim_nightly_naive": "docs/gate.md",
}
MET = set(ELSEWHERE)

HEDGE_FUND = Shape(skew=-2.448, kurtosis=10.164)
"""Monthly returns of the hedge fund index of Bailey and Lopez de Prado 2012, two years of them."""
TWELVE_DAYS = np.array([0.01, -0.02, 0.015, 0.003, -0.012, 0.02, -0.005, 0.007, -0.03, 0.025, 0.004, -0.001])
FOUR_VOLS = np.array([0.8, 0.5, 1.0, 0.4])
FOUR_WEIGHTS = np.array([0.18518518518518517, 0.2962962962962963, 0.14814814814814814, 0.37037037037037035])


def vectors(*names):
    """Say which vectors a test meets."""

    def mark(test):
        MET.update(names)
        return test

    return mark


def measured(daily):
    return metrics(daily, 0.0 * daily, DAY * (19_000 + np.arange(len(daily), dtype=np.int64)))


@vectors("dsr_paper_example", "dsr_paper_N46", "dsr_paper_N88_normal")
@pytest.mark.parametrize(
    ("trials", "shape", "dsr"),
    [(100, Shape(-3, 10), 0.9003968344493903), (46, Shape(-3, 10), 0.9505017068755787), (88, Shape(), 0.9504908166760139)],
)
def test_the_deflated_sharpe_ratio_is_that_of_its_paper(trials, shape, dsr):
    """Bailey and Lopez de Prado 2014: annual SR 2.5, 1250 days of 250 a year, variance of trials 1/2 annual."""
    benchmark = expected_best(trials, 0.5 / 250)
    assert trials != 100 or benchmark == pytest.approx(0.11317200186513214, abs=1e-9)
    assert psr_2012(2.5 / sqrt(250), benchmark, 1250, shape) == pytest.approx(dsr, abs=1e-9)


@vectors("mlfinlab_psr", "mlfinlab_dsr_list", "mlfinlab_dsr_params", "mlfinlab_mintrl")
def test_mlfinlab_finds_the_same():
    """mlfinlab test suite: SR 1.14 of 250 normal returns; its deviation of trials divides by their number (ddof 0)."""
    listed, stated = expected_best(3, np.var([3.5, 1.01, 1.02])), expected_best(100, 0.4**2)
    assert psr_2012(1.14, 1.0, 250) == pytest.approx(0.9572778803273129, abs=1e-9)
    assert (listed, stated) == pytest.approx((0.9990155652881753, 1.012241157280674), abs=1e-9)
    assert psr_2012(1.14, listed, 250) == pytest.approx(0.9583658117478662, abs=1e-9)
    assert psr_2012(1.14, stated, 250) == pytest.approx(0.9417400125058399, abs=1e-9)
    assert min_track_record_2012(1.14, 1.0) == pytest.approx(228.73497911054176, abs=1e-7)


@vectors("psr_hedgefund_monthly", "psr_hedgefund_normal")
def test_the_hedge_fund_example_of_2012_is_met():
    """Bailey and Lopez de Prado 2012, asserted in esvhd/pypbo; the normal one recomputed."""
    assert psr_2012(0.45755008833277844, 0.0, 24, HEDGE_FUND) == pytest.approx(0.9132343068848602, abs=1e-9)
    assert psr_2012(0.45755008833277844, 0.0, 24) == pytest.approx(0.9815912360834967, abs=1e-9)


@vectors("mintrl_years_SR2_vs1_n250_sk0", "mintrl_years_SR2_vs1_n52_sk0", "mintrl_years_SR3_vs2.5_n12_sk-0.72")
@pytest.mark.parametrize(
    ("sharpes", "periods", "shape", "years"),
    [
        ((2, 1), 250, Shape(), 2.731187801728176),
        ((2, 1), 52, Shape(), 2.828833586945237),
        ((3, 2.5), 12, Shape(-0.72, 5.78), 27.3529201960403),
    ],
)
def test_shortest_records_are_those_of_their_paper(sharpes, periods, shape, years):
    """Bailey and Lopez de Prado 2012, figures 8 to 10, asserted in esvhd/pypbo."""
    annual, benchmark = sharpes
    found = min_track_record_2012(annual / sqrt(periods), benchmark / sqrt(periods), shape) / periods
    assert found == pytest.approx(years, abs=1e-9)


YEARS_NEEDED = {
    250: """
        10.83
        2.71 10.85
        1.21 2.72 10.87
        0.69 1.22 2.73 10.91
        0.44 0.69 1.22 2.74 10.96
        0.31 0.44 0.69 1.23 2.76 11.02
        0.23 0.31 0.45 0.7 1.24 2.78 11.09
        0.18 0.23 0.31 0.45 0.7 1.24 2.8 11.17
        0.14 0.18 0.23 0.32 0.45 0.71 1.26 2.82 11.26
        0.12 0.14 0.18 0.24 0.32 0.46 0.71 1.27 2.84 11.37""",
    52: """
        10.87
        2.75 10.95
        1.25 2.78 11.08
        0.72 1.27 2.83 11.26
        0.48 0.74 1.29 2.89 11.49
        0.35 0.49 0.75 1.33 2.96 11.78
        0.27 0.36 0.5 0.78 1.36 3.04 12.12
        0.21 0.27 0.37 0.52 0.8 1.41 3.14 12.51
        0.18 0.22 0.28 0.38 0.54 0.83 1.46 3.25 12.95
        0.15 0.18 0.23 0.29 0.39 0.56 0.86 1.51 3.38 13.44""",
    12: """
        11.02
        2.9 11.36
        1.4 3.04 11.92
        0.87 1.49 3.24 12.71
        0.63 0.94 1.6 3.49 13.72
        0.5 0.68 1.01 1.74 3.8 14.96
        0.42 0.54 0.74 1.1 1.9 4.17 16.43
        0.37 0.45 0.58 0.8 1.21 2.09 4.59 18.12
        0.33 0.4 0.49 0.64 0.88 1.33 2.3 5.07 20.04
        0.3 0.36 0.43 0.53 0.7 0.97 1.46 2.54 5.61 22.18""",
}
"""Years by observations a year; rows are annual Sharpe ratios of 0.5, 1 ... 5, columns benchmarks of 0, 0.5 ..."""


@vectors("mintrl_tables_normal_95")
@pytest.mark.parametrize("periods", YEARS_NEEDED)
def test_shortest_records_fill_the_tables_of_their_paper(periods):
    """Bailey and Lopez de Prado 2012, normal returns, 95 %."""
    for row, line in enumerate(YEARS_NEEDED[periods].strip().splitlines(), start=1):
        pairs = [(0.5 * row / sqrt(periods), 0.5 * column / sqrt(periods)) for column in range(row)]
        found = [min_track_record_2012(*pair) / periods for pair in pairs]
        assert found == pytest.approx([float(years) for years in line.split()], abs=0.006)


@vectors("new_psr_null_variance")
def test_the_form_of_2025_is_that_of_its_authors():
    """Lopez de Prado, Lipton, Zoonekynd 2025, zoonek/2025-sharpe-ratio functions.py: SR .036/.079 of 24 months."""
    found = 0.036 / 0.079
    power = sharpe_power(0.5, 0.0, 24, HEDGE_FUND)
    assert [psr(found, benchmark, 24, HEDGE_FUND) for benchmark in (0.0, 0.1)] == pytest.approx([0.987, 0.939], abs=6e-4)
    assert sqrt(unit_variance(found, HEDGE_FUND) / 24) == pytest.approx(0.329, abs=6e-4)
    assert sqrt(unit_variance(found) / 24) == pytest.approx(0.214, abs=6e-4)
    assert min_track_record(found, 0.0, HEDGE_FUND) == pytest.approx(13.029, abs=6e-4)
    assert power == pytest.approx(0.685, abs=6e-4)
    assert planned_false_share(0.05, alpha=0.05, power=power) == pytest.approx(0.581, abs=6e-4)
    assert observed_false_share(found, 0.5, 24, HEDGE_FUND, prior=0.05) == pytest.approx(0.306, abs=6e-4)


@vectors("new_sr_ar1")
def test_the_form_of_2025_allows_for_memory_as_its_authors_do():
    """The same example with an autocorrelation of .2."""
    found, shape = 0.036 / 0.079, replace(HEDGE_FUND, autocorrelation=0.2)
    assert sqrt(unit_variance(found, shape) / 24) == pytest.approx(0.379, abs=6e-4)
    assert [psr(found, benchmark, 24, shape) for benchmark in (0.0, 0.1)] == pytest.approx([0.966, 0.9], abs=6e-4)
    assert min_track_record(found, 0.0, shape, alpha=0.1) == pytest.approx(11.863, abs=6e-4)


@vectors("new_dsr_K10")
def test_the_deflated_ratio_of_2025_is_that_of_its_authors():
    """The same example as the best of 10 whose Sharpe ratios have a variance of .1."""
    found, benchmark = 0.036 / 0.079, expected_best(10, 0.1)
    assert benchmark == pytest.approx(0.498, abs=6e-4)
    assert psr(found, benchmark, 24, HEDGE_FUND, trials=10) == pytest.approx(0.416, abs=6e-4)
    assert psr(found, benchmark, 24, HEDGE_FUND) == pytest.approx(0.451, abs=6e-4)


BEST_OF = {  # trials: closed form (Bailey et al 2014), exact by quadrature
    5: (1.1925940010147893, 1.1629644736405198),
    10: (1.57459830134575, 1.538752730835173),
    20: (1.9007079511811988, 1.8674750597983212),
    45: (2.2356401777664052, 2.207719563998445),
    50: (2.2763030934203483, 2.2490736293898514),
    100: (2.5306028932016846, 2.507593636441685),
    200: (2.765523904633547, 2.7460424474511527),
    300: (2.895501505832889, 2.8777668471509825),
    500: (3.0525275745280807, 3.0366993459289273),
    1000: (3.255121513652723, 3.241435769133427),
    10000: (3.86066485551044, 3.851615817066612),
}


@vectors("expected_max_closed_form")
@pytest.mark.parametrize(("trials", "expected"), BEST_OF.items())
def test_the_best_of_many_is_expected_in_closed_form_and_exactly(trials, expected):
    assert (expected_best(trials), best_of(trials)[0]) == pytest.approx(expected, abs=1e-6)


@vectors("min_btl")
def test_five_years_allow_no_more_than_45_trials():
    """Bailey et al 2014, at an annual Sharpe ratio of 1."""
    assert min_backtest_years(45, 1.0) == pytest.approx(4.998087004443404, abs=1e-9)


LO = {  # rho: eta of 12, 252, 365 periods; Lo 2002, AR(1)
    -0.2: [4.170848014103785, 19.426168734303438, 23.385373904575154],
    0.0: [3.4641016151377544, 15.874507866387544, 19.1049731745428],
    0.1: [3.160110974295498, 14.364791681446267, 17.285882807294602],
    0.2: [2.87884869052744, 12.97221021364883, 15.608056527685582],
    0.3: [2.614805746335915, 11.663973106338744, 14.031897006992295],
    0.5: [2.1212879755208296, 9.189494464367357, 11.050463366074274],
    0.9: [1.2070375285423403, 3.712310601229161, 4.440994013870782],
}


@vectors("lo_eta_ar1", "annualise_crypto")
@pytest.mark.parametrize(("rho", "etas"), LO.items())
def test_annual_scales_are_those_of_lo(rho, etas):
    assert [lo_eta(rho ** np.arange(1.0, q), q) for q in (12, 252, 365)] == pytest.approx(etas, abs=1e-9)
    assert 0.01 * lo_eta(np.zeros(0), 8760) == pytest.approx(0.9359487165438073, abs=1e-12)


@vectors("lo_se_iid")
def test_standard_errors_are_those_of_lo():
    """Lo 2002, table 1."""
    cases = ((12, 0.5), (60, 1.5), (36, 1.0), (250, 3.0))
    expected = [0.30618621784789724, 0.18819316317727025, 0.2041241452319315, 0.14832396974191325]
    assert [sqrt(unit_variance(sr) / count) for count, sr in cases] == pytest.approx(expected, abs=1e-12)


@vectors("harvey_liu_bonferroni")
def test_the_haircut_is_that_of_harvey_and_liu():
    """Harvey and Liu 2015: 120 months, annual SR 1, autocorrelation .1, 100 tests."""
    monthly = 1.0 / sqrt(12) * lo_eta(0.1 ** np.arange(1.0, 12), 12) / sqrt(12)
    left = bonferroni_sharpe(monthly, 120, 100) * sqrt(12)
    assert monthly * sqrt(12) == pytest.approx(0.9122454608392983, abs=1e-9)
    assert monthly * sqrt(120) == pytest.approx(2.8847734414021216, abs=1e-9)
    assert sharpe_p(monthly, 120) == pytest.approx(0.0046512300015943975, abs=1e-9)
    assert left == pytest.approx(0.23173088626954952, abs=1e-9)
    assert 1 - left / 0.9122454608392983 == pytest.approx(0.7459774849892387, abs=1e-9)


@vectors("harvey_liu_mlfinlab_all")
def test_adjustments_among_published_peers_are_those_of_mlfinlab():
    """mlfinlab test_haircut_sharpe_ratios_simple_input: the same claim, peers correlated by .4; to .01, as draws differ."""
    p = 0.0046512300015943975
    holm, bhy = adjusted_among(p, peer_p_values(100, 0.4, 2000, np.random.default_rng(0)))
    found = [100 * p, holm, bhy, (100 * p + holm + bhy) / 3]
    assert found == pytest.approx([0.465, 0.409, 0.174, 0.348], abs=0.01)


@vectors("politis_white_ar1_theory")
@pytest.mark.parametrize(
    ("phi", "count", "expected"),
    [
        (0.3, 1000, (7.575417485425144, 8.67168828885371)),
        (0.7, 1000, (19.605228409508566, 22.442384188875664)),
        (0.9, 2000, (56.40997855920178, 64.57330587884636)),
    ],
)
def test_block_lengths_of_a_known_spectrum_are_those_of_theory(phi, count, expected):
    """Closed form of Politis and White 2004, with Patton 2009, for an AR(1)."""
    assert length_from(phi ** np.arange(1.0, 3000), count) == pytest.approx(expected, abs=1e-9)


@vectors("arch_optimal_block_length")
def test_block_lengths_are_the_published_rules_and_one_lag_later_those_of_arch():
    """arch 8.0.0 takes the lag one later; the rule's own stationary lengths are in the vector's note, to four digits."""
    rng, rule, arch = np.random.RandomState(42), [], []
    for phi, count in ((0.0, 1000), (0.3, 1000), (0.7, 1000), (0.9, 2000)):
        values = rng.standard_normal(count)
        for t in range(1, count):
            values[t] += phi * values[t - 1]
        rule.append(block_length(values).stationary)
        arch.append(length_at(values, cutoff_lag(values) + 1))
    stationary = [0.613146263929936, 7.011130972781793, 20.48363304088355, 57.97764386339042]
    around = [0.7018772610889619, 8.025741480950117, 23.447906481135416, 66.3678346801078]
    assert [found.stationary for found in arch] == pytest.approx(stationary, abs=1e-9)
    assert [found.circular for found in arch] == pytest.approx(around, abs=1e-9)
    assert rule == pytest.approx([0.6131, 5.0944, 19.5114, 57.9776], abs=6e-5)


@vectors("arch_spa_no_studentise")
def test_only_a_studentised_test_sees_the_quiet_stream():
    """arch 8.0.0 ignores `studentize`: p .211 as shipped, .0015 after standardising columns by hand."""
    rng = np.random.RandomState(7)
    table = rng.standard_normal((500, 20)) * np.r_[np.full(10, 0.003), np.full(10, 0.03)]
    table[:, 2] += 0.0006
    resampled = resample(table.T, block=10, rng=np.random.default_rng(1))
    as_shipped = replace(resampled, error=np.full(20, resampled.error.mean()))
    assert spa(resampled).consistent == pytest.approx(0.0015, abs=0.02)
    assert spa(as_shipped).consistent == pytest.approx(0.211, abs=0.02)


@vectors("perf_12day", "price_like_returns_trap", "first_day_loss_mdd")
def test_performance_is_that_of_empyrical_and_of_a_hand_calculation():
    """empyrical-reloaded 0.7.1 (annualization=365), ffn 1.4.1, skfolio 1.12.2; quantstats takes the last series for prices."""
    seen = measured(TWELVE_DAYS)
    assert (seen.sharpe, seen.sortino) == pytest.approx((1.576300066579785, 2.3015325663989663), abs=1e-8)
    assert (seen.max_drawdown, seen.calmar) == pytest.approx((-0.03, 18.556038116655618), abs=1e-8)
    assert cagr(TWELVE_DAYS) == pytest.approx(0.5566811434996708, abs=1e-8)
    assert (seen.ulcer, measured(np.r_[0.0, TWELVE_DAYS]).ulcer) == pytest.approx((0.0115703975, 0.0111164784), abs=1e-8)
    assert worst_quantile(TWELVE_DAYS, 0.05) == pytest.approx(-0.0245, abs=1e-8)
    assert -expected_shortfall(-TWELVE_DAYS, level=0.75) == pytest.approx(-0.020666666666666667, abs=1e-8)
    assert measured(np.array([-0.1, 0.02, 0.03, 0.01])).max_drawdown == pytest.approx(-0.1, abs=1e-12)
    priced = sharpe(np.array([0.5, 1.2, 0.3, 0.9, 0.4, 1.5])) * sqrt(252 / 365)
    assert priced == pytest.approx(26.366122464122466, abs=1e-9)


@vectors("cvar_cdar_skfolio")
def test_tails_are_those_of_skfolio():
    """skfolio 1.12.2: Rockafellar and Uryasev's fractional tail, of losses and of compounded drawdowns."""
    levels, water = (0.75, 0.9, 0.95), drawdowns(TWELVE_DAYS)
    losses = [expected_shortfall(-TWELVE_DAYS, level=level) for level in levels]
    depths = [expected_shortfall(-water, level=level) for level in levels]
    assert losses == pytest.approx([0.020666666666666667, 0.028333333333333335, 0.03], abs=1e-9)
    assert depths == pytest.approx([0.02142936973333346, 0.028333333333333363, 0.03], abs=1e-9)


@vectors("bm_expected_mdd_over_vol")
@pytest.mark.parametrize(
    ("sharpe_ratio", "mean", "in_twenty", "in_hundred"),
    [
        (0, 1.225, 2.218, 2.713),
        (1, 0.898, 1.566, 1.999),
        (1.5, 0.782, 1.326, 1.76),
        (2, 0.704, 1.177, 1.502),
        (3, 0.577, 0.923, 1.157),
    ],
)
def test_drawdowns_of_a_year_are_as_deep_as_simulated(sharpe_ratio, mean, in_twenty, in_hundred):
    """A year of 2000 steps, in units of its volatility, by the Monte Carlo kernel with blocks of one step.

    The vector's quantiles are of 4,000 paths and have standard errors of their own, .02 and .04: hence two of those more
    than its .03. (Without drift and in continuous time one path in a hundred exceeds 2.807: 4 (1 - Φ(x)) = .01.)
    """
    steps = np.random.default_rng(0).standard_normal(500_000)
    logs = (steps - steps.mean()) / steps.std() / sqrt(2000) + sharpe_ratio / 2000
    depth = np.sort(-np.log1p(circular(logs, Plan(6000, 2000, 1), np.uint64(0))[0]))
    assert depth.mean() == pytest.approx(mean, abs=0.03)
    assert depth[5700] == pytest.approx(in_twenty, abs=0.03 + 0.04)
    assert depth[5940] == pytest.approx(in_hundred, abs=0.03 + 0.08)


@vectors("inverse_vol", "vol_target_scale", "mop_tsmom_scale", "mop_ewma")
def test_sizes_are_as_defined():
    """Definitions; Moskowitz, Ooi and Pedersen 2012 for the last two (centre of mass 60 days)."""
    assert inverse_vol_weights(np.ones((1, 4)), FOUR_VOLS[None], vol_floor=0.05)[0] == pytest.approx(FOUR_WEIGHTS, abs=1e-12)
    forecast = forecast_vol(FOUR_WEIGHTS, FOUR_VOLS, 0.6, 0.0)
    assert (forecast, 0.2 / forecast) == pytest.approx((0.49579853424241516, 0.40338965565035784), abs=1e-10)
    assert equal_risk_weights(np.ones(4), FOUR_VOLS, target=0.4) == pytest.approx([0.125, 0.2, 0.1, 0.25], abs=1e-12)
    assert half_life_of(60) == pytest.approx(41.93444965830394, abs=1e-12)
    assert 0.5 ** (1 / half_life_of(60)) == pytest.approx(0.9836065573770492, abs=1e-12)


@vectors("kelly_portfolio", "fractional_kelly_drawdown", "grossman_zhou")
def test_growth_optimal_sizes_are_as_defined():
    """f* = inverse covariance x mean, g* = SR^2 / 2; x^(2 / f - 1); Grossman and Zhou 1993."""
    mean = np.array([0.5, 0.3, 0.4, 0.2])
    covariance = np.outer(FOUR_VOLS, FOUR_VOLS) * (0.6 + 0.4 * np.eye(4))
    full = kelly_weights(mean, covariance)
    assert full == pytest.approx([0.5301339285714284, 0.7232142857142857, -0.138392857142857, 0.27901785714285715], abs=1e-9)
    assert growth_rate(full, mean, covariance) == pytest.approx(0.24123883928571427, abs=1e-9)
    falls = [fall_probability(level, fraction=share) for share in (1, 0.5, 0.25) for level in (0.5, 0.7)]
    assert falls == pytest.approx([0.5, 0.7, 0.125, 0.343, 0.0078125, 0.0823543], abs=1e-12)
    held = [grossman_zhou(0.4, 0.5, equity, floor=0.8) for equity in (1, 0.95, 0.9, 0.85, 0.8)]
    assert held == pytest.approx([0.32, 0.2526315789473683, 0.1777777777777777, 0.09411764705882338, 0.0], abs=1e-12)


@vectors("cap_water_filling")
@pytest.mark.parametrize(
    ("weights", "cap", "expected"),
    [
        ([0.5, 0.25, 0.15, 0.1], 0.3, [0.3, 0.3, 0.24, 0.16]),
        ([0.5, 0.25, 0.15, 0.1], 0.25, [0.25, 0.25, 0.25, 0.25]),
        ([0.6, 0.3, 0.05, 0.05], 0.35, [0.35, 0.35, 0.15, 0.15]),
        ([0.5, 0.25, 0.15, 0.1], 0.2, [0.2, 0.2, 0.2, 0.2]),
    ],
)
def test_what_a_cap_takes_goes_to_the_others(weights, cap, expected):
    assert fill_to_cap(np.array(weights), cap) == pytest.approx(expected, abs=1e-12)


@vectors("one_look_power", "obf_constant_boundary", "paired_diff_sharpe")
def test_what_can_be_proved_in_what_time_is_normal_theory():
    assert sharpe_times_root_years(alpha=0.01, power=0.9) == pytest.approx(3.607899439585441, abs=1e-6)
    years = [13.01693816, 5.785305848888889, 3.25423454, 1.4463264622222223]
    assert [years_to_prove(sr) for sr in (1, 1.5, 2, 3)] == pytest.approx(years, abs=1e-6)
    assert constant_boundary(0.01) == pytest.approx(2.5758293035489004, abs=1e-12)
    assert constant_boundary(0.005) == pytest.approx(2.807, abs=1e-3)
    gains = [difference_sharpe(0.5, rho) for rho in (0.8, 0.95, 0.99)]
    assert gains == pytest.approx([0.790569415042095, 1.581138830084189, 3.5355339059327364], abs=1e-9)
    needed = [20.8271013858575, 5.20677534646438, 1.0413550692928761]
    assert [years_to_prove(gain) for gain in gains] == pytest.approx(needed, abs=1e-9)


@vectors("rolling_nightly_false_alarm_gaussian", "expanding_nightly_false_alarm_gaussian")
@pytest.mark.parametrize(
    ("rolling", "alarms", "critical"),
    [(True, (0.055, 0.008), 3.04), (False, (0.033, 0.006), 2.83)],
    ids=["rolling", "expanding"],
)
def test_a_test_valid_once_is_not_valid_nightly(rolling, alarms, critical):
    """Measured for the note: z > 2.3263 of at least 540 days, on any of 366 nights, without an edge; 6,000 paths."""
    days = np.random.default_rng(0).standard_normal((6000, 1 + 540 + 365))
    days[:, 0] = 0.0  # sums from the first column on are those from day 0
    sums = np.cumsum(days, axis=1, out=days)
    seen = (sums[:, 540:] - sums[:, :366]) / sqrt(540) if rolling else sums[:, 540:] / np.sqrt(np.arange(540, 906))
    highest = seen.max(axis=1)
    share, tolerance = alarms
    assert (highest > 2.3263).mean() == pytest.approx(share, abs=tolerance)
    assert np.quantile(highest, 0.99) == pytest.approx(critical, abs=0.06)


@vectors("effective_rank")
def test_effective_ranks_are_those_of_zoonek():
    """zoonek/2025-sharpe-ratio test_effective_rank; the matrix is not positive semi-definite, and that is the point."""
    matrix = np.array([[10.0, 1.0, 7.0], [1.0, 10.0, 8.0], [7.0, 8.0, 10.0]]) / 10
    assert (effective_rank(matrix), effective_rank(matrix[:2, :2])) == pytest.approx((1.84, 2.0), abs=0.02)


@vectors("acceptance_false_rate_1pct", "acceptance_power_90pct")
def test_acceptance_counts_are_exact():
    """Clopper and Pearson, one-sided 95 %."""
    assert [max_false(of, rate=0.01) for of in (500, 1000, 2000, 3000, 5000)] == [1, 4, 12, 20, 38]
    assert [min_detected(of, power=0.9) for of in (100, 200, 300, 500)] == [96, 188, 279, 462]


def test_no_vector_is_missing():
    if not VECTORS.exists():
        pytest.skip("the reference vectors (../shared/fixtures/statistics_vectors.json) are not on this machine")
    assert {vector["name"] for vector in json.loads(VECTORS.read_text())} == MET
