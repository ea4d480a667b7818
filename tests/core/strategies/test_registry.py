import pkgutil

import pytest

import core.strategies
from core.errors import ConfigError
from core.strategies.registry import strategies, strategy, strategy_config


def test_a_strategy_is_registered_by_being_in_the_folder():
    modules = {module.name for module in pkgutil.iter_modules(core.strategies.__path__)} - {"registry", "strategy"}
    assert set(strategies()) == modules


def test_a_strategy_is_known_by_its_own_name():
    assert all(found.name == name for name, found in strategies().items())
    assert strategy("xsmom").name == "xsmom"


def test_a_misspelt_name_is_answered_with_the_nearest_one():
    with pytest.raises(ConfigError, match=r"unknown strategy 'xsmon': did you mean xsmom\?"):
        strategy("xsmon")


def test_a_name_like_no_other_is_answered_with_all_of_them():
    with pytest.raises(ConfigError, match=r"known are .*sma_cross.*xsmom"):
        strategy("zzzz")


def test_defaults_fill_what_is_not_named():
    assert strategy_config("xsmom", {"top": 3}).model_dump() == strategy("xsmom").config().model_dump() | {"top": 3}


def test_a_misspelt_parameter_is_answered_with_the_nearest_one():
    with pytest.raises(ConfigError, match=r"xsmom: unknown parameter lokback: did you mean lookback\?"):
        strategy_config("xsmom", {"lokback": 3})


@pytest.mark.parametrize(("name", "value"), [("lookback", 0), ("top", 0), ("threshold", -0.1), ("threshold", float("nan"))])
def test_a_parameter_outside_its_range_is_refused_by_name(name, value):
    with pytest.raises(ConfigError, match=f"xsmom: {name} = "):
        strategy_config("xsmom", {name: value})
