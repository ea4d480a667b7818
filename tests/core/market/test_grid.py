from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DataError
from core.market.grid import grid_timeframe
from core.market.timeframe import TIMEFRAMES

START = datetime(2024, 1, 1, tzinfo=UTC)


def bars(symbol, *minutes):
    times = [START + timedelta(minutes=minute) for minute in minutes]
    return pl.DataFrame({"venue": "bybit", "symbol": symbol, "open_time": times}).cast({"open_time": pl.Datetime("ms", "UTC")})


@given(st.sampled_from(sorted(TIMEFRAMES)), st.sets(st.integers(0, 50), min_size=0, max_size=20), st.randoms())
def test_a_grid_is_read_off_whatever_the_holes_and_the_order(timeframe, holes, random):
    step = TIMEFRAMES[timeframe] // 60_000
    frame = bars("A", *(step * n for n in range(120) if n not in holes))
    assert grid_timeframe(frame.sample(fraction=1.0, shuffle=True, seed=random.randrange(1000))) == timeframe


def test_one_bar_beside_the_grid_does_not_change_it():
    assert grid_timeframe(bars("A", 0, 60, 90, 120, 180, 240)) == "1h"


def test_of_two_steps_equally_common_the_shorter_is_the_grid():
    assert grid_timeframe(bars("A", 0, 60, 180)) == "1h"


def test_repeated_bars_are_no_step():
    assert grid_timeframe(bars("A", 0, 0, 0, 60, 60, 120)) == "1h"


def test_neighbours_of_different_symbols_are_no_step():
    assert grid_timeframe(pl.concat([bars("A", 0, 60, 120), bars("B", 121 * 60, 122 * 60)])) == "1h"


def test_a_symbol_of_one_or_two_bars_takes_the_grid_of_the_others():
    assert grid_timeframe(pl.concat([bars("A", *range(0, 600, 60)), bars("B", 0), bars("C", 0, 180)])) == "1h"


@pytest.mark.parametrize("minutes", [(0, 240, 480, 720), (0, 1, 2)])
def test_a_symbol_on_another_grid_is_named(minutes):
    with pytest.raises(DataError, match=rf"bybit ODDUSDT has a bar every {minutes[1]} minutes where the others have 1h"):
        grid_timeframe(pl.concat([bars("A", *range(0, 6000, 60)), bars("ODDUSDT", *minutes)]))


def test_one_bar_alone_has_no_grid():
    with pytest.raises(DataError, match="one bar alone has no grid"):
        grid_timeframe(pl.concat([bars("A", 0), bars("B", 60)]))


def test_a_step_of_seven_minutes_is_no_timeframe():
    with pytest.raises(DataError, match="420000 ms"):
        grid_timeframe(bars("A", 0, 7, 14))
