from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import ConfigError
from storage.runs import Run

NOW = datetime(2024, 1, 1, tzinfo=UTC)


def run(name, hour=0, kind="optimize"):
    started = NOW + timedelta(hours=hour)
    return Run(name, kind, started, started + timedelta(minutes=9), '{"n":1}', '{"sharpe":1.5}', "hash", "0.1.0")


def test_a_run_comes_back_as_it_was_appended_and_the_first_stays(store):
    assert store.runs.append(run("r-1"))
    assert not store.runs.append(replace(run("r-1"), result_json="{}"))
    assert store.runs.get("r-1") == run("r-1")


def test_the_newest_runs_of_a_kind_come_first(store):
    for index, kind in enumerate(["optimize", "backtest", "optimize", "optimize"]):
        store.runs.append(run(f"r-{index}", index, kind))
    assert [r.id for r in store.runs.all("optimize", 2)] == ["r-3", "r-2"]
    assert [r.id for r in store.runs.all(None, 10)] == ["r-3", "r-2", "r-1", "r-0"]
    assert store.runs.all("validate", 10) == ()


def test_an_unknown_run_is_refused_with_the_nearest_or_what_is_there(store):
    with pytest.raises(ConfigError, match="none: run something first"):
        store.runs.get("r-9")
    store.runs.append(run("r-1"))
    with pytest.raises(ConfigError, match=r"run r-9: unknown; did you mean r-1\?"):
        store.runs.get("r-9")
    with pytest.raises(ConfigError, match="run zzzz: unknown; the newest are r-1"):
        store.runs.get("zzzz")


def test_a_run_answers_to_its_first_characters_while_no_other_begins_so(store):
    for name in ("abcd1", "abcd2", "beef0"):
        store.runs.append(run(name))
    assert store.runs.get("beef").id == "beef0"
    with pytest.raises(ConfigError, match="run abcd: 2 begin so; give more characters of abcd2, abcd1"):
        store.runs.get("abcd")
    with pytest.raises(ConfigError, match="run bee: unknown"):
        store.runs.get("bee")
