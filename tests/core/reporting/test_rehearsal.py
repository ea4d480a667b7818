"""The parts of a rehearsal's difference sum to it, and each is there only with its cause. The account is a few plain lines.

Opens stand a little off the close before; `seamless` markets open where they closed, so that model and account see one price.
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.execution.band import worth_trading
from core.execution.orders import Fill
from core.execution.plan import DUST
from core.market.instrument import Instrument
from core.market.timeframe import utc
from core.portfolio import prepare, run
from core.reporting.rehearsal import MEANINGS, Rehearsed, page
from core.reporting.rehearsal_parts import compare
from tests.core.panels import holey, small_release, walk

BALANCE = 10_000.0
FREE = {"taker_bps": 0.0, "half_spread_bps": 0.0, "impact": 0.0, "capital": 1.0}
FEE_BPS = 5.5
FINE = Decimal("1e-12")
CLOSE_ENOUGH = 1e-6
"""Basis points of equity a day."""


@dataclass
class Habits:
    """What an account does other than the model: fractions of value, the quantity's grain, shares of orders."""

    slip: float = 0.0
    fee: float = FEE_BPS * 1e-4
    step: Decimal = FINE
    least: Decimal = Decimal(0)
    refused: float = 0.0
    late: float = 0.0


@dataclass
class Account:
    """Cash and units, in floats; every change of them is a fill."""

    cash: float = BALANCE
    units: dict = field(default_factory=dict)
    fills: list = field(default_factory=list)
    orders: dict = field(default_factory=dict)

    def worth(self, price):
        return self.cash + sum(units * price[i] for i, units in self.units.items() if units)

    def book(self, panel, deal, at, link=""):
        i, change, paid, fee = deal
        kind = "funding" if link == "funding" else "trade"
        if kind == "trade":
            self.units[i] = self.units.get(i, 0.0) + change
            self.cash -= change * paid
        self.cash -= fee
        side = "buy" if change > 0 else "sell"
        amounts = (Decimal(repr(float(abs(change)))), Decimal(repr(float(paid))), Decimal(repr(float(fee))))
        name = f"{len(self.fills)}"
        self.fills.append(Fill("test", panel.symbols[i], name, link, side, *amounts, kind, utc(at)))


def lived(market, release, paths, habits, seed=0):
    """Let an account follow the release's targets bar by bar: settle, decide, fill; return its books."""
    rng, panel, account, late = np.random.default_rng(seed), market.panel, Account(), []
    decision = {int(row) + 1: d for d, row in enumerate(market.rows)}
    price = panel.close[market.first].copy()
    for t in range(market.first, len(panel)):
        exists, opened = np.isfinite(panel.open[t]), int(panel.open_time[t])
        price = np.where(exists, panel.open[t], price)
        for i, change, link in late:
            fill(account, panel, (i, change, price[i], link), opened, habits)
        late = []
        if t in decision:
            equity = account.worth(price)
            for i in np.flatnonzero(exists & np.isfinite(paths.targets[decision[t]])):
                held, exact = account.units.get(i, 0.0), paths.targets[decision[t]][i] * equity / price[i]
                if not worth_trading(exact, held, release.band):
                    continue
                change = rounded(exact, habits.step) - held
                if abs(change) * price[i] < habits.least or not change or rng.random() < habits.refused:
                    continue
                link = f"{t}-{i}"
                account.orders[link] = utc(opened)
                if rng.random() < habits.late:
                    late.append((i, change, link))
                else:
                    fill(account, panel, (i, change, price[i], link), opened, habits)
        price = np.where(exists, panel.close[t], price)
        for i, units in account.units.items():
            rate = panel.funding[t, i]
            if units and rate:
                account.book(panel, (i, units, price[i], units * price[i] * rate), int(panel.close_time[t]), "funding")
    return Rehearsed(
        balance=Decimal(repr(BALANCE)),
        equity=Decimal(repr(float(account.worth(price)))),
        fills=tuple(account.fills),
        decided_at=account.orders,
        prices=dict(zip(panel.symbols, price.tolist(), strict=True)),
        instruments={s: Instrument("test", s, FINE, habits.step, habits.step, habits.least) for s in panel.symbols},
        verdicts={"ALLOW": 12, "REDUCE_ONLY": 1},
    )


