"""`tradewind backtest` and `tradewind results`: kept once under a name of its own, the same bytes twice, and comparable."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from core.market.synthetic import synthetic_market
from storage.activations import Activation
from storage.releases import ReleaseRow
from storage.store import Store
from tests.flows.recorded import DAYS, RELEASE, START, bar_frame, funding_frame
from tests.flows.terminal import answer, refusal, tradewind

FIRST = (START + timedelta(days=25)).date().isoformat()
ASKED = ("backtest", "--start", FIRST, "--strategy", "xsmom", "--params", "lookback=48,top=3", "--periods", "20d,1y")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with a small synthetic market, and a quick release live."""
    place = tmp_path_factory.mktemp("home")
    panel = synthetic_market(np.random.default_rng(5), days=DAYS, symbols=8, start=START, edge=4e-4).panel
    store = Store(place)
    store.bars.merge(bar_frame(panel))
    store.funding.merge(funding_frame(panel))
    store.releases.add(ReleaseRow(RELEASE.fingerprint, RELEASE.canonical_json, START, "test", "{}"))
    store.activations.append(Activation(RELEASE.fingerprint, "paper", START, "test", "a test"))
    return place


@pytest.fixture(scope="module")
def asked(home):
    """Return the first answer, and the bytes of its page then."""
    done = answer(*ASKED, home=home)
    return done, Path(done["path"]).read_bytes()


def test_the_same_backtest_again_is_the_same_result_kept_once(asked, home):
    done, page = asked
    kept = [run for run in Store(home).runs.all("backtest", 100) if run.id == done["result"]]
    again = answer(*ASKED[:6], '{"top": 3, "lookback": 48}', *ASKED[7:], home=home)  # the same, written as JSON
    assert {name for name in done if again[name] != done[name]} <= {"seconds"}
    assert Path(again["path"]).read_bytes() == page
    assert [run for run in Store(home).runs.all("backtest", 100) if run.id == done["result"]] == kept
    assert len(kept) == 1


def test_a_home_of_its_own_gives_the_same_name_the_same_result_and_the_same_page(asked, home, tmp_path):
    done, page = asked
    elsewhere = Store(tmp_path)
    for series in ("bars", "funding"):
        rows = synthetic_market(np.random.default_rng(5), days=DAYS, symbols=8, start=START, edge=4e-4).panel
        getattr(elsewhere, series).merge({"bars": bar_frame, "funding": funding_frame}[series](rows))
    elsewhere.releases.add(ReleaseRow(RELEASE.fingerprint, RELEASE.canonical_json, START, "test", "{}"))
    elsewhere.activations.append(Activation(RELEASE.fingerprint, "paper", START, "test", "a test"))
    there = answer(*ASKED, home=tmp_path)
    mine, theirs = (Store(place).runs.get(done["result"]) for place in (home, tmp_path))
    assert (mine.config_json, mine.result_json) == (theirs.config_json, theirs.result_json)
    assert Path(there["path"]).read_bytes() == page


def test_a_script_finds_every_figure(asked):
    done, _ = asked
    assert set(done["costs"]) == {"fees", "spread", "impact", "funding"}
    assert {"regime", "days", "share", "annual_return", "sharpe", "max_drawdown"} <= set(done["regimes"][0])
    assert {"name", "total", "sharpe", "cagr", "max_drawdown"} <= set(done["benchmarks"][0])
    assert {"count", "hit_rate", "profit_factor", "mean_held_hours"} <= set(done["trades"])
    assert sum(done["contributions"].values()) == pytest.approx(
        done["trades"]["long_profit"] + done["trades"]["short_profit"], abs=1e-9
    )
    assert done["synthetic"] is True


def test_a_period_says_what_a_backtest_from_its_own_start_says(asked, home):
    twenty, year = asked[0]["periods"]
    assert (twenty["name"], twenty["shortened"]) == ("20d", False)
    alone = answer(*ASKED[:1], "--start", twenty["start"], *ASKED[3:7], home=home)
    same = "sharpe sortino calmar max_drawdown turnover_per_day costs bars total end"
    assert [twenty[name] for name in same.split()] == [alone[name] for name in same.split()]
    assert (year["name"], year["shortened"], year["start"]) == ("1y", True, asked[0]["start"])
    assert year["sharpe"] == asked[0]["sharpe"]


def test_a_person_reads_where_it_is_kept_and_what_to_mind(asked, home):
    stdout, stderr = tradewind(*ASKED, home=home)
    assert f"result {asked[0]['result']}, page {asked[0]['path']}" in stdout
    assert "Synthetic market" in stdout
    assert "1y (shortened)" in stdout
    assert all(f"! {note}" in stdout for note in asked[0]["notes"])
    assert stderr == ""


def test_results_are_listed_shown_and_compared(asked, home):
    other = answer(*ASKED[:5], "--params", "lookback=24,top=3", home=home)
    names = [asked[0]["result"], other["result"]]
    listed = answer("results", home=home)["results"]
    assert set(names) <= {row["result"] for row in listed}
    assert listed[0]["result"] == other["result"]
    assert len(answer("results", "--limit", "1", home=home)["results"]) == 1

    one = answer("results", names[0][:6], home=home)
    assert one["config"]["release"]["sleeves"][0]["params"]["lookback"] == 48
    assert one["config"]["request"] == {"periods": ["20d", "1y"]}
    assert one["sharpe"] == asked[0]["sharpe"]
    assert {"at", "code_version", "data_hash", "regime_hash", "path"} <= set(one)

    both = answer("results", *names, home=home)
    assert [row["result"] for row in both["results"]] == names
    assert both["differences"]["release.sleeves.0.params.lookback"] == [48, 24]
    table = tradewind("results", *names, home=home)[0]
    assert [line.split()[1:] for line in table.splitlines() if line.startswith("release.sleeves.0.params.lookback")] == [
        ["48", "24"]
    ]
    assert names[0] in tradewind("results", home=home)[0]


def test_an_unknown_result_is_refused_with_the_nearest(asked, home):
    name = asked[0]["result"]
    wrong = name[:-1] + ("0" if name[-1] != "0" else "1")
    assert f"run {wrong}: unknown; did you mean {name}?" in refusal("results", wrong, home=home)


def test_a_home_without_results_says_how_to_make_one(tmp_path):
    assert answer("results", home=tmp_path) == {"results": []}
    assert "run `tradewind backtest`" in tradewind("results", home=tmp_path)[0]
