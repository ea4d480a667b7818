"""Embeds: a notice as Discord shows it, within every one of its limits."""

from typing import Any

from core.notify.notice import Notice, Severity
from core.notify.wording import block, line, mark, units

TOTAL = 6000
"""Units of text in all embeds of a message together."""
TITLE, DESCRIPTION, FIELDS, NAME, VALUE = 256, 4096, 25, 256, 1024
ID, LEAST_VALUE, INLINE = 200, 60, 40
PICTURE = "picture.png"
_COLOURS = {
    Severity.EVENT: 0x95A5A6,
    Severity.INFO: 0x3498DB,
    Severity.WARNING: 0xE67E22,
    Severity.CRITICAL: 0xE74C3C,
}

Embed = dict[str, Any]


def embed(notice: Notice, room: int) -> Embed:
    """Return the embed of a notice; its texts take at most `room` units (1,000 or more) together.

    The footer holds the notice's mark and id, so that a message sent twice is known again.
    """
    shown: Embed = {
        "title": line(notice.title, TITLE) or line(notice.event, TITLE) or "(no title)",
        "color": colour(notice.severity),
        "timestamp": notice.at.isoformat(),
        "footer": {"text": f"{mark(notice.id)} {line(notice.id, ID)}".strip()},
    }
    if notice.picture:
        shown["image"] = {"url": f"attachment://{PICTURE}"}
    left = room - size(shown)
    wanted = _description(notice)
    if wanted:
        # Fields are figures, short and what automations read: a long text leaves them a third of the room.
        most = min(DESCRIPTION, left * 2 // 3 if notice.fields else left)
        shown["description"] = block(wanted, most)
    shown["fields"] = _fields(notice, room - size(shown))
    return shown


def size(shown: Embed) -> int:
    """Return how many of Discord's units an embed takes."""
    texts = [shown.get("title", ""), shown.get("description", ""), shown.get("footer", {}).get("text", "")]
    texts += [text for field in shown.get("fields", ()) for text in (field["name"], field["value"])]
    return sum(map(units, texts))


def colour(severity: Severity) -> int:
    """Return the colour of the bar beside a message."""
    return _COLOURS[severity]


def _description(notice: Notice) -> str:
    return block(notice.text, DESCRIPTION)


def _fields(notice: Notice, room: int) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = []
    for name, value in notice.fields[:FIELDS]:
        label = line(name, NAME) or "-"
        most = min(VALUE, room - units(label))
        if most < LEAST_VALUE:
            break
        told = block(value, most) or "-"
        room -= units(label) + units(told)
        shown.append({"name": label, "value": told, "inline": units(told) <= INLINE})
    return shown
