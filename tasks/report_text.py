"""The daily report in words: how its numbers are written, what follows from them, and the terminal's summary.

Fractions are written as percent with two decimals, money with two, times in UTC. Nothing is ever written as minus zero, and a
ratio that is not a number is written "n/a".
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import isfinite

from core.reporting.daily import DailyReport

QUOTE = "USDT"
"""The money of every market we trade."""

SYNTHETIC = "Synthetic market: nothing here is a real price or a real profit."

MEANINGS = {
    "ALLOW": "entries and exits are allowed",
    "REDUCE_ONLY": "exits only, no new entries",
    "HALT": "no orders at all",
    "FLATTEN": "every position is to be closed",
}
"""What each verdict means to the reader."""

DECISIONS = {"deploy": "deployed", "hold": "not deployed"}
"""What each decision of a night means for the release it proposed."""


@dataclass(frozen=True, slots=True)
class Change:
    """Money won or lost since a moment, and the fraction of the equity then; NaN when there was none."""

    since: datetime
    amount: Decimal
    fraction: float


def money(value: Decimal) -> str:
    """Write an amount of quote currency: ``1,234.50``."""
    return f"{value:z,.2f}"


def signed(value: Decimal) -> str:
    """Write a gain or loss in quote currency: ``+1,234.50``."""
    return f"{value:+z,.2f}"


def price(value: Decimal) -> str:
    """Write a price with its own decimals, at least two, and of those no more than six significant digits need."""
    own = -int(value.normalize().as_tuple().exponent)
    return f"{value:,.{max(2, min(own, 5 - value.adjusted()))}f}"


def quantity(value: Decimal) -> str:
    """Write base coin with all its decimals and no idle zeros."""
    return f"{value.normalize():,f}"


def percent(fraction: float) -> str:
    """Write a fraction as percent: 0.1234 is ``12.34%``."""
    return f"{fraction:z.2%}" if isfinite(fraction) else "n/a"


def signed_percent(fraction: float) -> str:
    """Write a gain or loss as percent, with its sign."""
    return f"{fraction:+z.2%}" if isfinite(fraction) else "n/a"


def points(fraction: float) -> str:
    """Write a gain or loss for a narrow column that is headed percent: 0.1234 is ``+12.3``."""
    return f"{100 * fraction:+z.1f}" if isfinite(fraction) else "n/a"


def ratio(value: float) -> str:
    """Write a Sharpe ratio and its like with two decimals."""
    return f"{value:z.2f}" if isfinite(value) else "n/a"


def counted(number: int, noun: str) -> str:
    """Write a count with its noun: ``1 order``, ``2,000 orders``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def stamp(at: datetime) -> str:
    """Write a moment for a column that is headed UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def moment(at: datetime) -> str:
    """Write a moment with its time zone."""
    return f"{stamp(at)} UTC"


def day_change(report: DailyReport) -> Change | None:
    """Return the change over the report's last 24 hours, or since the first point of a younger account."""
    if not report.equity:
        return None
    before = [point for point in report.equity if point.at <= report.at - timedelta(days=1)]
    base = before[-1] if before else report.equity[0]
    amount = report.equity_now - base.equity
    return Change(base.at, amount, float(amount / base.equity) if base.equity > 0 else float("nan"))


def from_peak(report: DailyReport) -> float:
    """Return the distance from the highest equity in the report: a fraction, 0 or negative, NaN without any equity."""
    peak = max((point.equity for point in report.equity), default=Decimal(0))
    return float(report.equity_now / peak - 1) if peak > 0 else float("nan")


def unrealised(report: DailyReport) -> Decimal:
    """Return the open positions' profit, quote currency."""
    return sum((line.unrealised for line in report.positions), Decimal(0))


def profit(report: DailyReport) -> Decimal:
    """Return the closed trades' profit before fees and funding, quote currency."""
    return sum((trade.profit for trade in report.trades), Decimal(0))


def contributions(report: DailyReport) -> dict[str, Decimal]:
    """Return what each kind of money did to the account so far, quote currency; costs are negative, so they add up."""
    return {
        "Realised profit": report.realised,
        "Fees": -report.fees,
        "Funding": -report.funding,
        "Unrealised profit": unrealised(report),
    }


