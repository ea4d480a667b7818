"""Telling: what happened, on the flow run's own page."""

from pathlib import Path

from prefect import get_run_logger, task
from prefect.artifacts import (
    create_image_artifact,
    create_link_artifact,
    create_markdown_artifact,
    create_table_artifact,
)
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from core.errors import ExchangeUnavailable
from core.reporting.account_returns import EquityPoint
from core.reporting.daily import DailyReport
from core.reporting.ingested import Ingested
from core.reporting.night import Night
from core.reporting.notices import night_notice, report_notice
from core.reporting.tick import Tick
from core.reporting.tick_story import is_news, is_turn, order_rows, position_rows, story
from tasks import clock
from tasks.desk import DAY, Desk
from tasks.notifying import notify
from tasks.patience import within
from tasks.pictures import account_picture, data_url, night_picture
from tasks.report_text import summary_lines
from tasks.steps import step
from tasks.whole_files import write_whole

PATIENCE_SECONDS = 5.0
"""How long a tick waits for its page to be drawn, and for Prefect to take it."""

PICTURED_FLOW = "trade"
"""A tick within another flow, such as a rehearsal's, has no page of its own to picture."""

PICTURED_DAYS, PICTURED_LOOKS = 30, 120
"""What the picture of a tick shows: so many looks at the account, evenly over so many days."""


@step
def tell_tick(desk: Desk, tick: Tick) -> Tick:
    """Publish a tick that did something or was held back; a quiet minute leaves no artifact.

    Everything has been traded and stored by now, so a server that does not answer costs the page, not the tick.
    """
    try:
        within(PATIENCE_SECONDS, lambda: _publish(desk, tick))
    except Exception as error:  # noqa: BLE001 - whatever Prefect's server made of it
        get_run_logger().warning("this tick has no page: %s: %s", type(error).__name__, error)
    return tick


def _publish(desk: Desk, tick: Tick) -> None:
    """Tell the story first and draw last: what Prefect has taken by the end of the patience stays."""
    if not is_news(tick):
        return
    create_markdown_artifact(key="verdict", markdown=story(tick))
    if tick.orders:
        of = f"{tick.decision_time:%Y-%m-%d %H:%M} UTC"
        create_table_artifact(key="orders", table=order_rows(tick), description=f"Orders of the decision of {of}")
    if rows := position_rows(tick):
        create_table_artifact(key="positions", table=rows, description="Positions beside their targets, of equity")
    if is_turn(tick) and flow_run.flow_name == PICTURED_FLOW:
        says = f"The account over {PICTURED_DAYS} days, up to {tick.at:%Y-%m-%d %H:%M} UTC"
        create_image_artifact(image_url=data_url(account_picture(_looks(desk))), key="equity", description=says)


def _looks(desk: Desk) -> list[EquityPoint]:
    """Return the first look after each of evenly spaced moments, and the last: a year of minutes is too long to read."""
    moments = [desk.now - DAY * PICTURED_DAYS * (1 - k / PICTURED_LOOKS) for k in range(PICTURED_LOOKS)]
    equity = desk.store.equity
    with desk.store.trading.read():
        seen = [equity.last(desk.account), *(equity.first_since(desk.account, moment) for moment in moments)]
    looks = {look.at: EquityPoint(look.at, look.equity, look.transferred) for look in seen if look}
    return [looks[at] for at in sorted(looks)]


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
    """Publish the decision with every objection, the folds, their picture, and where the page lies; then say so."""
    why = "\n".join(f"- {line}" for line in night.objections) or "- no objection"
    figures = f"Sharpe {night.is_sharpe:.2f} in sample, {night.oos_sharpe:.2f} out of sample, {night.trials_in_all} trials"
    place = f"\n\n{_place(Path(night.page))}" if night.page else ""
    create_markdown_artifact(
        key="night", markdown=f"# {night.decision}\n\n{why}\n\n{figures}\n\nRelease `{night.release[:12]}`{place}"
    )
    folds = [_fold_row(k, *fold) for k, fold in enumerate(night.fold_sharpes, 1)]
    if folds:
        create_table_artifact(key="folds", table=folds, description="Sharpe ratio of each fold, net and per year")
    picture = _night_pictured(night)
    if night.page:
        _link("validation", Path(night.page), "The night's validation page")
    name = Path(night.page).stem if night.page else night.release
    notify(night_notice(night, clock.now(), name=name, picture=picture))
    return night


@task(cache_policy=NO_CACHE)
def tell_report(report: DailyReport, path: Path, pictures: tuple[Path, ...]) -> None:
    """Publish the summary, the pictures and where the page lies; then say so."""
    text = "\n".join(summary_lines(report))
    create_markdown_artifact(key="report", markdown=f"```\n{text}\n```\n\n{_place(path)}")
    for key, picture in zip(("account", "exposure"), pictures, strict=True):
        create_image_artifact(image_url=data_url(picture.read_bytes()), key=key, description=f"The {key}, `{picture}`")
    _link("page", path, "The whole report")
    notify(report_notice(report, picture=str(pictures[0].absolute()) if pictures else ""))


def _night_pictured(night: Night) -> str:
    """Draw and publish the folds; return where the picture lies. A night is not undone because it could not be drawn."""
    try:
        png = night_picture(night)
        create_image_artifact(image_url=data_url(png), key="fold-picture", description="Sharpe ratio of each fold")
        return str(write_whole(png, Path(night.page).with_suffix(".png")).absolute()) if night.page else ""
    except Exception as error:  # noqa: BLE001 - whatever is wrong with fonts, disk or server
        get_run_logger().warning("this night has no picture: %s: %s", type(error).__name__, error)
        return ""


def _link(key: str, page: Path, text: str) -> None:
    """Publish a link with its path in words: a browser on another machine cannot open it."""
    place = page.absolute()
    create_link_artifact(key=key, link=place.as_uri(), link_text=text, description=_place(page))


def _place(page: Path) -> str:
    return f"The page lies on the machine of this run: `{page.absolute()}`"


def _fold_row(number: int, found: float, followed: float) -> dict[str, str]:
    return {"fold": str(number), "in sample": f"{found:.2f}", "out of sample": f"{followed:.2f}"}
