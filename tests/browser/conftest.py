"""A small market, `tradewind up` on it, and a browser that may speak to this machine only."""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from core.market.synthetic import synthetic_market
from core.market.timeframe import milliseconds

TRADEWIND = [sys.executable, "-c", "from flows.cli import main; main()"]
OURS = ("PREFECT_", "TRADEWIND_")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
KNOWN_DAYS, HISTORY_DAYS = 127, 140
"""Days that are ingested, more than the baseline looks back on, so that the first tick decides; days that the market has."""


@pytest.fixture(scope="session")
def chromium():
    """A browser on loopback; skips, saying why, where there is none."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"no browser on the PATH: looked for {', '.join(BROWSERS)}")
    sync = pytest.importorskip("playwright.sync_api")
    # Nothing but this machine has a name or an address, so not even the browser's own services get out.
    quiet = ["--no-sandbox", "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
    with sync.sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=quiet)
        except sync.Error as error:
            pytest.skip(f"{path} does not start: {str(error).splitlines()[0]}")
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def market():
    """Serve an invented market as Bybit, on real time; the address."""
    from tasks.exchange_serving import Recording, Service, served

    now = datetime.now(UTC)
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    rng, start = np.random.default_rng(7), today - timedelta(days=HISTORY_DAYS)
    invented = synthetic_market(rng, days=HISTORY_DAYS + 2, symbols=12, start=start, edge=2e-4)
    with served(
        Recording(invented.panel, invented.instruments, milliseconds(now)), Service(1.0, 0, Decimal(100_000))
    ) as server:
        yield server.url


@pytest.fixture(scope="session")
def ui(market, tmp_path_factory):
    """Ingest, bring everything up; the address of Prefect's UI."""
    home = tmp_path_factory.mktemp("ui") / "home"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    env = {**clean, "TRADEWIND_BYBIT_URL": market, "TRADEWIND_HOME": str(home)}
    subprocess.run([sys.executable, "-m", "tasks.kernels"], env=env, timeout=300, check=True)  # as `make run` does
    subprocess.run([*TRADEWIND, "ingest", "--history-days", str(KNOWN_DAYS)], env=env, timeout=180, check=True)
    with running(env, home.parent / "up.out"):
        yield (home / "server.url").read_text().removesuffix("/api")


@contextmanager
def running(env, said):
    """Run `tradewind up` until the context closes, and end it as an operator would; what it says is in the file."""
    with said.open("w") as sink:
        process = subprocess.Popen([*TRADEWIND, "up"], stdout=sink, stderr=subprocess.STDOUT, env=env)
    try:
        end = time.monotonic() + 240
        while "Ctrl-C" not in said.read_text():
            assert process.poll() is None, said.read_text()
            assert time.monotonic() < end, said.read_text()
            time.sleep(0.3)
        yield
        assert process.poll() is None, said.read_text()
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


@pytest.fixture
def page(chromium, ui):
    """A page of the UI; every request that is not this machine's is stopped, and fails the test at its end."""
    refused = []

    def guard(route):
        if route.request.url.startswith(ui):
            route.continue_()
        else:
            refused.append(route.request.url)
            route.abort()

    context = chromium.new_context(base_url=ui, viewport={"width": 1280, "height": 1120}, timezone_id="UTC")
    context.set_default_timeout(20_000)
    context.route("**/*", guard)
    yield context.new_page()
    context.close()
    assert not refused


@pytest.fixture
def keep(page, tmp_path):
    """Keep a picture of the page as `ui-NAME.png`: in the test's own folder, or where TRADEWIND_SCREENSHOTS says."""
    folder = Path(os.environ.get("TRADEWIND_SCREENSHOTS", tmp_path))

    def shoot(name):
        page.wait_for_timeout(800)  # what fades in has faded in
        page.screenshot(path=folder / f"ui-{name}.png")

    return shoot
