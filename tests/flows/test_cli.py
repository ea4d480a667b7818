"""The command line: one line and exit code 2 for bad input, one JSON object for scripts, and the whole path by hand."""

import subprocess
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.main import get_command

from core.market.synthetic import synthetic_market
from flows.cli import app, run
from tests.flows.recorded import START, bar_frame, funding_frame
from tests.flows.terminal import TRADEWIND, answer, refusal


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """An archive of bars and one of funding, as an exchange would hand them out."""
    folder = tmp_path_factory.mktemp("archives")
    panel = synthetic_market(np.random.default_rng(3), days=420, symbols=8, start=START, edge=3e-4).panel
    bars = bar_frame(panel).rename({"open_time": "ts"}).drop("timeframe")
    bars.write_parquet(folder / "bars.parquet")
    funding_frame(panel).rename({"settled_at": "ts", "rate": "funding_rate"}).write_parquet(folder / "funding.parquet")
    bars.with_columns(
        close=pl.when(pl.int_range(pl.len()) == 5).then(pl.col("close") * 1.0001).otherwise("close")
    ).with_columns(high=pl.max_horizontal("high", "close")).write_parquet(folder / "changed.parquet")
    return folder


@pytest.fixture(scope="module")
def imported(archives, tmp_path_factory):
    """A home with both archives in it."""
    home = tmp_path_factory.mktemp("home")
    assert answer("import", archives / "bars.parquet", home=home)["new"] > 0
    assert answer("import", archives / "funding.parquet", "--kind", "funding", home=home)["new"] > 0
    return home


@pytest.mark.long
@pytest.mark.flow
def test_an_operators_first_day_works_from_the_terminal(imported, archives):
    again = answer("import", archives / "bars.parquet", home=imported)
    assert (again["new"], again["differing"]) == (0, 0)
    changed = answer("import", archives / "changed.parquet", home=imported)
    assert (changed["new"], changed["differing"]) == (0, 1)

    series = answer("data", home=imported)["series"]
    assert {"venue", "symbol", "timeframe", "first", "last", "bars", "gaps"} <= set(series[0])

    first = (START + timedelta(days=80)).date().isoformat()
    tested = answer("backtest", "--start", first, home=imported)
    keys = "sharpe sortino calmar max_drawdown turnover_per_day costs start end bars symbols release data_hash seconds"
    assert set(keys.split()) <= set(tested)
    assert set(tested["costs"]) == {"fees", "spread", "impact", "funding"}

    night = answer("optimize", "--start", first, "--trials", "3", "--folds", "2", "--seed", "7", home=imported)
    keys = "decision objections release is_sharpe oos_sharpe trials folds seconds"
    assert set(keys.split()) <= set(night)
    assert (night["trials"], night["folds"]) == (3, 2)

    listed = answer("releases", home=imported)
    assert {"fingerprint", "stage", "since"} <= set(listed["live"])
    assert listed["live"]["fingerprint"] == next(row["fingerprint"] for row in listed["releases"] if row["live"])

    tick, second = answer("trade", home=imported), answer("trade", home=imported)
    assert {"decision_time", "verdict", "targets", "orders", "equity"} <= set(tick)
    assert tick["orders"]
    assert (second["orders"], second["equity"]) == (tick["orders"], tick["equity"])

    told = answer("report", home=imported)
    assert {"path", "equity", "positions"} <= set(told)
    assert Path(told["path"]).read_text().startswith("<!doctype html>")
    assert told["equity"] == tick["equity"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["nonsense"], "No such command"),
        (["backtest", "--bogus"], "No such option"),
        (["optimize", "--trials", "-3"], "'--trials'"),
        (["import", "missing.parquet"], "check the path and the file"),
        (["import", "{archives}/funding.parquet"], "--kind funding"),
        (["import", "{archives}/bars.parquet", "--kind", "ticks"], "known are bars and funding"),
        (["import", "{archives}/bars.parquet", "--venue", "nowhere"], "nowhere"),
        (["backtest", "--start", "2024-06-01", "--end", "2024-05-01"], "swap them or widen the range"),
        (["backtest", "--start", "tomorrow"], "not a date"),
        (["backtest", "--start", "2031-01-01"], "stored: 8 symbols"),
        (["backtest", "--venue", "nowhere"], "stored are synthetic"),
        (["backtest", "--strategy", "xsmon"], "did you mean xsmom?"),
        (["backtest", "--strategy", "xsmom", "--params", "lokback=3"], "did you mean lookback?"),
        (["backtest", "--strategy", "xsmom", "--params", "lookback"], "write name=value"),
        (["backtest", "--strategy", "xsmom", "--params", "lookback=0"], "greater than or equal to 1"),
        (
            ["backtest", "--strategy", "xsmom", "--params", "lookback=long"],
            "lookback = 'long': Input should be a valid integer",
        ),
        (["backtest", "--strategy", "xsmom", "--params", '{"lookback": 168'], "--params: not valid JSON at column"),
        (
            ["backtest", "--strategy", "xsmom", "--params", "lookback=99999"],
            "because xsmom looks back that far",
        ),
        (["backtest", "--periods", "1y,2years"], "write a number of y, m, w or d, or all"),
        (["backtest", "--periods", "1y,1y"], "1y is given twice"),
        (["results", "123456"], "run 123456: unknown"),
        (["results", "--limit", "0"], "'--limit'"),
        (["backtest", "--params", "lookback=3"], "--params needs --strategy"),
        (["backtest", "--set", "scaler.target_vol=20"], "a fraction, so 20 % is 0.2"),
        (["backtest", "--set", "caps.symbl=0.2"], "did you mean symbol?"),
        (["backtest", "--release", "123456"], "123456"),
        (["trade", "--at", "2031-02-30"], "not a date"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_line_that_says_what_to_do(arguments, line, imported, archives):
    assert line in refusal(*(part.replace("{archives}", str(archives)) for part in arguments), home=imported)


@pytest.mark.parametrize(("name", "command"), [("market", "data"), ("trading", "releases")])
def test_a_file_that_is_no_database_of_ours_is_refused(name, command, tmp_path):
    (tmp_path / f"{name}.duckdb").write_text("not a database")
    assert "this is not a DuckDB file" in refusal(command, home=tmp_path)
    assert (tmp_path / f"{name}.duckdb").read_text() == "not a database"


def test_a_setting_that_cannot_be_is_named(tmp_path):
    line = refusal("data", home=tmp_path, TRADEWIND_PAPER_BALANCE="-1")
    assert "TRADEWIND_PAPER_BALANCE: Input should be greater than 0" in line


def test_an_empty_home_says_what_to_do_first(tmp_path):
    assert "run `tradewind import FILE` or `tradewind ingest` first" in refusal("backtest", home=tmp_path)


def test_every_command_explains_itself(capsys):
    commands = get_command(app).commands
    assert {"import", "backtest", "optimize", "trade", "report", "demo", "up"} <= set(commands)
    for command, what in commands.items():
        assert run([command, "--help"]) == 0
        said = capsys.readouterr().out
        assert what.help.split("\n")[0].split(".")[0][:40] in said
        assert ("--home" in said) or hasattr(what, "commands")


def test_the_program_itself_refuses_in_one_line_and_leaves_with_2(tmp_path):
    done = subprocess.run([TRADEWIND, "nonsense", "--home", tmp_path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "tradewind: No such command 'nonsense'.\n"
