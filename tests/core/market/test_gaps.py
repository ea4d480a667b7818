import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.market.gaps import LONGEST_OUTAGE, Gap, GapKind, Known, common_outages, gaps, market_gaps, typed_holes
from core.market.spans import NOWHERE, both, minus, spans, total, union
from core.market.timeframe import HOUR

pairs = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=8).map(spans)


@given(pairs, pairs, pairs, st.integers(0, 60))
def test_stored_bars_and_the_three_kinds_of_hole_are_the_range(held, absent, common, gone):
    asked = spans([(5, 55)])
    found = [both(asked, held), *typed_holes(Known(held, absent, gone), asked, common).values()]
    assert sum(map(total, found)) == total(asked)
    assert union(*found).tolist() == asked.tolist()


@given(pairs, pairs, pairs)
def test_a_hole_nobody_asked_about_and_others_do_not_share_is_a_missing_download(held, absent, common):
    missing = typed_holes(Known(held, absent), spans([(0, 60)]), common)[GapKind.MISSING]
    assert missing.tolist() == minus(minus(minus(spans([(0, 60)]), held), absent), common).tolist()


@pytest.mark.parametrize(
    ("held", "absent", "expected"),
    [
        ([(0, 10)], [], []),
        ([(0, 4), (6, 10)], [], [(4, 6, "missing download")]),
        ([(0, 4), (6, 10)], [(4, 6)], [(4, 6, "venue outage")]),
        ([(3, 10)], [(0, 3)], [(0, 3, "not listed")]),
        ([(3, 10)], [(0, 2)], [(0, 2, "not listed"), (2, 3, "missing download")]),
        ([(0, 4)], [(4, 10)], [(4, 10, "venue outage")]),
        ([], [(0, 10)], [(0, 10, "not listed")]),
        ([], [], [(0, 10, "missing download")]),
    ],
)
def test_what_the_venue_was_asked_decides_over_a_hole(held, absent, expected):
    found = gaps("S", Known(spans(held), spans(absent)), spans([(0, 10)]), NOWHERE)
    assert [(gap.start, gap.stop, gap.kind.value) for gap in found] == expected


def test_a_symbol_that_is_gone_is_not_listed_any_more():
    found = gaps("S", Known(spans([(0, 4)]), gone=6), spans([(0, 10)]), NOWHERE)
    assert found == (Gap("S", 4, 6, GapKind.MISSING), Gap("S", 6, 10, GapKind.NOT_LISTED))


def market(holes, *, symbols=10, length=100):
    """Ten symbols of a hundred hours; `holes` are (how many symbols, from, to)."""
    whole = spans([(0, length * HOUR)])
    known = {}
    for number in range(symbols):
        mine = spans([(first * HOUR, stop * HOUR) for count, first, stop in holes if number < count])
        known[f"S{number}"] = Known(minus(whole, mine))
    return known


@pytest.mark.parametrize(("count", "outage"), [(10, True), (9, True), (8, False), (1, False)])
def test_bars_that_nearly_all_symbols_miss_are_the_venues_outage(count, outage):
    assert bool(len(common_outages(market([(count, 50, 53)]).values()))) == outage


@pytest.mark.parametrize(("hours", "outage"), [(24, True), (25, False)])
def test_a_long_hole_of_all_symbols_may_be_a_month_nobody_downloaded(hours, outage):
    assert LONGEST_OUTAGE == 24 * HOUR
    assert bool(len(common_outages(market([(10, 50, 50 + hours)]).values()))) == outage


@pytest.mark.parametrize(("symbols", "outage"), [(3, False), (4, True)])
def test_a_few_symbols_are_no_witnesses(symbols, outage):
    assert bool(len(common_outages(market([(9, 50, 53)], symbols=symbols).values()))) == outage


def test_symbols_that_are_not_alive_do_not_count():
    known = market([(5, 50, 53)]) | {f"S{number}": Known(spans([(0, 40 * HOUR)])) for number in range(5, 10)}
    assert common_outages(known.values()).tolist() == [[50 * HOUR, 53 * HOUR]]


def test_a_hole_may_have_several_causes_one_after_the_other():
    known = market([(10, 50, 53), (1, 53, 60)])
    found = list(market_gaps(known, {"S0": spans([(0, 100 * HOUR)])}))
    assert [(gap.start // HOUR, gap.stop // HOUR, gap.kind) for gap in found] == [
        (50, 53, GapKind.OUTAGE),
        (53, 60, GapKind.MISSING),
    ]
