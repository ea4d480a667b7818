"""The daily report: gathered from the store and the model, written as one page."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
from prefect import task
from prefect.cache_policies import NO_CACHE

from core.backtest.metrics import metrics
from core.deploy.release import Release
from core.execution.orders import Position
from core.ledger.fifo import Book, Lot, Trade, apply_fills
from core.market.features import day_of
from core.market.synthetic import VENUE as SYNTHETIC_VENUE
from core.market.timeframe import utc
from core.portfolio import run
from core.reporting.daily import (
    CoverageLine,
    DailyReport,
    EquityPoint,
    ModelCurve,
    NightLine,
    OrderLine,
    PositionLine,
    ReleaseLine,
    TradeLine,
)
from tasks.desk import Desk
from tasks.html_page import write_page
from tasks.report_page import render
from tasks.research import load_market
from tasks.settings import settings
from tasks.stores import store

ORDERS_SHOWN = 50


@task(cache_policy=NO_CACHE)
def gather_report(desk: Desk, release: Release, model: ModelCurve) -> DailyReport:
    """Collect everything the page says, from the store and the venue as they are now."""
    snapshots = desk.store.equity.all(desk.account)
    book = apply_fills(Book(), (fill for fill in desk.store.fills.all() if fill.venue == desk.account))
    last = snapshots[-1] if snapshots else None
    return DailyReport(
        at=desk.now,
        account=desk.account,
        venue=desk.market,
        synthetic=desk.market == SYNTHETIC_VENUE,
        verdict=last.verdict if last else "HALT",
        verdict_reasons=tuple(filter(None, last.reason.split("; "))) if last else ("the trade flow has not run yet",),
        equity=tuple(EquityPoint(s.at, s.equity) for s in snapshots),
        realised=book.realised,
        fees=book.fees,
        funding=book.funding,
        positions=_positions(desk, book),
        orders=_orders(desk),
        trades=tuple(_trade_line(trade) for trade in book.trades),
        release=_release_line(release),
        night=_night_line(),
        model=model,
        coverage=tuple(
            CoverageLine(s.symbol, s.timeframe, s.first, s.last, s.bars, s.gaps)
            for s in desk.store.bars.series()
            if s.venue == desk.market
        ),
    )


@task(cache_policy=NO_CACHE)
def model_curve(release: Release, end: datetime) -> ModelCurve:
    """Run the live release over all stored bars: what it would have done, for comparison."""
    market = load_market(release, end)
    paths, used = run(market, release), slice(market.first, None)
    times = market.panel.open_time[used]
    closes = np.flatnonzero(np.diff(day_of(times), append=day_of(times[-1:])[0] + 1))
    days = tuple(utc(int(times[i])).replace(hour=0, minute=0) for i in closes)
    equity = tuple(float(value) for value in paths.equity[used][closes])
    return ModelCurve(days, equity, metrics(paths.net[used], paths.turnover[used], times))


@task(cache_policy=NO_CACHE)
def write_report(report: DailyReport, path: Path) -> Path:
    """Write the page, whole or not at all."""
    return write_page(render(report), path)


def report_path(at: datetime) -> Path:
    """Return where the report of a day lies."""
    return settings().home / "reports" / f"{at:%Y-%m-%d}.html"


def _trade_line(trade: Trade) -> TradeLine:
    return TradeLine(
        symbol=trade.symbol,
        quantity=trade.quantity,
        opened_at=trade.opened_at,
        closed_at=trade.closed_at,
        entry_price=trade.entry_price,
        exit_price=trade.exit_price,
        profit=trade.profit,
    )


def _positions(desk: Desk, book: Book) -> tuple[PositionLine, ...]:
    """Return the venue's positions, valued from our own lots, so that realised and unrealised profit add up."""
    decision = desk.store.decisions.last(desk.account)
    targets = decision.targets if decision else {}
    equity = desk.venue.account().equity
    held = desk.venue.positions()
    return tuple(_position_line(p, book.lots.get(p.symbol, ()), targets.get(p.symbol), equity) for p in held)


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


def _orders(desk: Desk) -> tuple[OrderLine, ...]:
    since = desk.now - timedelta(days=1)
    recent = (i for i in desk.store.intents.all(ORDERS_SHOWN) if i.decision_time >= since)
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
