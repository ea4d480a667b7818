"""What a person sees: each result as a short page on the terminal, and the rows scripts read."""

from pathlib import Path
from typing import Any

from core.reporting.ingested import Ingested
from core.reporting.night import Night
from core.reporting.outcomes import Demo, Reported
from core.reporting.tick import Tick
from flows.console import out
from tasks.importing import Imported
from tasks.report_text import SYNTHETIC, summary_lines


def report_row(done: Reported) -> dict[str, Any]:
    """Return a report as scripts read it."""
    report = done.report
    positions = [
        {"symbol": p.symbol, "quantity": p.quantity, "weight": p.weight, "target": p.target, "unrealised": p.unrealised}
        for p in report.positions
    ]
    return {
        "path": done.path,
        "at": report.at,
        "equity": report.equity_now,
        "verdict": report.verdict,
        "positions": positions,
        "realised": report.realised,
        "fees": report.fees,
        "funding": report.funding,
    }


def demo_row(done: Demo) -> dict[str, Any]:
    """Return the demo's end as scripts read it."""
    night, report = done.night, done.reported.report
    return {
        "decision": night.decision,
        "objections": night.objections,
        "is_sharpe": night.is_sharpe,
        "oos_sharpe": night.oos_sharpe,
        "release": night.release,
        "equity": report.equity_now,
        "positions": len(report.positions),
        "orders": done.orders,
        "ticks": done.ticks,
        "report": done.reported.path,
        "synthetic": True,
        "seconds": done.seconds,
    }


def imported(done: Imported) -> None:
    """Show what an import did."""
    rows = "settlements" if done.kind == "funding" else "bars"
    out.print(f"{done.file}: {done.new:,} {rows} added, {done.same:,} were there already")
    if done.differing:
        out.print(f"{done.differing:,} differ from what is stored; the stored ones were kept. The first:")
        for d in done.differences[:3]:
            out.print(f"  {d.venue} {d.symbol} {d.open_time:%Y-%m-%d %H:%M} stored {d.stored}, offered {d.offered}")
    for line in done.left_out:
        out.print(f"left out: {line}")


def ingested(done: Ingested) -> None:
    """Show what an ingest brought."""
    out.print(f"{done.venue}: {done.symbols} symbols, {done.new_bars:,} new bars, {done.new_funding:,} new settlements")
    if done.differing:
        out.print(f"{done.differing:,} rows differ from what is stored; the stored ones were kept")


def night(done: Night) -> None:
    """Show what a night decided, and why."""
    out.print(f"[bold]{done.decision}[/bold]: challenger {done.release[:12]}, live {done.live[:12]}")
    for line in done.objections or ("no objection",):
        out.print(f"- {line}")
    out.print(f"Sharpe {done.is_sharpe:.2f} in sample, {done.oos_sharpe:.2f} out of sample, net")
    folds = ", ".join(f"{inside:.2f} / {outside:.2f}" for inside, outside in done.fold_sharpes)
    out.print(f"per fold in / out: {folds}")
    tail = done.stress.drawdown_1_in_20
    out.print(
        f"one resampled year in twenty draws down {-tail:.1%} or more; {done.trials_in_all} trials in {done.seconds:.0f} s"
    )
    out.print(f"page: {done.page}")


def tick(done: Tick) -> None:
    """Show one tick."""
    out.print(f"{done.at:%Y-%m-%d %H:%M} UTC, {done.verdict}, equity {done.equity:,.2f} USDT, release {done.release[:12]}")
    for line in (*done.reasons, *done.skipped):
        out.print(f"- {line}")
    held = {symbol: weight for symbol, weight in done.targets.items() if weight}
    out.print(
        f"decision of {done.decision_time:%Y-%m-%d %H:%M}: " + (", ".join(f"{s} {w:+.1%}" for s, w in held.items()) or "flat")
    )
    for o in done.orders:
        out.print(f"  {o.leg:5} {o.side:4} {o.quantity} {o.symbol}: {o.state.value} {o.reason}")


def reported(done: Reported) -> None:
    """Show the daily report's summary, and where the page lies."""
    for line in summary_lines(done.report):
        out.print(line, markup=False)
    out.print(f"Page       {done.path}", markup=False, soft_wrap=True)


def demo(done: Demo, home: Path) -> None:
    """Show how the demo ended, and where to look next."""
    out.print(f"\n[bold]{SYNTHETIC}[/bold]\n")
    night(done.night)
    out.print(f"\n{done.ticks} ticks on paper: {done.orders} orders")
    reported(done.reported)
    out.print(f"\nthe whole demo took {done.seconds:.0f} s. See every flow run in the Prefect UI:")
    out.print(f"  .venv/bin/tradewind up --home {home}", markup=False)
