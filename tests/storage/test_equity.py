from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from storage.equity import Snapshot

NOW = datetime(2024, 1, 1, tzinfo=UTC)


def snapshot(day, equity, account="main"):
    return Snapshot(NOW + timedelta(days=day), account, Decimal(equity), Decimal("99.5"), 0.75, "ALLOW", "")


CURVE = (snapshot(0, "100"), snapshot(1, "120.25"), snapshot(2, "90"), snapshot(3, "95"))


def fill(store):
    for point in reversed(CURVE):
        assert store.equity.append(point)
    store.equity.append(snapshot(5, "1000", account="other"))


def test_the_curve_comes_back_oldest_first(store):
    fill(store)
    assert store.equity.all("main") == CURVE


def test_the_first_snapshot_of_a_moment_stays(store):
    fill(store)
    assert not store.equity.append(replace(CURVE[1], equity=Decimal(7)))
    assert store.equity.all("main") == CURVE


def test_the_last_and_the_first_since_a_moment_are_found(store):
    fill(store)
    assert store.equity.last("main") == CURVE[3]
    assert store.equity.first_since("main", NOW + timedelta(hours=1)) == CURVE[1]
    assert store.equity.first_since("main", CURVE[2].at) == CURVE[2]


def test_the_peak_is_the_highest_equity_since_a_moment(store):
    fill(store)
    assert store.equity.peak("main", NOW) == Decimal("120.25")
    assert store.equity.peak("main", CURVE[2].at) == Decimal(95)


def test_an_account_without_snapshots_has_none(store):
    fill(store)
    assert store.equity.all("nobody") == ()
    assert store.equity.last("nobody") is None
    assert store.equity.first_since("main", NOW + timedelta(days=9)) is None
    assert store.equity.peak("nobody", NOW) is None


def test_what_is_old_is_thinned_to_the_first_look_of_every_hour(store):
    looks = [replace(CURVE[0], at=NOW + timedelta(minutes=m)) for m in (50, 0, 5, 59, 61, 75, 119, 130, 131)]
    for look in looks:
        store.equity.append(look)
    store.equity.append(replace(CURVE[0], account="other"))
    kept = [int((s.at - NOW).total_seconds() // 60) for s in store.equity.thinned("main", NOW + timedelta(minutes=119))]
    assert kept == [0, 61, 119, 130, 131]
    assert store.equity.thinned("main", NOW) == store.equity.all("main")
