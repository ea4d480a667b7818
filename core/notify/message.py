"""Messages: what is sent to Discord next, made of the notices that wait.

1. Critical notices go first, each alone: nothing is sent before them and none is merged away.
2. Notices of one group that wait together, or a crowd of any, are one message: up to ten embeds, or a digest with counts.
3. Every message is within Discord's limits, whatever the notices say, and shows the mark of every notice in it.

Laws in tests/core/notify/test_message_laws.py.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from core.notify.embed import TOTAL, colour, embed, size
from core.notify.notice import Notice, Severity
from core.notify.wording import block, line, mark, units

EMBEDS = 10
CROWD = 5
"""More waiting notices than this are told together."""
DIGEST_NOTICES, DIGEST_UNITS = 280, 4096
PLAIN_NOTICES, PLAIN_UNITS = 100, 2000
TOLD_WHOLE = 8
"""Titles that a digest tells in full, the gravest and newest."""

Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """One message: the notices it tells, and what is posted."""

    notices: tuple[Notice, ...]
    payload: Payload

    @property
    def picture(self) -> str:
        """Path of the picture that the embed of its only notice shows, or ""."""
        return self.notices[0].picture if len(self.notices) == 1 else ""


def next_message(waiting: Sequence[Notice]) -> Message | None:
    """Return the message to send next, or None when nothing waits.

    Parameters
    ----------
    waiting : oldest first
    """
    critical = next((notice for notice in waiting if notice.severity is Severity.CRITICAL), None)
    if critical is not None:
        return _embeds((critical,))
    if not waiting:
        return None
    if len(waiting) > CROWD:
        return _together(waiting)
    oldest = waiting[0]
    return _together([notice for notice in waiting if _of_one_group(oldest, notice)])


def plain(message: Message) -> Message:
    """Return a message of nothing but text, for one that Discord refused; of many notices it tells the first hundred."""
    notices = message.notices[:PLAIN_NOTICES]
    end = "\n" + _marks(notices)
    if len(notices) == 1:
        (only,) = notices
        says = f"**{only.severity.name}: {line(only.title, 300)}**\n{only.text}"
    else:
        says = _digest_text(notices)
    return Message(notices, _payload(content=block(says, PLAIN_UNITS - units(end)) + end))


def _of_one_group(oldest: Notice, notice: Notice) -> bool:
    return notice is oldest or (notice.group != "" and notice.group == oldest.group)


def _together(notices: Sequence[Notice]) -> Message:
    """Tell them side by side while they fit, else as a digest; a picture is worth a message of its own."""
    if notices[0].picture:
        return _embeds(notices[:1])
    bare = [notice for notice in notices if not notice.picture]
    if len(bare) > EMBEDS:
        return _digest(bare[:DIGEST_NOTICES])
    sizes = accumulate(size(embed(notice, TOTAL)) for notice in bare)
    fitting = sum(total <= TOTAL for total in sizes)
    return _embeds(bare[: max(fitting, 1)])


def _embeds(notices: Sequence[Notice]) -> Message:
    return Message(tuple(notices), _payload(embeds=[embed(notice, TOTAL) for notice in notices]))


def _digest(notices: Sequence[Notice]) -> Message:
    end = "\n" + _marks(notices)
    says = block(_digest_text(notices), DIGEST_UNITS - units(end)) + end
    first, last = min(notice.at for notice in notices), max(notice.at for notice in notices)
    told = {
        "title": f"{len(notices)} notices, {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC",
        "description": says,
        "color": colour(max(notice.severity for notice in notices)),
    }
    return Message(tuple(notices), _payload(embeds=[told]))


def _digest_text(notices: Sequence[Notice]) -> str:
    counts = Counter((notice.severity, notice.event) for notice in notices)
    gravest = _gravest_first(counts)
    counted = [f"{number} x {line(event, 50)} ({severity.name})" for (severity, event), number in gravest[:TOLD_WHOLE]]
    if rest := sum(number for _, number in gravest[TOLD_WHOLE:]):
        counted.append(f"{rest} of other kinds")
    newest = sorted(notices, key=lambda notice: (notice.severity, notice.at), reverse=True)[:TOLD_WHOLE]
    return "\n".join((*counted, "", *(f"- {line(notice.title, 80)}" for notice in newest)))


def _gravest_first(counts: Counter[tuple[Severity, str]]) -> list[tuple[tuple[Severity, str], int]]:
    return sorted(counts.items(), key=lambda item: (item[0][0], item[1]), reverse=True)


def _marks(notices: Sequence[Notice]) -> str:
    return " ".join(mark(notice.id) for notice in notices)


def _payload(**parts: Any) -> Payload:
    """Mention nobody, whatever the text says."""
    return {**parts, "allowed_mentions": {"parse": []}}
