"""What a person sees of backtests: one in full, those that are kept, and several side by side."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from core.reporting.backtested import Backtested
from core.reporting.differences import differences
from core.reporting.outcomes import Kept, Saved
from flows.console import out
from tasks.report_text import SYNTHETIC, percent, ratio, signed_percent

DAY = "%Y-%m-%d"


def backtested(done: Kept) -> None:
    """Show a backtest that has just run, and where it is kept."""
    result = done.backtested
    if result.synthetic:
        _line(SYNTHETIC)
    _line(
        f"{result.strategy} on {result.venue} {result.timeframe}, {result.start:{DAY}} to {result.end:{DAY}}, "
        f"{result.bars:,} bars, {result.symbols} symbols, release {result.release[:12]}"
    )
    _compared_with_benchmarks(result)
    if result.periods:
        _periods(result)
    _costs(result)
    _regimes(result)
    _trades(result)
    for note in result.notes:
        _line(f"! {note}")
    _line(f"result {done.result}, page {done.path}")


def results(kept: Sequence[Saved], *, more: bool) -> None:
    """List the results that are kept."""
    if not kept:
        _line("No backtest is kept yet: run `tradewind backtest`.")
        return
    words = ("result", "saved, UTC", "strategy", "from", "to")
    table = _table(words, ("Sharpe", "a year", "drawdown", "turnover a day", "costs"))
    for saved in kept:
        _row(table, saved.result, f"{saved.at:%Y-%m-%d %H:%M}", *_figures(saved))
    out.print(table)
    if more:
        _line(f"The newest {len(kept)}; older ones with a larger --limit.")


def result(saved: Saved) -> None:
    """Show one result that is kept: what went in, and its headline figures."""
    compared((saved,))
    release = saved.config.get("release", saved.config)
    for sleeve in release.get("sleeves", ()):
        params = ", ".join(f"{name}={value}" for name, value in sleeve["params"].items())
        _line(f"{sleeve['strategy']} at {sleeve['budget']:.0%}: {params}")
    for note in saved.figures.get("notes", ()):
        _line(f"! {note}")
    if saved.path is not None:
        _line(f"page {saved.path}")


def compared(kept: Sequence[Saved]) -> None:
    """Show results side by side: a column each, then in what their configurations differ."""
    table = _table(("",), [saved.result for saved in kept])
    _row(table, "saved, UTC", *(f"{saved.at:%Y-%m-%d %H:%M}" for saved in kept))
    for label, name, write in _LINES:
        _row(table, label, *(_written(saved.figures.get(name), write) for saved in kept))
    for kind in dict.fromkeys(kind for saved in kept for kind in saved.figures.get("costs", {})):
        _row(table, f"{kind}, of equity", *(_written(saved.figures.get("costs", {}).get(kind), percent) for saved in kept))
    _row(table, "data", *(saved.figures.get("data_hash", "")[:12] for saved in kept))
    _row(table, "code", *(saved.code_version for saved in kept))
    for field, values in differences([saved.config for saved in kept]).items():
        _row(table, field, *map(_shown, values))
    out.print(table)


def _compared_with_benchmarks(result: Backtested) -> None:
    table = _table(("",), ("in all", "a year", "volatility", "Sharpe", "Sortino", "Calmar", "deepest drawdown"))
    rows = [(result.strategy, result.total, result.metrics), *((b.name, b.total, b.metrics) for b in result.benchmarks)]
    for name, total, m in rows:
        ratios = (ratio(m.sharpe), ratio(m.sortino), ratio(m.calmar))
        _row(
            table, name, signed_percent(total), signed_percent(m.cagr), percent(m.volatility), *ratios, percent(m.max_drawdown)
        )
    _show(table)


def _periods(result: Backtested) -> None:
    words = ("period", "from")
    table = _table(words, ("a year", "Sharpe", "Sortino", "Calmar", "deepest drawdown", "turnover a day", "costs"))
    for line in result.periods:
        m, name = line.metrics, f"{line.name} (shortened)" if line.shortened else line.name
        ratios = (ratio(m.sharpe), ratio(m.sortino), ratio(m.calmar))
        paid = (percent(m.turnover_per_day), percent(sum(line.costs.values())))
        _row(table, name, f"{line.start:{DAY}}", signed_percent(m.cagr), *ratios, percent(m.max_drawdown), *paid)
    _show(table)


def _costs(result: Backtested) -> None:
    table = _table(("costs",), ("of equity", "a year", "bps of turnover"))
    for line in (*result.costs.lines, result.costs.together):
        _row(table, line.name, percent(line.total), percent(line.per_year), ratio(line.bps))
    _show(table)
    _line("Sharpe " + ", ".join(f"{ratio(left.sharpe)} {left.name}" for left in result.costs.left))


def _regimes(result: Backtested) -> None:
    table = _table(
        ("regime",), ("days", "a year", "Sharpe", "deepest drawdown", *(f"{b.name}, a year" for b in result.benchmarks))
    )
    for place, line in enumerate(result.regimes):
        others = (signed_percent(b.regimes[place].annual_return) for b in result.benchmarks)
        own = (signed_percent(line.annual_return), ratio(line.sharpe), percent(line.max_drawdown))
        _row(table, line.regime.title, f"{line.days:,}", *own, *others)
    _show(table)


def _trades(result: Backtested) -> None:
    t, m = result.trades, result.metrics
    held = f"held {t.mean_held_hours / 24:.1f} days" if t.count else "none held"
    _line("")
    _line(f"{t.count:,} round trips, {percent(t.hit_rate)} won, profit factor {ratio(t.profit_factor)}, {held}")
    _line(f"turnover {percent(m.turnover_per_day)} of equity a day, gross {percent(result.sheet.exposure.gross)}")


_LINES = (
    ("strategy", "strategy", str),
    ("from", "start", lambda at: at[:10]),
    ("to", "end", lambda at: at[:10]),
    ("symbols", "symbols", str),
    ("Sharpe", "sharpe", ratio),
    ("Sortino", "sortino", ratio),
    ("Calmar", "calmar", ratio),
    ("a year", "cagr", signed_percent),
    ("volatility", "volatility", percent),
    ("deepest drawdown", "max_drawdown", percent),
    ("turnover a day", "turnover_per_day", percent),
)
"""What is compared of results: label, name in `Backtested.flat`, how it is written."""


def _figures(saved: Saved) -> Iterable[str]:
    f = saved.figures
    yield from (f.get("strategy", ""), f["start"][:10], f["end"][:10])
    yield from (
        _written(f.get("sharpe"), ratio),
        _written(f.get("cagr"), signed_percent),
        _written(f.get("max_drawdown"), percent),
    )
    yield from (_written(f.get("turnover_per_day"), percent), percent(sum(f.get("costs", {}).values())))


def _written(value: Any, write: Any) -> str:
    return "n/a" if value is None else write(value)


def _shown(value: Any) -> str:
    return "-" if value is None else str(value)


def _table(words: Iterable[str], numbers: Iterable[str]) -> Table:
    table = Table(box=None, pad_edge=False)
    for head in words:
        table.add_column(Text(head))
    for head in numbers:
        table.add_column(Text(head), justify="right")
    return table


def _row(table: Table, *cells: str) -> None:
    """Add a row whose words are shown as they are, whatever they hold."""
    table.add_row(*map(Text, cells))


def _show(table: Table) -> None:
    """Print a table apart from what stands above it."""
    out.print()
    out.print(table)


def _line(words: str) -> None:
    out.print(words, markup=False)
