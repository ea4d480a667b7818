"""What a person sees of an installation: what it trades, what runs next, and what is wrong; and the row scripts read."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from core.operations.checkup import Finding, Outcome
from core.operations.standing import BAD_ENDS, FlowStanding, Standing, complaints

STYLES = {Outcome.OK: "green", Outcome.WARN: "yellow", Outcome.FAIL: "bold red", Outcome.SKIPPED: "dim"}


def row(standing: Standing) -> dict[str, Any]:
    """Return the standing as scripts read it."""
    age = standing.heartbeat_age
    return {
        "ok": not complaints(standing),
        "complaints": complaints(standing),
        **asdict(standing),
        "heartbeat_age_seconds": None if age is None else round(age.total_seconds(), 1),
    }


def page(standing: Standing, closing: str = "") -> RenderableType:
    """Return the page that `status` prints and `up` keeps up to date."""
    wrong = [Text(f"! {line}", style="red") for line in complaints(standing)]
    verdict: list[RenderableType] = list(wrong) or [Text("all is well", style="green")]
    parts: list[RenderableType] = [Text(), _facts(standing), Text()]
    if standing.flows:
        parts += [_flows(standing.flows), Text()]
    return Group(*parts, *verdict, *([Text(f"\n{closing}")] if closing else []))


def _facts(standing: Standing) -> Table:
    facts = Table.grid(padding=(0, 2))
    for name, said in (
        ("Prefect UI", standing.ui or "no server answers"),
        ("home", standing.home),
        ("up", f"process {standing.up.pid} since {_when(standing.up.since)} UTC" if standing.up else "not running"),
        ("live", f"release {standing.release[:12]} at stage {standing.stage}" if standing.release else "nothing yet"),
        ("account", _money(standing)),
        ("heartbeat", _heartbeat(standing)),
        ("notices", f"{standing.waiting} waiting to be delivered"),
    ):
        facts.add_row(name, Text(said))
    return facts


def _money(standing: Standing) -> str:
    money = standing.money
    if money is None:
        return "no tick yet"
    return f"{money.account}: {money.equity:,.2f} USDT, {money.verdict}, at {_when(money.at)} UTC"


def _heartbeat(standing: Standing) -> str:
    age = standing.heartbeat_age
    return "no tick yet" if age is None else f"{age.total_seconds():.0f} s ago"


def _flows(flows: tuple[FlowStanding, ...]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), expand=True)
    for title, ratio in (("flow", None), ("next run (UTC)", None), ("last run", None), ("what", 1)):  # the last one gives way
        table.add_column(title, no_wrap=True, ratio=ratio)
    for flow in flows:
        last = f"{flow.last_state} {_when(flow.last_at)}" if flow.last_at else ""
        style = "red" if flow.last_state in BAD_ENDS else ""
        table.add_row(flow.name, _next(flow), Text(last, style=style), Text(flow.description))
    return table


def _next(flow: FlowStanding) -> str:
    if flow.next_run:
        return _when(flow.next_run)
    if flow.due:
        return "not planned: see the server's log"
    return "paused" if flow.paused else "on demand"


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def finding(found: Finding) -> RenderableType:
    """Return one line of the doctor's, and what to do about it."""
    line = Text.assemble((f"{found.outcome.value:8}", STYLES[found.outcome]), f"{found.check:17}{found.said}")
    return Text("\n").join([line, Text(f"{'':25}-> {found.remedy}")]) if found.remedy else line


def verdict(found: Sequence[Finding]) -> RenderableType:
    """Return the doctor's last line."""
    count = {outcome: sum(one.outcome is outcome for one in found) for outcome in Outcome}
    if count[Outcome.FAIL]:
        return Text(f"\n{count[Outcome.FAIL]} checks failed, {count[Outcome.WARN]} warn", style="red")
    return Text(f"\nnothing failed, {count[Outcome.WARN]} warn", style="green")
