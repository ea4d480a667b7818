"""The page says everything the report holds, asks nobody for anything, and is written whole or not at all."""

import errno
import os
import re
import resource
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import plotly.graph_objects as go
import pytest
from plotly.offline import get_plotlyjs

from core.backtest.metrics import Metrics, metrics
from core.errors import StoreError
from core.execution.orders import Fill
from core.reporting.account_costs import AccountCosts, CostLine
from core.reporting.account_returns import EquityPoint, from_peak, performance
from core.reporting.beside import Beside
from core.reporting.daily import (
    CoverageLine,
    DailyReport,
    ModelCurve,
    NightLine,
    OrderLine,
    PositionLine,
    ReleaseLine,
    WatchLine,
)
from core.reporting.earnings import Stand, earnings
from core.reporting.exposures import Exposures
from core.reporting.health import AlarmLine, Health, Ticks, WaitingLine
from core.reporting.market_state import MarketState, SpellLine
from core.reporting.trade_stats import TradeLine, trade_stats
from tasks.html_page import write_page
from tasks.report_charts import (
    MOST_POINTS,
    account_figure,
    beside_figure,
    exposure_figure,
    model_figure,
    monthly_returns,
)
from tasks.report_page import render
from tasks.report_text import (
    SYNTHETIC,
    contributions,
    day_change,
    lasting,
    money,
    price,
    profit,
    quantity,
    signed,
    size,
    summary_lines,
)

AT = datetime(2025, 11, 21, 0, 10, tzinfo=UTC)
DAY = timedelta(days=1)
HOSTILE = "</script><script>alert('x')</script><img src=http://evil.example/x.png>"


def model(days=700):
    start = datetime(2023, 12, 15, tzinfo=UTC)
    net = np.random.default_rng(3).normal(0.0009, 0.013, days)
    opens = np.array([round((start + i * DAY).timestamp() * 1000) for i in range(days)])
    return ModelCurve(
        tuple(start + i * DAY for i in range(days)),
        tuple(np.cumprod(1 + net).tolist()),
        metrics(net, np.full(days, 0.31), opens),
    )


def account(days=60):
    steps = np.random.default_rng(5).normal(0.0006, 0.004, days * 6)
    values = (10_000 * np.cumprod(1 + steps)).tolist()
    times = [AT - timedelta(hours=4) * i for i in reversed(range(days * 6))]
    return tuple(EquityPoint(at, Decimal(f"{value:.4f}")) for at, value in zip(times, values, strict=True))


def position(symbol, quantity, entry, mark, weight, target):
    q, e, m = Decimal(quantity), Decimal(entry), Decimal(mark)
    return PositionLine(symbol, q, e, m, q * (m - e), weight, target)


def trade(symbol, quantity, entry, leave, hours):
    q, e, x = Decimal(quantity), Decimal(entry), Decimal(leave)
    return TradeLine(symbol, q, AT - timedelta(hours=hours), AT - timedelta(hours=3), e, x, q * (x - e))


def closed():
    return (
        trade("ETHUSDT", "-0.110", "3050.20", "3011.42", 51),
        trade("XRPUSDT", "1200", "2.1044", "2.0911", 30),
        trade("BTCUSDT", "0.012", "88900.5", "91700.0", 120),
    )


def booked(symbol, side, quantity, price, fee, kind="trade"):
    return Fill("paper", symbol, f"{side}{price}", "", side, Decimal(quantity), Decimal(price), Decimal(fee), kind, AT - DAY)


def earned():
    fills = [
        booked("BTCUSDT", "buy", "0.031", "91244.10", "1.55"),
        booked("ETHUSDT", "sell", "0.62", "3011.42", "1.02"),
        booked("ETHUSDT", "sell", "0.62", "0", "-0.33", "funding"),
    ]
    marks = {"BTCUSDT": Decimal("92101.55"), "ETHUSDT": Decimal("3040.07")}
    begin = Stand(AT - 60 * DAY, Decimal(10_000), {}, {})
    return earnings(begin, Stand(AT, Decimal("10006.50"), {}, marks), fills, {("BTCUSDT", "buy91244.10"): Decimal(91240)})


