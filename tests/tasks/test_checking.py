"""Checks on a small stored market: what is loaded, what is answered, what is refused."""

from datetime import timedelta

import numpy as np
import pytest

from core.errors import ConfigError, DataError
from core.market.synthetic import synthetic_market
from core.strategies.registry import strategies
from core.validation.cost_sensitivity import MULTIPLES
from core.validation.data_limits import DataLimits
from core.validation.lookahead import FUTURES
from storage.activations import Activation
from tasks.checking import Subject, check_costs, check_data, check_lookahead, check_warmup, opened
from tasks.live_releases import publish
from tasks.progress import listening
from tasks.settings import settings
from tasks.stores import store
from tests.core.validation import strangers
from tests.core.validation.strangers import stranger
from tests.flows.recorded import DAYS, RELEASE, START, bar_frame, funding_frame

PARAMS = {"lookback": 96, "top": 3}
XSMOM = Subject("xsmom", PARAMS)


@pytest.fixture(scope="module")
def panel():
    return synthetic_market(np.random.default_rng(5), days=DAYS, symbols=8, start=START, edge=4e-4).panel


@pytest.fixture(scope="module", autouse=True)
def stored(panel, tmp_path_factory):
    """A home with the market stored and a quick release live."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRADEWIND_HOME", str(tmp_path_factory.mktemp("home")))
        for forget in (settings.cache_clear, store.cache_clear):
            forget()
        store().bars.merge(bar_frame(panel))
        store().funding.merge(funding_frame(panel))
        publish(RELEASE, "test", "{}", Activation(RELEASE.fingerprint, "paper", START, "test", "a test"))
        yield
    for forget in (settings.cache_clear, store.cache_clear):
        forget()


def steps(call):
    """Run a check; return its answer and how far its progress came."""
    heard = []
    with listening(lambda _what, done, total: heard.append((done, total))):
        return call(), heard[-1]


def test_a_check_puts_the_strategy_in_place_of_the_live_releases_sleeves():
    market, release = opened(XSMOM)
    assert [sleeve.strategy for sleeve in release.sleeves] == ["xsmom"]
    assert release.sleeves[0].params["lookback"] == 96
    assert (release.universe, release.scaler, release.book_start) == (RELEASE.universe, RELEASE.scaler, RELEASE.book_start)
    assert market.first > 0


def test_a_range_is_what_is_loaded():
    start, end = START + timedelta(days=30), START + timedelta(days=50)
    market, release = opened(Subject("xsmom", PARAMS, start=start, end=end))
    assert release.book_start == start
    assert market.panel.close_time[-1] == end.timestamp() * 1000


def test_no_strategy_of_ours_looks_ahead():
    for name in strategies():
        done, (counted, total) = steps(lambda name=name: check_lookahead(*opened(Subject(name, {})), cuts=2, seed=1))
        assert done.leak is None
        assert counted == total == done.comparisons == 1 + 2 * len(FUTURES)


def test_one_that_does_is_caught(monkeypatch):
    stranger(monkeypatch, strangers.next_close)
    assert check_lookahead(*opened(Subject("stranger", {})), cuts=2, seed=1).leak is not None


def test_the_warm_up_of_a_strategy_of_ours_is_enough():
    done, (counted, total) = steps(lambda: check_warmup(*opened(XSMOM), decisions=2, tolerance=0.001))
    assert done.enough
    assert counted == total == 4


def test_costs_are_tried_at_every_multiple():
    done, (counted, total) = steps(lambda: check_costs(*opened(XSMOM)))
    assert len(done.outcomes) == counted == total == len(MULTIPLES)
    assert done.paid.fees > 0.0


def test_the_data_is_looked_over_within_its_limits():
    subject = Subject("xsmom", PARAMS, start=START + timedelta(days=25))
    done = check_data(*opened(subject), DataLimits())
    assert done.objections == ()
    assert len(done.coverage.symbols) == 8
    assert done.limits["universe"] == 5
    strict = check_data(*opened(subject), DataLimits(universe=1000))
    assert strict.objections[0].startswith("universe: the median is below 1000 symbols")


@pytest.mark.parametrize(
    ("subject", "error", "line"),
    [
        (Subject("xsmon", {}), ConfigError, r"did you mean xsmom\?"),
        (Subject("xsmom", {"lokback": 3}), ConfigError, r"did you mean lookback\?"),
        (Subject("xsmom", {}, venue="nowhere"), ConfigError, "stored are synthetic"),
        (Subject("xsmom", {}, start=START + timedelta(days=400)), DataError, "stored: 8 symbols"),
    ],
)
def test_what_cannot_be_checked_is_refused(subject, error, line):
    with pytest.raises(error, match=line):
        opened(subject)
