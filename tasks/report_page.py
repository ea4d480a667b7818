"""The daily report as one HTML page. The same report gives the same bytes.

Tested in tests/tasks/test_report_page.py.
"""

from core.reporting.daily import DailyReport
from tasks.html_page import page
from tasks.report_charts import account_figure, beside_figure, exposure_figure, model_figure, monthly_returns

MOST_TRADES = 50
"""Closed trades are listed from the newest, up to so many; the page says when there are more."""


def render(report: DailyReport) -> str:
    """Draw the page; see `tasks.html_page.page`."""
    figures = {
        "account-curve": account_figure(report.equity),
        "beside-curve": beside_figure(report.beside),
        "exposure-curve": exposure_figure(report.exposures),
        "backtest-curve": model_figure(report.model),
    }
    return page("report.html.j2", figures, report=report, most_trades=MOST_TRADES, years=monthly_returns(report.model))
