"""What was lived, measured: an account that does what its shadow does is at no distance from it; every fault has a measure."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.backtest.kernel import simulate
from core.backtest.metrics import daily_returns
from core.deploy.lived import Claims, Looks, Stay, lived
from core.deploy.sequence import e_value
from core.deploy.shadow import apart, between, execution, midnights, shadow
from core.execution.orders import Fill
from core.market.synthetic import synthetic_market
from core.market.timeframe import DAY, HOUR, MINUTE, milliseconds, utc
from core.portfolio import knobs, prepare, run
from tests.flows.recorded import DAYS, RELEASE, START

BEGAN = milliseconds(START + timedelta(days=40))
END = milliseconds(START + timedelta(days=DAYS))


@pytest.fixture(scope="module")
def market():
    panel = synthetic_market(np.random.default_rng(5), days=DAYS, symbols=8, start=START, edge=4e-4).panel
    return prepare(panel, RELEASE)


@pytest.fixture(scope="module")
def paths(market):
    return run(market, RELEASE)


@pytest.fixture(scope="module")
def stay(market, paths):
    """An account that is looked at every hour and holds, from day 40 on, what the release says."""
    at = np.arange(BEGAN, END + 1, HOUR)
    equity = 100_000 * np.concatenate([[1.0], np.cumprod(1.0 + followed(market, paths, 1.0)[market.panel.row_at(BEGAN) :])])
    due = market.panel.close_time[market.rows]
    return Stay(
        release=RELEASE,
        market=market,
        paths=paths,
        claims=Claims(2.5, -0.2, -0.3),
        began=BEGAN,
        capital={BEGAN: 1.0},
        looks=Looks(at, equity, np.full(len(at), 0.8)),
        taken=frozenset(int(moment) for moment in due[due >= BEGAN]),
        fills=(),
    )


def followed(market, paths, share):
    first = int(np.searchsorted(market.panel.close_time[market.rows], BEGAN))
    return shadow(market, RELEASE, paths, first, share)


def fill(market, *, at, symbol=0, worse_bps=0.0, fee_bps=5.5, side="buy", quantity=10.0, **changes):
    """A fill near the open of the bar that contains `at`, so much worse than it."""
    row = market.panel.row_at(at + 1) - 1
    sign = 1 if side == "buy" else -1
    price = Decimal(repr(float(market.panel.open[row, symbol] * (1 + sign * worse_bps / 1e4))))
    values = {
        "venue": "paper",
        "symbol": market.panel.symbols[symbol],
        "exec_id": f"{at}-{symbol}",
        "link": f"tw-{at}-{symbol}",
        "side": side,
        "quantity": Decimal(quantity),
        "price": price,
        "kind": "trade",
        "at": utc(at),
        "fee": Decimal(quantity) * price * Decimal(fee_bps) / 10_000,
    }
    return Fill(**values | changes)


def test_an_account_that_does_what_the_release_does_is_at_no_distance_from_its_shadow(stay):
    seen = lived(stay)
    assert (seen.days, seen.unseen, seen.due, seen.taken) == (20, 0, 60, 60)
    assert seen.tracking_bps == pytest.approx(0.0, abs=1e-6)
    assert seen.drift_bps == pytest.approx(0.0, abs=1e-6)


def test_the_shadow_is_flat_before_the_stay_and_then_parts_from_the_release_by_little(market, paths):
    row, net = market.panel.row_at(BEGAN), followed(market, paths, 1.0)
    assert not net[:row].any()
    assert np.corrcoef(net[row + 24 :], paths.net[row + 24 :])[0, 1] > 0.99


def test_a_quarter_of_the_capital_earns_about_a_quarter(market, paths):
    whole, quarter = followed(market, paths, 1.0), followed(market, paths, 0.25)
    assert quarter == pytest.approx(whole / 4, abs=2e-4)


def test_a_small_stage_strays_as_far_as_it_would_at_full_capital(stay):
    """A quarter of the capital, and a leak of 5 bps of all of it: 20 at full."""
    leak = np.cumprod(np.full(len(stay.looks.at), 1 - 5e-4 / 24))
    net = np.concatenate([[1.0], np.cumprod(1.0 + followed(stay.market, stay.paths, 0.25)[stay.market.panel.row_at(BEGAN) :])])
    seen = lived(replace(stay, capital={BEGAN: 0.25}, looks=replace(stay.looks, equity=1e5 * net * leak)))
    assert (seen.tracking_bps, seen.drift_bps) == (pytest.approx(20, abs=0.2), pytest.approx(-20, abs=0.2))


def test_a_leak_is_drift_and_tracking_error_too(stay):
    leak = np.cumprod(np.full(len(stay.looks.at), 1 - 20e-4 / 24))
    seen = lived(replace(stay, looks=replace(stay.looks, equity=stay.looks.equity * leak)))
    assert seen.drift_bps == pytest.approx(-20, abs=0.5)
    assert seen.tracking_bps == pytest.approx(20, abs=0.5)


def test_an_account_that_stood_still_strays_by_what_the_release_moved(stay):
    seen = lived(replace(stay, looks=replace(stay.looks, equity=np.full(len(stay.looks.at), 1e5)), taken=frozenset()))
    earned = np.diff(midnights(stay.looks.at, stay.looks.equity, stay.first_day, stay.last_day).equity, prepend=np.nan)[1:]
    assert seen.tracking_bps == pytest.approx(1e4 * np.sqrt(np.mean((earned / 1e5) ** 2)), rel=0.1)
    assert (seen.due, seen.taken) == (60, 0)


def test_days_that_nobody_saw_are_counted_and_their_returns_compared_as_one(stay):
    days = (stay.looks.at - BEGAN) / DAY
    gap = (days <= 4) | (days > 7.5)
    seen = lived(replace(stay, looks=Looks(*(getattr(stay.looks, name)[gap] for name in ("at", "equity", "gross")))))
    assert (seen.days, seen.unseen) == (20, 3)
    assert seen.tracking_bps == pytest.approx(0.0, abs=1e-6)


def test_a_stay_without_a_whole_day_was_not_lived(stay):
    first = int(stay.decisions[-1])
    assert lived(replace(stay, began=first, capital={first: 1.0})).days == 0


def test_an_account_nobody_looked_at_is_unknown_not_fine(stay):
    none = np.zeros(0)
    seen = lived(replace(stay, looks=Looks(none.astype(np.int64), none, none)))
    assert (seen.tracking_bps, seen.shortfall, seen.cusum, seen.unseen) == (None, None, None, 21)


def test_what_was_predicted_is_scaled_to_the_stages_capital(stay):
    whole, quarter = lived(replace(stay, began=BEGAN)), lived(replace(stay, capital={BEGAN: 0.25}))
    assert quarter.drawdown_1_in_20 == pytest.approx(-0.05)
    assert quarter.drawdown_1_in_100 == pytest.approx(-0.075)
    assert quarter.gross_cap == pytest.approx(0.25 * whole.gross_cap)
    assert quarter.symbol_cap == pytest.approx(0.25 * whole.symbol_cap)


def test_a_short_model_history_predicts_no_tail_and_no_evidence_claims_nothing(stay):
    seen = lived(replace(stay, claims=Claims()))
    assert seen.predicted_shortfall is None  # 20 days before the stay
    assert (seen.claim, seen.cusum, seen.drawdown_1_in_20, seen.drawdown_1_in_100) == (None, None, None, None)
    assert lived(stay).claim == 2.5


def test_the_worst_days_are_losses_and_those_predicted_the_models_own_before_the_stay(stay, monkeypatch):
    monkeypatch.setattr("core.deploy.lived.SHORTEST_HISTORY", 20)
    earned = midnights(stay.looks.at, stay.looks.equity, stay.first_day, stay.last_day).returns
    before = daily_returns(stay.paths.net[480:960], stay.market.panel.open_time[480:960])
    seen = lived(replace(stay, capital={BEGAN: 0.25}))
    assert 0 < seen.shortfall == pytest.approx(-earned.min())  # a twentieth of twenty days is the worst one
    assert 0 < seen.predicted_shortfall == pytest.approx(-before.min() / 4)


def test_evidence_for_the_release_goes_through_its_stages_whatever_their_capital(stay):
    """Half the stake, and half the returns, before this stage: the same evidence as at one stake throughout."""
    early = BEGAN - 18 * DAY
    at = np.arange(early, END + 1, HOUR)
    steps = 2.0 * stay.paths.net[stay.market.panel.row_at(early) :]
    whole, halved = (np.append(1.0, np.cumprod(1.0 + part)) for part in (steps, np.where(at[:-1] < BEGAN, steps / 2, steps)))
    seen = lived(replace(stay, capital={early: 0.5, BEGAN: 1.0}, looks=Looks(at, halved, np.zeros(len(at)))))

    expected = e_value(midnights(at, whole, early // DAY, END // DAY).returns)
    assert abs(expected - 1.0) > 0.01
    assert seen.e_value == pytest.approx(expected, rel=1e-3)
    assert seen.days == 20


def test_a_fall_is_measured_at_every_look_and_from_the_stays_own_peak(stay):
    equity = np.full(len(stay.looks.at), 100.0)
    equity[30:32] = 80.0
    assert lived(replace(stay, looks=replace(stay.looks, equity=equity))).drawdown == pytest.approx(-0.2)


def test_the_largest_position_is_valued_at_the_last_close(stay, market):
    held = fill(market, at=BEGAN, quantity=2.0)
    seen = lived(replace(stay, fills=(held,)))
    worth = stay.looks.equity[-1]
    assert seen.symbol == pytest.approx(2.0 * market.panel.close[-1, 0] / worth)


def test_a_fill_that_costs_what_the_kernel_charges_costs_nothing_beyond_the_model(market):
    """The kernel trades one symbol once; a fill of the same value at the price it pays is no slippage."""
    d = int(np.searchsorted(market.panel.close_time[market.rows], BEGAN))
    raw = np.zeros(market.vol.shape)
    raw[d:, 0] = 0.05
    book = simulate(market.tape, raw, knobs(market, RELEASE)._replace(target_vol=np.inf, max_leverage=1.0, kelly_floor=1.0))
    row = int(market.rows[d]) + 1
    charged = (book.spread[row] + book.impact[row]) / book.turnover[row]
    quantity = book.turnover[row] * RELEASE.costs.capital / market.panel.open[row, 0]

    done = execution(market, RELEASE.costs, [fill(market, at=BEGAN, worse_bps=1e4 * charged, quantity=quantity)])
    assert charged > 1e-5
    assert done == (1, 1, pytest.approx(0.0, abs=1e-3), pytest.approx(0.0, abs=1e-9))


@given(worse=st.floats(-20, 20), side=st.sampled_from(["buy", "sell"]), fee=st.floats(0, 20))
def test_every_basis_point_worse_is_a_basis_point_of_slippage_on_either_side(market, worse, side, fee):
    model, real = (
        execution(market, RELEASE.costs, [fill(market, at=BEGAN, worse_bps=bps, side=side, fee_bps=fee)])
        for bps in (0.0, worse)
    )
    assert real.slippage_bps - model.slippage_bps == pytest.approx(worse, abs=0.01)
    assert real.fee_bps == pytest.approx(fee - 5.5, abs=1e-6)


def test_an_order_filled_in_parts_has_the_impact_of_the_whole_order(market):
    whole = execution(market, RELEASE.costs, [fill(market, at=BEGAN)])
    parts = [fill(market, at=BEGAN, quantity=5.0, exec_id=name) for name in ("a", "b")]
    assert execution(market, RELEASE.costs, parts).slippage_bps == pytest.approx(whole.slippage_bps)


@pytest.mark.parametrize(("late", "priced"), [(0, 1), (5 * MINUTE, 1), (5 * MINUTE + 1, 0)])
def test_a_fill_long_after_its_bars_open_has_no_model_price(market, late, priced):
    done = execution(market, RELEASE.costs, [fill(market, at=BEGAN + late)])
    assert (done.fills, done.priced) == (1, priced)
    assert (done.slippage_bps is None) == (not priced)


def test_a_fill_outside_the_bars_has_no_model_price(market):
    stranger = fill(market, at=BEGAN, symbol=0) and replace(fill(market, at=BEGAN), symbol="NOBODYUSDT")
    after = replace(fill(market, at=BEGAN), at=utc(END + DAY))
    assert execution(market, RELEASE.costs, [stranger, after]).priced == 0
    assert execution(market, RELEASE.costs, []) == (0, 0, None, None)


def test_only_trades_of_the_stay_count_and_liquidations_are_counted_apart(stay, market):
    fills = (
        fill(market, at=BEGAN - HOUR, symbol=1),
        fill(market, at=BEGAN, symbol=2),
        fill(market, at=BEGAN + HOUR, symbol=3, kind="funding"),
        fill(market, at=BEGAN + HOUR, symbol=2, side="sell", kind="liquidation"),
    )
    seen = lived(replace(stay, fills=fills))
    assert (seen.fills, seen.priced, seen.liquidations) == (1, 1, 1)


def test_the_first_look_within_an_hour_after_midnight_marks_the_day():
    minutes = np.array([-1, 0, 1, 24 * 60 + 61, 48 * 60 + 60, 72 * 60 + 3]) * MINUTE + 10 * DAY
    marks = midnights(minutes, np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), 10, 12)
    assert (marks.day.tolist(), marks.equity.tolist()) == ([10, 12], [2.0, 5.0])


def test_returns_between_midnights_compound_the_bars_between_them():
    hours = np.arange(72) * HOUR
    net = np.full(72, 0.001)
    assert between(net, hours, np.array([0, 1, 3])) == pytest.approx([1.001**24 - 1, 1.001**48 - 1])


@given(st.lists(st.floats(-0.05, 0.05), min_size=1, max_size=30))
def test_drift_is_never_more_than_tracking_error(differences):
    account = np.array(differences)
    off, drift = apart(account, np.zeros(len(account)), len(account))
    assert off >= abs(drift) - 1e-9
