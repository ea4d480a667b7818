"""Whether stored bars are fit to judge a strategy by: limits, and one sentence for each that is broken."""

from collections.abc import Callable, Sequence
from typing import Annotated

from pydantic import Field

from core.config import Config, Fraction
from core.validation.coverage import Coverage, SymbolData

NAMED = 5
"""How many symbols an objection names."""


class DataLimits(Config):
    """From where on bars are not fit to judge a strategy by."""

    missing: Fraction = 0.01
    """Largest share of a symbol's bars that may be missing between its first and its last."""
    idle: Fraction = 0.05
    """Largest share of a symbol's bars without volume."""
    unchanged: Fraction = 0.20
    """Largest share of a symbol's bars that close where the one before did."""
    extreme: Annotated[float, Field(gt=0.0, le=1e6)] = 1.0
    """Return of one bar, up or down in ratio, that is taken for an error or another coin: 1 is doubled or halved."""
    universe: Annotated[int, Field(ge=1, le=1000)] = 5
    """Fewest symbols that may be held, in the median of a year."""
    empty: Fraction = 0.0
    """Largest share of decisions at which nothing may be held."""
    funded: Fraction = 0.9
    """Smallest share of a symbol's days for which funding is known; where it is not, holding counts as free."""


def data_objections(seen: Coverage, limits: DataLimits) -> tuple[str, ...]:
    """Say what speaks against judging a strategy on these bars; empty means nothing. Only symbols that may be held count."""
    held = [one for one in seen.symbols if one.held > 0.0]
    said = [*(rule(seen, limits) for rule in _RANGE_RULES), *(rule(held, limits) for rule in _SYMBOL_RULES)]
    return tuple(sentence for sentence in said if sentence is not None)


def _too_short(seen: Coverage, _limits: DataLimits) -> str | None:
    if seen.stored >= seen.warmup:
        return None
    return f"history: {seen.warmup:,} bars are needed before {seen.start:%Y-%m-%d}, {seen.stored:,} are stored; start later"


def _empty(seen: Coverage, limits: DataLimits) -> str | None:
    decisions, empty = sum(year.decisions for year in seen.years), len(seen.empty)
    if empty <= limits.empty * decisions:
        return None
    first, last = seen.empty[0], seen.empty[-1]
    return f"universe: nothing may be held at {empty:,} of {decisions:,} decisions, {first:%Y-%m-%d} to {last:%Y-%m-%d}"


def _narrow(seen: Coverage, limits: DataLimits) -> str | None:
    narrow = [f"{year.median:g} in {year.year}" for year in seen.years if year.median < limits.universe]
    return f"universe: the median is below {limits.universe} symbols: {', '.join(narrow)}" if narrow else None


def _named(held: Sequence[SymbolData], says: str, of: Callable[[SymbolData], str | None]) -> str | None:
    found = [f"{one.symbol} {text}" for one in held if (text := of(one)) is not None]
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return f"{says}: {', '.join(found[:NAMED])}{more}" if found else None


def _share(count: int, bars: int, most: float) -> str | None:
    return f"{count / bars:.1%}" if bars and count / bars > most else None


def _holes(held: Sequence[SymbolData], limits: DataLimits) -> str | None:
    says = f"gaps: more than {limits.missing:.1%} of the bars are missing"
    return _named(held, says, lambda one: _share(one.missing, one.bars + one.missing, limits.missing))


def _idle(held: Sequence[SymbolData], limits: DataLimits) -> str | None:
    says = f"volume: none in more than {limits.idle:.1%} of the bars"
    return _named(held, says, lambda one: _share(one.idle, one.bars, limits.idle))


def _stale(held: Sequence[SymbolData], limits: DataLimits) -> str | None:
    says = f"prices: more than {limits.unchanged:.1%} of the bars close where the one before did"
    return _named(held, says, lambda one: _share(one.unchanged, one.bars, limits.unchanged))


def _extreme(held: Sequence[SymbolData], limits: DataLimits) -> str | None:
    says = f"prices: a bar moved them by more than a factor of {1.0 + limits.extreme:g}"
    return _named(
        held, says, lambda one: f"{one.largest_move:+,.1%} at {one.largest_at:%Y-%m-%d %H:%M}" if one.extreme else None
    )


def _unfunded(held: Sequence[SymbolData], limits: DataLimits) -> str | None:
    says = f"funding: known for less than {limits.funded:.0%} of the days, and free where unknown"
    return _named(held, says, lambda one: f"{one.funded:.0%}" if one.funded < limits.funded else None)


_RANGE_RULES = (_too_short, _empty, _narrow)
_SYMBOL_RULES = (_holes, _idle, _stale, _extreme, _unfunded)
