"""A backtest as one HTML page. The same result gives the same bytes.

Tested in tests/tasks/test_backtest_page.py.
"""

import json

from core.deploy.release import Release
from core.reporting.backtested import Backtested
from tasks.backtest_charts import SHADES, equity_figure, turnover_figure
from tasks.html_page import page

MOST_SYMBOLS = 10
"""So many of the most and of the least profitable symbols are told, if there are more than twice as many."""


def render(done: Backtested, release: Release, *, name: str, code_version: str) -> str:
    """Draw the page; see `tasks.html_page.page`.

    Parameters
    ----------
    name : under which the result is kept
    code_version : `tasks.version.core_version` of the code that ran it
    """
    figures = {"equity-curve": equity_figure(done.detail), "turnover-bars": turnover_figure(done.detail)}
    return page(
        "backtested.html.j2",
        figures,
        done=done,
        shades=SHADES,
        symbols=_extremes(done),
        settings=json.dumps(release.model_dump(mode="json"), indent=2),
        labels={"Result": name, "Release": done.release, "Data": done.data_hash, "Code": code_version},
    )


def _extremes(done: Backtested) -> tuple[int, int]:
    """Return how many symbols to tell from the top, and how many from the bottom."""
    count = len(done.detail.symbols)
    return (count, 0) if count <= 2 * MOST_SYMBOLS else (MOST_SYMBOLS, MOST_SYMBOLS)
