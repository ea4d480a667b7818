"""The page of a validation: the decision first, every figure on it, honest about what is missing, and the same twice."""

import re
from dataclasses import replace
from math import nan

import numpy as np
import plotly.graph_objects as go
import pytest
from plotly.offline import get_plotlyjs

from core.deploy.guard import CHECKS, Evidence, GuardLimits, objections
from core.deploy.sequence import KeyOne
from core.market.timeframe import DAY, HOUR, utc
from core.optimize.search import Trial
from core.reporting.attribution import Attribution, Part
from core.reporting.night import Night
from core.reporting.rulings import TOLD, rulings
from core.reporting.validation import Tried, Validation, fold_lines, track, tried
from core.validation.inference import Inference
from core.validation.overfitting import Overfitting
from core.validation.robust import IDLE
from core.validation.splits import Fold
from core.validation.stressed import Cone, Histogram, Picture, Shock, Stress, TailExcess
from core.validation.walkforward import FoldResult, WalkForward
from tasks.report_text import SYNTHETIC, percent, ratio, signed_percent
from tasks.trial_charts import cloud_figure, followed_figure, logit_figure
from tasks.validation_charts import cone_figure, equity_figure, histogram_figure
from tasks.validation_page import MOST_PARTS, validation_page

HOSTILE = "</script><script>alert('x')</script><img src=http://evil.example/x.png>"
START = 1_672_531_200_000  # 2023-01-01 00:00 UTC
LIMITS = GuardLimits()
BARS, FOLDS = 365 * 3, 5
"""Daily bars: the first 365 train the first fold."""
TEST = (BARS - 365) // FOLDS


def drawn_trials(rng, count):
    params = [
        {
            "lookback": int(np.exp(rng.uniform(4.6, 7.2))),
            "skip": int(rng.integers(0, 25)),
            "top": int(rng.integers(3, 9)),
            "threshold": float(rng.uniform(0, 1)),
            "horizons": 3,
        }
        for _ in range(count)
    ]
    return tuple(Trial(k, one, float(rng.normal(0.4, 0.5) - one["threshold"])) for k, one in enumerate(params))


def walked(rng, *, drift=0.0004):
    """Return a walk-forward over daily bars with a stream per trial."""
    net = rng.normal(drift, 0.011, BARS - 365)
    rows = [(365 + k * TEST, 365 + (k + 1) * TEST) for k in range(FOLDS)]
    return WalkForward(
        folds=tuple(
            FoldResult(Fold(0, a - 25, a, b), drawn_trials(rng, 40), 1.4, 0.3 * k - 0.4, rng.normal(2e-4, 0.01, (40, b - a)))
            for k, (a, b) in enumerate(rows)
        ),
        net=net,
        cost=np.full(len(net), 2e-4),
        open_time=START + DAY * np.arange(365, BARS, dtype=np.int64),
        trades=1_234,
    )


EVIDENCE = Evidence(
    key=KeyOne(z=1.93, boundary=2.807, e_value=4.2, e_threshold=200.0),
    trailing_net_sharpe=0.31,
    oos_days=730,
    trades=1_234,
    net_at_double_cost=0.0001,
    drawdown_1_in_20=-0.274,
    largest_symbol_share=0.21,
    oos_sharpe=0.62,
    incumbent_sharpe=None,
    tail=None,
    same_as_incumbent=False,
    is_sharpe=1.71,
)
STRESS = Stress(
    paths=10_000,
    horizon_bars=365,
    mean_block_bars=9,
    drawdown_median=-0.142,
    drawdown_1_in_20=-0.274,
    drawdown_1_in_100=-0.351,
    loss_probability=0.283,
    return_median=0.117,
    es_975=0.241,
    cdar_95=0.301,
)


def night(evidence=EVIDENCE, **changes):
    found = objections(evidence, LIMITS)
    values = {
        "decision": "hold" if found else "deploy",
        "objections": found,
        "release": "a1" * 32,
        "live": "b2" * 32,
        "is_sharpe": 1.71,
        "oos_sharpe": 0.62,
        "trials": 40,
        "trials_in_all": 240,
        "folds": FOLDS,
        "fold_sharpes": ((1.4, 0.3),) * FOLDS,
        "evidence": evidence,
        "stress": STRESS,
        "seconds": 12.3,
    }
    return Night(**{**values, **changes})


