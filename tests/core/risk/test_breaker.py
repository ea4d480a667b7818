from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.risk.breaker import LONGEST_BAN, Breaker, Tally, breaker
from core.risk.limits import RiskConfig

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
LIMITS = RiskConfig()
PAUSE = timedelta(seconds=LIMITS.breaker_pause_seconds)


def at(seconds):
    return NOON + timedelta(seconds=seconds)


def clean(seconds, total=20):
    return Tally(at(seconds), total)


def bad(seconds, failed=20, total=20, **more):
    return Tally(at(seconds), total, failed, **more)


def state(*tallies, now=None, limits=LIMITS):
    return breaker(tallies, tallies[-1].at if now is None else at(now), limits).state


def test_without_any_request_it_is_closed():
    assert breaker((), NOON, LIMITS) == Breaker("closed", "", None, may_ask=True)


@pytest.mark.parametrize(
    ("failed", "total", "found"),
    [
        (2, 20, "closed"),  # one tenth exactly
        (3, 20, "open"),
        (10, 100, "closed"),
        (11, 100, "open"),
        (19, 19, "closed"),  # too few to have a share
        (20, 20, "open"),
    ],
)
def test_it_opens_above_a_share_of_failures_among_enough_requests(failed, total, found):
    assert state(bad(0, failed, total)) == found


def test_requests_are_counted_together_over_five_minutes():
    assert state(bad(0, 2, 10), bad(299, 1, 10)) == "open"
    assert state(bad(0, 2, 10), bad(300, 1, 10)) == "closed"
    assert state(bad(0, 3, 30), bad(60, 1, 9)) == "open"


def test_a_clean_tick_never_opens_it():
    assert state(bad(0, 5, 10), clean(60, 10)) == "closed"


@pytest.mark.parametrize(("seconds", "found"), [(29, "closed"), (30, "open"), (31, "open")])
def test_it_opens_after_half_a_minute_without_an_answer(seconds, found):
    assert state(bad(seconds, 1, 1, down_since=NOON)) == found


def test_downtime_goes_on_from_tick_to_tick_until_something_is_answered():
    first = bad(0, 1, 1, down_since=at(-1))
    assert state(first, bad(29, 1, 1, down_since=at(28))) == "open"
    assert state(first, bad(29, 1, 2, down_since=at(28))) == "closed"
    assert state(first, clean(10, 1), bad(29, 1, 1, down_since=at(28))) == "closed"
    assert state(first, Tally(at(10)), bad(29, 1, 1, down_since=at(28))) == "open"


def test_the_reason_is_named():
    assert breaker([bad(0, 3, 24)], NOON, LIMITS).reason == "3 of 24 requests failed within 5 min"
    assert breaker([bad(40, 1, 1, down_since=NOON)], at(40), LIMITS).reason == "no answer for 40 s"


def test_it_is_open_for_one_pause_after_the_last_failure_and_then_half_open():
    assert state(bad(0), now=59) == "open"
    assert state(bad(0), now=60) == "half-open"
    assert state(bad(0), bad(50, 1), now=109) == "open"
    assert state(bad(0), bad(50, 1), now=110) == "half-open"
    assert breaker([bad(0)], at(60), LIMITS).until == at(60)


def test_a_clean_tick_within_the_pause_closes_nothing():
    assert state(bad(0), clean(59), now=59) == "open"
    assert state(bad(0), clean(59), now=60) == "half-open"


def test_a_clean_tick_after_the_pause_closes_it_and_what_failed_before_is_forgotten():
    assert state(bad(0), clean(60)) == "closed"
    assert state(bad(0), clean(60), bad(61, 1, 20)) == "closed"


def test_a_failure_after_the_pause_opens_it_again():
    assert state(bad(0), bad(60, 1)) == "open"
    assert state(bad(0), bad(60, 1), now=120) == "half-open"
    assert breaker([bad(0), bad(1000, 1, 30)], at(1000), LIMITS).reason == "20 of 20 requests failed within 5 min"


def test_a_tick_that_asked_nothing_says_nothing():
    assert state(bad(0), Tally(at(60)), now=61) == "half-open"
    assert state(Tally(at(0))) == "closed"


def test_a_ban_is_waited_out_without_a_single_request():
    banned = Tally(NOON, 10, 1, banned_until=at(600))
    assert breaker([banned], at(599), LIMITS) == Breaker(
        "open", "banned by the venue until 12:10:00 UTC", at(600), may_ask=False
    )
    assert breaker([banned], at(600), LIMITS).state == "half-open"
    assert breaker([banned], at(600), LIMITS).may_ask
    assert breaker([banned, clean(600)], at(600), LIMITS) == Breaker()


