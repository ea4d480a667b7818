"""A search whose study is kept: it goes on after a stop, it is shared by workers, and it never mixes with another search."""

import math
import threading

import optuna
import pytest

from core.errors import ConfigError, StoreError
from core.optimize.search import Kept, search
from core.strategies.strategy import FloatRange, IntRange

SPACE = {"lookback": IntRange(24, 1440, log=True), "top": IntRange(3, 8), "threshold": FloatRange(0.0, 1.0)}

optuna.logging.set_verbosity(optuna.logging.WARNING)


class Stopped(Exception):
    """What ends a search from outside."""


def hill(params):
    """Highest at lookback 200, top 5, threshold 0.3."""
    return -((math.log(params["lookback"] / 200)) ** 2) - (params["top"] - 5) ** 2 - (params["threshold"] - 0.3) ** 2


def kept(name="night"):
    return Kept(optuna.storages.InMemoryStorage(), name)


def stopped_after(count, study):
    """Search until `count` trials have been told, as an operator's Ctrl-C would."""

    def told(trial):
        if trial.number + 1 == count:
            raise Stopped

    with pytest.raises(Stopped):
        search(SPACE, hill, trials=40, seed=7, told=told, kept=study)


@pytest.mark.parametrize("count", [3, 25])
def test_a_search_that_was_stopped_goes_on_as_if_it_had_not(count):
    straight, study, scored, told = search(SPACE, hill, trials=40, seed=7, kept=kept()), kept(), [], []
    stopped_after(count, study)
    again = search(SPACE, lambda p: scored.append(p) or hill(p), trials=40, seed=7, told=told.append, kept=study)
    assert again == straight
    assert len(scored) == 40 - count  # nothing is scored twice
    assert tuple(told) == again


def test_a_finished_search_is_read_and_not_run_again():
    study = kept()
    first = search(SPACE, hill, trials=12, seed=1, kept=study)
    assert search(SPACE, lambda _: pytest.fail("scored again"), trials=12, seed=1, kept=study) == first
    more = search(SPACE, hill, trials=15, seed=1, kept=study)
    assert more[:12] == first
    assert [trial.number for trial in more] == list(range(15))


def test_trials_are_scored_as_they_are_and_another_seed_tries_others():
    trials = search(SPACE, hill, trials=12, seed=1, kept=kept())
    assert all(trial.value == hill(trial.params) for trial in trials)
    assert all(type(trial.params[name]) is int for trial in trials for name in ("lookback", "top"))
    assert trials != search(SPACE, hill, trials=12, seed=2, kept=kept())


def test_workers_share_one_count_and_never_try_the_same_set():
    study, found, together = kept(), [], threading.Barrier(3)

    def work():
        together.wait()
        found.append(search(SPACE, hill, trials=30, seed=3, kept=study))

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    last = max(found, key=len)
    assert 30 <= len(last) <= 32  # what the others had under way is finished, and counts
    assert len({tuple(trial.params.values()) for trial in last}) == len(last)


def test_a_score_that_is_not_finite_is_refused_and_leaves_no_trial():
    study = kept()
    with pytest.raises(ConfigError, match="study night: the score of .*lookback.* is nan; a score must be finite"):
        search(SPACE, lambda _: math.nan, trials=5, seed=1, kept=study)
    assert len(search(SPACE, hill, trials=5, seed=1, kept=study)) == 5


def test_a_study_of_another_space_or_seed_is_refused_with_both():
    study = kept()
    search(SPACE, hill, trials=2, seed=1, kept=study)
    with pytest.raises(ConfigError, match=r"study night: was searched with .*'seed': 1.*now .*'seed': 2.*another name"):
        search(SPACE, hill, trials=2, seed=2, kept=study)
    with pytest.raises(ConfigError, match=r"high=8.*now .*high=9"):
        search(SPACE | {"top": IntRange(3, 9)}, hill, trials=2, seed=1, kept=study)


def test_a_study_that_is_not_ours_is_refused():
    study = kept()
    stranger = optuna.create_study(storage=study.storage, study_name="night", direction="minimize")
    stranger.add_trial(optuna.trial.create_trial(value=1.0))
    with pytest.raises(ConfigError, match="study night: was searched with None"):
        search(SPACE, hill, trials=2, seed=1, kept=study)


def test_a_study_that_is_deleted_in_the_middle_is_a_failure_of_its_storage():
    study = kept()

    def deleting(params):
        optuna.delete_study(study_name="night", storage=study.storage)
        return hill(params)

    with pytest.raises(StoreError, match="study night: its storage failed"):
        search(SPACE, deleting, trials=2, seed=1, kept=study)


def test_a_key_error_of_the_score_stays_what_it_is():
    with pytest.raises(KeyError, match="lokback"):
        search(SPACE, lambda params: params["lokback"], trials=2, seed=1, kept=kept())
