"""The null test in its processes: what is kept, and how a test that was stopped goes on."""

import json

import pytest

from core.deploy.guard import GuardLimits
from core.errors import ConfigError, StoreError
from core.validation.null_test import NullPlan
from tasks.null_testing import kept, null_test
from tasks.settings import settings

LIMITS = GuardLimits()
PLAN = NullPlan(kind="noise", markets=3, nights=3, history_days=365)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("TRADEWIND_HOME", str(tmp_path))
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


def the_file(home):
    (path,) = (home / "null-test").iterdir()
    return path


def test_a_test_that_was_stopped_goes_on_with_the_markets_it_lacks(home):
    counted = null_test(PLAN, LIMITS, None)
    assert (counted["markets"], counted["full_searches"]) == (3, 0)
    lines = the_file(home).read_text().splitlines(keepends=True)
    the_file(home).write_text("".join(lines[:1]) + lines[1][:20])  # killed while it wrote the second

    more = null_test(PLAN.model_copy(update={"markets": 4}), LIMITS, None)
    assert more["markets"] == 4
    now = the_file(home).read_text().splitlines(keepends=True)
    assert now[0] == lines[0]
    assert sorted(json.loads(line)["market"] for line in now) == [0, 1, 2, 3]
    assert {json.loads(line)["top_z"] for line in lines} <= {json.loads(line)["top_z"] for line in now}


def test_a_file_that_is_not_ours_is_refused_and_left_alone(home):
    path = home / "stranger.jsonl"
    path.write_text('{"market": 1}\n')
    with pytest.raises(StoreError, match="line 1: not an outcome of a null test; delete the file or use --fresh"):
        list(kept(path))
    assert path.read_text() == '{"market": 1}\n'


def test_a_sharpe_ratio_that_was_not_measured_is_refused_before_anything_runs(home):
    with pytest.raises(ConfigError, match=r"planted edges are measured"):
        null_test(NullPlan(kind="planted", sharpe=4.5, markets=2), LIMITS, None)
    assert not (home / "null-test").exists()
