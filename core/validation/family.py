"""The family: a pre-registered crowd of parameter sets, never the ones a search visited.

Its equal-weight gross stream answers "is there an edge at all" without any selection, so a plain test of it means what it
says. Seed and size are pinned; with the search space and the rules of the book they are the hypothesis that is tested.

1. Each member is a book of its own under the release's volatility target, without costs, caps, band, step-down and Kelly.
2. The stream is divided by its own volatility as known the day before, so that wild months do not drown calm ones. Both
   steps weigh each day by what is known before it, which keeps the test valid whatever the weights are.
"""

import hashlib
import json
from dataclasses import asdict

import numpy as np

from core.backtest.costs import CostConfig
from core.deploy.release import Release
from core.market.features import smoothed
from core.market.timeframe import DAY
from core.optimize.search import Params, draw
from core.portfolio import Market, knobs
from core.sizing.config import CapsConfig, StopsConfig
from core.strategies.registry import strategy
from core.types import Array
from core.validation.streams import runner

FAMILY_SIZE = 200
FAMILY_SEED = 20_260_101
VOL_HALF_LIFE_DAYS = 10
VOL_WARMUP_DAYS = 20
"""First days of the stream, which only tell its volatility."""

_JUDGED = ("venue", "timeframe", "universe", "rebalance", "vol_half_life", "vol_floor", "book_start")


def family_sets(name: str) -> tuple[Params, ...]:
    """Return the parameter sets of a strategy's family, always the same."""
    return draw(strategy(name).space, FAMILY_SIZE, np.random.default_rng(FAMILY_SEED))


def hypothesis(release: Release, name: str) -> str:
    """Return the name of what the family tests: a hash of all that decides its stream except the bars themselves."""
    scaler = release.scaler.model_dump(mode="json", include={"target_vol", "correlation", "mismatch", "vol_half_life"})
    rules = release.model_dump(mode="json", include=set(_JUDGED)) | {"scaler": scaler}
    space = {name: [type(bounds).__name__, asdict(bounds)] for name, bounds in strategy(name).space.items()}
    words = json.dumps([name, space, FAMILY_SIZE, FAMILY_SEED, VOL_HALF_LIFE_DAYS, rules], sort_keys=True)
    return hashlib.sha256(words.encode()).hexdigest()


def family_stream(market: Market, release: Release, name: str) -> Array:
    """Return the family's daily gross return, (days,): the mean of its members' books, funding included.

    A last day that is not over yet is left out: tomorrow it would be another number.
    """
    books = runner(market, release, name)(family_sets(name), [knobs(market, gross(release))])
    stream: Array = books.daily_returns(int(market.tape.day[market.first])).mean(axis=0)
    return stream if market.panel.close_time[-1] % DAY == 0 else stream[:-1]


def gross(release: Release) -> Release:
    """Return the release's book with nothing between its signals and its volatility target."""
    scaler = release.scaler.model_copy(
        update={"max_leverage": 10.0, "stepdown_floor": 1.0, "kelly_floor": 1.0, "kelly_cap": 1.0}
    )
    return release.model_copy(
        update={
            "costs": CostConfig(taker_bps=0.0, maker_bps=0.0, half_spread_bps=0.0, impact=0.0, capital=1.0),
            "caps": CapsConfig(symbol=1.0, asset=1.0, gross=10.0, liquidity=1.0),
            "stops": StopsConfig(),
            "scaler": scaler,
            "band": 0.0,
        }
    )


def standardised(stream: Array) -> Array:
    """Divide each day by the volatility known the day before, (days - `VOL_WARMUP_DAYS`,); 0 where nothing has moved yet.

    Volatility is the exponentially weighted root mean square, begun with the warm-up's: day t uses days before t only.
    """
    if len(stream) <= VOL_WARMUP_DAYS:
        return np.zeros(0)
    squares = stream**2
    begun = np.concatenate([[squares[:VOL_WARMUP_DAYS].mean()], squares[VOL_WARMUP_DAYS:-1]])
    vol = np.sqrt(smoothed(begun[:, None], 0.5 ** (1.0 / VOL_HALF_LIFE_DAYS), 0.0)[:, 0])
    return np.divide(stream[VOL_WARMUP_DAYS:], vol, out=np.zeros_like(vol), where=vol > 0)
