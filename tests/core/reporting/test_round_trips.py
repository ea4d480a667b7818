"""Round trips: stories of one symbol, a slow reference, and that no profit is lost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.market.timeframe import HOUR, utc
from core.reporting.round_trips import Trip, extremes, round_trips, told, trip_stats

OPENS = np.arange(20, dtype=np.int64) * HOUR


def column(*values):
    return np.array(values, dtype=float)[:, None]


def trips_of(weights, contribution):
    trips = round_trips(weights, contribution)
    return told(trips, np.arange(len(trips.profit)), ("A", "B", "C"), OPENS[: len(weights)])


def hour(count):
    return utc(count * HOUR)


@pytest.mark.parametrize(
    ("weights", "contribution", "expected"),
    [
        ([0, 0, 0], [0, 0, 0], []),
        ([0, 0.2, 0.3, 0, 0], [0, 1, 2, 4, 0], [("long", 1, 3, 2, 7.0)]),
        ([0, -0.2, -0.3], [0, 1, -2], [("short", 1, None, 2, -1.0)]),
        ([0.1, -0.1, 0], [1, 2, 4], [("long", 0, 1, 1, 1.0), ("short", 1, 2, 1, 6.0)]),
        ([0.1, 0, 0.1, 0], [1, 2, 4, 8], [("long", 0, 1, 1, 3.0), ("long", 2, 3, 1, 12.0)]),
        ([0, 0, 0.1, 0, 0], [0, -1, 2, -4, -8], [("none", 1, 2, 0, -1.0), ("long", 2, 3, 1, -2.0), ("none", 4, None, 0, -8.0)]),
    ],
    ids=["flat", "one long", "a short still open", "a change of side", "twice", "stopped within the bar"],
)
def test_a_spell_of_one_sign_is_a_round_trip(weights, contribution, expected):
    seen = trips_of(column(*weights), column(*contribution))
    assert seen == tuple(
        Trip("A", side, hour(entry), None if leave is None else hour(leave), bars, profit)
        for side, entry, leave, bars, profit in expected
    )


def books(draw):
    """Draw a book that earns only where it holds or held, or was in and out within the bar."""
    shape = draw(st.tuples(st.integers(1, 12), st.integers(1, 3)))
    cells = shape[0] * shape[1]
    signs = draw(st.lists(st.sampled_from([0, 0, 1, -1]), min_size=cells, max_size=cells))
    weights = np.array(signs, dtype=float).reshape(shape)
    earned = np.array(draw(st.lists(st.integers(-4, 4), min_size=cells, max_size=cells)), dtype=float).reshape(shape)
    return weights, earned


def slow(weights, contribution):
    """Walk every symbol bar by bar; return (symbol, entry, side, bars, profit) of each trip."""
    out = []
    for i in range(weights.shape[1]):
        trip, before = None, 0.0
        for t, weight in enumerate(weights[:, i].tolist()):
            side, earned = float(np.sign(weight)), contribution[t, i]
            if side not in {0.0, before} or (side == 0.0 and before == 0.0 and earned):
                trip = [i, t, side, 0, 0.0]
                out.append(trip)
            if trip is not None:
                trip[3] += side != 0.0
                trip[4] += earned
            before = side
    return out


@given(st.composite(books)())
def test_the_spells_are_those_a_walk_bar_by_bar_finds(book):
    weights, contribution = book
    trips = round_trips(weights, contribution)
    expected = slow(weights, contribution)
    assert trips.symbol.tolist() == [trip[0] for trip in expected]
    assert trips.entry.tolist() == [trip[1] for trip in expected]
    assert np.where(trips.side == 2, 0, trips.side).tolist() == [trip[2] for trip in expected]
    assert trips.held.tolist() == [trip[3] for trip in expected]
    assert trips.profit.tolist() == [trip[4] for trip in expected]


@given(st.composite(books)())
def test_no_profit_is_lost_and_none_is_counted_twice(book):
    weights, contribution = book
    assert round_trips(weights, contribution).profit.sum() == pytest.approx(contribution.sum())


def test_the_figures_are_those_one_would_count_by_hand():
    weights = column(0.1, 0, -0.1, 0, 0.1, 0.1, -0.1)
    stats = trip_stats(round_trips(weights, column(0.1, 0.2, -0.1, 0, 0.3, 0.1, 0.1)), 7, 4.0)
    assert (stats.count, stats.open, stats.long_count, stats.short_count) == (4, 1, 2, 2)
    assert stats.hit_rate == 0.75
    assert stats.profit_factor == pytest.approx(8.0)
    assert stats.mean_held_hours == pytest.approx(4.0 * 5 / 4)
    assert (stats.best, stats.worst) == (pytest.approx(0.4), pytest.approx(-0.1))
    assert (stats.long_profit, stats.short_profit) == (pytest.approx(0.7), pytest.approx(0.0))


def test_a_book_that_never_traded_has_no_ratio():
    stats = trip_stats(round_trips(np.zeros((5, 2)), np.zeros((5, 2))), 5, 1.0)
    assert stats.count == 0
    assert np.isnan([stats.hit_rate, stats.profit_factor, stats.mean_profit, stats.best]).all()


def test_the_best_and_the_worst_are_told_from_the_most_extreme():
    weights = np.zeros((9, 1))
    weights[::2] = 0.1
    trips = round_trips(weights, column(3, 0, -1, 0, 5, 0, -7, 0, 0))
    best, worst = extremes(trips, 1)
    assert trips.profit[best].tolist() == [5.0]
    assert trips.profit[worst].tolist() == [-7.0]
    assert [len(some) for some in extremes(trips, 9)] == [2, 2]