def painted(rng):
    """Return a picture of random walks."""
    paths = np.cumsum(rng.normal(0.0004, 0.011, (500, 365)), axis=1)
    stops = np.unique(np.linspace(0, 364, 51).astype(int))
    water = np.minimum.accumulate(paths - np.maximum(np.maximum.accumulate(paths, axis=1), 0), axis=1)
    shares = [0.05, 0.25, 0.5, 0.75, 0.95]
    rows = [tuple(map(tuple, np.quantile(x, shares, axis=0)[:, stops].tolist())) for x in (np.exp(paths), np.expm1(water))]
    ends = [np.histogram(np.expm1(x[:, -1]), 40) for x in (water, paths)]
    drawn = [Histogram(tuple(edges.tolist()), tuple(counts.tolist())) for counts, edges in ends]
    return Picture(*drawn, Cone(tuple(stops.tolist()), *rows))


def seen(**changes):
    rng = np.random.default_rng(1)
    walk, trials = walked(rng), drawn_trials(rng, 40)
    values = {
        "subject": "xsmom on bybit 1d, 31 symbols, 2023-01-01 to 2025-12-31",
        "synthetic": False,
        "labels": (("Data", "d4" * 32), ("Code", "0123456789ab"), ("Run", "ab12cd34ef56")),
        "night": night(),
        "limits": LIMITS,
        "bar_ms": DAY,
        "in_sample": track(rng.normal(0.001, 0.011, BARS), START + DAY * np.arange(BARS, dtype=np.int64)),
        "out_of_sample": track(walk.net, walk.open_time),
        "folds": fold_lines(walk),
        "picture": painted(rng),
        "trials": tried(walk, trials),
        "importance": (("threshold", 0.61), ("lookback", 0.22), ("top", 0.11), ("skip", 0.06)),
        "overfitting": Overfitting(0.413, rng.normal(0.3, 1.2, 252), -0.31, 0.52, 0.337, 0.874, rng.normal(0.4, 0.3, 5)),
        "inference": Inference(0.812, 0.147, 4_321, 26.4, 1.43, 1_934.0, 0.08, 0.213),
        "costs": ((0.0, 1.31, 0.214), (1.0, 0.62, 0.101), (2.0, -0.07, -0.012)),
        "shocks": (
            Shock("as it ran", "nothing is changed; the others compare with this", 1.71, 0.29, -0.12),
            Shock("costs x2", "fees, spread and impact are each 2 times as high", 0.93, 0.153, -0.181),
            Shock(
                "crash", "every price falls by 20% in an hour, all at once, where the book was most long", 0.44, 0.07, -0.293
            ),
        ),
        "attribution": Attribution(
            by_symbol=tuple(Part(f"S{i:02}USDT", 0.05 - 0.004 * i) for i in range(25)),
            by_sleeve=tuple(Part(f"xsmom lookback {24 * i}, threshold {i / 9:.3g}", 0.03 - 0.01 * i) for i in range(8)),
            by_side=(Part("long", 0.31), Part("short", -0.26)),
            by_source=(
                Part("price", 0.11),
                Part("funding", -0.01),
                Part("fees", -0.03),
                Part("spread", -0.015),
                Part("impact", -0.005),
            ),
        ),
    }
    return Validation(**{**values, **changes})


def outside_plotly(html):
    return html.replace(get_plotlyjs(), "")


def shown(number):
    return number.replace("-", "−")


@pytest.fixture(scope="module")
def whole():
    return seen()


@pytest.fixture(scope="module")
def page(whole):
    return outside_plotly(validation_page(whole))


def test_the_decision_and_its_reasons_stand_before_everything_else(whole, page):
    assert re.search(r"<h1>(.*?)</h1>", page)[1] == "Not deployed"
    assert page.index("The gate has 2 objections:") < page.index("<h2>")
    assert all(page.index(x.replace("'", "&#39;")) < page.index("<h2>") for x in whole.night.objections)
    assert re.findall(r"<h2>([^<]*?)<", page) == [
        "The gate", "Equity in and out of sample", "365 more days, resampled", "Trials", "How much of it is luck",
        "Cost sensitivity", "Shocks", "Where the profit came from", "What was tested",
    ]  # fmt: skip


def test_a_deployment_says_that_nothing_objects():
    clear = replace(EVIDENCE, key=KeyOne(3.4, 2.807, 900.0, 200.0), trailing_net_sharpe=1.1)
    html = outside_plotly(validation_page(seen(night=night(clear))))
    assert re.search(r"<h1>(.*?)</h1>", html)[1] == "Deployed"
    assert "The gate has no objection." in html
    assert '<span class="state bad">no</span>' not in html