def health():
    return Health(
        ticks=Ticks(1438, 1440, 3.0, AT - timedelta(hours=5)),
        requests=20_160,
        failed_requests=4,
        failed_orders=3,
        alarms=(
            AlarmLine(AT - timedelta(hours=9), "stale_bars", True, "newest bar is 131 minutes old"),
            AlarmLine(AT - timedelta(hours=8), "stale_bars", False, "stale bars is over"),
        ),
        bars_from=AT - timedelta(minutes=10),
        missing=("XRPUSDT",),
        notices=(WaitingLine("discord", 2, "HTTP 500"), WaitingLine("prefect", 0, "")),
        disk=(("market.duckdb", 5_255_168), ("trading.duckdb", 798_720)),
    )


def fine():
    return Health(Ticks(9, None, None, None), 0, 0, 0, (), AT, (), (), ())


def curves():
    times = tuple(AT - 30 * DAY + timedelta(hours=8) * i for i in range(90))
    account = tuple(np.cumprod(1 + np.random.default_rng(7).normal(0, 0.004, 90)).tolist())
    up = tuple(np.random.default_rng(8).uniform(0, 0.5, 90).tolist())
    return (
        Beside(times, account, tuple(value * 1.001 for value in account)),
        Exposures(times, up, tuple(-value / 2 for value in up)),
    )


def full():
    decided = AT.replace(minute=0) - timedelta(hours=3)
    return DailyReport(
        at=AT,
        account="paper",
        venue="bybit-simulated",
        synthetic=False,
        verdict="ALLOW",
        verdict_reasons=(),
        equity=account(),
        realised=Decimal("412.3391"),
        fees=Decimal("38.112"),
        funding=Decimal("-6.4501"),
        positions=(
            position("BTCUSDT", "0.031", "91244.10", "92101.55", 0.2712, 0.28),
            position("ETHUSDT", "-0.62", "3011.42", "3040.07", -0.1790, -0.17),
            position("DOGEUSDT", "8210", "0.161234", "0.158802", 0.1238, None),
            position("SOLUSDT", "-9.4", "141.2205", "133.871", -0.1195, 0.0),
        ),
        orders=(
            OrderLine(decided, "BTCUSDT", "entry", "buy", Decimal("0.004"), "DONE", "filled"),
            OrderLine(decided, "ETHUSDT", "exit", "buy", Decimal("0.110"), "DONE", "filled"),
            OrderLine(decided, "AVAXUSDT", "entry", "sell", Decimal(12), "REJECTED", "110007: ab not enough for new order"),
            OrderLine(
                decided, "LINKUSDT", "entry", "buy", Decimal("7.1"), "UNKNOWN", "read timed out after the request had left"
            ),
            OrderLine(decided, "XRPUSDT", "exit", "sell", Decimal(300), "DEAD", "superseded before it was sent"),
        ),
        trades=closed(),
        release=ReleaseLine(
            "ab12cd34ef56" + "0" * 52,
            "paper",
            AT - 12 * DAY,
            "nightly-optimise",
            "every objection was answered: out-of-sample Sharpe 1.31 against 1.02 of the release before",
            "xsmom (1 parameter set), sma_cross (2 parameter sets)",
        ),
        night=NightLine(
            AT - timedelta(hours=21, minutes=43),
            "hold",
            (
                "too little is left after costs: walk-forward Sharpe 0.31 over the last 540 days, more than 0.5 is needed",
                "not better than the live release: Sharpe 0.92 against 1.31 on the same bars, 0.1 more is needed",
            ),
            2.41,
            0.92,
            4200,
        ),
        model=model(),
        coverage=tuple(
            CoverageLine(
                f"{name}USDT",
                "1h",
                datetime(2023, 1, 1, tzinfo=UTC),
                AT.replace(hour=0, minute=0) - timedelta(hours=1),
                25_320,
                gaps,
            )
            for name, gaps in (("BTC", 0), ("ETH", 0), ("DOGE", 3), ("SOL", 0), ("XRP", 0))
        ),
        performance=performance(account()),
        trade_stats=trade_stats(closed()),
        earned=earned(),
        earned_today=replace(earned(), since=AT - DAY),
        costs=AccountCosts(
            Decimal("4695.65"),
            (
                CostLine("Fees", Decimal("2.57"), 5.5, 5.5),
                CostLine("Slippage", Decimal("0.13"), 0.3, 1.4),
                CostLine("Funding", Decimal("-0.33"), -0.7, None),
            ),
        ),
        exposures=curves()[1],
        beside=curves()[0],
        watch=WatchLine(
            AT - DAY, 12, 4.2, -0.7, None, "warn", "nothing was changed", ("tracking is high",), ("profit: no claim",)
        ),
        market=MarketState(
            "bull",
            "BTCUSDT",
            "up 10% or more in 90 days",
            (SpellLine("sideways", AT - 90 * DAY, 49), SpellLine("bull", AT - 41 * DAY, 41)),
        ),
        health=health(),
    )


