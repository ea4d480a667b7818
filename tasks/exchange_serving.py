"""The simulated Bybit by itself: a market, a clock and a front, for any client that speaks Bybit."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from core.errors import ConfigError
from core.exchange.state import Terms, open_account
from core.market.instrument import Instrument
from core.market.panel import Panel
from core.market.synthetic import synthetic_market
from core.market.timeframe import milliseconds, utc
from tasks import clock
from tasks.stores import store, stored_venue
from tasks.venues.bybit_server import BybitServer, Manners
from tasks.venues.simulated.exchange import SimulatedExchange
from tasks.venues.simulated.http import Answer, Call
from tasks.venues.simulated.limits import Limits
from tasks.venues.simulated.whims import Whims
from tasks.venues.simulated.wire import Decline, body_of
from tasks.venues.simulated.world import PanelWorld

API_KEY, SECRET = "tradewind", "simulated-secret"
HISTORY_DAYS, DAYS = 200, 30
"""Days of an invented market before it opens, which clients may read, and after, which they live through."""

SYNTHETIC_START = datetime.fromisoformat("2024-01-01T00:00Z")


class Recording(NamedTuple):
    """Bars to live through, the trading rules of their symbols, and the moment (ms) at which clients come in."""

    panel: Panel
    rules: tuple[Instrument, ...]
    opens: int


@dataclass(frozen=True, slots=True)
class Service:
    """How the exchange is run.

    Parameters
    ----------
    speed : seconds of the exchange in one of ours; 0 stands still and is moved by ``POST /sim/advance``
    port : 0 takes any that is free
    balance : USDT the account begins with
    liquidity : fraction of each bar's volume that the account may trade; None is no bound
    lag_ms : milliseconds by which every private list trails behind what happened
    whims : seed of the liberties taken with replies; None takes none
    """

    speed: float
    port: int
    balance: Decimal
    liquidity: float | None = None
    lag_ms: int = 0
    whims: int | None = None


def synthetic_recording(start: datetime | None, end: datetime | None, *, seed: int) -> Recording:
    """Invent a market that can be traded in ``[start, end)`` and has a past."""
    opens = start or SYNTHETIC_START
    closes = end or opens + timedelta(days=DAYS)
    if closes <= opens:
        raise ConfigError(
            f"--end {closes:%Y-%m-%d %H:%M} is not after the opening at {opens:%Y-%m-%d %H:%M} UTC: give --start too"
        )
    begin = opens.replace(minute=0, second=0, microsecond=0) - timedelta(days=HISTORY_DAYS)  # bars begin on the hour
    days = -(-(closes - begin) // timedelta(days=1))
    market = synthetic_market(np.random.default_rng(seed), days=days, start=begin, edge=0.0)
    panel = market.panel.rows(0, market.panel.row_at(milliseconds(closes)))
    return Recording(panel, market.instruments, milliseconds(opens))


def stored_recording(venue: str, timeframe: str, start: datetime | None, end: datetime | None) -> Recording:
    """Take stored bars, those before `start` as the past.

    Raises
    ------
    ConfigError
        When there is nothing to live through: no bars, no rules, or none between `start` and their end.
    """
    name, books = stored_venue(venue), store()
    panel = books.bars.panel(name, timeframe, None, end)
    rules = tuple(listing.instrument for listing in books.instruments.known(name).values())
    opens = int(panel.open_time[0]) if start is None else milliseconds(start)
    if not panel.open_time[0] <= opens < panel.close_time[-1]:
        first, last = (f"{utc(int(moment)):%Y-%m-%d %H:%M}" for moment in (panel.open_time[0], panel.close_time[-1]))
        raise ConfigError(f"--start {utc(opens):%Y-%m-%d %H:%M}: bars of {name} reach from {first} to {last} UTC")
    if not {each.symbol for each in rules} & set(panel.symbols):
        raise ConfigError(f"no trading rules of {name} are stored: run `tradewind import FILE` or `tradewind ingest` first")
    return Recording(panel, rules, opens)


class ServedExchange(BybitServer):
    """Bybit's front, and ``POST /sim/advance`` with ``{"to": ms}`` or ``{"by": ms}`` while the clock stands still."""

    stands_still: bool = False

    def respond(self, call: Call) -> Answer | None:
        """Process one request."""
        if (call.method, call.path) != ("POST", "/sim/advance"):
            return super().respond(call)
        try:
            self._advance(call.payload)
        except (ConfigError, Decline) as error:
            return Answer(400, json.dumps({"error": str(error)}).encode())
        return Answer(200, json.dumps({"now": self.exchange.now_ms}).encode())

    def _advance(self, payload: str) -> None:
        if not self.stands_still:
            raise ConfigError("the clock runs by itself: start with --speed 0 to move it")
        self.exchange.advance_to(_moment(payload, self.exchange.now_ms))


