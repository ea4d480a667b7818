from datetime import timedelta

from core.notify.notice import Severity
from core.notify.watching import Seen, begun, watched
from tests.core.notify.notices import NOW

SERVER = "http://127.0.0.1:4200/api"


def after(seconds):
    return NOW + timedelta(seconds=seconds)


def story(*looks):
    """Live through (second, beat, is_scheduled, server answers or None for no server); return what was told, when."""
    watch, told = begun(NOW), []
    for second, beat, scheduled, answers in looks:
        beaten = None if beat is None else after(beat)
        server = "" if answers is None else SERVER
        watch, notices = watched(watch, Seen(after(second), beaten, scheduled, server, bool(answers)))
        told += [(second, notice.event) for notice in notices]
    return told, watch


def test_a_home_that_never_traded_is_not_silent():
    assert story(*((second, None, True, True) for second in range(0, 900, 60)))[0] == []


def test_a_heart_that_stops_is_told_once_and_its_return_once():
    looks = [(second, 0, True, None) for second in range(0, 600, 10)]
    looks += [(second, 600, True, None) for second in range(600, 700, 10)]
    told, watch = story(*looks)
    assert told == [(160, "heartbeat.stale"), (600, "heartbeat.back")]
    assert watch.why == ()


def test_why_all_is_not_well_is_said_as_long_as_it_is_not():
    _, watch = story(*((second, 0, True, False) for second in range(0, 600, 10)))
    assert watch.why == (
        "no tick since 2026-01-01 12:00:00 UTC",
        "the Prefect server has not answered since 2026-01-01 12:00:00 UTC",
    )


def test_a_messenger_that_has_just_started_gives_trading_time_to_start():
    assert story((0, -9000, True, None), (150, -9000, True, None))[0] == []
    assert story((0, -9000, True, None), (151, -9000, True, None))[0] == [(151, "heartbeat.stale")]


def test_paused_trading_is_not_silent_and_has_time_when_it_is_resumed():
    paused = [(second, 0, False, None) for second in range(0, 900, 10)]
    told, _ = story(*paused, (900, 0, True, None), (1030, 0, True, None), (1050, 0, True, None))
    assert told == [(1050, "heartbeat.stale")]


def test_a_server_that_is_silent_for_a_minute_is_told_once_and_its_return_once():
    looks = [(0, None, True, True), (5, None, True, False), (59, None, True, False), (60, None, True, False)]
    looks += [(65, None, True, False), (300, None, True, True), (301, None, True, True)]
    assert story(*looks)[0] == [(60, "server.silent"), (300, "server.back")]


def test_a_server_that_was_stopped_in_order_is_not_silent():
    assert story((0, None, True, True), (10, None, True, None), (500, None, True, None))[0] == []


def test_two_messengers_name_one_silence_alike():
    looks = Seen(after(200), after(0), is_scheduled=True)
    first, second = (watched(begun(after(started)), looks)[1] for started in (0, 20))
    assert first == second
    assert first[0].severity is Severity.CRITICAL