def empty():
    return replace(
        full(),
        verdict="HALT",
        verdict_reasons=("no tick yet",),
        equity=(),
        realised=Decimal(0),
        fees=Decimal(0),
        funding=Decimal(0),
        positions=(),
        orders=(),
        trades=(),
        night=None,
        coverage=(),
        model=ModelCurve((), (), Metrics(0, 0, 0, 0, 0, 0, 0, 0)),
        performance=None,
        trade_stats=None,
        earned=None,
        earned_today=None,
        costs=None,
        exposures=Exposures((), (), ()),
        beside=None,
        watch=None,
        market=None,
        health=fine(),
    )


def names(folder):
    return [entry.name for entry in folder.iterdir()]


def outside_plotly(html):
    return html.replace(get_plotlyjs(), "")


def test_every_figure_of_the_report_is_on_the_page():
    page = outside_plotly(render(full()))
    report = full()
    lines = (*report.positions, *report.orders, *report.trades, *report.coverage)
    assert all(f'<th scope="row">{line.symbol}</th>' in page for line in lines)
    assert all(f"<li>{objection}</li>" in page for objection in report.night.objections)
    assert all(order.reason in page and order.state in page for order in report.orders)
    assert all(
        text in page for text in ("not deployed: 2 objections", "ab12cd34ef56", money(report.equity_now), "21 November 2025")
    )
    assert all(
        text in page
        for text in (
            "left alone",
            "−17.90%",
            "+25.03",
            "+0.33",
            "Not explained",
            "backtest, not the account",
            "1,438",
            "20,160",
        )
    )


def test_the_sections_stand_in_the_order_they_are_read():
    heads = re.findall(r"<h2>([^<]*?) ?<", render(full()))
    assert heads == [
        "What is live", "Last nightly decision", "Account", "Live against backtest", "Exposure", "Positions",
        "Orders of the day", "Where the money came from", "Costs", "Closed trades", "Market", "Health of the last day",
        "The model’s own backtest", "Data",
    ]  # fmt: skip


def test_the_page_asks_nobody_for_anything():
    page = outside_plotly(render(full()))
    assert not re.search(r"""(src|href|srcset|action|data)\s*=\s*["']|url\(|@import|<link|<iframe|<object""", page)
    assert "http:" not in page
    assert "https:" not in page
    assert "default-src 'none'" in page


def test_plotly_is_embedded_once_and_only_when_there_is_a_curve():
    assert render(full()).count(get_plotlyjs()) == 1
    assert "<script>" not in render(empty())


def test_the_same_report_gives_the_same_bytes():
    assert render(full()) == render(full())


def test_what_a_stranger_wrote_is_escaped_wherever_it_stands():
    report = full()
    hostile = replace(
        report,
        account=HOSTILE,
        venue=HOSTILE,
        verdict=HOSTILE,
        verdict_reasons=(HOSTILE,),
        positions=(replace(report.positions[0], symbol=HOSTILE),),
        orders=(replace(report.orders[0], symbol=HOSTILE, leg=HOSTILE, side=HOSTILE, state=HOSTILE, reason=HOSTILE),),
        trades=(replace(report.trades[0], symbol=HOSTILE),),
        release=ReleaseLine(HOSTILE, HOSTILE, AT, HOSTILE, HOSTILE, HOSTILE),
        night=replace(report.night, decision=HOSTILE, objections=(HOSTILE,)),
        coverage=(replace(report.coverage[0], symbol=HOSTILE, timeframe=HOSTILE),),
        watch=replace(report.watch, did=HOSTILE, findings=(HOSTILE,), unjudged=(HOSTILE,)),
        earned=replace(report.earned, by_symbol=((HOSTILE, report.earned.by_symbol[0][1]),)),
        market=replace(report.market, price=HOSTILE),
        health=replace(
            report.health,
            alarms=(replace(report.health.alarms[0], rule=HOSTILE, text=HOSTILE),),
            missing=(HOSTILE,),
            notices=(WaitingLine(HOSTILE, 1, HOSTILE),),
        ),
    )
    page = outside_plotly(render(hostile))
    assert "<script>alert" not in page
    assert "<img" not in page
    assert page.count("&lt;script&gt;alert") >= 28
    assert page.count("</script>") == 2


