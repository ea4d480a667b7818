"""Coverage measured and told: as a table and a story on the flow run's own page, and as notices for whoever listens."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from prefect import task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE

from core.market.coverage import SymbolCoverage, coverage, lives
from core.market.gaps import Gap, GapKind
from core.market.repair import repair_command
from core.market.timeframe import bar_ms, milliseconds, utc
from core.notify.notice import Notice, Severity
from core.reporting.backfilled import Backfilled, Brought, backfill_story
from storage.stretches import Period
from tasks import clock
from tasks.coverage import known_bars, measured
from tasks.fetch_plan import Fetch, Order
from tasks.notifying import notify

WEEK = timedelta(days=7)

SHOWN = 50
"""Rows of a table on a run's page: the worst covered symbols."""

TOLD = 20
"""Gaps that one run tells of one by one; the table has them all."""


@task(cache_policy=NO_CACHE)
def measure_backfill(fetch: Fetch, order: Order, brought: Brought) -> Backfilled:
    """Measure what is stored now of what was asked for."""
    end = min(order.end, utc(fetch.now))
    covered = measured(fetch.venue, fetch.timeframe, (order.start, end), fetch.symbols) if order.start < end else ()
    period = milliseconds(order.start), milliseconds(end)
    return Backfilled(fetch.venue, fetch.origin, fetch.timeframe, *period, brought, covered)


@task(cache_policy=NO_CACHE)
def tell_coverage(venue: str, timeframe: str, covered: tuple[SymbolCoverage, ...]) -> None:
    """Publish a table of what is stored, the worst first."""
    worst = sorted(covered, key=lambda one: (one.share, one.symbol))
    create_table_artifact(
        key="coverage",
        table=[coverage_row(one) for one in worst[:SHOWN]],
        description=f"Stored {timeframe} bars of {venue}, {len(covered)} symbols, the {min(SHOWN, len(covered))} worst covered",
    )


@task(cache_policy=NO_CACHE)
def tell_ingest_coverage(fetch: Fetch, brought: Brought) -> None:
    """When bars came in, publish what is stored of the last week, and tell of holes between bars, each once."""
    if not brought.new_bars:
        return
    known = known_bars(fetch.venue, fetch.timeframe, Period(utc(fetch.now) - WEEK))
    covered = coverage(known, lives(known), bar_ms(fetch.timeframe))
    tell_coverage.fn(fetch.venue, fetch.timeframe, covered)
    notify(*_gap_notices(fetch.venue, fetch.timeframe, _newest(covered)))


@task(cache_policy=NO_CACHE)
def tell_backfilled(done: Backfilled) -> Backfilled:
    """Publish what a backfill brought, and tell of it."""
    create_markdown_artifact(key="backfill", markdown=backfill_story(done))
    notify(*_gap_notices(done.venue, done.timeframe, _newest(done.covered)), _completed(done))
    return done


def coverage_row(one: SymbolCoverage) -> dict[str, Any]:
    """Return one symbol as a table shows it."""
    return {
        "symbol": one.symbol,
        "first": _moment(one.first) if one.bars else "",
        "last": _moment(one.last) if one.bars else "",
        "bars": one.bars,
        "expected": one.expected,
        "coverage": f"{one.share:.2%}",
        **{kind.value: count for kind, count in one.by_cause.items()},
        "sources": ", ".join(f"{source} {count:,}" for source, count in one.sources),
    }


def _newest(covered: Iterable[SymbolCoverage]) -> list[Gap]:
    holes = [gap for one in covered for gap in one.holes if gap.kind is not GapKind.NOT_LISTED]
    return sorted(holes, key=lambda gap: gap.start)[-TOLD:]


def _gap_notices(venue: str, timeframe: str, gaps: Iterable[Gap]) -> Iterator[Notice]:
    for gap in gaps:
        bars = (gap.stop - gap.start) // bar_ms(timeframe)
        yield Notice(
            id=f"gap.{venue}.{gap.symbol}.{timeframe}.{gap.start}",
            event="gap.found",
            at=clock.now(),
            severity=Severity.WARNING,
            resource=f"market.{venue}.{gap.symbol}",
            title=f"{gap.symbol}: {bars:,} {timeframe} bars are not there ({gap.kind.value})",
            text=f"`{repair_command(venue, timeframe, [gap.symbol], gap.start, gap.stop)}`",
            fields=(("from", f"{_moment(gap.start)} UTC"), ("to", f"{_moment(gap.stop)} UTC"), ("kind", gap.kind.value)),
            group="gaps",
        )


def _completed(done: Backfilled) -> Notice:
    at, brought = clock.now(), done.brought
    return Notice(
        id=f"backfill.{done.venue}.{done.timeframe}.{milliseconds(at)}",
        event="backfill.completed",
        at=at,
        severity=Severity.WARNING if brought.failed else Severity.INFO,
        resource=f"market.{done.venue}",
        title=f"Backfill of {done.venue} {done.timeframe}: {brought.new_bars:,} new bars, coverage {done.share:.2%}",
        text=backfill_story(done),
        fields=(("pages", f"{brought.pages:,}"), ("failed", f"{brought.failed:,}"), ("symbols", f"{len(done.covered):,}")),
    )


def _moment(ms: int) -> str:
    return f"{utc(ms):%Y-%m-%d %H:%M}"
