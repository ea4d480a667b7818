"""Whether stored bars are fit to search on: a night that cannot be judged is refused before it costs an hour."""

from typing import Annotated

import numpy as np
from pydantic import Field

from core.backtest.metrics import daily_sums
from core.config import Config, Fraction
from core.deploy.release import Release
from core.errors import DataError
from core.portfolio import Market
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
    """Largest share of a symbol's bars that may be missing between its first and its last."""
    funded: Fraction = 0.5
    """Smallest share of the symbols that may be held for which funding is known; where it is not, holding counts as free."""


def require_fit(market: Market, release: Release, limits: FitnessLimits) -> None:
    """Refuse bars that no night can be judged on.

    Raises
    ------
    DataError
        With every limit that is broken, and by how much.
    """
    seen = coverage(market, release, extreme=1.0)
    broken = [said for said in (*_range(market, limits), _holes(seen, limits), _unfunded(seen, limits)) if said]
    if broken:
        bars = f"{market.panel.venue} {market.panel.timeframe} from {seen.start:%Y-%m-%d} to {seen.end:%Y-%m-%d}"
        raise DataError(f"{bars}: {'; '.join(broken)}")


def _range(market: Market, limits: FitnessLimits) -> tuple[str, ...]:
    time = market.panel.open_time[market.first :]
    days, median = len(daily_sums(np.ones(len(time)), time)), float(np.median(market.eligible.sum(axis=1)))
    short = f"{days} days of history, {limits.days} are needed: import more bars or start earlier"
    narrow = f"{median:g} symbols may be held at the usual decision, {limits.universe} are needed: import more symbols"
    return (short if days < limits.days else "", narrow if median < limits.universe else "")


def _holes(seen: Coverage, limits: FitnessLimits) -> str:
    shares = {one.symbol: one.missing / (one.bars + one.missing) for one in seen.symbols if one.held > 0}
    holey = sorted((share, symbol) for symbol, share in shares.items() if share > limits.missing)[::-1]
    named = ", ".join(f"{symbol} {share:.1%}" for share, symbol in holey[:NAMED])
    return f"{len(holey)} symbols miss more than {limits.missing:.0%} of their bars ({named}): backfill them" if holey else ""


def _unfunded(seen: Coverage, limits: FitnessLimits) -> str:
    held = [one for one in seen.symbols if one.held > 0]
    known = sum(one.funded >= limits.funded for one in held)
    if known >= limits.funded * len(held):
        return ""
    return (
        f"funding is known for {known} of {len(held)} symbols, {limits.funded:.0%} are needed: import or ingest funding rates"
    )
