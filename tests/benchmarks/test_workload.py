"""The second opinion: a loop over bars in NumPy, written for the benchmarks, against the product's kernel."""

import json

import numpy as np
import pytest

from benchmarks.engines.contest import agree
from benchmarks.engines.numpy_engine import check
from benchmarks.measure import Elsewhere, Side, figure, take_turns
from benchmarks.search import Search
from benchmarks.sets import random_sets
from benchmarks.workload import make_workload


@pytest.mark.parametrize("every", [4, 24])
def test_an_independent_loop_finds_the_same_stops_and_the_same_money(every):
    assert "stops equal" in check(make_workload(1500, 12, every), random_sets(6, every=every))


def test_the_search_finds_what_the_strict_kernel_finds_from_given_weights():
    work, sets = make_workload(1500, 12), random_sets(5, every=8)
    found, outcome = Search(work, exact=True).evaluate(sets), work.outcome(sets)
    assert found[:, 0] == pytest.approx(outcome.equity - 1.0, abs=1e-9)
    assert found[:, 1] == pytest.approx(-outcome.drawdown, abs=1e-9)


def test_a_contest_without_agreement_is_stopped():
    with pytest.raises(SystemExit, match="differ by 1.0e-03"):
        agree("somebody", np.array([1.0]), np.array([1.001]), 1e-6)
    with pytest.raises(SystemExit):
        agree("somebody", np.array([np.nan]), np.array([1.0]), 1e-6)


def test_a_figure_is_a_median_with_the_second_lowest_and_second_highest():
    one = figure("some", np.array([9.0, 1.0, 2.0, 3.0, 4.0, 5.0, 100.0]), "x")
    assert json.loads(one.json_line()) == {"name": "some", "ratio": 4.0, "low": 2.0, "high": 9.0, "unit": "x"}


def test_a_turn_elsewhere_counts_what_it_says():
    seconds = take_turns([Side("elsewhere", lambda: Elsewhere(6.0), units=3.0)], repeats=2)
    assert seconds.tolist() == [[2.0, 2.0]]
