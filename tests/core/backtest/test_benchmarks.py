"""Yardsticks: stories one can check by hand, and that they neither look ahead nor stumble over a gap."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.backtest.benchmarks import bitcoin_column, buy_and_hold, equal_weight
from tests.core.panels import holey

NAN = np.nan


def grown(net):
    return float(np.prod(1.0 + net))


def test_bitcoin_is_found_and_its_dominance_index_is_not_bitcoin():
    assert bitcoin_column(("ADAUSDT", "BTCDOMUSDT", "BTCUSDT", "ETHUSDT")) == 2
    assert bitcoin_column(("S00", "S01")) is None


def test_who_holds_earns_the_move_since_the_close_before_the_start():
    assert buy_and_hold(np.array([100.0, 200.0, 100.0, 150.0]), 2).tolist() == [0.0, 0.0, -0.5, 0.5]


def test_a_gap_earns_its_move_when_the_price_is_back_and_a_dead_symbol_nothing():
    net = buy_and_hold(np.array([NAN, 100.0, NAN, 130.0, NAN, NAN]), 0)
    np.testing.assert_allclose(net, [0, 0, 0, 0.3, 0, 0])


def test_the_basket_drifts_until_it_is_drawn_anew():
    close = np.array([[1.0, 10.0, NAN], [2.0, 10.0, 5.0], [4.0, 10.0, 5.0], [4.0, 20.0, 5.0]])
    members = np.array([[True, True, False], [False, True, True]])
    net = equal_weight(close, np.array([0, 2]), members)
    np.testing.assert_allclose(net, [0.0, 0.5, 2.5 / 1.5 - 1.0, 0.5])


def test_an_empty_universe_holds_nothing():
    close = np.array([[1.0], [2.0], [4.0], [8.0]])
    net = equal_weight(close, np.array([0, 2]), np.array([[False], [True]]))
    assert net.tolist() == [0.0, 0.0, 0.0, 1.0]
    assert equal_weight(close, np.zeros(0, dtype=np.int64), np.zeros((0, 1), dtype=bool)).tolist() == [0.0] * 4


@given(st.integers(0, 30), st.integers(20, 110))
def test_no_return_depends_on_a_later_bar_or_is_no_number(seed, cut):
    close = holey(seed, bars=120, width=4).close
    rows = np.arange(9, 120, 10)
    members = np.isfinite(close[rows]) & (np.random.default_rng(seed).random((len(rows), 4)) < 0.7)
    whole, early = equal_weight(close, rows, members), rows < cut
    assert np.isfinite(whole).all()
    assert np.array_equal(equal_weight(close[:cut], rows[early], members[early]), whole[:cut])
    assert np.array_equal(buy_and_hold(close[:cut, 0], 5), buy_and_hold(close[:, 0], 5)[:cut])


@given(st.integers(0, 30))
def test_a_basket_of_one_is_to_hold_that_one(seed):
    close = holey(seed, bars=90, width=1).close
    rows = np.flatnonzero(np.isfinite(close[:, 0]))[:1]
    basket = equal_weight(close, rows, np.ones((len(rows), 1), dtype=bool))
    assert grown(basket) == pytest.approx(grown(buy_and_hold(close[:, 0], int(rows[0]) + 1 if len(rows) else 0)))
