import numpy as np
import pytest

from core.errors import DataError
from core.strategies.registry import strategies
from core.validation.warmup import FACTORS, Length, Settling, warm_up
from tests.core.panels import small_release, walk
from tests.core.validation import strangers
from tests.core.validation.strangers import stranger

PANEL = walk(5, bars=1000)


def settle(panel=PANEL, *, decisions=3, tolerance=1e-3, told=lambda: None, **changes):
    return warm_up(panel, small_release(panel, **changes), decisions=decisions, tolerance=tolerance, told=told)


def xsmom_of(lookback):
    return [{"strategy": "xsmom", "params": {"lookback": lookback, "horizons": 1, "skip": 0, "top": 2, "threshold": 0.0}}]


def test_what_looks_back_as_far_as_it_declares_settles_exactly_there():
    signal, weights = settle(sleeves=xsmom_of(60)).settling
    assert (signal.subject, signal.declared, signal.settled) == ("signal of sleeve 1 (xsmom)", 60, 60)
    assert [length.change for length in signal.lengths if length.times >= 1.0] == [0.0] * 4
    assert all(length.change > 0.0 for length in signal.lengths if length.times < 1.0)
    assert weights.enough
    assert weights.subject == "target weights"


@pytest.mark.parametrize("name", sorted(strategies()))
def test_what_a_strategy_of_ours_declares_is_enough(name):
    params = {"sma_cross": {"fast": 5, "slow": 40}, "xsmom": {"lookback": 40}}.get(name, {})
    assert settle(sleeves=[{"strategy": name, "params": params}]).enough


def test_a_history_declared_too_short_is_told_although_the_release_warms_up_longer(monkeypatch):
    def month(panel, rows):
        return np.where(rows >= 180, np.sign(panel.close[rows] - panel.close[np.maximum(rows - 180, 0)]).T, 0.0).T

    seen = settle(sleeves=stranger(monkeypatch, month, history=50))
    signal, weights = seen.settling
    assert (signal.enough, signal.settled) == (False, 200)
    assert weights.enough  # the volatilities need longer than that anyway, and hide it
    assert not seen.enough


def test_what_never_forgets_never_settles(monkeypatch):
    signal, _ = settle(sleeves=stranger(monkeypatch, strangers.against_all_before, history=20), decisions=30).settling
    assert not signal.enough
    assert signal.settled is None


def test_an_exponential_average_is_forgotten_within_the_tolerance_only():
    tight, loose = (settle(tolerance=tolerance).settling[-1] for tolerance in (0.0, 1e-3))
    assert loose.enough
    assert not tight.enough
    assert 0.0 < next(length.change for length in loose.lengths if length.times == 1.0) < 1e-3
    longest = [length.change for length in loose.lengths if length.times >= 1.0]
    assert longest == sorted(longest, reverse=True)


def test_lengths_beyond_what_is_stored_are_left_out():
    weights = settle(PANEL.rows(0, 400)).settling[-1]
    assert [length.times for length in weights.lengths] == [f for f in FACTORS if f <= 1.5]
    assert weights.declared == 201


def test_too_few_bars_are_refused_with_how_many_it_takes():
    with pytest.raises(DataError, match=r"test 4h: 1\d\d bars lie before .* takes 202: choose a later end"):
        settle(PANEL.rows(0, 200))


def test_every_decision_of_every_subject_is_told():
    told = []
    seen = settle(decisions=4, told=lambda: told.append(1))
    assert len(told) == 4 * len(seen.settling)


@pytest.mark.parametrize(
    ("changes", "enough", "settled"),
    [
        ((0.0, 0.0, 0.0), True, 5),
        ((0.5, 0.0, 0.0), True, 10),
        ((0.5, 0.1, 0.0), True, 10),
        ((0.5, 0.2, 0.0), False, 20),
        ((0.0, 0.2, 0.0), False, 20),
        ((0.5, 0.2, 0.2), False, None),
    ],
)
def test_it_is_settled_from_where_on_nothing_moves_beyond_the_tolerance(changes, enough, settled):
    lengths = tuple(Length(round(10 * f), f, c) for f, c in zip((0.5, 1.0, 2.0), changes, strict=True))
    one = Settling("signal", 10, 0.1, lengths)
    assert (one.enough, one.settled) == (enough, settled)
