"""What a backfill was asked for, and what it brought."""

from dataclasses import dataclass

from core.market.coverage import SymbolCoverage
from core.market.timeframe import utc


@dataclass(frozen=True, slots=True)
class Brought:
    """What came in; `differing` rows came with other numbers than are stored, which were kept.

    Parameters
    ----------
    pages : pages asked for that were answered
    absent : bars that the venue was asked for and does not have
    failed : pages that were not answered
    why : the first failure; "" none
    """

    new_bars: int = 0
    new_funding: int = 0
    differing: int = 0
    pages: int = 0
    absent: int = 0
    failed: int = 0
    why: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Backfilled:
    """A backfill and what is stored now.

    Parameters
    ----------
    origin : venue that was asked; another one than `venue` when somebody chose another source
    start, end : milliseconds, the range
    """

    venue: str
    origin: str
    timeframe: str
    start: int
    end: int
    brought: Brought
    covered: tuple[SymbolCoverage, ...]

    @property
    def share(self) -> float:
        """Fraction of all expected bars that is stored."""
        expected = sum(one.expected for one in self.covered)
        return sum(one.bars for one in self.covered) / expected if expected else 1.0


def backfill_story(done: Backfilled) -> str:
    """Tell a backfill in a few lines."""
    brought, pace = done.brought, done.brought.pages / done.brought.seconds if done.brought.seconds else 0.0
    origin = "" if done.origin == done.venue else f" from {done.origin}, as bars of {done.venue}"
    lines = [
        f"# {done.timeframe} bars of {done.venue}, {utc(done.start):%Y-%m-%d %H:%M} to {utc(done.end):%Y-%m-%d %H:%M} UTC",
        f"{brought.new_bars:,} new bars and {brought.new_funding:,} new settlements{origin}.",
        f"{brought.pages:,} pages in {brought.seconds:.0f} s, {pace:.0f} a second.",
        f"Coverage of {len(done.covered)} symbols: **{done.share:.2%}**.",
    ]
    if brought.absent:
        lines.append(f"{brought.absent:,} bars that {done.origin} was asked for and does not have.")
    if brought.differing:
        lines.append(f"{brought.differing:,} rows differ from what is stored; the stored ones were kept.")
    if brought.failed:
        lines.append(f"**{brought.failed:,} pages failed**; run it again to go on. The first: {brought.why}")
    return "\n\n".join(lines)
