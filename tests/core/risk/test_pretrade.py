from dataclasses import dataclass
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from core.risk.exposure import Yardstick, exposure_if_filled, measures
from core.risk.limits import RiskConfig
from core.risk.pretrade import Gauge, admitted
from core.types import Side

LIMITS = RiskConfig()
STICK = Yardstick({"A": 100.0, "B": 100.0, "C": 100.0}, Decimal(1000), {"A": 1e9, "B": 1e9, "C": 1e5})


@dataclass(frozen=True)
class Sent:
    symbol: str
    side: Side
    quantity: Decimal
    reduce_only: bool = False


def entry(symbol, quantity):
    return Sent(symbol, "buy" if quantity > 0 else "sell", abs(Decimal(quantity)))


def leave(symbol, quantity):
    return Sent(symbol, "sell", Decimal(quantity), reduce_only=True)


def test_entries_within_the_limits_are_kept_as_they_are():
    planned = (leave("B", 1), entry("A", 4), entry("B", -4))
    assert admitted(planned, (), Gauge({"B": Decimal(1)}, STICK, LIMITS)) == (planned, ())


def test_an_entry_that_is_too_much_is_left_out_and_says_why():
    planned = (entry("A", 6), entry("B", 4))
    assert admitted(planned, (), Gauge({}, STICK, LIMITS)) == (
        (planned[1],),
        ((planned[0], "no entry: A is 0.6, max_symbol is 0.5"),),
    )


def test_what_is_in_flight_counts_as_filled():
    kept, said = admitted((entry("A", 3),), (entry("A", 3),), Gauge({}, STICK, LIMITS))
    assert (kept, said) == ((), ((entry("A", 3), "no entry: A is 0.6, max_symbol is 0.5"),))


def test_two_slices_that_fit_one_by_one_do_not_fit_together():
    slices = (entry("A", 3), entry("A", 3), entry("A", 1))
    assert admitted(slices, (), Gauge({}, STICK, LIMITS))[0] == (slices[0], slices[2])


def test_an_exit_is_always_kept_however_much_is_at_stake():
    planned = (leave("A", 90), leave("NEW", 1), entry("A", 1))
    assert admitted(planned, (), Gauge({"A": Decimal(90), "NEW": Decimal(1)}, STICK, LIMITS))[0] == planned[:2]


symbols = st.sampled_from(["A", "B", "C"])
orders = st.builds(Sent, symbols, st.sampled_from(["buy", "sell"]), st.integers(1, 6).map(Decimal), st.booleans())
holdings = st.dictionaries(symbols, st.integers(-6, 6).map(Decimal))


def broken(held, orders):
    return {(m.limited_by, m.subject) for m in measures(exposure_if_filled(held, orders, STICK), LIMITS) if m.is_breached}


@given(holdings, st.lists(orders, max_size=3), st.lists(orders, max_size=6))
def test_what_is_admitted_breaks_no_limit_whatever_fills_and_nothing_is_dropped_in_silence(held, in_flight, planned):
    kept, said = admitted(planned, in_flight, Gauge(held, STICK, LIMITS))
    exits = [order for order in planned if order.reduce_only]
    assert broken(held, [*in_flight, *kept]) <= broken(held, [*in_flight, *exits])
    assert [order for order in kept if order.reduce_only] == exits
    assert len(kept) + len(said) == len(planned)
    names = [id(order) for order in kept]  # two orders may be equal
    assert names == [id(order) for order in planned if id(order) in names]
