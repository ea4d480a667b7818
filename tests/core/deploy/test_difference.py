"""What `releases diff` says of two releases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.deploy.difference import Difference, difference
from core.deploy.release import Release, Sleeve


def sleeve(lookback, budget=0.25):
    return Sleeve(strategy="xsmom", params={"lookback": lookback}, budget=budget)


CROSS = Sleeve(strategy="sma_cross", budget=0.25)


def release(*sleeves, **values):
    return Release(venue="bybit", sleeves=sleeves or (sleeve(168),), **values)


releases = st.builds(
    lambda lookbacks, rebalance, target_vol: release(
        *map(sleeve, lookbacks), rebalance=rebalance, scaler={"target_vol": target_vol}
    ),
    st.lists(st.sampled_from([24, 48, 96]), min_size=1, max_size=4),
    st.sampled_from([12, 24]),
    st.sampled_from([0.2, 0.3]),
)


@given(releases, releases)
def test_only_the_same_release_shows_no_difference_and_the_other_way_round_mirrors_it(one, other):
    there, back = difference(one, other), difference(other, one)
    assert (there == ()) == (one.fingerprint == other.fingerprint)
    if not any(d.one == "the same" for d in there):
        mirrored = {(d.field, str(d.other), str(d.one)) for d in back}
        assert {(d.field, str(d.one), str(d.other)) for d in there} == mirrored


def test_a_changed_field_is_named_by_its_path():
    assert difference(release(), release(scaler={"target_vol": 0.33}, parent="aa")) == (
        Difference("scaler.target_vol", release().scaler.target_vol, 0.33),
        Difference("parent", None, "aa"),
    )


def test_the_one_sleeve_that_changed_shows_its_parameters():
    one, other = release(CROSS, sleeve(24)), release(sleeve(96), CROSS)
    assert difference(one, other) == (Difference("sleeves.xsmom.params.lookback", 24, 96),)


def test_sleeves_that_have_no_counterpart_are_a_line_each():
    gone, come = difference(release(CROSS, sleeve(24)), release(CROSS, CROSS))
    assert (gone.field, gone.one["params"]["lookback"], gone.other) == ("sleeves.xsmom", 24, None)
    assert (come.field, come.one, come.other["strategy"]) == ("sleeves.sma_cross", None, "sma_cross")


@pytest.mark.parametrize("sleeves", [(sleeve(24), sleeve(96)), (CROSS, sleeve(24))])
def test_an_order_that_changed_is_said_once(sleeves):
    assert difference(release(*sleeves), release(*sleeves[::-1])) == (Difference("sleeves", "the same", "in another order"),)
