"""`tradewind check`: the answer first, exit codes a script can rely on, and the guide's example checked as a user would."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from core.market.synthetic import synthetic_market
from storage.activations import Activation
from storage.releases import ReleaseRow
from storage.store import Store
from tests.core.guide import dropped
from tests.flows.recorded import DAYS, RELEASE, START, bar_frame, funding_frame

RUN = "import sys, core.strategies as s; s.__path__.append(sys.argv.pop(1)); from flows.cli import main; main()"
LATER = "2024-01-26"
"""Leaves the warm-up of the release before it, and one bar more."""
PEEKER = """
from dataclasses import replace

import numpy as np

from core.strategies.xsmom import STRATEGY as XSMOM


def signal(panel, rows, eligible, config):
    later = panel.close[np.minimum(rows + 1, len(panel) - 1)]
    return np.where(eligible, np.nan_to_num(np.sign(later - panel.close[rows])), 0.0)


STRATEGY = replace(XSMOM, name="peeker", signal=signal)
"""


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
def folder(tmp_path_factory):
    """A folder that stands for core/strategies/, with the guide's example and a peeker in it."""
    name, place = dropped(tmp_path_factory.mktemp("strategies"))
    assert name == "breakout"
    (place / "peeker.py").write_text(PEEKER)
    return place


def tradewind(*arguments, home, folder, code=0):
    """Run the program as a user would who has put files into core/strategies/; return (stdout, stderr)."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TRADEWIND_", "PREFECT_"))}
    command = [sys.executable, "-c", RUN, folder, *arguments, "--home", home]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200, cwd=home, env=clean)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout, done.stderr


def answer(*arguments, home, folder, code=0):
    """Run a check with --json; return its object: exactly one line, and valid JSON, whatever the answer."""
    stdout, _ = tradewind(*arguments, "--json", home=home, folder=folder, code=code)
    assert stdout.count("\n") == 1
    seen = json.loads(stdout, parse_constant=pytest.fail)
    assert seen["ok"] == (code == 0)
    return seen


@pytest.mark.long
def test_the_guides_example_passes_through_every_check_and_a_backtest(home, folder):
    said = {"home": home, "folder": folder}
    ahead = answer("check", "lookahead", "breakout", "--cuts", "2", "--params", "lookback=96", **said)
    assert (ahead["cuts"], ahead["leak"]) == (2, None)
    warm = answer("check", "warmup", "breakout", "--decisions", "2", "--params", "lookback=96", **said)
    assert [one["subject"] for one in warm["settling"]] == ["signal of sleeve 1 (breakout)", "target weights"]
    assert warm["settling"][0]["settled"] <= 96
    seen = answer("check", "data", "breakout", "--start", LATER, **said)
    assert {"symbols", "years", "limits", "objections", "warmup", "stored"} <= set(seen)
    assert json.loads(tradewind("backtest", "--strategy", "breakout", "--json", **said)[0])["bars"] > 0


def test_costs_are_answered_with_a_page_that_says_why(home, folder):
    stdout, _ = tradewind("check", "costs", "breakout", home=home, folder=folder, code=1)  # no edge for it in this market
    assert stdout.startswith("NO  breakout: does not survive costs x2 (the gate's veto")
    assert "x0.5" in stdout
    assert "Funding is never scaled" in stdout


def test_a_strategy_that_peeks_ends_with_1_and_the_line_that_says_where(home, folder):
    stdout, _ = tradewind("check", "lookahead", "peeker", "--seed", "3", home=home, folder=folder, code=1)
    assert stdout.startswith("NO  peeker: looks ahead: signal of sleeve 1 (peeker) of ")
    leak = answer("check", "lookahead", "peeker", "--seed", "3", home=home, folder=folder, code=1)["leak"]
    assert leak["decided"] == leak["known_until"]
    assert f"{leak['symbol']} decided at {leak['decided'][:10]}" in stdout


def test_data_under_a_limit_ends_with_1(home, folder):
    seen = answer("check", "data", "xsmom", "--start", LATER, "--limit", "universe=50", home=home, folder=folder, code=1)
    assert seen["limits"]["universe"] == 50
    assert seen["objections"][0].startswith("universe: the median is below 50 symbols")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["lookahead", "brekout"], "did you mean breakout?"),
        (["lookahead", "xsmom", "--cuts", "0"], "'--cuts'"),
        (["warmup", "xsmom", "--params", "lokback=3"], "did you mean lookback?"),
        (["data", "xsmom", "--limit", "mising=0.1"], "did you mean missing?"),
        (["costs", "xsmom", "--start", "2024-06-01", "--end", "2024-05-01"], "swap them or widen the range"),
        (["nonsense", "xsmom"], "No such command"),
        (["costs"], "STRATEGY"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_is_one_line_and_ends_with_2(arguments, line, home, folder):
    stdout, stderr = tradewind("check", *arguments, home=home, folder=folder, code=2)
    assert stdout == ""
    assert stderr.count("\n") == 1
    assert line in stderr