def test_every_check_of_the_gate_has_a_line_that_agrees_with_it():
    assert [check for check, _ in TOLD] == list(CHECKS)
    bad = replace(
        EVIDENCE, oos_days=12, trades=3, net_at_double_cost=-1e-4, drawdown_1_in_20=-0.61, largest_symbol_share=0.9,
        incumbent_sharpe=2.0, tail=TailExcess(0.05, 0.02, 1.1, 0.028, 0.001), rollback_days=3,
    )  # fmt: skip
    for evidence in (EVIDENCE, bad, replace(EVIDENCE, same_as_incumbent=True), replace(EVIDENCE, oos_sharpe=nan)):
        lines = rulings(evidence, LIMITS)
        assert tuple(line.objection for line in lines if line.objection) == objections(evidence, LIMITS)
        assert all(line.asked or line.objection is None for line in lines)
    assert len(objections(bad, LIMITS)) == len(CHECKS)


def test_the_line_of_key_one_follows_the_test_that_is_asked():
    for_ever = LIMITS.model_copy(update={"for_ever": True})
    assert [rulings(EVIDENCE, limits)[2].seen for limits in (LIMITS, for_ever)] == ["1.93", "4.2"]


def test_every_figure_of_the_night_is_on_the_page(whole, page):
    odds, luck, found = whole.overfitting, whole.inference, whole.attribution
    assert all(shown(line.needed) in page and shown(line.seen) in page for line in rulings(EVIDENCE, LIMITS))
    assert all(shown(ratio(x.oos_sharpe)) in page and shown(signed_percent(x.total)) in page for x in whole.folds)
    assert all(shown(percent(x)) in page for x in (STRESS.drawdown_1_in_100, STRESS.loss_probability, -STRESS.cdar_95))
    assert all(percent(x) in page for x in (odds.pbo, odds.oos_loss, odds.dominance, luck.psr, luck.dsr))
    assert all(shown(x) in page for x in (ratio(luck.haircut_sharpe), "1,934 days", "0.213", "4,321 over all nights"))
    assert all(x.name in page and x.says in page and shown(percent(x.max_drawdown)) in page for x in whole.shocks)
    assert all(f"× {factor:g}<" in page and shown(ratio(sharpe)) in page for factor, sharpe, _ in whole.costs)
    assert all(x.name in page for cut in (found.by_sleeve, found.by_side, found.by_source) for x in cut)
    assert all(f"{share:.0%}" in page and f">{name}<" in page for name, share in whole.importance)
    assert all(value in page for _, value in whole.labels)


def test_each_figure_about_luck_says_what_it_does_not_show(page):
    told = re.findall(r'<dt>([^<]*)</dt><dd><b>[^<]*</b> [^<]{20,}<span class="muted">[^<]{20,}</span>', page)
    assert told == [
        "PSR",
        "DSR",
        "MinTRL",
        "Haircut Sharpe",
        "SPA p",
        "PBO",
        "Loss out of sample",
        "Slope",
        "Dominance",
        "CPCV paths",
    ]


def test_many_symbols_are_told_from_both_ends(page):
    assert f"The {MOST_PARTS} most and the {MOST_PARTS} least profitable of 25; the sum is of all." in page
    assert all((f">S{i:02}USDT<" in page) is (i < MOST_PARTS or i >= 25 - MOST_PARTS) for i in range(25))


NOTHING = {
    "in_sample": track(np.zeros(0), np.zeros(0, dtype=np.int64)),
    "out_of_sample": track(np.zeros(0), np.zeros(0, dtype=np.int64)),
    "folds": (),
    "picture": None,
    "trials": (),
    "importance": (),
    "overfitting": None,
    "inference": None,
    "costs": (),
    "shocks": (),
    "attribution": None,
}


def test_what_is_missing_is_said_and_not_drawn():
    html = outside_plotly(validation_page(seen(**NOTHING)))
    said = (
        "fewer than two days", "No picture was drawn", "PSR, DSR, MinTRL, haircut and SPA were not computed",
        "PBO was not computed", "No multiple of the costs was run.", "No shock was run.", "The profit was not attributed.",
    )  # fmt: skip
    assert all(words in html for words in said)
    assert 'class="curve"' not in html


