import pytest

from core.errors import ConfigError
from core.risk.limits import RiskConfig
from core.sizing.config import CapsConfig

FRACTIONS = [
    "daily_loss",
    "drawdown_reduce",
    "drawdown_flatten",
    "recovery",
    "max_volume_share",
    "max_margin_use",
    "missing_bars",
    "protective_stop",
    "breaker_failures",
]
MULTIPLES = ["max_gross", "max_net", "max_symbol", "max_asset"]


@pytest.mark.parametrize("percent", [4, 20])
@pytest.mark.parametrize("name", FRACTIONS)
def test_a_fraction_in_percent_is_refused_and_told_what_it_is(name, percent):
    with pytest.raises(ConfigError, match=f"^risk: {name} = {percent}: .*; a fraction, so 20 % is 0.2$"):
        RiskConfig.read({name: percent}, subject="risk")


@pytest.mark.parametrize("name", MULTIPLES)
def test_a_multiple_of_equity_in_percent_is_refused(name):
    with pytest.raises(ConfigError, match=f"^risk: {name} = 300: "):
        RiskConfig.read({name: 300}, subject="risk")


def test_every_number_without_a_unit_in_its_name_is_a_fraction_or_a_multiple():
    units = ("_days", "_minutes", "_seconds", "_hours", "_bps", "_calls")
    assert {name for name in RiskConfig.model_fields if not name.endswith(units)} == {*FRACTIONS, *MULTIPLES}


@pytest.mark.parametrize("name", [*FRACTIONS, *MULTIPLES])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.1])
def test_a_limit_that_is_no_amount_is_refused(name, value):
    with pytest.raises(ConfigError, match=f"^risk: {name}"):
        RiskConfig.read({name: value}, subject="risk")


@pytest.mark.parametrize("name", [*MULTIPLES, "recovery", "missing_bars", "protective_stop", "max_margin_use"])
def test_a_limit_of_zero_that_could_never_be_met_is_refused(name):
    with pytest.raises(ConfigError, match=f"^risk: {name} = 0: "):
        RiskConfig.read({name: 0}, subject="risk")


@pytest.mark.parametrize("flatten", [0.1, 0.2])
def test_flattening_comes_after_reducing(flatten):
    with pytest.raises(ConfigError, match=f"drawdown_flatten = {flatten} must be above drawdown_reduce = 0.2"):
        RiskConfig.read({"drawdown_flatten": flatten}, subject="risk")


def test_sizing_as_it_comes_can_exchange_its_whole_book_below_the_limits():
    caps, limits = CapsConfig(), RiskConfig()
    assert 2 * caps.gross < min(limits.max_gross, limits.max_net)
    assert 2 * caps.asset < limits.max_asset
    assert caps.symbol < limits.max_symbol
    assert caps.liquidity < limits.max_volume_share
    assert limits.protective_stop is None
