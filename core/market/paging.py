"""Paging: which requests bring what is missing, as few as possible."""

from core.types import Ints


def pages(missing: Ints, *, length: int, most: int) -> tuple[tuple[int, int], ...]:
    """Return windows ``[start, stop)`` in milliseconds that cover all that is missing, oldest first.

    A window spans at most `most` bars of `length` milliseconds, begins and ends with a bar that is missing, and may cover
    stored bars between two holes: a request costs the same for one bar as for a full page.
    """
    found: list[tuple[int, int]] = []
    for start, stop in missing.tolist():
        first = start
        if found and first < found[-1][0] + most * length:
            first = min(stop, found[-1][0] + most * length)
            found[-1] = (found[-1][0], first)
        found += [(each, min(each + most * length, stop)) for each in range(first, stop, most * length)]
    return tuple(found)
