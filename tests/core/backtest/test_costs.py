import pytest

from core.backtest.costs import CostConfig
from core.errors import ConfigError


def test_a_basis_point_is_a_hundredth_of_a_percent():
    costs = CostConfig(fee_bps=5.5, slippage_bps=2.0)
    assert costs.fee == pytest.approx(0.00055)
    assert costs.slippage == pytest.approx(0.0002)


@pytest.mark.parametrize("value", [-1, 1001, float("nan")])
def test_a_cost_outside_its_range_is_refused(value):
    with pytest.raises(ConfigError, match="costs: fee_bps"):
        CostConfig.read({"fee_bps": value}, subject="costs")
