"""A venue on loopback that has outages, loses pages, tells clients to wait and bans them; it counts what it was asked."""

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from urllib.parse import parse_qs

from core.exchange.state import Terms, open_account
from core.market.timeframe import milliseconds
from tasks.settings import settings
from tasks.venues.binance_server import BinanceServer
from tasks.venues.bybit_server import BybitServer
from tasks.venues.simulated.exchange import SimulatedExchange
from tasks.venues.simulated.http import Answer
from tasks.venues.simulated.world import PanelWorld

KLINES = ("/v5/market/kline", "/fapi/v1/klines")


@dataclass
class Faulty:
    """The venue as a test sees it.

    Parameters
    ----------
    asked : path of every request
    lost : (symbol, from, to): hours that the venue lost for good, milliseconds
    answers : what to say to the next requests for candles instead of the truth: an Answer, or a changer of the reply
    """

    exchange: SimulatedExchange
    url: str = ""
    asked: list = field(default_factory=list)
    lost: list = field(default_factory=list)
    answers: list = field(default_factory=list)

    @staticmethod
    def at(moment):
        return milliseconds(moment)

    def lose(self, symbol, moment, *, hours):
        self.lost.append((symbol, milliseconds(moment), milliseconds(moment + timedelta(hours=hours))))

    @property
    def pages(self):
        return sum(path in KLINES for path in self.asked)

    def reply(self, call, honest):
        """Spoil one reply."""
        self.asked.append(call.path)
        if call.path not in KLINES:
            return honest
        if self.answers:
            answer = self.answers.pop(0)
            return answer if isinstance(answer, Answer | None) else Answer(200, answer(honest.body))
        return Answer(honest.status, self._without_lost(call, honest.body), honest.headers) if self.lost else honest

    def _without_lost(self, call, body):
        reply, symbol = json.loads(body), parse_qs(call.payload)["symbol"][0]
        spans = [(first, stop) for name, first, stop in self.lost if name in (symbol, "*")]
        # A day is there as long as one hour of it is: `lost` never takes a whole day away.
        if parse_qs(call.payload)["interval"][0] in ("D", "1d"):
            return body

        def keep(rows):
            return [row for row in rows if not any(first <= int(row[0]) < stop for first, stop in spans)]

        if isinstance(reply, list):
            return json.dumps(keep(reply)).encode()
        reply["result"]["list"] = keep(reply["result"]["list"])
        return json.dumps(reply).encode()


def empty(body):
    """Drop all candles of a page."""
    reply = json.loads(body)
    if isinstance(reply, list):
        return b"[]"
    reply["result"]["list"] = []
    return json.dumps(reply).encode()


@contextmanager
def faulty(market, now, monkeypatch, *, name="BYBIT"):
    """Serve a recorded market in Bybit's or Binance's dialect, and point the settings at it."""
    exchange = SimulatedExchange(PanelWorld(market.panel, market.instruments), open_account("x", Decimal(0), Terms()))
    exchange.advance_to(milliseconds(now))
    venue = Faulty(exchange)
    front = BybitServer if name == "BYBIT" else BinanceServer

    class Server(front):
        def respond(self, call):
            return venue.reply(call, super().respond(call))

    with Server(exchange, {}) as server:
        venue.url = server.url
        monkeypatch.setenv(f"TRADEWIND_{name}_URL", server.url)
        settings.cache_clear()
        yield venue
