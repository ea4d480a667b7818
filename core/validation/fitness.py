"""Whether stored bars are fit to search on: a night that cannot be judged is refused before it costs an hour."""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
from pydantic import Field

from core.backtest.metrics import daily_sums
from core.config import Config, Fraction
from core.deploy.release import Release
from core.errors import DataError
from core.market.coverage import SymbolCoverage, from_panel, lives
from core.market.coverage import coverage as typed_coverage
from core.market.gaps import GapKind, Known
from core.market.repair import repair_command
from core.market.spans import NOWHERE, spans, total, union
from core.market.timeframe import utc
from core.portfolio import Market
from core.types import Ints
from core.validation.coverage import Coverage, coverage

NAMED = 3
"""How many symbols a refusal names."""


class FitnessLimits(Config):
    """From where on bars are not fit to search on."""

    days: Annotated[int, Field(ge=30, le=3650)] = 180
    """Fewest days of the book."""
    universe: Annotated[int, Field(ge=2, le=1000)] = 5
    """Fewest symbols that may be held, in the median of the decisions."""
    missing: Fraction = 0.05
    """Largest share of a symbol's bars between its first and its last that may not have been downloaded."""
    funded: Fraction = 0.5
    """Smallest share of the symbols that may be held for which funding is known; where it is not, holding counts as free."""


def require_fit(
    market: Market, release: Release, limits: FitnessLimits, absent: Mapping[str, Ints] | None = None
) -> tuple[str, ...]:
    """Refuse bars that no night can be judged on; return what should be known of the others: the venue's outages.

    Parameters
    ----------
    absent : spans (ms) for which the venue was asked and had no bars, per symbol

    Raises
    ------
    DataError
        With every limit that is broken, by how much, and the command that repairs it.
    """
    seen, stored = coverage(market, release, extreme=1.0), _stored(market, absent or {})
    broken = [said for said in (*_range(market, limits), _holes(market, seen, stored, limits), _unfunded(seen, limits)) if said]
    remarks = _outages(market, stored)
    if broken:
        bars = f"{market.panel.venue} {market.panel.timeframe} from {seen.start:%Y-%m-%d} to {seen.end:%Y-%m-%d}"
        raise DataError(f"{bars}: {'; '.join((*broken, *remarks))}")
    return remarks


def _stored(market: Market, absent: Mapping[str, Ints]) -> dict[str, SymbolCoverage]:
    panel = market.panel
    held = from_panel(panel.symbols, np.isfinite(panel.close), panel.open_time, panel.bar_ms)
    known = {symbol: Known(where, absent.get(symbol, NOWHERE)) for symbol, where in held}
    return {one.symbol: one for one in typed_coverage(known, lives(known), panel.bar_ms)}


def _range(market: Market, limits: FitnessLimits) -> tuple[str, ...]:
    time = market.panel.open_time[market.first :]
    days, median = len(daily_sums(np.ones(len(time)), time)), float(np.median(market.eligible.sum(axis=1)))
    short = f"{days} days of history, {limits.days} are needed: import more bars or start earlier"
    narrow = f"{median:g} symbols may be held at the usual decision, {limits.universe} are needed: import more symbols"
    return (short if days < limits.days else "", narrow if median < limits.universe else "")


def _holes(market: Market, seen: Coverage, stored: Mapping[str, SymbolCoverage], limits: FitnessLimits) -> str:
    held = [stored[one.symbol] for one in seen.symbols if one.held > 0]
    holey = sorted((one for one in held if one.lacking > limits.missing), key=lambda one: (-one.lacking, one.symbol))
    if not holey:
        return ""
    named = ", ".join(f"{one.symbol} {one.lacking:.1%}" for one in holey[:NAMED])
    holes = [gap for one in holey for gap in one.holes if gap.kind is GapKind.MISSING]
    period = min(gap.start for gap in holes), max(gap.stop for gap in holes)
    command = repair_command(market.panel.venue, market.panel.timeframe, sorted(one.symbol for one in holey), *period)
    return f"{len(holey)} symbols miss more than {limits.missing:.0%} of their bars ({named}): run `{command}`"


def _outages(market: Market, stored: Mapping[str, SymbolCoverage]) -> tuple[str, ...]:
    shut = union(*(spans((g.start, g.stop) for g in one.holes if g.kind is GapKind.OUTAGE) for one in stored.values()))
    if not len(shut):
        return ()
    named = ", ".join(f"{utc(start):%Y-%m-%d %H:%M} to {utc(stop):%Y-%m-%d %H:%M}" for start, stop in shut[:NAMED].tolist())
    more = f" and {len(shut) - NAMED} more" if len(shut) > NAMED else ""
    bars = total(shut) // market.panel.bar_ms
    return (f"{market.panel.venue} had no bars {named} UTC{more}, {bars} bars in all: nobody's download is to blame",)


def _unfunded(seen: Coverage, limits: FitnessLimits) -> str:
    held = [one for one in seen.symbols if one.held > 0]
    known = sum(one.funded >= limits.funded for one in held)
    if known >= limits.funded * len(held):
        return ""
    return (
        f"funding is known for {known} of {len(held)} symbols, {limits.funded:.0%} are needed: import or ingest funding rates"
    )
