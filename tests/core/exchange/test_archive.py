"""Sequences and tables that grow without copying behave like tuples and dicts that nobody ever changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import LedgerError
from core.exchange.archive import Archive, Log

STEPS = st.lists(st.tuples(st.integers(0, 30), st.text("abcdefgh", min_size=1, max_size=2)), max_size=30)


@given(STEPS)
def test_every_version_of_a_log_stays_what_a_tuple_would_be(steps):
    versions = [(Log(), ())]
    for which, word in steps:
        log, plain = versions[which % len(versions)]
        versions.append((log.add(word), (*plain, word)))
    for log, plain in versions:
        assert log == plain
        assert (len(log), tuple(reversed(log)), log[1:], log[-2:]) == (len(plain), plain[::-1], plain[1:], plain[-2:])


@given(STEPS)
def test_every_version_of_an_archive_stays_what_a_dict_would_be(steps):
    versions = [(Archive(), {})]
    for number, (which, word) in enumerate(steps):
        archive, plain = versions[which % len(versions)]
        if word not in plain:
            versions.append((archive.add(word, number), {**plain, word: number}))
    for archive, plain in versions:
        assert (dict(archive), list(archive), list(reversed(archive))) == (plain, list(plain), list(plain)[::-1])
        assert [archive.get(word) for _, word in steps] == [plain.get(word) for _, word in steps]


def test_what_an_archive_keeps_never_changes():
    with pytest.raises(LedgerError, match="kept already"):
        Archive({"a": 1}).add("a", 2)


def test_a_log_says_what_it_holds():
    assert repr(Log("ab")) == "Log(['a', 'b'])"
    with pytest.raises(IndexError):
        Log("ab")[2]
