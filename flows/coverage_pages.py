"""Coverage on the terminal: what is stored of every symbol, and every hole in it."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from rich.table import Table

from core.market.coverage import SymbolCoverage
from core.market.gaps import GapKind
from core.market.timeframe import bar_ms, utc
from core.reporting.backfilled import Backfilled, backfill_story
from flows.console import out
from storage.frames import Series

WORST = 10
"""Symbols that a backfill names at its end."""


class Stored(NamedTuple):
    """The coverage of one venue and timeframe."""

    venue: str
    timeframe: str
    covered: tuple[SymbolCoverage, ...]


def series_rows(stored: Iterable[Stored], funding: Iterable[Series]) -> list[dict[str, Any]]:
    """Return what is stored as scripts read it."""
    bars = [_row(each, one) for each in stored for one in each.covered]
    return bars + [_funding_row(series) for series in funding]


def gap_rows(stored: Iterable[Stored]) -> list[dict[str, Any]]:
    """Return every hole as scripts read it."""
    return [
        {
            "venue": each.venue,
            "symbol": gap.symbol,
            "timeframe": each.timeframe,
            "from": utc(gap.start),
            "to": utc(gap.stop),
            "bars": (gap.stop - gap.start) // bar_ms(each.timeframe),
            "kind": gap.kind.value,
        }
        for each in stored
        for one in each.covered
        for gap in one.holes
    ]


def backfill_row(done: Backfilled) -> dict[str, Any]:
    """Return what a backfill brought as scripts read it."""
    stored = Stored(done.venue, done.timeframe, done.covered)
    return {
        "venue": done.venue,
        "origin": done.origin,
        "timeframe": done.timeframe,
        "start": utc(done.start),
        "end": utc(done.end),
        **asdict(done.brought),
        "coverage": done.share,
        "series": series_rows([stored], ()),
        "gaps": gap_rows([stored]),
    }


def coverage(rows: Sequence[dict[str, Any]]) -> None:
    """Show what is stored."""
    if not rows:
        out.print("Nothing is stored yet: run `tradewind import FILE` or `tradewind ingest`.")
        return
    table = Table("venue", "symbol", "timeframe", "first", "last", box=None)
    for name in ("bars", "expected", "coverage", *(kind.value for kind in GapKind)):
        table.add_column(name, justify="right")
    table.add_column("sources")
    for row in rows:
        names = [row["venue"], row["symbol"], row["timeframe"], _shown(row["first"]), _shown(row["last"])]
        figures = [row[name] for name in ("bars", "expected")]
        share = "" if row["coverage"] is None else f"{row['coverage']:.2%}"
        causes = [row[name] for name in ("not_listed", "outage", "missing")]
        table.add_row(*names, *map(_figure, figures), share, *map(_figure, causes), ", ".join(row["sources"]))
    out.print(table)


def gaps(rows: Sequence[dict[str, Any]]) -> None:
    """Show every hole."""
    if not rows:
        out.print("No gaps.")
        return
    table = Table("venue", "symbol", "timeframe", "from (UTC)", "to", box=None)
    table.add_column("bars", justify="right")
    table.add_column("kind")
    for row in rows:
        names = [row["venue"], row["symbol"], row["timeframe"], _shown(row["from"]), _shown(row["to"])]
        table.add_row(*names, _figure(row["bars"]), row["kind"])
    out.print(table)


def backfilled(done: Backfilled) -> None:
    """Show what a backfill brought, and the symbols that are still worst covered."""
    out.print(backfill_story(done).replace("# ", "").replace("**", "").replace("\n\n", "\n"), markup=False)
    holey = sorted((one for one in done.covered if one.share < 1), key=lambda one: one.share)
    for one in holey[:WORST]:
        causes = ", ".join(f"{count:,} {kind.value}" for kind, count in one.by_cause.items() if count)
        out.print(f"  {one.symbol} {one.share:.2%}: {causes}", markup=False)


def _row(stored: Stored, one: SymbolCoverage) -> dict[str, Any]:
    return {
        "venue": stored.venue,
        "symbol": one.symbol,
        "timeframe": stored.timeframe,
        "first": utc(one.first) if one.bars else None,
        "last": utc(one.last) if one.bars else None,
        "bars": one.bars,
        "gaps": one.missing + one.outage,
        "expected": one.expected,
        "coverage": one.share,
        "missing": one.missing,
        "outage": one.outage,
        "not_listed": one.not_listed,
        "sources": dict(one.sources),
    }


def _funding_row(series: Series) -> dict[str, Any]:
    names = {"venue": series.venue, "symbol": series.symbol, "timeframe": series.timeframe}
    unknown = dict.fromkeys(("expected", "coverage", "missing", "outage", "not_listed"))
    return {**names, "first": series.first, "last": series.last, "bars": series.bars, "gaps": 0, **unknown, "sources": {}}


def _shown(moment: Any) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else ""


def _figure(count: int | None) -> str:
    return "" if count is None else f"{count:,}"
