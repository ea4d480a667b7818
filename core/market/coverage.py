"""Coverage: how much of what a symbol could have is stored, and what the rest is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from core.market.gaps import Gap, GapKind, Known, common_outages, gaps, typed_holes
from core.market.spans import both, total
from core.types import Ints, Mask


@dataclass(frozen=True, slots=True)
class SymbolCoverage:
    """What is stored of one symbol in a range.

    Parameters
    ----------
    first, last : open times (ms) of the oldest and the newest stored bar; 0 when there is none
    bars, missing, outage, not_listed : counts of bars; together they are the range
    holes : the gaps, oldest first
    sources : where the bars came from, and how many
    """

    symbol: str
    first: int
    last: int
    bars: int
    missing: int
    outage: int
    not_listed: int
    holes: tuple[Gap, ...] = ()
    sources: tuple[tuple[str, int], ...] = ()

    @property
    def expected(self) -> int:
        """Bars that could have been stored: neither a venue's outage nor the time before its listing counts."""
        return self.bars + self.missing

    @property
    def share(self) -> float:
        """Fraction of what is expected that is stored; 1 when nothing is."""
        return self.bars / self.expected if self.expected else 1.0

    @property
    def lacking(self) -> float:
        """Fraction of what is expected that nobody downloaded."""
        return self.missing / self.expected if self.expected else 0.0

    @property
    def by_cause(self) -> dict[GapKind, int]:
        """How many bars are not there, by cause."""
        return {GapKind.MISSING: self.missing, GapKind.OUTAGE: self.outage, GapKind.NOT_LISTED: self.not_listed}


def coverage(market: Mapping[str, Known], asked: Mapping[str, Ints], length: int) -> tuple[SymbolCoverage, ...]:
    """Look over every symbol that is asked about.

    Parameters
    ----------
    market : what is known of all symbols of the venue, asked about or not: together they show the venue's outages
    asked : spans in which bars are expected, per symbol
    length : of a bar, milliseconds
    """
    common = common_outages(market.values())
    return tuple(_covered(symbol, market.get(symbol, Known()), where, common, length) for symbol, where in asked.items())


def lives(market: Mapping[str, Known]) -> dict[str, Ints]:
    """Return from its first to its last bar for every symbol: what to ask about when nobody named a range."""
    return {symbol: known.life for symbol, known in market.items()}


def from_panel(symbols: tuple[str, ...], exists: Mask, open_time: Ints, length: int) -> Iterator[tuple[str, Ints]]:
    """Return where each symbol of a panel has bars.

    Parameters
    ----------
    exists : (T, N) whether there is a bar
    open_time : (T,) milliseconds, consecutive
    """
    for column, symbol in enumerate(symbols):
        there = np.concatenate([[False], exists[:, column], [False]])
        turns = np.diff(there.astype(np.int8))
        starts, stops = np.flatnonzero(turns == 1), np.flatnonzero(turns == -1)
        yield symbol, np.column_stack([open_time[starts], open_time[stops - 1] + length])


def _covered(symbol: str, known: Known, asked: Ints, common: Ints, length: int) -> SymbolCoverage:
    holes, held = typed_holes(known, asked, common), both(asked, known.held)
    count = {kind: total(where) // length for kind, where in holes.items()}
    return SymbolCoverage(
        symbol=symbol,
        first=int(held[0, 0]) if len(held) else 0,
        last=int(held[-1, 1]) - length if len(held) else 0,
        bars=total(held) // length,
        missing=count[GapKind.MISSING],
        outage=count[GapKind.OUTAGE],
        not_listed=count[GapKind.NOT_LISTED],
        holes=gaps(symbol, known, asked, common),
    )
