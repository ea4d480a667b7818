import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.errors import ConfigError, LedgerError
from storage.activations import Activation
from storage.releases import ReleaseRow
from storage.store import Store

NOW = datetime(2024, 1, 1, tzinfo=UTC)
ONE = ReleaseRow("abcdef" + "0" * 58, '{"a":1}', NOW, "baseline", "{}")
TWO = ReleaseRow("abcdef" + "1" * 58, '{"a":2}', NOW + timedelta(days=1), "nightly", '{"sharpe":1.5}')
ONE_LIVE = Activation(ONE.fingerprint, "paper", NOW, "tradewind", "baseline")
TWO_LIVE = Activation(TWO.fingerprint, "paper", NOW + timedelta(days=1), "optimize", "no objection")


def test_a_release_comes_back_as_it_was_added(store):
    assert store.releases.add(ONE)
    assert store.releases.get(ONE.fingerprint) == ONE


def test_adding_twice_is_adding_once_and_the_first_note_stays(store):
    store.releases.add(ONE)
    assert not store.releases.add(replace(ONE, note="again"))
    assert store.releases.all() == (ONE,)


def test_one_fingerprint_cannot_name_two_contents(store):
    store.releases.add(ONE)
    with pytest.raises(LedgerError, match="another content"):
        store.releases.add(replace(ONE, json="{}"))
    assert store.releases.all() == (ONE,)


def test_releases_are_listed_oldest_first(store):
    store.releases.add(TWO)
    store.releases.add(ONE)
    assert store.releases.all() == (ONE, TWO)


def test_a_unique_beginning_is_enough(store):
    store.releases.add(ONE)
    store.releases.add(TWO)
    assert store.releases.get("abcdef1") == TWO


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ("abcdef", "2 begin so; give more characters of abcdef111111, abcdef000000"),
        ("abcd", "unknown; the newest are abcdef111111, abcdef000000"),
        ("ffffff", "release ffffff: unknown; the newest are"),
        ("", "unknown"),
    ],
)
def test_an_unknown_or_ambiguous_name_is_refused_with_what_is_there(store, asked, complaint):
    store.releases.add(ONE)
    store.releases.add(TWO)
    with pytest.raises(ConfigError, match=complaint):
        store.releases.get(asked)


def test_an_empty_store_says_so(store):
    with pytest.raises(ConfigError, match="none: make one first"):
        store.releases.get("abcdef")


def test_publishing_makes_a_release_live_and_twice_is_once(store):
    assert store.releases.publish(ONE, ONE_LIVE, store.activations)
    assert store.releases.publish(TWO, TWO_LIVE, store.activations, over=ONE_LIVE)
    assert not store.releases.publish(TWO, TWO_LIVE, store.activations, over=ONE_LIVE)
    assert store.releases.all() == (ONE, TWO)
    assert store.activations.all() == (ONE_LIVE, TWO_LIVE)


def test_a_release_that_comes_too_late_is_not_there_at_all(store):
    store.releases.publish(ONE, ONE_LIVE, store.activations)
    assert not store.releases.publish(TWO, TWO_LIVE, store.activations, over=replace(ONE_LIVE, stage="small"))
    assert (store.releases.all(), store.activations.all()) == ((ONE,), (ONE_LIVE,))


def test_a_name_with_another_content_never_goes_live(store):
    store.releases.publish(ONE, ONE_LIVE, store.activations)
    store.releases.add(TWO)
    with pytest.raises(LedgerError, match="another content"):
        store.releases.publish(replace(TWO, json="{}"), TWO_LIVE, store.activations)
    assert store.activations.live() == ONE_LIVE


KILLED = """
import os, signal, sys
from pathlib import Path
from storage import releases
from storage.store import Store
from tests.storage.test_releases import ONE_LIVE, TWO, TWO_LIVE

store, calls, last_call = Store(Path(sys.argv[1])), [], int(sys.argv[2])

def deadly(step):
    def run(*arguments):
        calls.append(step)
        answer = step(*arguments)
        if len(calls) == last_call:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer
    return run

for name in ("_same_name", "append_activation", "add"):
    setattr(releases, name, deadly(getattr(releases, name)))
store.releases.publish(TWO, TWO_LIVE, store.activations, over=ONE_LIVE)
os.kill(os.getpid(), signal.SIGKILL)
"""
"""A publication that dies by its own kill -9 after the given one of its three steps, or after its end."""


@pytest.mark.parametrize("step", [2, 3, 4])
def test_a_kill_leaves_the_old_release_live_or_the_new_one_with_its_evidence(tmp_path, step):
    store = Store(tmp_path)
    store.releases.publish(ONE, ONE_LIVE, store.activations)
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(step)]
    root = Path(__file__).parents[2]
    died = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(root)}, check=False, capture_output=True, text=True)

    assert died.returncode == -signal.SIGKILL, died.stderr
    before, after = ((ONE,), (ONE_LIVE,)), ((ONE, TWO), (ONE_LIVE, TWO_LIVE))
    assert (store.releases.all(), store.activations.all()) == (before if step <= 3 else after)
