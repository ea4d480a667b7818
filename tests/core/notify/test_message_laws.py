"""Laws: whatever notices say, Discord takes the message, and nothing is lost by telling many together."""

import json
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from core.notify.message import next_message, plain
from core.notify.notice import Severity
from core.notify.wording import FENCE, block, line, mark, units
from tests.core.notify.notices import heaps, plain_notice, texts
from tests.tasks.discord_receiver import violations


def marks_in(message):
    """Every mark that a reader of the message sees."""
    embeds = message.payload.get("embeds", [])
    read = [message.payload.get("content", "")]
    read += [embed.get("description", "") + " " + embed.get("footer", {}).get("text", "") for embed in embeds]
    return set(re.findall(r"\b[0-9a-f]{8}\b", " ".join(read)))


def files_of(message):
    return {"picture.png": b""} if message.picture else {}


@given(heaps)
def test_every_message_is_within_discords_limits_rich_or_plain(heap):
    rich = next_message(heap)
    assert violations(rich.payload, files_of(rich)) == {}
    assert violations(plain(rich).payload, {}) == {}
    assert json.loads(json.dumps(rich.payload)) == rich.payload


@given(heaps)
def test_telling_until_nothing_waits_tells_every_notice_once_and_shows_its_mark(heap):
    told, waiting = [], list(heap)
    while message := next_message(waiting):
        assert {mark(notice.id) for notice in message.notices} <= marks_in(message)
        told += [notice.id for notice in message.notices]
        waiting = [notice for notice in waiting if notice not in message.notices]
    assert sorted(told) == sorted(notice.id for notice in heap)


@settings(max_examples=10)
@given(st.integers(1, 700), st.booleans())
def test_a_storm_of_any_size_becomes_few_messages_that_show_every_mark(size, is_plain):
    waiting, messages, seen = [plain_notice(number) for number in range(size)], 0, set()
    everything = {mark(notice.id) for notice in waiting}
    while message := next_message(waiting):
        message = plain(message) if is_plain else message
        assert violations(message.payload, {}) == {}
        assert {mark(notice.id) for notice in message.notices} <= marks_in(message)
        seen |= {mark(notice.id) for notice in message.notices}
        messages += 1
        waiting = [notice for notice in waiting if notice not in message.notices]
    assert seen == everything
    assert messages <= 5 + size // (100 if is_plain else 280) + 1


@given(heaps)
def test_a_critical_notice_goes_before_all_others_and_alone(heap):
    message = next_message(heap)
    critical = [notice for notice in heap if notice.severity is Severity.CRITICAL]
    if critical:
        assert message.notices == (critical[0],)


@given(texts, st.integers(20, 5000))
def test_a_text_is_cut_to_its_limit_with_every_fence_closed(text, most):
    cut = block(text, most)
    assert units(cut) <= most
    assert cut.count(FENCE) % 2 == 0
    assert units(line(text, most)) <= most
    assert "\n" not in line(text, most)


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=40))
def test_a_short_text_without_fences_is_left_as_it_is(text):
    if FENCE not in text:
        assert block(text, 100) == text.strip()
