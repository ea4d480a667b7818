"""Text within Discord's limits: counted as it may count, cut where it does no harm.

1. Lengths are UTF-16 code units, the strictest way to count; what fits here fits however Discord counts.
2. A cut text never ends inside a code fence: an open fence is closed.
3. What cannot be shown (lone surrogates, control characters) is replaced, never sent.
"""

import hashlib

ELLIPSIS = "…"
FENCE = "```"
MARK_LENGTH = 8
_CONTROLS = {code: " " for code in range(32) if chr(code) not in "\n\t"}


def units(text: str) -> int:
    """Return the length of a text in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def line(text: str, most: int) -> str:
    """Return one line of at most `most` units."""
    return _ended(" ".join(shown(text).split()), most)


def block(text: str, most: int) -> str:
    """Return a text of at most `most` units (20 or more) with every code fence closed."""
    whole = shown(text).strip()
    closed = _closed(whole)
    if units(closed) <= most:
        return closed
    # Backticks at the cut may be half a fence.
    return _closed(head(whole, most - 1 - len(FENCE) - 1).rstrip().rstrip("`") + ELLIPSIS)


def head(text: str, most: int) -> str:
    """Return as much of the beginning as `most` units hold."""
    kept = text[: max(most, 0)]
    while units(kept) > most:
        kept = kept[: len(kept) - max((units(kept) - most) // 2, 1)]
    return kept


def shown(text: str) -> str:
    """Return the text without what cannot be shown."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").translate(_CONTROLS)


def mark(notice_id: str) -> str:
    """Return the eight letters by which a reader, or a test, knows a notice again, however long its id is."""
    return hashlib.sha256(notice_id.encode("utf-8", "surrogatepass")).hexdigest()[:MARK_LENGTH]


def _ended(text: str, most: int) -> str:
    return text if units(text) <= most else head(text, most - 1).rstrip() + ELLIPSIS


def _closed(text: str) -> str:
    return f"{text}\n{FENCE}" if text.count(FENCE) % 2 else text
