"""The daily report: gathered from the store, the venue and the model, written as one page with its pictures."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from prefect import task
from prefect.cache_policies import NO_CACHE

from core.backtest.benchmarks import bitcoin_column
from core.backtest.kernel import Paths
from core.backtest.metrics import metrics
from core.deploy.release import Release
from core.execution.orders import Position
from core.ledger.fifo import Lot
from core.market.features import day_of
from core.market.synthetic import VENUE as SYNTHETIC_VENUE
from core.market.timeframe import utc
from core.portfolio import Market, run
from core.reporting.daily import (
    CoverageLine,
    DailyReport,
    ModelCurve,
    NightLine,
    OrderLine,
    PositionLine,
    ReleaseLine,
    WatchLine,
)
from core.reporting.market_state import MarketState, market_state
from core.reporting.reconciled import Reconciled
from core.reporting.regime_labels import HISTORY_DAYS
from storage.equity import Snapshot
from tasks.html_page import write_page
from tasks.live_releases import read_live
from tasks.pictures import account_picture, exposure_picture
from tasks.report_health import gather_health
from tasks.report_money import Seen, money_parts, see_account
from tasks.report_page import render
from tasks.research import load_market
from tasks.settings import settings
from tasks.stores import store
from tasks.whole_files import write_whole

ORDERS_SHOWN = 50
SPELLS_DAYS = 365
"""Days of which the report tells the regimes."""


@task(cache_policy=NO_CACHE)
def gather_report(books: Reconciled, *, recorded: bool) -> DailyReport:
    """Collect everything the page says, from the store, the venue and the model as they are now.

    Parameters
    ----------
    recorded : on recorded bars nobody ticks every minute
    """
    live = read_live(books.market, books.timeframe)
    assert live is not None  # whoever reconciled has made sure
    market = load_market(live.release, books.at)
    paths, seen = run(market, live.release), see_account(books)
    return DailyReport(
        at=books.at,
        account=books.account,
        venue=books.market,
        synthetic=books.market == SYNTHETIC_VENUE,
        **_verdict(store().equity.last(books.account)),
        **money_parts(books, seen, live, market, paths),
        positions=_positions(books, seen),
        orders=_orders(books),
        release=_release_line(live.release),
        night=_night_line(),
        model=_model_curve(market, paths),
        watch=_watch_line(live.release),
        market=_market_state(books, market),
        coverage=_coverage(books),
        health=gather_health(books, seen.ticks, recorded=recorded),
    )


@task(cache_policy=NO_CACHE)
def write_report(report: DailyReport, path: Path) -> Path:
    """Write the page, whole or not at all."""
    return write_page(render(report), path)


@task(cache_policy=NO_CACHE)
def draw_report(report: DailyReport, path: Path) -> tuple[Path, ...]:
    """Draw the account and its exposure beside the page, each whole or not at all; the first is the one to show."""
    exposure = path.with_name(f"{path.stem}-exposure.png")
    return (
        write_whole(account_picture(report.equity), path.with_suffix(".png")),
        write_whole(exposure_picture(report.exposures), exposure),
    )


def report_path(at: datetime) -> Path:
    """Return where the report of a day lies."""
    return settings().home / "reports" / f"{at:%Y-%m-%d}.html"


def _verdict(last: Snapshot | None) -> dict[str, Any]:
    if last is None:
        return {"verdict": "HALT", "verdict_reasons": ("the trade flow has not run yet",)}
    return {"verdict": last.verdict, "verdict_reasons": tuple(filter(None, last.reason.split("; ")))}


def _model_curve(market: Market, paths: Paths) -> ModelCurve:
    """Return what the live release would have done over all stored bars, for comparison."""
    used = slice(market.first, None)
    times = market.panel.open_time[used]
    closes = np.flatnonzero(np.diff(day_of(times), append=day_of(times[-1:])[0] + 1))
    days = tuple(utc(int(times[i])).replace(hour=0, minute=0) for i in closes)
    equity = tuple(float(value) for value in paths.equity[used][closes])
    return ModelCurve(days, equity, metrics(paths.net[used], paths.turnover[used], times))


def _market_state(books: Reconciled, market: Market) -> MarketState | None:
    """Tell the regime from Bitcoin's bars where it is quoted, or everybody's."""
    bitcoin = bitcoin_column(market.panel.symbols)
    names = None if bitcoin is None else (market.panel.symbols[bitcoin],)
    start = books.at - timedelta(days=HISTORY_DAYS + SPELLS_DAYS)
    return market_state(store().bars.panel(books.market, market.panel.timeframe, start, books.at, names))


def _coverage(books: Reconciled) -> tuple[CoverageLine, ...]:
    mine = (s for s in store().bars.series() if s.venue == books.market)
    return tuple(CoverageLine(s.symbol, s.timeframe, s.first, s.last, s.bars, s.gaps) for s in mine)


def _positions(books: Reconciled, seen: Seen) -> tuple[PositionLine, ...]:
    """Return the venue's positions, valued from our own lots, so that realised and unrealised profit add up."""
    decision = store().decisions.last(books.account)
    targets, lots = decision.targets if decision else {}, seen.book.lots
    equity, held = seen.sight.account.equity, seen.sight.positions
    return tuple(_position_line(p, lots.get(p.symbol, ()), targets.get(p.symbol), equity) for p in held)


