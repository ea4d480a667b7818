"""The report of a real paper account on recorded bars: every part of it says the same of the same money."""

from datetime import timedelta
from decimal import Decimal

import pytest
from prefect import Task

import flows.reconcile
import flows.trade
from storage.equity import Snapshot
from tasks import telling
from tasks.desk import open_desk
from tasks.report_page import render
from tasks.report_text import summary_lines
from tasks.reporting import draw_report, gather_report, report_path
from tasks.settings import settings
from tasks.stores import store
from tests.flows.conftest import home, market, stored  # noqa: F401
from tests.flows.recorded import START

FIRST = START + timedelta(days=40)
MINUTE = timedelta(minutes=1)
CENT = Decimal("0.01")


def tick(at):
    """One tick of the real flow; its steps are plain functions, and nothing is published."""
    with pytest.MonkeyPatch.context() as patch:
        for name, step in vars(flows.trade).copy().items():
            if isinstance(step, Task):
                patch.setattr(flows.trade, name, step.fn)
        patch.setattr(telling, "is_news", lambda _: False)
        assert flows.trade.trade.fn(at=at)


def gathered(at):
    """The report of the real flow, on reconciled books; its steps are plain functions, and nothing is published."""
    with pytest.MonkeyPatch.context() as patch:
        for name, step in vars(flows.reconcile).copy().items():
            if isinstance(step, Task):
                patch.setattr(flows.reconcile, name, step.fn)
        patch.setattr(flows.reconcile, "tell_reconciled", lambda found: found)
        return gather_report.fn(flows.reconcile.reconcile.fn(at=at), recorded=True)


def traded(hours):
    for hour in range(0, hours + 1, 8):
        tick(FIRST + timedelta(hours=hour))
    return gathered(FIRST + timedelta(hours=hours))


def test_every_part_of_the_report_says_the_same_of_the_same_money(stored, home):  # noqa: F811
    report = traded(32)
    balance = settings().paper_balance

    assert report.earned.change == pytest.approx(report.equity_now - balance, abs=CENT)
    for explained in (report.earned, report.earned_today):
        assert abs(explained.remainder) < CENT
    assert -report.earned.together.fees == report.fees
    assert -report.earned.together.funding == report.funding
    assert report.performance.total == pytest.approx(float(report.equity_now / balance) - 1)
    assert report.exposures.gross[-1] == pytest.approx(sum(abs(line.weight) for line in report.positions), abs=1e-3)
    assert report.beside.account[-1] == pytest.approx(1 + report.performance.total)
    assert abs(report.beside.apart) < 0.002, "the account follows the model's book"
    fees, slippage, _ = report.costs.lines
    assert fees.bps == pytest.approx(fees.model_bps, abs=0.05)
    assert slippage.model_bps > 0
    assert report.health.ticks.done == 4, "in the last day, on recorded bars"
    assert "Where the money came from" in render(report)

    pictures = draw_report.fn(report, report_path(report.at))
    assert [path.name for path in pictures] == ["2024-02-11.png", "2024-02-11-exposure.png"]
    assert all(path.stat().st_size > 5_000 for path in pictures)


def test_an_account_that_never_ticked_has_a_report_in_words(stored, home):  # noqa: F811
    report = gathered(FIRST)
    assert (report.earned, report.costs, report.beside, report.performance) == (None, None, None, None)
    assert report.equity_now == settings().paper_balance
    assert "No money has moved yet." in render(report)
    assert any("the trade flow has not run yet" in line for line in summary_lines(report))


def test_a_tick_is_pictured_by_few_looks_however_many_there_were(stored, home):  # noqa: F811
    with open_desk(None, settings().timeframe, FIRST) as desk:
        with store().trading.write():
            for minute in range(60):
                equity = Decimal(1000 + minute)
                store().equity.append(Snapshot(FIRST - minute * MINUTE, "paper", equity, equity, 0.0, "ALLOW", ""))
        looks = telling._looks(desk)
    assert looks[-1].at == FIRST
    assert len(looks) <= 3, "one of each quarter of a day"