def fill(account, panel, order, at, habits):
    i, change, price, link = order
    paid = price * (1.0 + habits.slip * np.sign(change))
    account.book(panel, (i, change, paid, abs(change) * paid * habits.fee), at, link)


def rounded(quantity, step):
    return float(int(Decimal(repr(float(quantity))) / step) * step) if step > FINE else quantity


def seamless(panel):
    """Open every bar where the one before it closed."""
    opened = panel.open.copy()
    opened[1:] = np.where(np.isfinite(panel.close[:-1]), panel.close[:-1], opened[1:])
    return replace(panel, open=opened, high=np.fmax(panel.high, opened), low=np.fmin(panel.low, opened))


def rehearsed(panel, habits, *, seed=0, **changes):
    """Rehearse the small release on a panel; its costs are the fee alone, unless they are changed."""
    values = {"costs": {**FREE, "taker_bps": FEE_BPS}, "band": 0.1} | changes
    release = small_release(panel, book_start_row=60, **values)
    market = prepare(panel, release)
    paths = run(market, release)
    books = lived(market, release, paths, habits, seed)
    return compare(market, release, paths, books), books


SEEDS = st.integers(0, 10_000)
HABITS = st.builds(
    Habits,
    slip=st.sampled_from([0.0, 2e-4, 3e-3]),
    fee=st.sampled_from([0.0, FEE_BPS * 1e-4]),
    step=st.sampled_from([FINE, Decimal("0.01"), Decimal(1)]),
    least=st.sampled_from([Decimal(0), Decimal(5), Decimal(300)]),
    refused=st.sampled_from([0.0, 0.2]),
    late=st.sampled_from([0.0, 0.3]),
)


@settings(max_examples=40, deadline=None)
@given(SEEDS, HABITS)
def test_the_parts_are_the_difference_and_every_unit_of_money_is_in_a_fill(seed, habits):
    done, books = rehearsed(holey(seed, bars=240), habits, seed=seed, costs={"capital": 1.0})
    off = (done.account - done.model) / done.days * 1e4
    assert sum(done.parts.values()) == pytest.approx(off, abs=CLOSE_ENOUGH)
    assert done.bps_per_day == pytest.approx(off, abs=CLOSE_ENOUGH)
    assert done.parts["unbooked"] == pytest.approx(0.0, abs=CLOSE_ENOUGH)
    assert done.account == pytest.approx(float(books.equity) / BALANCE - 1.0)


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_an_account_without_a_flaw_is_the_model(seed):
    """But for the grain of nothing, in a market that opens where it closed, and with no holes in which the two could part."""
    done, books = rehearsed(seamless(walk(seed, bars=240)), Habits())
    assert books.fills
    assert done.parts == pytest.approx(dict.fromkeys(MEANINGS, 0.0), abs=CLOSE_ENOUGH)


@settings(max_examples=25, deadline=None)
@given(SEEDS, HABITS)
def test_a_part_without_its_cause_is_nothing(seed, habits):
    done, books = rehearsed(holey(seed, bars=240), habits, seed=seed)
    trades = [fill for fill in books.fills if fill.kind == "trade"]
    paid = float(sum(f.quantity * f.price for f in trades)) * habits.slip
    absent = {
        "timing": not habits.late,
        "price": not habits.slip,
        "missed": not habits.refused and not habits.late and habits.least in {Decimal(0), Decimal(5)},
        "fees": not books.fills,
    }
    assert {name: done.parts[name] for name, gone in absent.items() if gone} == pytest.approx(
        {name: 0.0 for name, gone in absent.items() if gone}, abs=CLOSE_ENOUGH
    )
    assert done.parts["price"] == pytest.approx(-paid / (1.0 + habits.slip) / BALANCE / done.days * 1e4, rel=1e-2, abs=1e-6)
    if habits.step == FINE and habits.least < DUST and not habits.refused and not habits.late:
        assert done.parts["rounding"] == pytest.approx(0.0, abs=CLOSE_ENOUGH)


