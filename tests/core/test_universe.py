from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.market.features import decision_rows
from core.universe import UniverseConfig, eligible, usual_value
from tests.core.panels import holey, walk, without

RULE = UniverseConfig(top=2, min_listed_days=3, liquidity_days=2)
seeds = st.integers(0, 10_000)


def market(value_per_bar, *, days=6):
    """Four-hour bars of symbols that trade so much each; the last row closes at midnight."""
    panel = walk(0, bars=6 * days, width=len(value_per_bar))
    panel.close[:] = 1.0
    panel.volume[:] = value_per_bar
    return panel


def chosen(panel, rows, rule=RULE):
    return eligible(panel, rows, usual_value(panel, rows, rule), rule)


def members(panel, row=-1, rule=RULE):
    rows = np.array([row % len(panel)])
    return "".join(s for s, yes in zip("ABCDE", chosen(panel, rows, rule)[0], strict=False) if yes)


def test_the_most_traded_are_in():
    assert members(market([1, 3, 2])) == "BC"


def test_a_tie_goes_to_the_first_in_the_alphabet():
    assert members(market([1, 1, 1])) == "AB"


def test_the_median_day_counts_so_one_mad_day_does_not():
    panel = market([2, 2, 1])
    panel.volume[-6:, 2] = 1e9
    assert members(panel, rule=RULE.model_copy(update={"liquidity_days": 3})) == "AB"


def test_only_whole_days_count():
    panel = market([2, 2, 1])
    panel.volume[-3:, 2] = 1e9  # since noon
    assert members(panel, row=-2, rule=RULE.model_copy(update={"liquidity_days": 1})) == "AB"


def test_a_new_listing_waits():
    panel = market([1, 1, 9])
    listed_on_day_three = (np.arange(36) < 18)[:, None] & np.array([False, False, True])
    panel = without(panel, listed_on_day_three)
    assert members(panel, row=-2) == "AB"  # one bar short of three days
    assert members(panel) == "AC"


def test_who_does_not_trade_now_is_out():
    panel = market([9, 2, 1])
    panel.close[-1, 0] = np.nan
    assert members(panel) == "BC"


def test_who_traded_on_fewer_than_half_of_the_days_is_out():
    rule = RULE.model_copy(update={"liquidity_days": 4})
    gone = (np.arange(36) // 6)[:, None] * np.array([1, 0, 0])
    assert members(without(market([9, 2, 1]), (gone >= 2) & (gone <= 4)), rule=rule) == "BC"
    assert members(without(market([9, 2, 1]), (gone >= 2) & (gone <= 3)), rule=rule) == "AB"


def test_the_usual_value_is_the_median_whole_day_and_unknown_when_half_of_the_days_are_missing():
    rule = RULE.model_copy(update={"liquidity_days": 4})
    panel = market([1, 2])
    panel.volume[-6:, 0] = 100
    panel = without(panel, (np.arange(36) // 6)[:, None] * np.array([0, 1]) >= 3)
    assert usual_value(panel, np.array([35, 12]), rule)[:, 0].tolist() == [6.0, 6.0]
    assert np.isnan(usual_value(panel, np.array([35]), rule)[0, 1])


@given(seeds, st.integers(10, 199))
def test_membership_is_known_at_the_time(seed, cut):
    panel = holey(seed, bars=200, width=5)
    rows = decision_rows(panel.close_time, panel.bar_ms, 3)
    short = chosen(panel.rows(0, cut), rows[rows < cut])
    assert np.array_equal(short, chosen(panel, rows)[rows < cut])


@given(seeds)
def test_never_more_than_the_top_and_only_who_trades(seed):
    panel = holey(seed, bars=120, width=6)
    rows = np.arange(120)
    seen = chosen(panel, rows)
    assert (seen.sum(axis=1) <= RULE.top).all()
    assert not seen[np.isnan(panel.close)].any()
    assert seen.any()


@given(seeds, st.permutations(range(5)))
def test_the_order_of_the_symbols_does_not_matter(seed, order):
    panel = holey(seed, bars=120, width=5)
    rows = np.arange(0, 120, 7)
    assert np.array_equal(chosen(panel.columns(list(order)), rows), chosen(panel, rows)[:, list(order)])


@given(seeds)
def test_more_volume_of_its_own_never_costs_a_symbol_its_place(seed):
    panel = holey(seed, bars=120, width=5)
    rows = np.arange(0, 120, 7)
    more = replace(panel, volume=panel.volume * np.array([1, 1, 4, 1, 1]))
    before, after = chosen(panel, rows)[:, 2], chosen(more, rows)[:, 2]
    assert (after | ~before).all()
