"""What a backfill was asked for, and what it brought."""

from dataclasses import dataclass

from core.market.coverage import SymbolCoverage


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
