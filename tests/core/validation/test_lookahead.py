import numpy as np
import pytest

from core.errors import DataError
from core.portfolio import prepare
from core.strategies.registry import strategies
from core.validation.lookahead import AGAIN, FUTURES, look_ahead
from tests.core.panels import holey, small_release, walk, without
from tests.core.validation import strangers
from tests.core.validation.strangers import stranger

PEEKERS = [
    strangers.next_close,
    strangers.next_high,
    strangers.a_day_ahead,
    strangers.whole_sample_score,
    strangers.centred_average,
    strangers.close_of_the_day,
    strangers.backfilled,
    strangers.biggest_of_all_time,
    strangers.survivors,
    strangers.share_of_the_sample,
]


def search(panel, *, cuts=4, seed=1, told=lambda: None, **changes):
    release = small_release(panel, **{"rebalance": 4} | changes)
    return look_ahead(panel, release, cuts=cuts, rng=np.random.default_rng(seed), told=told)


@pytest.fixture(scope="module")
def sound():
    """A market without a delisting, whose first symbol has many holes."""
    panel = walk(3, bars=300)
    holes = np.zeros(panel.close.shape, dtype=bool)
    holes[:, 0] = np.random.default_rng(4).random(len(panel)) < 0.6
    return without(panel, holes)


@pytest.mark.parametrize("name", sorted(strategies()))
@pytest.mark.parametrize("seed", [1, 2])
def test_a_strategy_of_ours_does_not_look_ahead(name, seed):
    seen = search(holey(seed, bars=500, width=7), seed=seed, sleeves=[{"strategy": name}])
    assert seen.leak is None
    assert (seen.cuts, seen.comparisons) == (4, 1 + 4 * len(FUTURES))


@pytest.mark.parametrize("peek", PEEKERS, ids=lambda peek: peek.__name__)
def test_whoever_looks_ahead_is_caught(peek, sound, monkeypatch):
    leak = search(sound, sleeves=stranger(monkeypatch, peek)).leak
    assert leak is not None
    assert leak.station == "signal of sleeve 1 (stranger)"
    assert leak.before != leak.after
    assert leak.decided <= leak.known_until


@pytest.mark.parametrize("say", [strangers.this_bar, strangers.against_all_before], ids=lambda say: say.__name__)
def test_whoever_looks_at_the_bar_that_closes_is_not(say, sound, monkeypatch):
    assert search(sound, sleeves=stranger(monkeypatch, say)).leak is None


def test_a_peek_at_the_next_bar_is_told_with_its_time_symbol_and_values(sound, monkeypatch):
    leak = search(sound, sleeves=stranger(monkeypatch, strangers.next_close)).leak
    row = sound.row_at(int(leak.decided.timestamp() * 1000)) - 1
    column = sound.symbols.index(leak.symbol)
    assert leak.decided == leak.known_until  # the decision right before the cut is the only one that changes
    assert leak.before == np.sign(sound.close[row + 1, column] - sound.close[row, column])
    assert (leak.future, leak.after) == ("later bars cut off", 0.0)


def test_who_survives_shows_only_when_the_future_is_scrambled(monkeypatch):
    everyone = walk(3, bars=300)
    assert search(everyone, sleeves=stranger(monkeypatch, strangers.survivors)).leak.future == "later bars missing"


def test_what_knows_the_whole_sample_changes_the_first_decision(sound, monkeypatch):
    sleeves = stranger(monkeypatch, strangers.whole_sample_score)
    market = prepare(sound, small_release(sound, rebalance=4, sleeves=sleeves))
    held = market.rows[market.eligible.any(axis=1)]
    leak = search(sound, sleeves=sleeves).leak
    assert leak.decided.timestamp() * 1000 == sound.close_time[held[0]]


def test_a_signal_that_fails_without_later_bars_is_caught_too(sound, monkeypatch):
    leak = search(sound.rows(0, 300), sleeves=stranger(monkeypatch, strangers.next_close_or_crash)).leak
    assert leak.error.startswith("IndexError")
    assert leak.future == "later bars cut off"


def test_a_signal_that_fails_on_the_stored_bars_is_named(sound, monkeypatch):
    sleeves = stranger(monkeypatch, strangers.next_close_or_crash)
    seen = search(sound.rows(0, 298), sleeves=sleeves)  # the last bar is one of a decision
    assert (seen.leak.future, seen.comparisons) == ("nothing: the bars are as stored", 0)


def test_a_signal_that_rolls_dice_disagrees_with_itself(sound, monkeypatch):
    seen = search(sound, sleeves=stranger(monkeypatch, strangers.dice))
    assert (seen.leak.future, seen.comparisons) == (AGAIN, 1)


def test_the_second_sleeve_is_looked_at_as_well(sound, monkeypatch):
    peeker = stranger(monkeypatch, strangers.next_close)[0] | {"budget": 0.5}
    leak = search(sound, sleeves=[{"strategy": "sma_cross", "budget": 0.5, "params": {"fast": 3, "slow": 9}}, peeker]).leak
    assert leak.station == "signal of sleeve 2 (stranger)"


def test_the_same_seed_finds_the_same_leak(sound, monkeypatch):
    sleeves = stranger(monkeypatch, strangers.next_close)
    assert search(sound, seed=5, sleeves=sleeves) == search(sound, seed=5, sleeves=sleeves)
    assert search(sound, seed=5, sleeves=sleeves) != search(sound, seed=6, sleeves=sleeves)


def test_every_comparison_is_told(sound):
    told = []
    seen = search(sound, cuts=2, told=lambda: told.append(1))
    assert len(told) == seen.comparisons == 1 + 2 * len(FUTURES)


def test_more_cuts_than_decisions_take_every_decision(sound):
    seen = search(sound.rows(0, 282), cuts=10_000, rebalance=60)
    assert seen.cuts == seen.decisions - 1 == 4  # nothing follows the last one


def test_a_range_whose_only_decision_is_its_last_bar_is_refused(sound):
    with pytest.raises(DataError, match="no decision is followed by a bar"):
        search(sound.rows(0, 42), rebalance=60)


@pytest.mark.parametrize("future", FUTURES.values(), ids=FUTURES)
def test_taking_the_future_away_leaves_the_past_and_the_original_alone(future, sound):
    kept = sound.data_hash
    altered = future(sound, 200, np.random.default_rng(1))
    assert altered.rows(0, 200).data_hash == sound.rows(0, 200).data_hash
    assert altered.data_hash != sound.data_hash == kept
