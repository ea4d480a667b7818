"""Gaps: every hole in the stored bars has a cause, and the cause says whether to download, to wait or to forget it.

1. A hole is `NOT_LISTED` before the first stored bar, where the venue was asked and had none, and from the moment on at which
   the symbol was gone.
2. A hole is an `OUTAGE` where the venue was asked and had none, and where nearly all symbols miss the same bars for no longer
   than `LONGEST_OUTAGE`: many symbols without bars for longer look just like a month that nobody downloaded.
3. Every other hole is a `MISSING` download.

Stored bars and the three kinds of hole together are the range that was asked about (tests/core/market/test_gaps.py).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from core.market.spans import NOWHERE, both, depth, minus, spans, stretches, union
from core.market.timeframe import DAY
from core.types import Ints

WITNESSES = 4
"""Fewest symbols alive at a moment for their holes to speak of the venue."""

NEARLY_ALL = 0.9
"""Share of the symbols alive that must miss a bar for the venue to have missed it."""

LONGEST_OUTAGE = DAY
"""Milliseconds: a longer hole of all symbols is the venue's only if the venue said so."""

FOREVER = 1 << 62
"""A moment that no bar reaches."""


class GapKind(StrEnum):
    """Why a bar is not stored."""

    NOT_LISTED = "not listed"
    OUTAGE = "venue outage"
    MISSING = "missing download"


@dataclass(frozen=True, slots=True)
class Gap:
    """A hole in the stored bars of one symbol: those that open in ``[start, stop)``, milliseconds."""

    symbol: str
    start: int
    stop: int
    kind: GapKind


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the bars of one symbol.

    Parameters
    ----------
    held : spans of stored bars
    absent : spans for which the venue was asked, and had no bars
    gone : milliseconds from which on the symbol is not listed any more
    """

    held: Ints = field(default_factory=lambda: NOWHERE)
    absent: Ints = field(default_factory=lambda: NOWHERE)
    gone: int = FOREVER

    @property
    def life(self) -> Ints:
        """From the first stored bar to the end of the last one."""
        return np.array([[self.held[0, 0], self.held[-1, 1]]]) if len(self.held) else NOWHERE


def gaps(symbol: str, known: Known, asked: Ints, common: Ints) -> tuple[Gap, ...]:
    """Return the holes of a symbol, oldest first.

    Parameters
    ----------
    asked : spans in which bars are expected, on the grid of the timeframe
    common : what `common_outages` says of the venue
    """
    found = typed_holes(known, asked, common)
    holes = [Gap(symbol, start, stop, kind) for kind, where in found.items() for start, stop in where.tolist()]
    return tuple(sorted(holes, key=lambda gap: gap.start))


def typed_holes(known: Known, asked: Ints, common: Ints) -> dict[GapKind, Ints]:
    """Return where a symbol has no bars, by cause."""
    holes = minus(asked, known.held)
    born = int(known.held[0, 0]) if len(known.held) else FOREVER
    unborn = both(known.absent, spans([(-FOREVER, born)]))
    unlisted = both(holes, union(unborn, spans([(known.gone, FOREVER)])))
    shut = minus(both(holes, union(common, known.absent)), unlisted)
    return {
        GapKind.NOT_LISTED: unlisted,
        GapKind.OUTAGE: shut,
        GapKind.MISSING: minus(minus(holes, unlisted), shut),
    }


def common_outages(market: Iterable[Known]) -> Ints:
    """Return when nearly all symbols of a venue that had bars before and after have none."""
    everyone = [known for known in market if len(known.held)]
    if not everyone:
        return NOWHERE
    alive = np.concatenate([known.life for known in everyone])
    holes = np.concatenate([minus(known.life, known.held) for known in everyone])
    edges = np.unique(np.concatenate([alive, holes]))
    living, missing = depth(alive, edges), depth(holes, edges)
    found = stretches(edges, (living >= WITNESSES) & (missing >= NEARLY_ALL * living))
    return found[found[:, 1] - found[:, 0] <= LONGEST_OUTAGE]


def market_gaps(market: Mapping[str, Known], asked: Mapping[str, Ints]) -> Iterator[Gap]:
    """List the holes of every symbol that is asked about, symbol by symbol."""
    common = common_outages(market.values())
    for symbol, where in asked.items():
        yield from gaps(symbol, market.get(symbol, Known()), where, common)