def test_an_empty_report_speaks_in_sentences():
    page = render(empty())
    sentences = (
        "No equity has been recorded yet.", "No position is open.", "No order was decided.", "No trade was closed.",
        "No money has moved yet.", "No optimisation has run yet.", "The backtest has no day yet.", "No bars are stored.",
        "Nothing was traded yet.", "Nothing to compare yet", "Fewer than two bars have closed", "There is no bar to tell",
        "Nothing failed.", "No alarm was raised or cleared.", "Nobody is told of anything", "No watch has looked",
    )  # fmt: skip
    assert all(sentence in page for sentence in sentences)
    assert '<div class="scroll"' not in page


def test_a_first_equity_is_told_without_a_curve():
    page = render(replace(empty(), equity=(EquityPoint(AT, Decimal(10_000)),)))
    assert "10,000.00" in page
    assert "the curve starts with the second" in page


def test_only_a_synthetic_market_carries_the_banner():
    assert SYNTHETIC not in render(full())
    assert SYNTHETIC in render(replace(full(), synthetic=True))


@pytest.mark.parametrize(
    ("verdict", "tone"), [("ALLOW", "good"), ("REDUCE_ONLY", "warn"), ("HALT", "bad"), ("FLATTEN", "bad"), ("odd", "bad")]
)
def test_the_verdict_is_coloured_by_its_harshness(verdict, tone):
    page = render(replace(full(), verdict=verdict, verdict_reasons=("down 4.10%",)))
    assert f'<div class="verdict {tone}">' in page
    assert "<li>down 4.10%</li>" in page


def test_a_night_without_objection_says_so():
    night = NightLine(AT, "deploy", (), 2.0, 1.5, 4200)
    assert "deployed: no objection" in render(replace(full(), night=night))


def test_a_long_history_of_trades_is_shortened_and_says_so():
    page = render(replace(full(), trades=full().trades * 40))
    assert "The newest 50 of 120" in page
    assert "The sum is of all." in page
    assert signed(40 * profit(full())) in page


@pytest.mark.parametrize(
    ("figure", "curves"),
    [
        (account_figure(full().equity), 2),
        (model_figure(model()), 2),
        (beside_figure(full().beside), 3),
        (exposure_figure(full().exposures), 4),
    ],
)
def test_plotly_accepts_the_figures(figure, curves):
    assert len(go.Figure(figure["data"], figure["layout"]).data) == curves


def test_a_minutely_account_is_drawn_thinner_without_losing_a_peak_or_a_trough():
    values = [10_000 + i % 7 for i in range(20_000)]
    values[7_777], values[12_345] = 20_000, 1_000
    points = tuple(EquityPoint(AT + timedelta(minutes=i), Decimal(value)) for i, value in enumerate(values))
    equity, drawdown = account_figure(points)["data"]
    assert len(equity["y"]) <= MOST_POINTS + 2
    assert {20_000.0, 1_000.0, float(values[-1])} <= set(equity["y"])
    assert min(drawdown["y"]) == pytest.approx(1_000 / 20_000 - 1)


def test_months_compound_to_the_year_and_years_to_the_curve():
    curve = model()
    years = monthly_returns(curve)
    assert [year.year for year in years] == [2023, 2024, 2025]
    assert years[0].months[:11] == (None,) * 11
    for year in years:
        assert 1 + year.total == pytest.approx(np.prod([1 + month for month in year.months if month is not None]))
    assert np.prod([1 + year.total for year in years]) == pytest.approx(curve.equity[-1])


def test_a_month_is_measured_from_the_last_close_of_the_month_before():
    days = tuple(datetime(2024, month, day, tzinfo=UTC) for month, day in ((1, 30), (1, 31), (2, 1), (2, 29)))
    (year,) = monthly_returns(replace(model(), days=days, equity=(1.05, 1.10, 1.21, 0.99)))
    assert year.months[:2] == (pytest.approx(0.10), pytest.approx(-0.10))


def test_the_day_is_measured_from_the_equity_of_a_day_before():
    points = tuple(EquityPoint(AT - timedelta(hours=h), Decimal(e)) for h, e in ((30, 90), (25, 100), (23, 120), (0, 110)))
    change = day_change(replace(full(), equity=points))
    assert (change.since, change.amount, change.fraction) == (AT - timedelta(hours=25), Decimal(10), pytest.approx(0.1))
    assert from_peak(points) == pytest.approx(-10 / 120)


