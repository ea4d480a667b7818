import math
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ConfigError
from storage import migrations
from storage.database import Database
from storage.store import MemoryStore, Store
from storage.trials import MemoryTrials, Trial, TrialCount

ROOT = Path(__file__).parents[2]
NOW = datetime(2024, 1, 1, tzinfo=UTC)


def trials(numbers, run="r-1", study="fold-1"):
    return [Trial(run, study, number, f'{{"n":{number}}}', number / 7) for number in numbers]


def night(run, numbers, family="momentum"):
    """One fold's trials with all there is to know of them."""
    known = {"family": family, "oos_sharpe": 0.5, "oos_daily": (0.01, -0.02), "data_hash": "d", "code_version": "1.0"}
    return [replace(trial, **known, tried_at=NOW) for trial in trials(numbers, run=run)]


def test_trials_come_back_by_study_and_number(store):
    assert store.trials.append([*trials([2, 10, 1]), *trials([5], study="fold-0"), *trials([9], run="r-2")]) == 5
    assert store.trials.of_run("r-1") == (*trials([5], study="fold-0"), *trials([1, 2, 10]))


def test_appending_twice_is_appending_once(store):
    assert store.trials.append(trials(range(3))) == 3
    assert store.trials.append(trials(range(5))) == 2
    assert len(store.trials.of_run("r-1")) == 5


def test_a_failed_trial_keeps_its_nan(store):
    store.trials.append([Trial("r-1", "fold-1", 0, "{}", math.nan)])
    assert math.isnan(store.trials.of_run("r-1")[0].value)


def test_a_run_without_trials_has_none(store):
    assert store.trials.append([]) == 0
    assert store.trials.of_run("r-1") == ()


def test_everything_known_of_a_trial_comes_back_to_the_last_digit(store):
    tricky = (0.1 + 0.2, -1e-300, math.nextafter(1.0, 2.0), 0.0)
    vienna = NOW.astimezone(timezone(timedelta(hours=1)))
    ledger = [replace(trial, oos_daily=tricky, tried_at=vienna) for trial in night("r-1", range(3))]
    bare = replace(night("r-1", [3])[0], oos_sharpe=None, oos_daily=None)  # study "all" has no out-of-sample bars
    store.trials.append([*ledger, bare, replace(bare, number=4, oos_daily=())])
    assert store.trials.of_run("r-1") == (*ledger, bare, replace(bare, number=4, oos_daily=()))


def test_a_moment_without_a_time_zone_is_refused_and_nothing_is_appended(store):
    wrong = replace(night("r-1", [1])[0], tried_at=datetime(2024, 1, 1))  # noqa: DTZ001
    with pytest.raises(ConfigError, match="tried_at: .* has no time zone"):
        store.trials.append([*night("r-1", [0]), wrong])
    assert store.trials.of_run("r-1") == ()


def test_a_second_night_raises_the_count_of_its_family(store):
    store.trials.append(night("monday", range(4)))
    assert store.trials.count("momentum") == TrialCount(trials=4, distinct_sets=4, nights=1)
    store.trials.append(
        [*night("tuesday", range(2, 7)), *night("tuesday", range(50, 53), family="cross"), *trials([99], run="old")]
    )
    assert store.trials.count("momentum") == TrialCount(trials=9, distinct_sets=7, nights=2)
    assert store.trials.count("cross") == TrialCount(trials=3, distinct_sets=3, nights=1)
    assert store.trials.count("unheard of") == TrialCount(trials=0, distinct_sets=0, nights=0)


def test_the_best_of_a_family_come_from_all_its_nights_and_a_failed_trial_is_none_of_them(store):
    failed = replace(night("monday", [99])[0], value=math.nan)
    store.trials.append(
        [*night("monday", [1, 5, 3]), failed, *night("tuesday", [5, 4]), *night("tuesday", [9], family="cross")]
    )
    assert [(t.run_id, t.number) for t in store.trials.best("momentum", 3)] == [("monday", 5), ("tuesday", 5), ("tuesday", 4)]
    assert store.trials.best("momentum", 99)[-1].number == 1
    assert store.trials.best("unheard of", 3) == ()


offered = st.lists(
    st.builds(Trial, st.sampled_from("ab"), st.sampled_from("xy"), st.integers(0, 3), st.sampled_from(["{}", '{"n":1}']),
              st.floats(-2, 2) | st.just(math.nan), st.sampled_from([None, "f", "g"])),
    max_size=12,
)  # fmt: skip


@settings(max_examples=40)
@given(batches=st.lists(offered, max_size=4))
def test_no_append_ever_lowers_a_count(batches):
    ledger, before = MemoryTrials(), TrialCount(0, 0, 0)
    for batch in batches:
        ledger.append(batch)
        after = ledger.count("f")
        assert after.trials >= before.trials
        assert after.distinct_sets >= before.distinct_sets
        assert after.trials >= max(after.distinct_sets, after.nights)
        before = after


@settings(max_examples=4, deadline=None)
@given(batches=st.lists(offered, min_size=1, max_size=3))
def test_both_ledgers_answer_alike(tmp_path_factory, batches):
    duck, memory = Store(tmp_path_factory.mktemp("ledger")).trials, MemoryStore().trials
    for batch in batches:
        assert duck.append(batch) == memory.append(batch)
    assert duck.count("f") == memory.count("f")
    assert duck.best("f", 3) == memory.best("f", 3)


def test_a_ledger_of_an_older_tradewind_keeps_its_rows_and_takes_new_ones(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        first = migrations.known("research")[:1]
        patch.setattr(migrations, "known", lambda _: first)
        with Database(tmp_path / "research.duckdb", "research").write() as connection:
            connection.execute("insert into trials values ('old', 'all', 0, '{}', 0.5)")
    ledger = Store(tmp_path).trials
    ledger.append(night("new", [1]))
    assert ledger.of_run("old") == (Trial("old", "all", 0, "{}", 0.5),)
    assert ledger.of_run("new") == tuple(night("new", [1]))
    assert ledger.count("momentum") == TrialCount(1, 1, 1)


GONE = """
import resource, sys
from pathlib import Path
import numpy as np
from core.errors import StoreError
from storage.store import Store
from storage.trials import Trial

home = Path(sys.argv[1])
ledger = Store(home).trials
ledger.append([Trial("before", "all", 0, "{}", 0.0)])
size = (home / "research.duckdb").stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 65536, size + 65536))
noise = np.random.default_rng(0).standard_normal((300, 900)).tolist()
try:
    ledger.append(Trial("half", "all", n, "{}", 0.0, oos_daily=tuple(daily)) for n, daily in enumerate(noise))
except StoreError as error:
    print(error)
"""


def test_a_disk_that_fills_up_in_the_middle_of_a_night_leaves_none_of_it(tmp_path):
    command = [sys.executable, "-c", GONE, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={"PYTHONPATH": str(ROOT)}, timeout=60)
    assert "nothing was written" in done.stdout
    ledger = Store(tmp_path).trials
    assert ledger.of_run("half") == ()
    assert len(ledger.of_run("before")) == 1
