import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.sizing.tsmom import equal_risk_weights, half_life_of

scores = arrays(float, (4, 5), elements=st.sampled_from([-2.0, -0.1, 0.0, 0.5, float("nan")]))
vols = arrays(float, (4, 5), elements=st.floats(0.05, 3.0) | st.just(float("nan")))


@given(scores, vols)
def test_every_symbol_held_carries_the_same_risk_on_its_own_side(score, vol):
    weights = equal_risk_weights(score, vol, target=0.4)
    known = np.isfinite(score) & np.isfinite(vol)
    counts = np.broadcast_to(np.maximum(known.sum(axis=1, keepdims=True), 1), score.shape)
    assert (weights[~known] == 0.0).all()
    assert (weights * vol * counts)[known] == pytest.approx(0.4 * np.sign(score[known]))


@pytest.mark.parametrize("centre", [1.0, 20.0, 60.0])
def test_a_half_life_has_the_centre_of_mass_it_was_asked_for(centre):
    decay = 0.5 ** (1.0 / half_life_of(centre))
    lag = np.arange(5000)
    weights = (1.0 - decay) * decay**lag
    assert weights @ lag == pytest.approx(centre, rel=1e-6)
