"""What a report, a night, a change of stage and a watch have to say. Titles are short, texts are for a phone."""

from datetime import datetime, timedelta

from core.deploy.moves import StageChange
from core.notify.notice import Notice, Severity
from core.reporting.account_returns import change_since, from_peak
from core.reporting.daily import DailyReport
from core.reporting.night import Night
from core.reporting.watched import Watched, headline, lines

SHOWN = 8
"""Objections named; the page has all."""

_DONE = {"promote": "promoted", "demote": "demoted", "rollback": "rolled_back"}


def report_notice(report: DailyReport, *, picture: str) -> Notice:
    """Say that a day's report is written, with what a phone has room for; written twice, it is told once."""
    change = change_since(report.equity, report.at - timedelta(days=1))
    moved = f"{change.amount:+,.2f} USDT ({change.fraction:+.2%})" if change else "no equity yet"
    gross = sum(abs(line.weight) for line in report.positions)
    return Notice(
        id=f"report.{report.account}.{report.at:%Y-%m-%d}",
        event="report.written",
        at=report.at,
        severity=Severity.INFO,
        resource=f"account.{report.account}",
        title=f"{report.at:%d %B %Y}: {moved}",
        text="\n".join((f"{report.verdict} on {report.venue}", *report.verdict_reasons)),
        fields=(
            ("equity", f"{report.equity_now:,.2f} USDT"),
            ("drawdown", f"{from_peak(report.equity):.2%}"),
            ("exposure", f"{gross:.1%} gross, {len(report.positions)} positions"),
            ("orders", f"{len(report.orders)} in the day"),
            ("market", report.market.regime if report.market else "unknown"),
        ),
        picture=picture,
    )


def night_notice(night: Night, at: datetime, *, name: str, picture: str) -> Notice:
    """Say what a night decided and what spoke against it.

    Parameters
    ----------
    name : under which the night is kept
    """
    deployed = night.decision == "deploy"
    more = len(night.objections) - SHOWN
    why = [*(f"- {line}" for line in night.objections[:SHOWN]), *([f"and {more} more"] if more > 0 else [])]
    return Notice(
        id=f"night.{name}",
        event="optimize.decided",
        at=at,
        severity=Severity.WARNING if deployed else Severity.INFO,
        resource=f"release.{night.release[:12]}",
        title=f"the night deployed {night.release[:12]}" if deployed else f"the night holds: {_objections(night)}",
        text="\n".join(why),
        fields=(
            ("decision", night.decision),
            ("Sharpe in sample", f"{night.is_sharpe:.2f}"),
            ("Sharpe out of sample", f"{night.oos_sharpe:.2f}"),
            ("objections", str(len(night.objections))),
            ("trials", f"{night.trials_in_all:,}"),
        ),
        picture=picture,
    )


def change_notice(change: StageChange, at: datetime) -> Notice | None:
    """Say that what is live has changed; None when it has not."""
    if change.decision != "done":
        return None
    did = _DONE[change.action]
    return Notice(
        id=f"release.{did}.{change.release[:12]}.{at:%Y%m%dT%H%M%S%f}",
        event=f"release.{did}",
        at=at,
        severity=Severity.WARNING,
        resource=f"release.{change.release[:12]}",
        title=f"{did.replace('_', ' ')}: {change.release[:12]} is at {change.stage}",
        text=change.reason,
        fields=(
            ("stage", change.stage),
            ("release", change.release[:12]),
            ("before", f"{change.release_before[:12]} at {change.stage_before}"),
        ),
    )


def watch_notice(done: Watched) -> Notice | None:
    """Say what the watch found; None when it found nothing. Looked at twice, it is told once."""
    if not done.findings:
        return None
    return Notice(
        id=f"watch.{done.release[:12]}.{done.stage}.{done.until:%Y-%m-%d}.{done.action}",
        event=f"watch.{done.action}",
        at=done.until,
        severity=Severity.WARNING,
        resource=f"release.{done.release[:12]}",
        title=headline(done),
        text="\n".join(f"- {line}" for line in lines(done)),
        fields=(("action", done.action), ("stage", done.stage), ("did", done.did)),
    )


def _objections(night: Night) -> str:
    count = len(night.objections)
    return f"{count} objection{'s' * (count != 1)}"
