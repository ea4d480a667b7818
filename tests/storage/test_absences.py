"""What a venue did not have, on both twins."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import DataError
from core.market.timeframe import milliseconds
from storage.absences import Absence

START = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
FOUND = Absence("bybit", "BTCUSDT", "1h", START, START + 3 * HOUR, START + 30 * HOUR)


def span(first, last):
    return [milliseconds(START + first * HOUR), milliseconds(START + last * HOUR)]


def test_absences_come_back_as_spans_of_each_symbol(store):
    store.absences.record(
        [FOUND, replace(FOUND, symbol="ETHUSDT"), replace(FOUND, starts=START + 5 * HOUR, ends=START + 6 * HOUR)]
    )
    known = store.absences.known("bybit", "1h")
    assert list(known) == ["BTCUSDT", "ETHUSDT"]
    assert known["BTCUSDT"].tolist() == [span(0, 3), span(5, 6)]


def test_overlapping_absences_are_one_span(store):
    store.absences.record([FOUND, replace(FOUND, starts=START + 2 * HOUR, ends=START + 9 * HOUR)])
    assert store.absences.known("bybit", "1h")["BTCUSDT"].tolist() == [span(0, 9)]


def test_the_later_answer_stands_whatever_the_order(store):
    later = replace(FOUND, ends=START + HOUR, asked_at=FOUND.asked_at + HOUR)
    store.absences.record([later])
    store.absences.record([FOUND])
    assert store.absences.known("bybit", "1h")["BTCUSDT"].tolist() == [span(0, 1)]


def test_old_answers_can_be_left_out(store):
    store.absences.record([FOUND])
    assert store.absences.known("bybit", "1h", FOUND.asked_at)
    assert not store.absences.known("bybit", "1h", FOUND.asked_at + HOUR)


def test_venues_and_timeframes_are_kept_apart(store):
    store.absences.record([FOUND])
    assert store.absences.known("binance", "1h") == store.absences.known("bybit", "1m") == {}


def test_an_absence_without_length_is_refused_and_nothing_is_written(store):
    with pytest.raises(DataError, match="BTCUSDT from .* ends at .*; expected a later end"):
        store.absences.record([replace(FOUND, symbol="ETHUSDT"), replace(FOUND, ends=START)])
    assert store.absences.known("bybit", "1h") == {}
