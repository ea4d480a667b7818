import math

from storage.trials import Trial


def trials(numbers, run="r-1", study="fold-1"):
    return [Trial(run, study, number, f'{{"n":{number}}}', number / 7) for number in numbers]


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
