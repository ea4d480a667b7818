"""What a person sees of a check: the answer first, then why; and the rows scripts read."""

from dataclasses import asdict
from math import isfinite
from typing import Any

from rich.table import Table

from core.validation.cost_sensitivity import VETO, CostSensitivity
from core.validation.lookahead import AGAIN, Leak, LookAhead
from core.validation.warmup import Settling, WarmUp
from flows.console import out
from tasks.checking import DataCheck

MOMENT = "%Y-%m-%d %H:%M"


def lookahead_row(done: LookAhead) -> dict[str, Any]:
    """Return the search for a leak as scripts read it."""
    return asdict(done)


def lookahead(done: LookAhead, strategy: str) -> None:
    """Show whether a later bar changes a decision, and which one first."""
    if done.leak is None:
        _answer(strategy, "no look-ahead found", ok=True)
    else:
        _answer(strategy, f"looks ahead: {_leak(done.leak)}", ok=False)
    _line(
        f"{done.decisions:,} decisions from {done.start:{MOMENT}} to {done.end:{MOMENT}} UTC; the future was taken away after "
        f"{done.cuts} of them, {done.comparisons} comparisons to the last bit"
    )


def _leak(leak: Leak) -> str:
    bars = "" if leak.future == AGAIN else f" (bars as stored until {leak.known_until:{MOMENT}} UTC; {leak.future})"
    if leak.error:
        return f"at {leak.decided:{MOMENT}} UTC there is no signal but {leak.error}{bars}"
    return (
        f"{leak.station} of {leak.symbol} decided at {leak.decided:{MOMENT}} UTC is {leak.before:g} with the stored future and "
        f"{leak.after:g} without it{bars}"
    )


def warmup_row(done: WarmUp) -> dict[str, Any]:
    """Return how everything settles as scripts read it."""
    return asdict(done) | {"settling": [asdict(one) | {"enough": one.enough, "settled": one.settled} for one in done.settling]}


def warmup(done: WarmUp, strategy: str) -> None:
    """Show how much each length of history changes."""
    short = [one for one in done.settling if not one.enough]
    _answer(strategy, "; ".join(map(_too_short, short)) or "the declared history is enough", ok=not short)
    _line(f"the newest {done.decisions} decisions again, each on its last bars only, against all {done.stored:,} before them")
    table = _table("largest change of", "bars", "x declared", "change", "within tolerance")
    for one in done.settling:
        for length in one.lengths:
            within = "yes" if length.change <= one.tolerance else "no"
            table.add_row(one.subject, f"{length.bars:,}", f"{length.times:g}", f"{length.change:.6f}", within)
    out.print(table)
    _line(
        f"Tolerance {done.tolerance:g}, of equity for a weight. An exponential average never forgets entirely: ten half-lives "
        f"leave a squared return a thousandth of its weight."
    )


def _too_short(one: Settling) -> str:
    settled = f"{one.settled:,} are enough" if one.settled else "not even the longest tried is enough"
    return f"{one.subject}: {one.declared:,} bars of history are declared, {settled}"


def costs_row(done: CostSensitivity) -> dict[str, Any]:
    """Return the book at every multiple as scripts read it."""
    return asdict(done) | {"paid": asdict(done.paid) | {"funding_share": done.paid.funding_share}}


def costs(done: CostSensitivity, strategy: str) -> None:
    """Show what each multiple of costs leaves, and what a year pays."""
    beyond = isfinite(done.break_even)
    even = (
        f"nothing is left at x{done.break_even:.2f}" if beyond else f"something is left even at x{done.outcomes[-1].multiple:g}"
    )
    kept = "survives" if done.survives else "does not survive"
    _answer(strategy, f"{kept} costs x{VETO:g} (the gate's veto: mean net return above zero); {even}", ok=done.survives)
    table = _table("costs", "Sharpe", "return a year", "volatility", "turnover a day")
    for at in done.outcomes:
        numbers = (f"{at.sharpe:.2f}", f"{at.annual_return:+.1%}", f"{at.volatility:.1%}", f"{at.turnover_per_day:.2f}")
        table.add_row(f"x{at.multiple:g}", *numbers)
    out.print(table)
    paid = done.paid
    _line(
        f"A year at x1: {paid.gross:+.1%} before costs; fees {paid.fees:.1%}, spread {paid.spread:.1%}, "
        f"impact {paid.impact:.1%}, funding {paid.funding:.1%} ({paid.funding_share:.0%} of all paid). "
        f"Funding is never scaled: it is data, not an estimate."
    )


def data_row(done: DataCheck) -> dict[str, Any]:
    """Return what is stored as scripts read it."""
    return asdict(done.coverage) | {"limits": done.limits, "objections": done.objections}


def data(done: DataCheck, strategy: str) -> None:
    """Show what speaks against the bars, then each symbol and year."""
    seen = done.coverage
    _answer(strategy, "the data is fit" if not done.objections else "the data is not fit", ok=not done.objections)
    for objection in done.objections:
        _line(f"- {objection}")
    _line(
        f"{seen.start:{MOMENT}} to {seen.end:{MOMENT}} UTC, {len(seen.symbols)} symbols; {seen.stored:,} bars before it, "
        f"{seen.warmup:,} needed"
    )
    out.print(_symbols(done))
    years = _table("year", "decisions", "fewest", "median", "nobody")
    for year in seen.years:
        years.add_row(f"{year.year}", f"{year.decisions:,}", f"{year.smallest}", f"{year.median:g}", f"{year.empty:,}")
    _line("Symbols that may be held:")
    out.print(years)


def _symbols(done: DataCheck) -> Table:
    names = ("bars", "missing", "longest gap", "no volume", "unchanged", "jumps", "largest move", "funding", "may be held")
    table = Table("symbol", "first", "last", box=None)
    for name in names:
        table.add_column(name, justify="right")
    for one in done.coverage.symbols:
        counts = (one.bars, one.missing, one.longest_gap, one.idle, one.unchanged, one.extreme)
        shares = (f"{one.largest_move:+.0%}", f"{one.funded:.0%}", f"{one.held:.0%}")
        table.add_row(one.symbol, f"{one.first:%Y-%m-%d}", f"{one.last:%Y-%m-%d}", *(f"{n:,}" for n in counts), *shares)
    return table


def _answer(strategy: str, says: str, *, ok: bool) -> None:
    _line(f"{'ok' if ok else 'NO'}  {strategy}: {says}")


def _line(text: str) -> None:
    out.print(text, markup=False)


def _table(first: str, *numbers: str) -> Table:
    table = Table(first, box=None)
    for name in numbers:
        table.add_column(name, justify="right")
    return table
