"""The page of a backtest says everything the result holds, asks nobody for anything, and is the same twice."""

import json
import re
from dataclasses import replace
from html import unescape

import plotly.graph_objects as go
import pytest
from plotly.offline import get_plotlyjs

from core.market.timeframe import DAY, utc
from core.portfolio import prepare, run
from core.regimes import Regime
from core.reporting.backtest_result import backtested, stretch
from core.reporting.periods import periods
from tasks.backtest_charts import SHADES, equity_figure, turnover_figure
from tasks.backtest_page import MOST_SYMBOLS, render
from tasks.report_text import SYNTHETIC, percent, ratio, signed_percent
from tests.core.panels import START, holey, small_release

HOSTILE = "</script><script>alert('x')</script><img src=http://evil.example/x.png>"


@pytest.fixture(scope="module")
def played():
    """A release and its result over two years of twelve-hourly bars, with two periods compared."""
    panel = holey(41, bars=1500, width=7, timeframe="12h")
    release = small_release(panel, book_start_row=60, universe={"top": 5, "min_listed_days": 6, "liquidity_days": 3})
    market = prepare(panel, release)
    paths = run(market, release)
    done = backtested(market, release, paths, panel)
    placed = periods(("6m", "9y"), done.start, done.end)
    return release, replace(done, periods=tuple(stretch(period, market, paths) for period in placed))


@pytest.fixture(scope="module")
def page(played):
    release, done = played
    return outside_plotly(render(done, release, name="ab12cd34ef56", code_version="0123456789ab"))


def outside_plotly(html):
    return html.replace(get_plotlyjs(), "")


def shown(number):
    return number.replace("-", "−")


def test_the_sections_stand_in_the_order_they_are_read(page):
    assert re.findall(r"<h2>([^<]*?)<", page) == [
        "Equity and drawdown", "Periods compared", "Market regimes", "Costs", "Trades", "What each symbol brought",
        "What was tested",
    ]  # fmt: skip


def test_every_figure_of_the_result_is_on_the_page(played, page):
    _, done = played
    m = done.metrics
    assert all(shown(ratio(x)) in page for x in (m.sharpe, m.sortino, m.calmar, m.lo_sharpe, done.trades.profit_factor))
    assert all(shown(percent(x)) in page for x in (m.max_drawdown, m.volatility, m.turnover_per_day, done.trades.hit_rate))
    assert all(shown(signed_percent(x.cagr)) in page for x in done.costs.left)
    assert all(shown(percent(x.total)) in page for x in (*done.costs.lines, done.costs.together))
    assert all(x.regime.title in page and shown(signed_percent(x.annual_return)) in page for x in done.regimes)
    assert all(x.name in page and shown(ratio(x.metrics.sharpe)) in page for x in (*done.benchmarks, *done.periods))
    assert all(
        f'<th scope="row">{x.symbol}</th>' in page and shown(signed_percent(x.profit)) in page for x in done.detail.symbols
    )
    assert all(shown(signed_percent(x.profit)) in page for x in (*done.detail.best, *done.detail.worst))
    assert all(f'<th scope="row">{x.year}</th>' in page for x in done.sheet.years)
    assert all(f"<li>{note}</li>" in page for note in done.notes)


def test_a_period_that_was_shortened_says_so(page):
    assert page.count('<span class="muted">shortened</span>') == 1
    assert "A shortened period is longer than the range." in page


def test_the_page_holds_the_whole_configuration_and_every_fingerprint(played, page):
    release, done = played
    settings = re.search(r"<pre>(.*?)</pre>", page, re.DOTALL)[1]
    assert json.loads(unescape(settings)) == release.model_dump(mode="json")
    assert all(name in page for name in ("ab12cd34ef56", "0123456789ab", done.release, done.data_hash))


def test_the_page_asks_nobody_for_anything(page):
    assert not re.search(r"""(src|href|srcset|action|data)\s*=\s*["']|url\(|@import|<link|<iframe|<object""", page)
    assert "http:" not in page
    assert "https:" not in page
    assert "default-src 'none'" in page


def test_the_same_result_gives_the_same_bytes(played):
    release, done = played
    assert render(done, release, name="a", code_version="b") == render(done, release, name="a", code_version="b")


def test_what_a_stranger_wrote_is_escaped_wherever_it_stands(played):
    release, done = played
    detail = replace(
        done.detail,
        symbols=(replace(done.detail.symbols[0], symbol=HOSTILE),),
        best=(replace(done.detail.best[0], symbol=HOSTILE),),
    )
    hostile = replace(done, venue=HOSTILE, strategy=HOSTILE, notes=(HOSTILE,), detail=detail)
    html = outside_plotly(render(hostile, release.model_copy(update={"venue": HOSTILE}), name=HOSTILE, code_version=HOSTILE))
    assert "<script>alert" not in html
    assert "<img" not in html
    assert html.count("</script>") == 2


def test_only_a_synthetic_market_carries_the_banner(played, page):
    release, done = played
    assert SYNTHETIC not in page
    assert SYNTHETIC in render(replace(done, synthetic=True), release, name="a", code_version="b")


def test_a_book_that_never_traded_speaks_in_sentences():
    panel = holey(42, bars=200, width=3)
    release = small_release(panel, caps={"gross": 0.0})
    market = prepare(panel, release)
    html = render(backtested(market, release, run(market, release), panel), release, name="a", code_version="b")
    assert "<p>The book never traded.</p>" in html
    assert "Periods compared" not in html
    assert "What each symbol brought" not in html


def test_many_symbols_are_told_from_both_ends(played):
    release, done = played
    lines = tuple(replace(done.detail.symbols[0], symbol=f"C{i:03}", profit=0.5 - i / 100) for i in range(100))
    html = render(replace(done, detail=replace(done.detail, symbols=lines)), release, name="a", code_version="b")
    assert f"The {MOST_SYMBOLS} most and the {MOST_SYMBOLS} least profitable; the sums are of all." in html
    assert all((f">C{i:03}<" in html) is (i < MOST_SYMBOLS or i >= 100 - MOST_SYMBOLS) for i in range(100))


def test_plotly_accepts_the_figures(played):
    detail = played[1].detail
    equity = equity_figure(detail)
    drawn = go.Figure(equity["data"], equity["layout"])
    assert len(drawn.data) == 2 * len(detail.curves)
    assert len(drawn.layout.shapes) == sum(spell.regime in SHADES for spell in detail.spells) > 0
    turnover = turnover_figure(detail)
    assert len(go.Figure(turnover["data"], turnover["layout"]).data[0].y) == len(detail.months)


def test_the_shading_of_a_spell_reaches_to_the_end_of_its_last_day(played):
    detail = played[1].detail
    known = [spell for spell in detail.spells if spell.regime is not Regime.UNKNOWN]
    shapes = equity_figure(detail)["layout"]["shapes"]
    assert [shape["x1"] for shape in shapes[:-1]] == [f"{spell.first}" for spell in known[1:]]


def test_one_day_makes_no_curve(played):
    detail = played[1].detail
    day = replace(detail, days=(utc(START // DAY * DAY),), months=detail.months[:1])
    assert (equity_figure(day), turnover_figure(day)) == (None, None)
