"""The market's regime in words: its rule with the numbers it goes by, and how long it has been so."""

import pytest

from core.regimes import Regime
from core.reporting.market_state import SPELLS_TOLD, market_state, rule_of
from tests.core.panels import walk


@pytest.mark.parametrize("regime", Regime)
def test_every_regime_has_a_rule_with_its_numbers(regime):
    said = rule_of(regime)
    assert any(character.isdigit() for character in said)
    assert "{" not in said


def test_the_newest_regime_is_the_last_of_the_spells_told():
    state = market_state(walk(3, bars=1200, width=2, timeframe="12h", volatility=0.03))
    assert (state.regime, len(state.spells)) == (state.spells[-1].regime, SPELLS_TOLD)
    assert all(a.since < b.since and a.regime != b.regime for a, b in zip(state.spells, state.spells[1:], strict=False))


def test_without_a_bar_there_is_no_market():
    assert market_state(walk(3, bars=2, width=1, timeframe="12h", volatility=0.03).rows(0, 0)) is None
