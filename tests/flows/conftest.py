"""A Prefect server for the session, and a home with a small synthetic market for each test that asks."""

import numpy as np
import pytest

from core.market.synthetic import synthetic_market
from storage.activations import Activation
from tasks.live_releases import publish
from tasks.settings import settings
from tasks.stores import store
from tests.flows.recorded import DAYS, RELEASE, START, bar_frame, funding_frame


@pytest.fixture(scope="session")
def prefect_server():
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=120), temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        yield


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty home that settings and store point at."""
    for name in ("VENUE", "BYBIT_URL", "TIMEFRAME", "ACCOUNT"):
        monkeypatch.delenv(f"TRADEWIND_{name}", raising=False)
    monkeypatch.setenv("TRADEWIND_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    settings.cache_clear()
    store.cache_clear()
    yield tmp_path
    settings.cache_clear()
    store.cache_clear()


@pytest.fixture(scope="session")
def market():
    return synthetic_market(np.random.default_rng(5), days=DAYS, symbols=8, start=START, edge=4e-4)


@pytest.fixture
def stored(home, market):
    """The home with the whole market stored, and a quick release live."""
    store().bars.merge(bar_frame(market.panel))
    store().funding.merge(funding_frame(market.panel))
    store().instruments.record(market.instruments, START)
    publish(RELEASE, "test", "{}", Activation(RELEASE.fingerprint, "paper", START, "test", "a test"))
    return home
