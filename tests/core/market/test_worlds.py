import numpy as np
import pytest

from core.market.worlds import SYMBOLS, panel_of_steps, world_steps

HOURS = 24 * 400


@pytest.fixture(scope="module")
def noise():
    return world_steps(np.random.default_rng(1), HOURS, 0.0)


def test_a_seed_names_a_world(noise):
    assert np.array_equal(noise, world_steps(np.random.default_rng(1), HOURS, 0.0))
    assert not np.array_equal(noise, world_steps(np.random.default_rng(2), HOURS, 0.0))


def test_coins_are_as_volatile_and_as_alike_as_the_recipe_says(noise):
    """Own shocks 0.55 to 1.05 % an hour beside a common one of 0.55 %: 68 to 118 % a year, correlations about a third."""
    yearly = noise.std(axis=0) * np.sqrt(8760)
    assert 0.6 < yearly.min() < yearly.max() < 1.4
    alike = np.corrcoef(noise.T)[np.triu_indices(SYMBOLS, 1)]
    assert 0.25 < alike.mean() < 0.45


def test_storms_come_in_clusters(noise):
    size = np.abs(noise).mean(axis=1)
    assert np.corrcoef(size[:-24], size[24:])[0, 1] > 0.2
    assert np.mean((noise / noise.std(axis=0)) ** 4) > 5


def test_noise_has_no_memory_and_an_edge_has():
    def weekly_memory(edge):
        steps = world_steps(np.random.default_rng(3), 24 * 2000, edge)
        weeks = (steps - steps.mean(axis=1, keepdims=True))[: 24 * 1995].reshape(-1, 168, SYMBOLS).sum(axis=1)
        return np.mean(weeks[:-1] * weeks[1:]) / np.mean(weeks**2)

    assert abs(weekly_memory(0.0)) < 0.03
    assert weekly_memory(6e-4) > 0.15


def test_the_drift_of_all_coins_sums_to_nothing():
    """The same shocks with and without the edge: what is added has no market part, for coins of one volatility."""
    flat, leaning = (world_steps(np.random.default_rng(4), 500, edge) for edge in (1e-12, 1e-3))
    added, own = leaning - flat, np.random.default_rng(4)
    own.uniform(0.8, 1.2, SYMBOLS)
    vol = own.uniform(0.0055, 0.0105, SYMBOLS)
    np.testing.assert_allclose((added / vol).sum(axis=1), 0.0, atol=1e-9)


def test_the_bars_hang_together(noise):
    panel = panel_of_steps(noise[:1000])
    assert np.array_equal(panel.open[1:], panel.close[:-1])
    assert (panel.high >= np.maximum(panel.open, panel.close)).all()
    assert (panel.low <= np.minimum(panel.open, panel.close)).all()
    np.testing.assert_allclose(panel.close[1:] / panel.close[:-1] - 1.0, noise[1:1000], atol=1e-12)
    np.testing.assert_allclose(panel.traded_value, 1e8 / 24)
