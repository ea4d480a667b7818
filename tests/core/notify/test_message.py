from core.notify.embed import embed
from core.notify.message import next_message, plain
from core.notify.notice import Severity
from core.notify.wording import block, mark
from tests.core.notify.notices import NOW, plain_notice


def ids(message):
    return [notice.id for notice in message.notices]


def test_nothing_waits_and_nothing_is_sent():
    assert next_message(()) is None


def test_a_lone_notice_shows_its_title_text_fields_colour_moment_and_id():
    notice = plain_notice(1, text="at **100**", fields=(("symbol", "BTC"),), severity=Severity.WARNING)
    (shown,) = next_message([notice]).payload["embeds"]
    assert (shown["title"], shown["description"], shown["color"]) == ("Bought 1", "at **100**", 0xE67E22)
    assert shown["fields"] == [{"name": "symbol", "value": "BTC", "inline": True}]
    assert shown["footer"]["text"] == f"{mark('n-1')} n-1"
    assert shown["timestamp"] == notice.at.isoformat()


def test_nobody_is_mentioned_whatever_a_text_says():
    message = next_message([plain_notice(1, text="@everyone")])
    assert message.payload["allowed_mentions"] == {"parse": []}
    assert plain(message).payload["allowed_mentions"] == {"parse": []}


def test_a_few_notices_of_no_group_go_one_by_one():
    assert ids(next_message([plain_notice(1), plain_notice(2)])) == ["n-1"]


def test_notices_of_one_group_that_wait_together_are_one_message():
    waiting = [plain_notice(1, group="fills"), plain_notice(2), plain_notice(3, group="fills")]
    assert ids(next_message(waiting)) == ["n-1", "n-3"]


def test_a_crowd_is_one_message_of_up_to_ten_embeds():
    message = next_message([plain_notice(number) for number in range(10)])
    assert len(message.payload["embeds"]) == len(message.notices) == 10


def test_a_larger_crowd_is_a_digest_with_counts_gravest_first():
    crowd = [plain_notice(number) for number in range(40)]
    crowd += [plain_notice(99, event="gap.found", severity=Severity.WARNING, title="A gap")]
    message = next_message(crowd)
    (shown,) = message.payload["embeds"]
    first, second, *rest = shown["description"].splitlines()
    assert shown["title"] == "41 notices, 2026-01-01 12:00 to 2026-01-01 12:01 UTC"
    assert (first, second) == ("1 x gap.found (WARNING)", "40 x order.filled (INFO)")
    assert "- A gap" in rest


def test_large_notices_of_a_crowd_share_a_message_only_while_they_fit():
    crowd = [plain_notice(number, text="x" * 2500) for number in range(8)]
    assert len(next_message(crowd).notices) == 2


def test_a_picture_has_a_message_of_its_own():
    waiting = [plain_notice(1, picture="a.png"), *(plain_notice(number) for number in range(2, 9))]
    message = next_message(waiting)
    assert (ids(message), message.picture) == (["n-1"], "a.png")
    assert message.payload["embeds"][0]["image"] == {"url": "attachment://picture.png"}
    later = next_message([*waiting[1:], plain_notice(9, picture="b.png")])
    assert (len(later.notices), later.picture) == (7, "")


def test_the_plain_form_of_a_message_tells_the_same_without_embeds():
    message = plain(next_message([plain_notice(1, text="at 100", severity=Severity.CRITICAL)]))
    assert message.payload["content"] == f"**CRITICAL: Bought 1**\nat 100\n{mark('n-1')}"
    assert "embeds" not in message.payload


def test_a_fence_that_a_cut_would_leave_open_is_closed():
    assert block("```\n" + "x" * 100, 30) == "```\n" + "x" * 21 + "…\n```"


def test_fields_keep_a_third_of_the_room_beside_a_long_text():
    notice = plain_notice(1, text="x" * 9000, fields=(("reason", "y" * 900), ("symbol", "BTC")))
    shown = embed(notice, 6000)
    assert len(shown["description"]) > 3500
    assert [field["name"] for field in shown["fields"]] == ["reason", "symbol"]


def test_what_has_no_title_is_called_by_its_event():
    assert next_message([plain_notice(1, title=" ", at=NOW)]).payload["embeds"][0]["title"] == "order.filled"
