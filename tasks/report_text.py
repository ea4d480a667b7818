"""The daily report in words: how its numbers are written, what follows from them, and the terminal's summary.

Fractions are written as percent with two decimals, money with two, times in UTC. Nothing is ever written as minus zero, and a
ratio that is not a number is written "n/a".
"""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import isfinite

from core.reporting.account_returns import Change, change_since, from_peak
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


def bps(value: float | None) -> str:
    """Write basis points with one decimal."""
    return f"{value:z.1f}" if value is not None and isfinite(value) else "n/a"


def lasting(days: float) -> str:
    """Write a stretch of time in the unit it is told in: ``45 min``, ``7.5 h``, ``12.0 days``."""
    if days >= 2:
        return f"{days:,.1f} days"
    return f"{24 * days:.1f} h" if days >= 1 / 12 else f"{1440 * days:.0f} min"


def size(count: int) -> str:
    """Write a size on disk: ``798.7 kB``, ``12.3 MB``."""
    return f"{count / 1e6:,.1f} MB" if count >= 1e6 else f"{count / 1e3:,.1f} kB"


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
    """Return the change over the report's last 24 hours, or since the first look at a younger account."""
    return change_since(report.equity, report.at - timedelta(days=1))


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


def health_lines(report: DailyReport) -> tuple[str, ...]:
    """Say what was wrong with the machinery in the last day; empty when nothing was."""
    health = report.health
    gap = f", the longest gap {lasting((health.ticks.gap_minutes or 0) / 1440)}"
    raised, over = sum(alarm.raised for alarm in health.alarms), sum(not alarm.raised for alarm in health.alarms)
    found = (
        f"{counted(health.ticks.missed, 'minute')} without a tick{gap}" if health.ticks.missed else "",
        f"{health.failed_requests:,} of {counted(health.requests, 'request')} failed" if health.failed_requests else "",
        f"{counted(health.failed_orders, 'order')} rejected, dead or unknown" if health.failed_orders else "",
        f"{counted(raised, 'alarm')} raised, {over} cleared" if health.alarms else "",
        f"{counted(len(health.missing), 'symbol')} without the newest bar" if health.missing else "",
        *(f"{line.destination}: {counted(line.waiting, 'notice')} waiting" for line in health.notices if line.waiting),
    )
    return tuple(filter(None, found))


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
        ("Market", f"{report.market.regime}: {report.market.rule}" if report.market else "No bar to tell it from."),
        ("Data", coverage_line(report)),
        ("Health", "; ".join(health_lines(report)) or f"{counted(report.health.ticks.done, 'tick')} in a day, nothing failed"),
    )
    return tuple(_printable(f"{label:<10} {words}") for label, words in rows)


def _printable(line: str) -> str:
    return "".join(character if character.isprintable() else " " for character in line)


def _equity(report: DailyReport) -> str:
    change = day_change(report)
    if change is None:
        return "No equity has been recorded yet."
    moved = f"{signed(change.amount)} ({signed_percent(change.fraction)}) since {moment(change.since)}"
    return f"{money(report.equity_now)} {QUOTE}, {moved}, {percent(from_peak(report.equity))} from the peak"


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
