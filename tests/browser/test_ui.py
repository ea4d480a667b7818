"""Prefect's UI after `tradewind up`, as an operator sees it: in a browser, on a market that the simulated exchange serves."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from tasks.project import declared_deployments, project_root

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]  # the first one waits for everything to come up
SYMBOL = "SYN01USDT"
ENDED = re.compile("Completed|Failed|Crashed|Cancelled")


def test_every_declared_deployment_is_there_and_ready(page, keep):
    declared = {one["name"] for one in declared_deployments(project_root())}
    open_deployments(page, len(declared))
    for _ in range(20):  # a worker says that it is there some seconds after it has started
        if not page.get_by_text("Not Ready").count():
            break
        page.wait_for_timeout(3_000)
        open_deployments(page, len(declared))
    for name in declared:
        row = page.locator("tr", has=page.get_by_role("link", name=name, exact=True))
        assert row.get_by_text("Ready", exact=True).is_visible()
    keep("deployments")


def test_a_backfill_runs_from_its_form_and_leaves_an_artifact(page, keep):
    name = "asked-for-in-the-browser"
    open_deployments(page)
    page.get_by_role("link", name="backfill", exact=True).first.click()
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_text("Custom run").click()
    page.locator(".flow-run-name-input input").fill(name)
    page.get_by_text("Bars that open before this").first.wait_for()  # the docstring's help is on the form
    day = datetime.now(UTC) - timedelta(days=135)  # before what has been ingested
    choose_moment(page, "start", day)
    choose_moment(page, "end", day + timedelta(days=3))
    list_one(page, "symbols", SYMBOL)
    keep("form")
    page.get_by_role("button", name="Submit").press("Enter")
    page.wait_for_url("**/deployments/deployment/*tab=*")  # the form has been taken

    open_run(page, name)
    assert ended(page) == "Completed"
    page.locator("#parameters").click()
    page.get_by_text(f"{day:%Y-%m-%d}").first.wait_for()
    page.get_by_text(SYMBOL).first.wait_for()
    open_artifacts(page)
    keep("backfill")
    page.locator(".artifact-card", has_text="MARKDOWN").first.click()
    page.get_by_text("Show raw data").wait_for()
    assert re.search(r"\b72\b", page.locator("body").inner_text()), "three days of hourly bars are new"
    keep("artifact")


def test_the_first_tick_decides_and_tells_it_on_its_page(page, keep):
    page.goto("/runs")
    ticks = page.locator(".flow-run-list-item, .p-list-item", has_text="trade").filter(has_text="Completed")
    ticks.first.wait_for(timeout=240_000)
    keep("runs")
    ticks.last.locator("a[href*='/runs/flow-run/']").first.click()
    assert ended(page) == "Completed"
    open_artifacts(page)
    keep("tick")


def open_deployments(page, count=None):
    """Open the list, all of it on one page; it shows ten otherwise."""
    page.goto("/deployments?limit=100")
    page.get_by_text(re.compile(rf"^{count or '[0-9]+'} Deployments$")).wait_for()


def open_artifacts(page):
    page.locator("#artifacts").click()
    page.locator(".artifact-card").first.wait_for()


def field(page, label):
    """The part of a run form that belongs to one parameter."""
    named = page.locator(".schema-form-property__label", has_text=re.compile(rf"^\s*{label}( \(Optional\))?\s*$"))
    return page.locator(".schema-form-property", has=named)


def choose_moment(page, label, day):
    field(page, label).locator(".p-date-button__control").first.click()
    calendar = page.locator(".p-pop-over-content", has=page.get_by_role("button", name="Apply"))
    calendar.locator("input[type=date]").fill(f"{day:%Y-%m-%d}")
    calendar.locator("input[type=time]").fill("00:00")
    calendar.get_by_role("button", name="Apply").click()
    field(page, label).get_by_text(f"{day:%Y-%m-%dT00:00}").wait_for()


def list_one(page, label, text):
    part = field(page, label)
    part.get_by_role("button", name="list", exact=True).click()
    part.get_by_role("button", name="Add item").click()
    part.locator("textarea").first.fill(text)


def open_run(page, name):
    page.goto("/runs")
    page.get_by_role("link", name=name).first.click()
    page.locator("#logs").wait_for()


def ended(page):
    """Watch the state in the page's heading until the run has ended."""
    badge = page.locator(".page-heading, .p-layout-default__header, main").get_by_text(ENDED).first
    badge.wait_for(timeout=180_000)
    return badge.inner_text().strip()
