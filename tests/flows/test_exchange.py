"""`tradewind exchange`: any Bybit client can trade on it; here the plain ccxt one does."""

import json
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from decimal import Decimal

import ccxt
import numpy as np
import polars as pl
import pytest
import requests
import typer

from core.errors import ConfigError, TradewindError
from core.market.synthetic import synthetic_market
from flows import cli_exchange
from tasks.exchange_serving import API_KEY, SECRET, SYNTHETIC_START, Service, served, snippet, synthetic_recording
from tasks.venues.bybit import BybitVenue
from tests.flows.terminal import refusal, tradewind

COMMAND = [sys.executable, "-c", "from flows.cli import main; main()", "exchange", "--json"]
HOUR_MS = 3_600_000


@contextmanager
def running(tmp_path, *arguments):
    """Start it as an operator would; yield what it prints and the process."""
    process = subprocess.Popen(
        [*COMMAND, *arguments, "--home", str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield json.loads(process.stdout.readline()), process
    finally:
        process.kill()
        process.communicate()


def client(said):
    """A plain ccxt client, set up by the very lines that are printed for pasting."""
    names = {}
    setup, _, _ = snippet(said["url"]).rpartition("\n")
    exec(setup, names)
    return names["bybit"]


def test_a_plain_ccxt_client_trades_on_it_and_ctrl_c_ends_it(tmp_path):
    with running(tmp_path, "--speed", "0", "--balance", "5000") as (said, process):
        bybit = client(said)
        symbol = next(s for s, market in bybit.load_markets().items() if market["swap"])
        before = bybit.fetch_balance()["USDT"]["total"]
        price = bybit.fetch_ticker(symbol)["last"]
        amount = float(bybit.amount_to_precision(symbol, 1_000 / price))
        placed = bybit.create_order(symbol, "market", "buy", amount, params={"orderLinkId": "mine"})
        (position,) = bybit.fetch_positions([symbol])
        moved = requests.post(f"{said['url']}/sim/advance", json={"by": 9 * HOUR_MS}, timeout=5).json()
        (fill, *_) = bybit.fetch_my_trades(symbol)
        after = bybit.fetch_balance()["USDT"]["total"]
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0
        assert process.stderr.read() == ""

    assert (before, placed["clientOrderId"], fill["order"]) == (5_000, "mine", placed["id"])
    assert (position["contracts"], position["side"]) == (amount, "long")
    assert moved["now"] > fill["timestamp"]
    assert after < before
    assert said["symbols"] >= 6


@pytest.fixture(scope="module")
def recording():
    return synthetic_recording(None, None, seed=1)


def told(server):
    return {"url": server.url}


def advance(server, **body):
    return requests.post(f"{server.url}/sim/advance", json=body, timeout=5)


def test_its_time_runs_as_fast_as_it_is_told_and_stops_with_the_bars(recording):
    last = int(recording.panel.close_time[-1])
    with served(recording, Service(30 * 86_400 * 5, 0, Decimal(1_000))) as server:  # the month in a fifth of a second
        bybit = client(told(server))
        first = bybit.fetch_time()
        bybit.fetch_balance()
        bybit.sleep(300)
        assert first < last == bybit.fetch_time()
        refused = advance(server, by=1)
        assert (refused.status_code, "by itself" in refused.text) == (400, True)


def test_a_client_that_goes_by_its_time_may_be_as_late_as_it_runs_fast(recording):
    with served(recording, Service(60, 0, Decimal(1_000))) as server:
        venue = BybitVenue("x", base_url=server.url, api_key=API_KEY, secret=SECRET)
        venue.server_time()
        assert venue.account().equity == 1_000
        venue._private.sleep(300)
        assert venue.account().equity == 1_000


def test_the_limits_of_bybit_hold_on_it(recording):
    with served(recording, Service(0, 0, Decimal(1_000))) as server:
        bybit = client(told(server))
        bybit.enableRateLimit = False
        with pytest.raises(ccxt.RateLimitExceeded):
            [bybit.private_get_v5_account_info() for _ in range(11)]


def test_its_clock_is_moved_by_hand_only_forwards_and_only_by_numbers(recording):
    with served(recording, Service(0, 0, Decimal(1_000))) as server:
        assert advance(server, by=HOUR_MS).json() == {"now": recording.opens + HOUR_MS}
        assert advance(server, to=recording.opens + 2 * HOUR_MS).json() == {"now": recording.opens + 2 * HOUR_MS}
        wrong = [{}, {"to": 5}, {"by": "soon"}, {"by": -1}]
        assert [advance(server, **body).status_code for body in wrong] == [400] * 4
        assert requests.post(f"{server.url}/sim/advance", data="[", timeout=5).status_code == 400


def test_a_share_of_the_volume_bounds_what_can_be_traded(recording):
    with served(recording, Service(0, 0, Decimal(10_000_000), liquidity=0.0001)) as server:
        bybit = client(told(server))
        symbol = next(s for s, market in bybit.load_markets().items() if market["swap"])
        amount = float(bybit.amount_to_precision(symbol, 5_000_000 / bybit.fetch_ticker(symbol)["last"]))
        placed = bybit.create_order(symbol, "market", "buy", amount)
        order = bybit.fetch_order(placed["id"], symbol, {"acknowledged": True})
        assert 0 < order["filled"] < amount
        assert order["status"] == "canceled"


@pytest.mark.long
def test_it_lives_through_stored_bars(tmp_path):
    rows = archive(hours=48)
    rows.write_parquet(tmp_path / "bars.parquet")
    tradewind("import", str(tmp_path / "bars.parquet"), "--venue", "mine", home=tmp_path)
    with running(tmp_path, "--bars", "mine", "--start", "2024-01-01T12:00", "--speed", "0") as (said, _):
        query = {"category": "linear", "symbol": "SYN01USDT", "interval": "60"}
        reply = requests.get(f"{said['url']}/v5/market/kline", params=query, timeout=5).json()
    candles = reply["result"]["list"]
    assert (said["now"], said["end"]) == ("2024-01-01 12:00", "2024-01-03 00:00")
    newest = rows.filter(pl.col("symbol") == "SYN01USDT")["open"][12]
    assert (len(candles), float(candles[0][1])) == (13, newest)
    assert "no bars of venue 'nowhere'" in refusal("exchange", "--bars", "nowhere", home=tmp_path)
    assert "reach from" in refusal("exchange", "--bars", "mine", "--start", "2025-01-01", home=tmp_path)


def archive(*, hours):
    """Bars as an archive has them."""
    panel = synthetic_market(np.random.default_rng(1), days=hours // 24, symbols=2, start=SYNTHETIC_START, edge=0.0).panel
    columns = ("open", "high", "low", "close", "volume")
    frames = [
        pl.DataFrame({"open_time": panel.open_time, **{name: getattr(panel, name)[:, n] for name in columns}}).with_columns(
            pl.lit(symbol).alias("symbol"), pl.lit("1h").alias("timeframe"), pl.lit("mine").alias("venue")
        )
        for n, symbol in enumerate(panel.symbols)
    ]
    return pl.concat(frames).with_columns(pl.col("open_time").cast(pl.Datetime("ms", "UTC")))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--start", "yesterday"], "not a date"),
        (["--start", "2024-02-01", "--end", "2024-01-01"], "not before"),
        (["--end", "2023-01-01"], "--end"),
        (["--speed", "-1"], "--speed"),
        (["--speed", "nan"], "--speed"),
        (["--liquidity", "2"], "--liquidity"),
        (["--balance", "0"], "--balance"),
        (["--balance", "inf"], "--balance"),
        (["--port", "70000"], "--port"),
    ],
)
def test_bad_input_is_refused_before_anything_is_served(arguments, said):
    with pytest.raises((TradewindError, typer.TyperException)) as error:
        cli_exchange.app(arguments, standalone_mode=False)
    assert said in getattr(error.value, "format_message", error.value.__str__)()


def test_a_port_that_is_taken_is_named(recording):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"--port {port}"), served(recording, Service(0, port, Decimal(1_000))):
            pass
