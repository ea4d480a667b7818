"""What is stored, and what is said against it: each fault is put into a sound market and found by name."""

from dataclasses import replace

import numpy as np
import pytest

from core.config import ConfigError
from core.market.timeframe import DAY, utc
from core.portfolio import prepare
from core.validation.coverage import SILENCE, coverage
from core.validation.data_limits import NAMED, DataLimits, data_objections
from tests.core.panels import START, small_release, walk, without

PANEL = walk(6, bars=900)
LIMITS = DataLimits()


def look(panel, limits=LIMITS, book_start_row=210, **changes):
    release = small_release(panel, book_start_row=book_start_row, **changes)
    seen = coverage(prepare(panel, release), release, extreme=limits.extreme)
    return seen, data_objections(seen, limits)


def missing(*cells):
    holes = np.zeros(PANEL.close.shape, dtype=bool)
    for rows, column in cells:
        holes[rows, column] = True
    return without(PANEL, holes)


def changed(name, rows, column, value):
    values = getattr(PANEL, name).copy()
    values[rows, column] = value
    return replace(PANEL, **{name: values})


def test_a_sound_market_has_nothing_against_it():
    seen, objections = look(PANEL)
    assert objections == ()
    one = seen.symbols[0]
    assert (one.symbol, one.bars, one.missing, one.longest_gap, one.idle, one.extreme) == ("S00", 900, 0, 0, 0, 0)
    assert (one.first, one.last) == (utc(START), utc(int(PANEL.open_time[-1])))
    assert one.funded == 1.0
    assert (seen.stored, seen.warmup, seen.empty) == (210, 201, ())


def test_missing_bars_are_counted_and_the_longest_gap_is_named():
    seen, objections = look(missing((slice(300, 340), 2), (500, 2)))
    assert (seen.symbols[2].bars, seen.symbols[2].missing, seen.symbols[2].longest_gap) == (859, 41, 40)
    assert objections == ("gaps: more than 1.0% of the bars are missing: S02 4.6%",)


def test_late_listings_and_delistings_are_no_gaps():
    seen, objections = look(missing((slice(0, 400), 2), (slice(700, 900), 2)))
    assert seen.symbols[2].missing == 0
    assert (seen.symbols[2].first, seen.symbols[2].last) == tuple(utc(int(PANEL.open_time[t])) for t in (400, 699))
    assert objections == ()


def test_bars_without_volume_are_counted():
    seen, objections = look(changed("volume", slice(300, 350), 1, 0.0))
    assert seen.symbols[1].idle == 50
    assert objections == ("volume: none in more than 5.0% of the bars: S01 5.6%",)


def test_prices_that_stand_still_are_counted():
    seen, objections = look(changed("close", slice(300, 500), 0, PANEL.close[300, 0]))
    assert seen.symbols[0].unchanged == 199
    assert objections == ("prices: more than 20.0% of the bars close where the one before did: S00 22.1%",)


@pytest.mark.parametrize(("factor", "told"), [(3.5, r"S04 \+2\d\d\.\d%"), (0.3, r"S04 -\d\d\.\d%")])
def test_a_price_that_leaps_or_falls_is_named_with_its_time(factor, told):
    seen, objections = look(changed("close", slice(600, 900), 4, factor * PANEL.close[600:, 4]))
    assert (seen.symbols[4].extreme, seen.symbols[4].largest_at) == (1, utc(int(PANEL.close_time[600])))
    assert len(objections) == 1
    assert pytest.approx(seen.symbols[4].largest_move, abs=0.15) == factor - 1.0
    assert np.isclose(seen.symbols[4].largest_move, factor * PANEL.close[600, 4] / PANEL.close[599, 4] - 1.0)
    assert objections[0].startswith("prices: a bar moved them by more than a factor of 2: S04 ")


def test_a_leap_over_a_halt_counts():
    """A new coin under an old name appears after the old one was halted: the bar before is the last one there was."""
    halted = missing((slice(600, 604), 4))
    leapt = replace(halted, close=np.where(np.arange(900)[:, None] >= 604, halted.close * [1, 1, 1, 1, 1e5, 1], halted.close))
    seen, objections = look(leapt)
    assert seen.symbols[4].extreme == 1
    assert any("S04" in line for line in objections)


def test_funding_that_stops_is_known_until_some_weeks_later():
    per_day = DAY // PANEL.bar_ms
    seen, objections = look(changed("funding", slice(300, 900), 5, 0.0))
    last_day = 300 // per_day - 1
    assert seen.symbols[5].funded == (last_day + SILENCE + 1) / 150
    assert objections == (f"funding: known for less than 90% of the days, and free where unknown: S05 {80 / 150:.0%}",)


def test_a_rate_of_zero_for_a_while_is_still_a_rate():
    seen, _ = look(changed("funding", slice(300, 300 + 6 * SILENCE), 5, 0.0))
    assert seen.symbols[5].funded == 1.0


def test_an_empty_universe_is_counted_by_year_and_dated():
    nobody = missing(*((slice(450, 480), column) for column in range(6)))
    seen, objections = look(nobody, DataLimits(missing=0.1))
    empty = [(year.year, year.smallest, year.empty) for year in seen.years]
    assert empty == [(2024, 0, 8)]  # five days without bars, then too few among the last eight
    assert len(seen.empty) == 8
    assert objections == (f"universe: nothing may be held at 8 of 115 decisions, {seen.empty[0]:%F} to {seen.empty[-1]:%F}",)


def test_a_narrow_universe_is_told_by_year():
    _, objections = look(PANEL, universe={"top": 3, "min_listed_days": 4, "liquidity_days": 3})
    assert objections == ("universe: the median is below 5 symbols: 3 in 2024",)


def test_too_short_a_history_before_the_start_is_told():
    _, objections = look(PANEL, book_start_row=150)
    assert objections == ("history: 201 bars are needed before 2024-01-26, 150 are stored; start later",)


def test_a_symbol_that_may_never_be_held_has_nothing_said_against_it():
    rule = {"top": 5, "min_listed_days": 4, "liquidity_days": 3}
    smallest = int(np.nansum(PANEL.traded_value, axis=0).argmin())
    seen, objections = look(changed("volume", slice(None), smallest, 0.0), universe=rule)
    assert seen.symbols[smallest].held == 0.0
    assert objections == ()


def test_only_so_many_symbols_are_named():
    _, objections = look(replace(PANEL, funding=np.zeros_like(PANEL.funding)), universe={"top": 6, "min_listed_days": 4})
    assert objections[-1].count("%") == NAMED + 1
    assert objections[-1].endswith(" and 1 more")


def test_a_symbol_without_a_bar_is_left_out():
    seen, objections = look(missing((slice(None), 3)))
    assert [one.symbol for one in seen.symbols] == ["S00", "S01", "S02", "S04", "S05"]
    assert objections == ()


def test_an_unknown_limit_is_answered_with_the_nearest_one():
    with pytest.raises(ConfigError, match=r"--limit: unknown parameter mising: did you mean missing\?"):
        DataLimits.read({"mising": 0.1}, subject="--limit")