def exposure(report: DailyReport) -> tuple[float, float]:
    """Return gross and net exposure, fractions of equity."""
    weights = [line.weight for line in report.positions]
    return sum(map(abs, weights)), sum(weights)


def meaning(verdict: str) -> str:
    """Say what a verdict means for trading."""
    return MEANINGS.get(verdict, "a verdict this report does not know")


def night_line(report: DailyReport) -> str:
    """Say what the last optimisation decided."""
    if report.night is None:
        return "No optimisation has run yet."
    decided, found = DECISIONS.get(report.night.decision, report.night.decision), len(report.night.objections)
    return f"{decided}: {counted(found, 'objection') if found else 'no objection'}"


def coverage_line(report: DailyReport) -> str:
    """Say how many series of bars are stored, how new they are and how many gaps they have."""
    if not report.coverage:
        return "No bars are stored."
    newest, gaps = max(line.last for line in report.coverage), sum(line.gaps for line in report.coverage)
    return f"{len(report.coverage)} series, the newest bar opened {moment(newest)}, {counted(gaps, 'gap')}"


def summary_lines(report: DailyReport) -> tuple[str, ...]:
    """Sum the report up for a terminal.

    Returns
    -------
    About a dozen lines of plain text, one more for each reason and each objection
        Nothing that a reason from outside may hold breaks a line or steers the terminal.
    """
    rows = (
        ("Account", f"{report.account} on {report.venue}, {moment(report.at)}"),
        *((("", SYNTHETIC),) if report.synthetic else ()),
        ("Verdict", f"{report.verdict}: {meaning(report.verdict)}"),
        *(("", reason) for reason in report.verdict_reasons),
        ("Equity", _equity(report)),
        ("Money", _money(report)),
        ("Positions", _positions(report)),
        ("Orders", _orders(report)),
        ("Trades", _trades(report)),
        *_decided(report),
        ("Data", coverage_line(report)),
    )
    return tuple(_printable(f"{label:<10} {words}") for label, words in rows)


def _printable(line: str) -> str:
    return "".join(character if character.isprintable() else " " for character in line)


def _equity(report: DailyReport) -> str:
    change = day_change(report)
    if change is None:
        return "No equity has been recorded yet."
    moved = f"{signed(change.amount)} ({signed_percent(change.fraction)}) since {moment(change.since)}"
    return f"{money(report.equity_now)} {QUOTE}, {moved}, {percent(from_peak(report))} from the peak"


def _money(report: DailyReport) -> str:
    parts = contributions(report)
    if not any(parts.values()):
        return "No money has moved yet."
    each = ", ".join(f"{label.lower()} {signed(amount)}" for label, amount in parts.items())
    return f"{signed(sum(parts.values(), Decimal(0)))} {QUOTE}: {each}"


def _positions(report: DailyReport) -> str:
    if not report.positions:
        return "No position is open."
    gross, net = exposure(report)
    return f"{len(report.positions)} open, gross {percent(gross)} and net {percent(net)} of equity"


def _orders(report: DailyReport) -> str:
    states = Counter(order.state for order in report.orders)
    each = ", ".join(f"{number:,} {state}" for state, number in sorted(states.items()))
    return f"{len(report.orders):,} decided: {each}" if states else "No order was decided."


def _trades(report: DailyReport) -> str:
    if not report.trades:
        return "No trade was closed."
    return f"{len(report.trades):,} closed so far, profit {signed(profit(report))} {QUOTE} before fees and funding"


def _decided(report: DailyReport) -> tuple[tuple[str, str], ...]:
    release, night, figures = report.release, report.night, report.model.metrics
    yearly = f"{signed_percent(figures.cagr)} a year, deepest drawdown {percent(figures.max_drawdown)}"
    return (
        ("Live", f"{release.fingerprint[:12]}, {release.stage} since {moment(release.since)} by {release.by}"),
        ("", release.reason),
        ("Sleeves", release.sleeves),
        ("Night", night_line(report)),
        *(("", f"- {objection}") for objection in (night.objections if night else ())),
        ("Backtest", f"not the account: Sharpe {ratio(figures.sharpe)}, {yearly}" if report.model.days else "No day yet."),
    )
