from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import ConfigError
from core.notify.delivery import Delivery, Line
from core.notify.notice import Notice, Severity
from storage.store import Store

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOTICE = Notice(
    "n-1", "order.filled", NOW, Severity.INFO, "account.paper", "Bought", "**1** BTC", (("symbol", "BTC"),), "orders"
)
HOOK = "a1b2c3"


def notices(*names, **changes):
    return [replace(NOTICE, id=name, **changes) for name in names]


def waiting(store, destination=HOOK, limit=100):
    return [notice.id for notice in store.outbox.waiting(destination, limit)]


@pytest.fixture
def opened(store):
    store.outbox.open(HOOK, since=NOW - HOUR, least=Severity.INFO)
    return store


def test_notices_come_back_as_they_were_newest_first(store):
    second = replace(NOTICE, id="n-2", fields=(), picture="reports/a.png", severity=Severity.CRITICAL)
    assert store.outbox.add([NOTICE, second]) == 2
    assert store.outbox.newest(5) == (second, NOTICE)
    assert store.outbox.newest(1) == (second,)


def test_the_first_notice_of_an_id_stands(store):
    assert store.outbox.add([NOTICE, replace(NOTICE, title="again")]) == 1
    assert store.outbox.add([replace(NOTICE, title="once more")]) == 0
    assert store.outbox.add([]) == 0
    assert store.outbox.newest(5) == (NOTICE,)


def test_a_notice_without_a_time_zone_is_refused_with_all_that_came_with_it(store):
    with pytest.raises(ConfigError, match=r"Notice\.at"):
        store.outbox.add([NOTICE, replace(NOTICE, id="n-2", at=NOW.replace(tzinfo=None))])
    assert store.outbox.newest(5) == ()


def test_half_a_surrogate_pair_in_an_exceptions_text_is_stored_as_a_question_mark(store):
    store.outbox.add([replace(NOTICE, text="a \ud800 b", fields=(("x", "\udfff"),))])
    assert store.outbox.newest(1)[0].text == "a ? b"


def test_a_destination_waits_for_what_is_added_after_its_opening_whenever_it_happened(opened):
    opened.outbox.add(notices("new", "old", at=NOW - 1000 * HOUR))
    assert waiting(opened) == ["new", "old"]
    assert waiting(opened, "another") == []


def test_a_destination_begins_with_what_happened_just_before_its_opening(store):
    store.outbox.add(notices("yesterday", at=NOW - 24 * HOUR))
    store.outbox.add(notices("now"))
    store.outbox.open(HOOK, since=NOW - HOUR, least=Severity.INFO)
    store.outbox.open("late", since=NOW + HOUR, least=Severity.INFO)
    store.outbox.add(notices("later"))
    assert waiting(store) == ["now", "later"]
    assert waiting(store, "late") == ["later"]


def test_opening_twice_is_opening_once(opened):
    opened.outbox.add(notices("one"))
    opened.outbox.open(HOOK, since=NOW + HOUR, least=Severity.CRITICAL)
    assert waiting(opened) == ["one"]


def test_a_destination_is_told_nothing_below_its_least_severity(opened):
    opened.outbox.open("prefect", since=NOW, least=Severity.EVENT)
    opened.outbox.add(notices("quiet", severity=Severity.EVENT))
    opened.outbox.add(notices("loud"))
    assert waiting(opened) == ["loud"]
    assert waiting(opened, "prefect") == ["quiet", "loud"]


def test_critical_notices_wait_in_front_and_are_never_cut_off_by_the_limit(opened):
    opened.outbox.add(notices("a", "b"))
    opened.outbox.add(notices("fire", severity=Severity.CRITICAL))
    assert waiting(opened) == ["fire", "a", "b"]
    assert waiting(opened, limit=2) == ["fire", "a"]


def test_what_is_settled_is_told_no_more_there_and_still_elsewhere(opened):
    opened.outbox.open("other", since=NOW, least=Severity.INFO)
    opened.outbox.add(notices("a", "b", "c"))
    opened.outbox.settle([Delivery(HOOK, "a", NOW, "m-1"), Delivery(HOOK, "b", NOW, given_up="400")])
    opened.outbox.settle([Delivery(HOOK, "a", NOW, given_up="too late")])
    opened.outbox.settle([])
    assert waiting(opened) == ["c"]
    assert waiting(opened, "other") == ["a", "b", "c"]
    assert opened.outbox.told("a") == (Delivery(HOOK, "a", NOW, "m-1"),)
    assert opened.outbox.told("c") == ()
    mine, _ = opened.outbox.standings()
    assert (mine.destination, mine.waiting, mine.oldest, mine.sent, mine.given_up) == (HOOK, 1, NOW, 1, 1)


def test_a_line_is_kept_while_its_destination_is_open(opened):
    line = Line(3, NOW + HOUR, "503", "", is_plain=True)
    opened.outbox.keep(HOOK, line)
    opened.outbox.keep("nobody", line)
    assert opened.outbox.line(HOOK) == line
    assert opened.outbox.line("nobody") == Line()
    assert opened.outbox.standings()[0].line == line


def test_a_forgotten_destination_begins_anew_and_is_not_told_twice(opened):
    opened.outbox.add(notices("told", "not"))
    opened.outbox.settle([Delivery(HOOK, "told", NOW, "m")])
    opened.outbox.keep(HOOK, Line(gone="404"))
    opened.outbox.forget(HOOK)
    assert waiting(opened) == []
    assert opened.outbox.standings() == ()
    opened.outbox.open(HOOK, since=NOW, least=Severity.INFO)
    assert waiting(opened) == ["not"]
    assert opened.outbox.line(HOOK) == Line()


def test_pruning_drops_what_is_old_and_told_and_keeps_what_somebody_waits_for(opened):
    opened.outbox.open("removed", since=NOW, least=Severity.INFO)
    opened.outbox.add(notices("old-told", "old-waiting", at=NOW - 800 * HOUR))
    opened.outbox.add(notices("new"))
    opened.outbox.settle([Delivery(HOOK, "old-told", NOW, "m"), Delivery(HOOK, "new", NOW, "m")])
    assert opened.outbox.prune(NOW - HOUR, [HOOK]) == 1
    assert {notice.id for notice in opened.outbox.newest(9)} == {"old-waiting", "new"}
    opened.outbox.keep(HOOK, Line(gone="404"))
    assert opened.outbox.prune(NOW - HOUR, [HOOK]) == 1
    assert opened.outbox.prune(NOW - HOUR, [HOOK]) == 0
    assert opened.outbox.newest(9)[0].id == "new"


def test_a_destination_goes_on_where_it_was_after_everything_has_been_pruned(opened):
    opened.outbox.add(notices("old", at=NOW - 800 * HOUR))
    opened.outbox.settle([Delivery(HOOK, "old", NOW, "m")])
    assert opened.outbox.prune(NOW, [HOOK]) == 1
    opened.outbox.add(notices("next"))
    opened.outbox.open("late", since=NOW + HOUR, least=Severity.INFO)
    assert waiting(opened) == ["next"]
    assert waiting(opened, "late") == []


def test_notices_are_added_in_the_commit_of_what_they_tell_or_not_at_all(tmp_path):
    store = Store(tmp_path)
    with suppress(ConfigError), store.trading.write():
        store.outbox.add([NOTICE])
        store.outbox.add([replace(NOTICE, id="n-2", at=NOW.replace(tzinfo=None))])
    assert store.outbox.newest(1) == ()
    with store.trading.write():
        store.outbox.add([NOTICE])
    assert Store(tmp_path).outbox.newest(1) == (NOTICE,)
