from dataclasses import replace

import numpy as np
import pytest

from core.errors import DataError
from core.market.panel import Panel
from core.market.timeframe import HOUR


@pytest.fixture
def panel():
    price = np.arange(1.0, 13.0).reshape(4, 3)
    time = np.arange(4, dtype=np.int64) * HOUR
    return Panel("bybit", "1h", ("A", "B", "C"), time, price, price + 1, price - 0.5, price, price * 10, np.zeros((4, 3)))


def test_a_bar_is_complete_one_bar_after_it_opens(panel):
    assert (panel.close_time == panel.open_time + HOUR).all()
    assert len(panel) == 4


def test_rows_are_cut_in_every_column_alike(panel):
    cut = panel.rows(1, 3)
    assert cut.open_time.tolist() == [HOUR, 2 * HOUR]
    assert (cut.close == panel.close[1:3]).all()
    assert cut.symbols == panel.symbols


def test_columns_are_cut_and_ordered_with_their_names(panel):
    cut = panel.columns([2, 0])
    assert cut.symbols == ("C", "A")
    assert (cut.high == panel.high[:, [2, 0]]).all()
    assert len(cut) == 4


@pytest.mark.parametrize(("moment", "row"), [(0, 0), (1, 1), (HOUR, 1), (99 * HOUR, 4)])
def test_a_row_is_found_by_the_first_open_at_or_after_a_moment(panel, moment, row):
    assert panel.row_at(moment) == row


def test_traded_value_is_close_times_volume(panel):
    assert (panel.traded_value == panel.close * panel.volume).all()


def test_one_number_changes_the_hash_and_a_copy_does_not(panel):
    volume = panel.volume.copy()
    assert replace(panel, volume=volume).data_hash == panel.data_hash
    volume[0, 0] += 1e-9
    assert replace(panel, volume=volume).data_hash != panel.data_hash
    assert replace(panel, venue="okx").data_hash != panel.data_hash


def test_a_panel_cut_from_one_whose_hash_is_known_has_a_hash_of_its_own(panel):
    known = replace(panel).with_hash("told")
    assert known.data_hash == "told"
    assert known.rows(0, 4).data_hash == known.columns([0, 1, 2]).data_hash == panel.data_hash
    assert known.rows(0, 3).data_hash != panel.data_hash


def test_an_array_of_another_shape_is_refused(panel):
    with pytest.raises(DataError, match="funding has shape"):
        replace(panel, funding=np.zeros((4, 2)))


@pytest.mark.parametrize("times", [[0, 1, 3, 4], [0, 1, 1, 2], [3, 2, 1, 0]])
def test_a_grid_with_a_hole_or_out_of_order_is_refused(panel, times):
    with pytest.raises(DataError, match="not a 1h grid without holes"):
        replace(panel, open_time=np.array(times) * HOUR)
