"""Telling: what happened, on the flow run's own page."""

from pathlib import Path
from typing import Any

from prefect import get_run_logger, task
from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.events import emit_event

from core.errors import ExchangeUnavailable
from core.execution.intents import Intent
from core.reporting.daily import DailyReport
from core.reporting.ingested import Ingested
from core.reporting.night import Night
from core.reporting.tick import Tick
from core.risk.alarms import Alarm
from tasks.desk import Desk
from tasks.patience import within
from tasks.report_text import summary_lines
from tasks.steps import step

PATIENCE_SECONDS = 5.0
"""How long a tick waits for Prefect to take its page."""


@step
def tell_tick(desk: Desk, tick: Tick) -> Tick:
    """Publish a tick that did something or was held back; a quiet minute leaves no artifact.

    Everything has been traded and stored by now, so a server that does not answer costs the page, not the tick.
    """
    for alarm in tick.alarms:
        emit_event(event=f"tradewind.alarm.{'raised' if alarm.raised else 'cleared'}", **_about(alarm))
    desk.store.alarms.tell(tick.alarms)
    try:
        within(PATIENCE_SECONDS, lambda: _publish(tick))
    except Exception as error:  # noqa: BLE001 - whatever Prefect's server made of it
        get_run_logger().warning("this tick has no page: %s: %s", type(error).__name__, error)
    return tick


def _publish(tick: Tick) -> None:
    if tick.orders:
        create_table_artifact(
            key="orders",
            table=[_order_row(order) for order in tick.orders],
            description=f"Orders of the decision of {tick.decision_time:%Y-%m-%d %H:%M} UTC",
        )
    if tick.reasons or tick.skipped:
        lines = "\n".join(f"- {line}" for line in (*tick.reasons, *tick.skipped))
        create_markdown_artifact(key="verdict", markdown=f"**{tick.verdict}**\n\n{lines}")


def _about(alarm: Alarm) -> dict[str, Any]:
    resource = {"prefect.resource.id": f"tradewind.account.{alarm.account}", "prefect.resource.name": alarm.account}
    return {"resource": resource, "payload": {"rule": alarm.rule, "verdict": alarm.verdict.name, "text": alarm.text}}


@task(cache_policy=NO_CACHE)
def tell_ingested(ingested: Ingested) -> Ingested:
    """Publish what came; fail loudly, after everything else was stored, when something did not.

    Raises
    ------
    ExchangeUnavailable
        When a symbol could not be fetched.
    """
    text = f"{ingested.venue}: {ingested.symbols} symbols, {ingested.new_bars} new bars, {ingested.new_funding} new settlements"
    if ingested.differing:
        text += f"\n\n{ingested.differing} rows differ from what is stored; the stored ones were kept"
    create_markdown_artifact(key="ingest", markdown=text)
    if ingested.failed:
        raise ExchangeUnavailable(f"{len(ingested.failed)} fetches failed, the rest is stored; first: {ingested.failed[0]}")
    return ingested


@task(cache_policy=NO_CACHE)
def tell_night(night: Night) -> Night:
    """Publish the decision with every objection, and where its page lies."""
    why = "\n".join(f"- {line}" for line in night.objections) or "- no objection"
    figures = f"Sharpe {night.is_sharpe:.2f} in sample, {night.oos_sharpe:.2f} out of sample, {night.trials_in_all} trials"
    create_markdown_artifact(
        key="night", markdown=f"# {night.decision}\n\n{why}\n\n{figures}\n\nRelease `{night.release[:12]}`"
    )
    if night.page:
        create_link_artifact(
            key="validation", link=Path(night.page).absolute().as_uri(), link_text="The night's validation page"
        )
    return night


@task(cache_policy=NO_CACHE)
def tell_report(report: DailyReport, path: Path) -> None:
    """Publish the summary and where the page lies."""
    text = "\n".join(summary_lines(report))
    create_markdown_artifact(key="report", markdown=f"```\n{text}\n```\n\nThe page: `{path}`")


def _order_row(order: Intent) -> dict[str, str]:
    return {
        "symbol": order.symbol,
        "leg": order.leg,
        "side": order.side,
        "quantity": str(order.quantity),
        "state": order.state.value,
        "reason": order.reason,
    }
