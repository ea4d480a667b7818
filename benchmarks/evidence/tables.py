"""Findings as compact tables, one per question."""

from collections.abc import Iterator, Sequence

from benchmarks.evidence.books import BASKET, BITCOIN, LEVELS
from benchmarks.evidence.findings import WHOLE, Family, Findings, Line

NAME, CELL = 10, 24


def tables(found: Findings) -> Iterator[str]:
    """Give every line of every table."""
    parts = tuple(found.lines["net"][BITCOIN])
    yearly = [part for part in parts if part.isdigit()]
    regimes = [part for part in parts if part not in (*yearly, WHOLE)]
    yield from _overall(found)
    for title, columns in (("by year", yearly), ("by regime", regimes)):
        yield from _split(found, f"{title}, after costs and funding: Sharpe, return, deepest drawdown, turnover a day", columns)
        yield from _sharpes(found, f"{title}, before costs and funding: Sharpe", columns)
    yield from _luck(found)


def _overall(found: Findings) -> Iterator[str]:
    heads = (
        "gross SR",
        "costs SR",
        "net SR",
        "s.e.",
        "95 % interval",
        "p",
        "return",
        "drawdown",
        "turn/day",
        "cost/y",
        "fund/y",
    )
    yield f"\nover {found.lines['net'][BITCOIN][WHOLE].days:,} days: gross, after costs, after costs and funding (net)"
    yield _row("", heads, 10, wide={"95 % interval": 16})
    for name, parts in found.lines["net"].items():
        one, seen = parts[WHOLE], found.judged["net"][name]
        ratios = [f"{found.lines[level][name][WHOLE].sharpe:.2f}" for level in LEVELS]
        interval = f"{seen.low:+.2f} .. {seen.high:+.2f}"
        money = [f"{value:+.1%}" for value in (one.annual, one.drawdown)]
        paid = [f"{one.turnover:.2f}", f"{one.cost:.1%}", f"{one.funding:+.1%}"]
        yield _row(
            name, [*ratios, f"{seen.error:.2f}", interval, f"{seen.p_nothing:.3f}", *money, *paid], 10, wide={interval: 16}
        )


def _split(found: Findings, title: str, columns: Sequence[str]) -> Iterator[str]:
    yield f"\n{title}"
    yield _row("", _with_days(found, columns), CELL)
    for name, parts in found.lines["net"].items():
        yield _row(name, [_cell(parts[column]) for column in columns], CELL)


def _sharpes(found: Findings, title: str, columns: Sequence[str]) -> Iterator[str]:
    yield f"\n{title}"
    yield _row("", columns, 16)
    for name, parts in found.lines["gross"].items():
        yield _row(name, [f"{parts[column].sharpe:.2f}" for column in columns], 16)


def _luck(found: Findings) -> Iterator[str]:
    yield "\nthe best of all look-backs, and what the best shows by luck alone"
    yield _row("", ("best", "Sharpe", "of", "by luck", "p"), 10)
    for level, one in found.best.items():
        yield _row(level, (one.name, f"{one.sharpe:.2f}", str(one.tried), f"{one.luck:.2f}", f"{one.p:.3f}"), 10)
    yield "\nnet Sharpe ahead of the yardsticks, paired, 95 % interval"
    yield _row("", (BITCOIN, BASKET), 26)
    for name, rivals in found.ahead.items():
        yield _row(name, [f"{a.difference:+.2f} ({a.low:+.2f} .. {a.high:+.2f})" for a in rivals.values()], 26)
    if found.family is not None:
        yield from _crowd(found.family)


def _crowd(one: Family) -> Iterator[str]:
    yield f"\nthe family of {one.members} sets nobody chose, gross, with funding: Sharpe {one.sharpe:.2f}, t {one.t:.2f};"
    yield f"key 1 of the deploy gate asks for {one.boundary:.3f} and sees {one.z:.2f}"


def _with_days(found: Findings, columns: Sequence[str]) -> list[str]:
    return [f"{column} ({found.lines['net'][BITCOIN][column].days} d)" for column in columns]


def _cell(one: Line) -> str:
    return f"{one.sharpe:+.2f} {one.annual:+.0%} {one.drawdown:.0%} {one.turnover:.2f}"


def _row(name: str, cells: Sequence[str], width: int, wide: dict[str, int] | None = None) -> str:
    widths = wide or {}
    return f"{name:<{NAME}}" + "".join(f"{cell:>{widths.get(cell, width)}}" for cell in cells)