def test_an_order_that_is_refused_is_missed_and_a_coarse_grain_is_rounding():
    panel = seamless(walk(3, bars=240))
    fine, _ = rehearsed(panel, Habits(refused=0.5), seed=1)
    coarse, _ = rehearsed(panel, Habits(step=Decimal(1)))
    assert abs(fine.parts["missed"]) > 1.0
    assert fine.parts["rounding"] == pytest.approx(0.0, abs=CLOSE_ENOUGH)
    assert abs(coarse.parts["rounding"]) > 0.01
    assert coarse.parts["missed"] == 0.0


def test_a_fill_that_comes_a_bar_later_is_timing_at_the_price_it_found():
    panel = seamless(walk(3, bars=240))
    done, books = rehearsed(panel, Habits(late=1.0))
    column = {symbol: i for i, symbol in enumerate(panel.symbols)}
    cost = 0.0
    for one in books.fills:
        if one.kind == "trade":
            row = panel.row_at(int(one.at.timestamp() * 1000))
            units = float(one.quantity) * (1 if one.side == "buy" else -1)
            cost += units * (panel.open[row, column[one.symbol]] - panel.open[row - 1, column[one.symbol]])
    assert done.parts["timing"] == pytest.approx(-cost / BALANCE / done.days * 1e4)


def test_what_the_model_pays_for_its_spread_is_what_the_account_saves_by_filling_at_the_open():
    panel = seamless(walk(3, bars=240))
    done, _ = rehearsed(panel, Habits(fee=0.0), costs={**FREE, "half_spread_bps": 2.0})
    assert done.parts["price"] > 0.0
    assert done.parts["fees"] == 0.0


def test_a_fill_that_is_lost_from_the_books_stands_out_as_unbooked():
    panel = seamless(walk(3, bars=240))
    release = small_release(panel, book_start_row=60, costs=FREE)
    market = prepare(panel, release)
    paths = run(market, release)
    books = lived(market, release, paths, Habits())
    torn = replace(books, fills=books.fills[1:])
    assert abs(compare(market, release, paths, torn).parts["unbooked"]) > 0.1


def test_the_model_is_the_backtest_valued_at_the_accounts_last_prices():
    panel = holey(3, bars=240)
    release = small_release(panel, book_start_row=60)
    market = prepare(panel, release)
    paths = run(market, release)
    books = lived(market, release, paths, Habits())
    assert compare(market, release, paths, books).model == pytest.approx(paths.equity[-1] - 1.0, abs=1e-12)

    dearer = replace(books, prices={symbol: 1.01 * price for symbol, price in books.prices.items()})
    gained = 0.01 * np.nan_to_num(paths.weights[-1]).sum() * paths.equity[-1]
    assert compare(market, release, paths, dearer).model == pytest.approx(paths.equity[-1] - 1.0 + gained, abs=1e-12)


def test_the_page_names_every_part_and_says_what_it_is():
    done, _ = rehearsed(walk(3, bars=240), Habits(slip=2e-4))
    lines = page(done)
    assert lines[0].startswith(f"Rehearsal of {done.release[:12]}, 2024-01-11 00:00 to 2024-02-10 00:00 UTC, 30.0 days: ")
    assert [line.split()[0] for line in lines[3:]] == list(MEANINGS)
    assert lines[1] == "verdicts of its ticks: 12 ALLOW, 1 REDUCE_ONLY"
    assert done.end - done.start == timedelta(days=done.days)
