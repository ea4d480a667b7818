"""The mailbox: no look while nothing has changed, nor in the middle of somebody's work."""

from datetime import timedelta

import pytest

from core.notify.notice import Severity
from storage.store import Store
from tasks.mailbox import Mailbox
from tests.core.notify.notices import NOW, plain_notice


@pytest.fixture
def mailbox(tmp_path):
    opened = Mailbox(Store(tmp_path), tmp_path / "trading.duckdb")
    opened.store.outbox.open("hook", since=NOW, least=Severity.INFO)
    assert seen(opened, 0) == 0
    return opened


def seen(mailbox, second):
    return mailbox.standing("hook", NOW + timedelta(seconds=second)).waiting


def test_a_change_is_seen_once_the_file_has_been_left_alone_for_a_second(mailbox):
    mailbox.store.outbox.add([plain_notice(1)])
    assert [seen(mailbox, second) for second in (2, 2.9, 3)] == [0, 0, 1]


def test_one_change_after_another_is_seen_after_five_seconds(mailbox):
    waiting = []
    for number in range(7):
        mailbox.store.outbox.add([plain_notice(number)])
        waiting.append(seen(mailbox, 20 + number))
    assert waiting == [0, 0, 0, 0, 0, 6, 6]


def test_an_unchanged_file_is_read_every_half_minute(mailbox, tmp_path):
    looks = []
    mailbox.store = Looked(mailbox.store, looks)
    for second in range(0, 65, 5):
        seen(mailbox, second)
    assert len(looks) == 2


class Looked:
    """A store that counts how often it is looked at."""

    def __init__(self, store, looks):
        self._store, self._looks = store, looks

    @property
    def outbox(self):
        self._looks.append(1)
        return self._store.outbox
