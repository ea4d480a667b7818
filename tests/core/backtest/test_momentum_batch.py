"""A batch that makes its own momentum signal does what a batch that is handed the weights does."""

import numpy as np
import pytest

from core.backtest.batch import run_batch
from core.backtest.momentum_batch import read_prices, run_momentum
from core.optimize.search import draw
from core.portfolio import knobs, prepare, raw_weights
from core.strategies.registry import strategies, strategy, strategy_config
from core.validation.robust import COST_FACTORS, robust_scorer
from core.validation.streams import ensemble
from tests.core.panels import holey, small_release

SPEC_STRATEGIES = [name for name, one in strategies().items() if one.momentum]


def market_and_release(seed):
    panel = holey(seed, bars=300, width=9)
    release = small_release(panel)
    return prepare(panel, release), release


def params_of(name, count, seed):
    return draw(strategy(name).space, count, np.random.default_rng(seed))


def both_batches(name, seed, *, exact, threads=1):
    market, release = market_and_release(seed)
    around = params_of(name, 5, seed)
    raw = np.stack([raw_weights(market, ensemble(release, name, (p,)).sleeves, vol_floor=release.vol_floor) for p in around])
    signal = [0, 0, 1, 2, 3, 4, 4]
    every = [knobs(market, release)] * len(signal)
    prices = read_prices(market.panel.log_close, market.eligible, market.vol, release.vol_floor)
    specs = [strategy(name).momentum(strategy_config(name, p)) for p in around]
    own = run_momentum(market.tape, prices, specs, list(zip(every, signal, strict=True)), exact=exact, threads=threads)
    return own, run_batch(market.tape, every, raw, signal, exact=exact)


@pytest.mark.parametrize("name", SPEC_STRATEGIES)
@pytest.mark.parametrize("seed", range(4))
def test_the_strict_build_agrees_to_the_last_bit(name, seed):
    for own, handed in zip(*both_batches(name, seed, exact=True), strict=True):
        assert np.array_equal(own, handed)


@pytest.mark.parametrize("name", SPEC_STRATEGIES)
def test_the_fast_build_agrees_and_threads_change_nothing(name):
    own, handed = both_batches(name, 7, exact=False)
    np.testing.assert_allclose(own.equity, handed.equity, rtol=1e-7)
    threaded, _ = both_batches(name, 7, exact=False, threads=3)
    assert np.array_equal(own.equity, threaded.equity)


def test_momentum_is_traded_at_all():
    own, _ = both_batches("xsmom", 1, exact=True)
    assert (own.traded[:, -1] > 0).any()


def test_a_robust_score_is_no_better_than_the_best_of_the_neighbourhood_and_dearer_trading_costs():
    market, release = market_and_release(3)
    around = params_of("xsmom", 4, 3)
    alone = [robust_scorer(market, release, "xsmom")((p,)) for p in around]
    assert robust_scorer(market, release, "xsmom")(around) <= max(alone) + 1e-12
    assert COST_FACTORS[0] == 1.0
    assert max(COST_FACTORS) > 1.0