def _position_line(position: Position, lots: tuple[Lot, ...], target: float | None, equity: Decimal) -> PositionLine:
    cost = sum((lot.quantity * lot.price for lot in lots), Decimal(0))
    quantity = sum((lot.quantity for lot in lots), Decimal(0))
    return PositionLine(
        symbol=position.symbol,
        quantity=position.quantity,
        entry_price=cost / quantity if quantity else position.entry_price,
        mark_price=position.mark_price,
        unrealised=quantity * position.mark_price - cost,
        weight=float(position.quantity * position.mark_price / equity) if equity > 0 else 0.0,
        target=target,
    )


def _orders(books: Reconciled) -> tuple[OrderLine, ...]:
    since = books.at - timedelta(days=1)
    recent = (i for i in store().intents.all(ORDERS_SHOWN) if i.decision_time >= since)
    return tuple(OrderLine(i.decision_time, i.symbol, i.leg, i.side, i.quantity, i.state.value, i.reason) for i in recent)


def _release_line(release: Release) -> ReleaseLine:
    live = store().activations.live()
    assert live is not None  # live_release has made sure
    counts = {name: sum(s.strategy == name for s in release.sleeves) for name in {s.strategy for s in release.sleeves}}
    sleeves = ", ".join(f"{name} with {count} set{'s' * (count > 1)} of parameters" for name, count in sorted(counts.items()))
    return ReleaseLine(live.fingerprint, live.stage, live.since, live.by, live.reason, sleeves)


def _night_line() -> NightLine | None:
    nights = store().runs.all("optimize", 1)
    if not nights:
        return None
    result = json.loads(nights[0].result_json)
    return NightLine(
        finished=nights[0].finished,
        decision=result["decision"],
        objections=tuple(result["objections"]),
        is_sharpe=result["is_sharpe"],
        oos_sharpe=result["oos_sharpe"],
        trials=result["trials_in_all"],
    )


def _watch_line(release: Release) -> WatchLine | None:
    """Return the last watch, if it was of this release."""
    runs = store().runs.all("watch", 1)
    seen: dict[str, Any] = json.loads(runs[0].result_json) if runs else {}
    if seen.get("release") != release.fingerprint:
        return None
    return WatchLine(
        until=datetime.fromisoformat(seen["until"]),
        days=seen["days"],
        tracking_bps=seen["tracking_bps_per_day"],
        drift_bps=seen["drift_bps_per_day"],
        slippage_bps=seen["slippage_bps"],
        action=seen["action"],
        did=seen["did"],
        findings=tuple(finding["says"] for finding in seen["findings"]),
        unjudged=tuple(seen["unjudged"]),
    )