def test_ruin_idle_trials_and_unknown_sequels_leave_holes():
    rng = np.random.default_rng(3)
    walk = walked(rng)
    walk.net[300] = -1.0
    idle = tuple(replace(trial, value=IDLE) for trial in drawn_trials(rng, 4))
    ruined = track(walk.net, walk.open_time)
    flat = Attribution((), (Part("xsmom", 0.0),), (Part("long", 0.0), Part("short", 0.0)), (Part("price", 0.0),))
    broken = seen(
        night=night(replace(EVIDENCE, oos_sharpe=nan, trailing_net_sharpe=nan), oos_sharpe=nan),
        out_of_sample=ruined, in_sample=ruined, folds=fold_lines(walk), trials=tried(replace(walk, folds=()), idle),
        overfitting=Overfitting(1.0, np.zeros(20), nan, nan, 1.0, 0.0, np.zeros(0)), attribution=flat,
    )  # fmt: skip
    html = outside_plotly(validation_page(broken))
    assert "NaN" not in html
    assert "4 trials never traded and are not drawn." in html
    assert "Nothing was held." in html
    assert "n/a" in html
    assert not re.search(r'id="(trial-cloud|trial-sequel|pbo-logits)"', html)
    assert equity_figure(broken)["data"][1]["y"][300:302] == [None, None]
    assert [fold.total for fold in broken.folds][2] == -1.0


def test_the_page_asks_nobody_for_anything(page):
    assert not re.search(r"""(src|href|srcset|action|data)\s*=\s*["']|url\(|@import|<link|<iframe|<object""", page)
    assert "http:" not in page
    assert "https:" not in page


def test_the_same_night_gives_the_same_bytes():
    assert validation_page(seen()) == validation_page(seen())


def test_what_a_stranger_wrote_is_escaped_wherever_it_stands():
    hostile = seen(
        subject=HOSTILE, synthetic=True, labels=((HOSTILE, HOSTILE),),
        night=night(objections=(HOSTILE,), release=HOSTILE, live=HOSTILE, decision=HOSTILE),
        trials=tuple(Tried(k, "all", {HOSTILE: k, "other": HOSTILE * k}, 0.1 * k, 0.2) for k in range(3)),
        importance=((HOSTILE, 1.0),), shocks=(Shock(HOSTILE, HOSTILE, 0.0, 0.0, 0.0),),
        attribution=Attribution(*[(Part(HOSTILE, 0.1),)] * 4),
    )  # fmt: skip
    html = outside_plotly(validation_page(hostile))
    assert "<script>alert" not in html
    assert "<img" not in html
    assert html.count("</script>") == 2
    assert SYNTHETIC in html


def test_plotly_accepts_the_figures(whole):
    cloud, sequel = cloud_figure(whole.trials), followed_figure(whole.trials)
    figures = (
        equity_figure(whole), cone_figure(whole.picture.cone, DAY, 0.4), histogram_figure(whole.picture.returns, ((0.0, "x"),)),
        cloud, sequel, logit_figure(whole.overfitting.logits),
    )  # fmt: skip
    drawn = [go.Figure(figure["data"], figure["layout"]) for figure in figures]
    assert len(drawn[0].layout.annotations) == len(whole.folds)
    assert [axis.title.text for axis in drawn[3].select_xaxes()] == ["lookback", "skip", "top", "threshold"]
    assert cloud["layout"]["xaxis"]["type"] == "log"
    assert sum(len(trace.x) for trace in drawn[4].data) == FOLDS * 40
    assert [sum(trace.y) for trace in drawn[5].data] == [
        np.sum(whole.overfitting.logits <= 0),
        np.sum(whole.overfitting.logits > 0),
    ]


def test_in_and_out_of_sample_start_together_where_the_walk_forward_begins(whole):
    inside = equity_figure(whole)["data"][0]
    assert inside["y"][inside["x"].index("2023-12-31")] == 1.0
    assert whole.out_of_sample.days[0] == (START + 365 * DAY) // DAY


def test_a_track_of_bars_has_one_point_a_day_and_the_days_deepest_drawdown():
    net = np.array([0.1, -0.5, 0.0, 0.2, 0.0])
    got = track(net, START + 12 * HOUR * np.arange(5, dtype=np.int64))
    assert got.days.tolist() == [START // DAY, START // DAY + 1, START // DAY + 2]
    assert got.equity == pytest.approx([0.55, 0.66, 0.66])
    assert got.drawdown == pytest.approx([-0.5, -0.5, -0.4])


def test_folds_and_trials_are_told_with_what_followed():
    walk = walked(np.random.default_rng(2))
    lines, trials = fold_lines(walk), tried(walk, drawn_trials(np.random.default_rng(5), 7))
    assert lines[1].first == utc(START + DAY * (365 + TEST))
    assert lines[1].total == pytest.approx(np.prod(1 + walk.net[TEST : 2 * TEST]) - 1)
    assert lines[1].max_drawdown < 0.0
    assert [(t.study, t.number) for t in trials[::40]] == [(f"fold {k}", 0) for k in range(1, 6)] + [("all", 0)]
    assert np.isnan([t.oos_sharpe for t in trials]).sum() == 7
