"""The figures against empyrical-reloaded, scipy and the note's reference vectors, where their definitions are ours.

empyrical annualises by 252 unless told; everything here says 365. Where it differs: its Sharpe ratio of a constant is
NaN or infinite (ours 0), its CVaR averages ``int((n - 1) (1 - level)) + 1`` whole returns (ours a fractional tail: equal
where ``(1 - level) n`` is whole), its VaR interpolates between two returns (ours is one of them), and its drawdown of no
returns is NaN. Ulcer, CDaR, the hit rate and the Lo ratio it does not have.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from core.backtest.metrics import drawdowns, metrics
from core.backtest.serial import lo_eta
from core.backtest.tails import expected_shortfall
from core.backtest.tearsheet import monthly_returns
from core.market.timeframe import DAY

VECTORS = Path(__file__).parents[4] / "shared" / "fixtures" / "statistics_vectors.json"
START = 1_672_531_200_000  # 2023-01-01 UTC


def times(count):
    return START + DAY * np.arange(count, dtype=np.int64)


def vector(name):
    if not VECTORS.exists():
        pytest.skip("the reference vectors (../shared/fixtures/statistics_vectors.json) are not on this machine")
    read = json.loads(VECTORS.read_text())
    entries = read if isinstance(read, list) else read["vectors"]
    return next(entry for entry in entries if entry["name"] == name)


@pytest.fixture(scope="module")
def empyrical():
    return pytest.importorskip("empyrical", reason="the oracle, empyrical-reloaded, is in requirements-dev.lock only")


@pytest.fixture(params=range(20))
def daily(request):
    rng = np.random.default_rng(request.param)
    return 0.02 * rng.standard_t(3, 20 * int(rng.integers(2, 60))).clip(-20, 20) + rng.normal(0, 0.002)


def test_ratios_are_those_of_empyrical(empyrical, daily):
    seen = metrics(daily, daily * 0, times(len(daily)))
    assert seen.sharpe == pytest.approx(empyrical.sharpe_ratio(daily, annualization=365), rel=1e-9)
    assert seen.sortino == pytest.approx(empyrical.sortino_ratio(daily, annualization=365), rel=1e-9)
    assert seen.cagr == pytest.approx(empyrical.cagr(daily, annualization=365), rel=1e-9)
    assert seen.volatility == pytest.approx(empyrical.annual_volatility(daily, annualization=365), rel=1e-9)
    assert seen.max_drawdown == pytest.approx(empyrical.max_drawdown(daily), rel=1e-9)
    assert seen.calmar == pytest.approx(empyrical.calmar_ratio(daily, annualization=365), rel=1e-9)
    assert seen.profit_factor == pytest.approx(empyrical.omega_ratio(daily, annualization=365), rel=1e-9)


def test_a_tail_of_whole_days_is_that_of_empyrical(empyrical, daily):
    seen = metrics(daily, daily * 0, times(len(daily)))
    assert seen.es_95 == pytest.approx(-empyrical.conditional_value_at_risk(daily, cutoff=0.05), rel=1e-9)


def test_moments_are_those_of_scipy(daily):
    stats = pytest.importorskip("scipy.stats", reason="scipy comes with empyrical-reloaded, in requirements-dev.lock only")
    seen = metrics(daily, daily * 0, times(len(daily)))
    assert seen.skew == pytest.approx(stats.skew(daily), rel=1e-9)
    assert seen.kurtosis == pytest.approx(stats.kurtosis(daily, fisher=False), rel=1e-9)


def test_months_and_years_are_those_of_empyrical(empyrical, daily):
    pandas = pytest.importorskip("pandas")
    series = pandas.Series(daily, index=pandas.to_datetime(times(len(daily)), unit="ms"))
    years = monthly_returns(daily, times(len(daily)))
    months = [month for year in years for month in year.months if month is not None]
    assert months == pytest.approx(empyrical.aggregate_returns(series, "monthly").to_numpy())
    assert [year.total for year in years] == pytest.approx(empyrical.aggregate_returns(series, "yearly").to_numpy())


def test_the_vector_of_twelve_days_is_met():
    case = vector("perf_12day")
    expected, daily = case["expected"], np.array(case["inputs"]["returns"])
    seen = metrics(daily, daily * 0, times(len(daily)))
    got = (seen.sharpe, seen.sortino, seen.max_drawdown, seen.cagr, seen.calmar, seen.ulcer)
    names = ("sharpe", "sortino_mar0_full_n", "max_drawdown", "cagr", "calmar", "ulcer_n")
    assert got == pytest.approx([expected[name] for name in names], abs=case["tolerance"])
    assert -expected_shortfall(-daily, level=0.75) == pytest.approx(expected["es25"], abs=case["tolerance"])


def test_the_vector_of_skfolio_tails_is_met():
    case = vector("cvar_cdar_skfolio")
    daily, levels = np.array(case["inputs"]["returns"]), case["inputs"]["beta"]
    shortfalls = [expected_shortfall(-daily, level=level) for level in levels]
    at_risk = [expected_shortfall(-drawdowns(daily), level=level) for level in levels]
    assert shortfalls == pytest.approx(case["expected"]["cvar"], abs=case["tolerance"])
    assert at_risk == pytest.approx(case["expected"]["cdar"], abs=case["tolerance"])


def test_the_vector_of_autoregressive_scales_is_met():
    case = vector("lo_eta_ar1")
    for rho, etas in case["expected"].items():
        seen = [lo_eta(float(rho) ** np.arange(1.0, q), q) for q in case["inputs"]["q"]]
        assert seen == pytest.approx(etas, abs=case["tolerance"])


def test_the_vector_of_a_first_day_loss_is_met():
    case = vector("first_day_loss_mdd")
    daily = np.array(case["inputs"]["returns"])
    seen = metrics(daily, daily * 0, times(len(daily))).max_drawdown
    assert seen == pytest.approx(case["expected"]["max_drawdown"], abs=case["tolerance"])
