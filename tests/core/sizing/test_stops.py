import pytest

from core.errors import ConfigError
from core.sizing.config import StopsConfig


def test_stops_are_off_unless_asked_for():
    assert (StopsConfig().trail_atr, StopsConfig().stop_atr) == (0.0, 0.0)


@pytest.mark.parametrize(("name", "value"), [("trail_atr", -1), ("stop_atr", 101), ("atr_bars", 0)])
def test_a_stop_that_makes_no_sense_is_refused(name, value):
    with pytest.raises(ConfigError, match=f"stops: {name} = {value}"):
        StopsConfig.read({name: value}, subject="stops")
