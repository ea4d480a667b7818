import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.backtest.costs import CostConfig, relative_spread, unit_impact
from core.errors import ConfigError

NAN = float("nan")
traded = st.floats(1.0, 1e13)


def test_a_basis_point_is_a_hundredth_of_a_percent():
    costs = CostConfig(taker_bps=5.5, half_spread_bps=2.0)
    assert costs.fee == pytest.approx(0.00055)
    assert costs.half_spread == pytest.approx(0.0002)


def test_the_fee_is_mixed_by_the_share_that_is_filled_as_a_maker():
    assert CostConfig(taker_bps=5.0, maker_bps=1.0, maker_share=0.25).fee == pytest.approx(0.0004)
    assert CostConfig(maker_share=1.0).fee == pytest.approx(0.0002)


def test_costs_are_scaled_together_and_the_capital_stays():
    dear = CostConfig(maker_share=0.5).scaled(2.0)
    assert (dear.fee, dear.half_spread, dear.impact) == pytest.approx((0.00075, 0.0004, 2.0))
    assert (dear.capital, dear.maker_share) == (10_000.0, 0.5)


@pytest.mark.parametrize("name", ["taker_bps", "maker_bps", "half_spread_bps"])
@pytest.mark.parametrize("value", [-1, 1001, NAN])
def test_a_cost_outside_its_range_is_refused(name, value):
    with pytest.raises(ConfigError, match=f"costs: {name}"):
        CostConfig.read({name: value}, subject="costs")


@pytest.mark.parametrize(("name", "value"), [("impact", -1), ("capital", 0), ("maker_share", 50), ("slippage_bps", 2)])
def test_a_parameter_that_makes_no_sense_is_refused(name, value):
    with pytest.raises(ConfigError, match=f"costs: .*{name}"):
        CostConfig.read({name: value}, subject="costs")


def test_a_symbol_that_trades_a_quarter_has_twice_the_spread():
    assert relative_spread(np.array([100e6, 25e6, 400e6])) == pytest.approx([1.0, 2.0, 0.5])


def test_a_spread_is_never_absurd_and_unknown_is_the_widest():
    assert relative_spread(np.array([1e13, 1.0, 0.0, NAN])).tolist() == [0.25, 10.0, 10.0, 10.0]


def test_impact_is_the_daily_volatility_times_the_root_of_the_share_of_the_day():
    """1 % of a day's trading at 3 % daily volatility: a tenth of 3 %."""
    value = 1e6
    assert unit_impact(np.array([100 * value]), np.array([0.03])) * value**0.5 == pytest.approx([0.003])


def test_what_is_unknown_has_no_impact():
    assert unit_impact(np.array([NAN, 0.0, 1e6]), np.array([0.03, 0.03, NAN])).tolist() == [0.0, 0.0, 0.0]


@given(traded, traded)
def test_more_trading_never_makes_a_trade_dearer(one, other):
    thin, thick = np.array(sorted((one, other)))[:, None]
    assert relative_spread(thick) <= relative_spread(thin)
    assert unit_impact(thick, np.array([0.03])) <= unit_impact(thin, np.array([0.03]))