def test_a_lost_account_has_no_percentage_and_still_a_page():
    page = render(replace(full(), equity=(EquityPoint(AT - 2 * DAY, Decimal(0)), EquityPoint(AT, Decimal(0)))))
    assert "n/a" in page


def test_what_the_account_kept_is_the_sum_of_its_parts():
    assert sum(contributions(full()).values()) == Decimal("412.3391") - Decimal("38.112") + Decimal("6.4501") + sum(
        line.unrealised for line in full().positions
    )


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("64123.456", "64,123.46"),
        ("150.5", "150.50"),
        ("0.0000123456789", "0.0000123457"),
        ("3", "3.00"),
        ("3.1415926", "3.14159"),
        ("1E+3", "1,000.00"),
        ("0", "0.00"),
    ],
)
def test_a_price_keeps_the_digits_that_matter(value, written):
    assert price(Decimal(value)) == written


def test_a_quantity_keeps_every_decimal_and_no_idle_zero():
    assert [quantity(Decimal(value)) for value in ("0.110", "1E+3", "-12.50", "0.000")] == ["0.11", "1,000", "-12.5", "0"]


def test_the_summary_is_short_and_plain():
    lines = summary_lines(replace(full(), synthetic=True))
    assert len(lines) <= 18
    assert lines[0] == "Account    paper on bybit-simulated, 2025-11-21 00:10 UTC"
    assert SYNTHETIC in lines[1]
    assert lines[3].startswith(f"Equity     {money(full().equity_now)} USDT, ")


def test_a_day_that_went_wrong_says_what_did():
    (line,) = [line for line in summary_lines(full()) if line.startswith("Health")]
    for said in (
        "2 minutes without a tick, the longest gap 3 min",
        "4 of 20,160 requests failed",
        "discord: 2 notices waiting",
    ):
        assert said in line


def test_an_account_under_water_says_for_how_long():
    points = tuple(EquityPoint(AT - 10 * DAY + i * DAY, Decimal(e)) for i, e in enumerate((100, 120, 90, 95)))
    page = render(replace(full(), equity=points, performance=performance(points)))
    assert "under water for 48.0 h" in page or "under water for 2.0 days" in page
    assert "not recovered in 24.0 h" in page
    assert "Figures a year need 30 days" in page


def test_time_and_size_are_told_in_a_unit_that_fits():
    assert [lasting(days) for days in (1 / 1440, 0.25, 1.5, 40)] == ["1 min", "6.0 h", "36.0 h", "40.0 days"]
    assert [size(count) for count in (798_720, 5_255_168)] == ["798.7 kB", "5.3 MB"]


def test_a_reason_cannot_break_a_line_or_steer_the_terminal():
    lines = summary_lines(replace(full(), verdict_reasons=("one\ntwo\x1b[2Jthree\u2028four",)))
    assert all(line.isprintable() for line in lines)


def test_a_page_is_written_with_its_folders_and_replaces_the_older_one(tmp_path):
    path = tmp_path / "reports" / "2025-11-21.html"
    assert write_page("old", path) == path
    write_page("new ✓", path)
    assert path.read_text(encoding="utf-8") == "new ✓"
    assert names(path.parent) == [path.name]


def test_half_a_character_does_not_stop_the_page(tmp_path):
    page = render(replace(full(), verdict_reasons=("bad \ud800 reply",)))
    assert "bad ? reply" in write_page(page, tmp_path / "page.html").read_text(encoding="utf-8")


def test_a_full_disk_leaves_the_older_page_and_no_half_file(tmp_path, monkeypatch):
    path = write_page("old", tmp_path / "page.html")

    def full_disk(_descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(StoreError, match=r"page\.html: No space left on device; the page was not written[^\n]+$"):
        write_page("new", path)
    assert (path.read_text(), names(tmp_path)) == ("old", ["page.html"])


def test_a_write_that_stops_half_way_leaves_the_older_page_and_no_half_file(tmp_path):
    path = write_page("old", tmp_path / "page.html")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(StoreError, match="File too large; the page was not written"):
            write_page("x" * 1_000_000, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (path.read_text(), names(tmp_path)) == ("old", ["page.html"])


def test_a_place_that_cannot_be_a_page_is_refused_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "page.html"):
        with pytest.raises(StoreError, match=r"the page was not written[^\n]+$"):
            write_page("new", path)
    assert names(tmp_path) == ["file"]