@contextmanager
def served(recording: Recording, service: Service) -> Iterator[ServedExchange]:
    """Run the exchange until the context closes.

    Raises
    ------
    ConfigError
        When the port is taken.
    """
    world = PanelWorld(recording.panel, recording.rules, participation=service.liquidity)
    account = open_account("simulated", service.balance, Terms())
    lags = dict.fromkeys(("orders", "history", "executions", "positions", "wallet", "log"), service.lag_ms)
    exchange = SimulatedExchange(world, account, clock=_running(recording, service.speed), lags=lags)
    exchange.advance_to(recording.opens)
    with _front(exchange, service) as server:
        server.stands_still = not service.speed
        yield server


def described(server: ServedExchange, recording: Recording, service: Service) -> dict[str, object]:
    """Return what a client needs to know."""
    pace = f"{service.speed:g} times as fast as real time" if service.speed else "standing still until POST /sim/advance"
    return {
        "url": server.url,
        "api_key": API_KEY,
        "secret": SECRET,
        "now": f"{utc(server.exchange.now_ms):%Y-%m-%d %H:%M}",
        "end": f"{utc(int(recording.panel.close_time[-1])):%Y-%m-%d %H:%M}",
        "speed": service.speed,
        "pace": pace,
        "symbols": len(server.exchange.state.instruments),
    }


def snippet(url: str) -> str:
    """Return lines that point ccxt at the exchange."""
    return f"""import ccxt
bybit = ccxt.bybit({{"apiKey": "{API_KEY}", "secret": "{SECRET}", "options": {{
    "fetchMarkets": {{"types": ["linear"]}}, "enableUnifiedMargin": False, "enableUnifiedAccount": True}}}})
bybit.urls["api"] = dict.fromkeys(bybit.urls["api"], "{url}")
bybit.has["fetchCurrencies"] = False
print(bybit.fetch_balance()["USDT"])"""


def _front(exchange: SimulatedExchange, service: Service) -> ServedExchange:
    limits = Limits(clock.milliseconds, lambda: exchange.now_ms)
    whims = None if service.whims is None else Whims(service.whims)
    manners = Manners(limits, whims, pace=service.speed, client_clock=clock.milliseconds)
    try:
        return ServedExchange(exchange, {API_KEY: SECRET}, manners=manners, port=service.port)
    except OSError as error:
        raise ConfigError(f"--port {service.port}: {error.strerror}; choose another, or 0 for any that is free") from error


def _running(recording: Recording, speed: float) -> Callable[[], int] | None:
    """Return a clock that runs from the opening to the end of the bars and stops there; none when it stands still."""
    if not speed:
        return None
    began, end = clock.milliseconds(), int(recording.panel.close_time[-1])
    return lambda: min(end, recording.opens + int((clock.milliseconds() - began) * speed))


def _moment(payload: str, now_ms: int) -> int:
    asked = body_of(payload)
    match {name: value for name, value in asked.items() if isinstance(value, int)}:
        case {"to": to}:
            return int(to)
        case {"by": by}:
            return now_ms + int(by)
    raise ConfigError('give {"to": milliseconds since 1970} or {"by": milliseconds}')
