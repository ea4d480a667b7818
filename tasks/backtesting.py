"""Backtests: run over stored bars, kept as a result, drawn as a page.

Tested in tests/flows/test_cli_backtest.py.
"""

import json
from dataclasses import replace
from datetime import datetime, timedelta

from core.backtest.benchmarks import bitcoin_column
from core.deploy.release import Release
from core.market.panel import Panel
from core.portfolio import Market, run
from core.reporting.backtest_result import backtested, stretch
from core.reporting.backtested import Stretch
from core.reporting.notes import require_history
from core.reporting.outcomes import Kept
from core.reporting.periods import Period, periods
from core.reporting.regime_labels import HISTORY_DAYS
from tasks import clock
from tasks.backtest_page import render
from tasks.html_page import write_page
from tasks.progress import Counter
from tasks.research import load_market
from tasks.results import keep, result_path
from tasks.stores import store
from tasks.version import core_version


def backtest(release: Release, end: datetime | None, compared: tuple[str, ...] = ()) -> Kept:
    """Run one release over stored bars, once more over each period to compare, and keep the result with its page.

    Raises
    ------
    ConfigError
        When everything looks back further than the bars go.
    """
    started, counter = clock.now(), Counter("bars, book, periods, page", 3 + len(compared))
    market = load_market(release, end)
    require_history(market, release)
    counter.step()
    whole = backtested(market, release, run(market, release), _regime_history(market, release, end))
    counter.step()
    placed = periods(compared, whole.start, whole.end)
    done = replace(whole, periods=tuple(_stretch(period, release, end, counter) for period in placed))
    name = keep({"release": json.loads(release.canonical_json), "request": {"periods": compared}}, done.flat, started)
    path = write_page(render(done, release, name=name, code_version=core_version()), result_path(name))
    counter.step()
    return Kept(name, done, str(path), (clock.now() - started).total_seconds())


def _regime_history(market: Market, release: Release, end: datetime | None) -> Panel:
    """Return the bars that tell the regimes: Bitcoin's where it is quoted, or everybody's, from long before the start."""
    bitcoin = bitcoin_column(market.panel.symbols)
    names = None if bitcoin is None else (market.panel.symbols[bitcoin],)
    start = release.book_start - timedelta(days=HISTORY_DAYS)
    return store().bars.panel(release.venue, release.timeframe, start, end, names)


def _stretch(period: Period, release: Release, end: datetime | None, counter: Counter) -> Stretch:
    """Run the release over a period as if it had been asked for by its start."""
    tested = release.model_copy(update={"book_start": period.start})
    market = load_market(tested, end)
    out = stretch(period, market, run(market, tested))
    counter.step()
    return out