def test_a_short_ban_ends_before_the_pause_does():
    seen = breaker([bad(0, banned_until=at(10))], at(10), LIMITS)
    assert (seen.state, seen.may_ask) == ("open", True)


def test_a_later_failure_does_not_shorten_a_ban():
    assert not breaker([bad(0, banned_until=at(600)), bad(5)], at(599), LIMITS).may_ask


def test_a_ban_for_a_century_is_asked_about_after_an_hour():
    banned = Tally(NOON, 1, 1, banned_until=NOON.replace(year=2124))
    assert not breaker([banned], NOON + LONGEST_BAN - timedelta(seconds=1), LIMITS).may_ask
    assert breaker([banned], NOON + LONGEST_BAN, LIMITS).may_ask


def test_a_tally_from_the_future_is_not_counted():
    assert state(clean(0), bad(86_400), now=60) == "closed"


def tally(seconds, total, failed, down, ban):
    failed = min(failed, total)
    down_since = at(seconds - down) if failed and down < 90 else None
    return Tally(at(seconds), total, failed, down_since, at(seconds + ban) if ban is not None else None)


counts = st.integers(0, 30)
bans = st.one_of(st.none(), st.none(), st.integers(-100, 10_000))
tallies = st.builds(tally, st.integers(0, 900), counts, counts, st.integers(0, 180), bans)
histories = st.lists(tallies, max_size=6).map(lambda seen: sorted(seen, key=lambda tally: tally.at))


@given(histories)
def test_whatever_came_before_one_pause_and_one_clean_tick_close_it(history):
    end = max([NOON, *(t.at for t in history)])
    while (found := breaker(history, end, LIMITS)).state == "open":
        assert end < found.until <= end + LONGEST_BAN
        end = found.until
    assert breaker([*history, Tally(end, 5)], end, LIMITS) == Breaker()


@given(histories, st.integers(0, 12_000))
def test_without_new_failures_it_is_never_open_for_longer_than_a_pause_or_a_ban(history, seconds):
    now = at(seconds)
    known = [tally for tally in history if tally.at <= now]
    found = breaker(history, now, LIMITS)
    wrong = [tally for tally in known if tally.failed or tally.banned_until]
    if found.state == "open":
        banned = any(tally.banned_until for tally in known)
        assert now < wrong[-1].at + (max(PAUSE, LONGEST_BAN) if banned else PAUSE)
    assert found.may_ask or found.state == "open"


@given(histories)
def test_a_tally_more_that_failed_never_closes_it(history):
    end = max([NOON, *(tally.at for tally in history)])
    order = ["closed", "half-open", "open"]
    before, after = (breaker(seen, end, LIMITS).state for seen in (history, [*history, Tally(end, 5, 1)]))
    assert order.index(after) >= order.index(before)


def old_fashioned(history, now, limits=LIMITS):
    """Say it again with loops and variables: the state and nothing else."""
    state, until, window, down = "closed", None, [], None
    for tally in history:
        if tally.at > now:
            continue
        if state == "open" and tally.at >= until:
            state = "half-open"
        wrong = tally.failed > 0 or tally.banned_until is not None
        if not wrong and tally.total == 0:
            continue
        window.append(tally)
        if not wrong:
            down = None
            if state == "half-open":
                state, window = "closed", []
            continue
        down = down if down and tally.failed == tally.total else tally.down_since
        lately = [t for t in window if (tally.at - t.at).total_seconds() < 60 * limits.breaker_minutes]
        total, failed = sum(t.total for t in lately), sum(t.failed for t in lately)
        too_many = total >= limits.breaker_calls and failed > 0 and failed / total > limits.breaker_failures
        too_long = down is not None and (tally.at - down).total_seconds() >= limits.breaker_down_seconds
        ban = min(tally.banned_until, tally.at + LONGEST_BAN) if tally.banned_until else tally.at
        if state != "closed" or too_many or too_long or ban > tally.at:
            held = until if state == "open" and until else tally.at
            bans = [min(t.banned_until, t.at + LONGEST_BAN) for t in window if t.banned_until]
            state, until = "open", max(tally.at + PAUSE, ban, min(held, max(bans, default=tally.at)))
    if state == "open" and now >= until:
        state = "half-open"
    return state


@given(histories, st.integers(0, 12_000))
def test_the_fold_agrees_with_a_loop(history, seconds):
    assert breaker(history, at(seconds), LIMITS).state == old_fashioned(history, at(seconds))
