"""The same seeds over the real wire: the Bybit adapter and ccxt against the simulated front, on a bad line.

Here a fault is what a socket can do: hang up, stay silent, promise more bytes than come, answer with a proxy's page. Only a
refused connection cannot be made by a server that is already connected; it becomes a hang-up before anything was read.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from tasks.venues import bybit_client
from tasks.venues.bybit import BybitVenue
from tasks.venues.bybit_server import BybitServer
from tasks.venues.simulated.http import Call
from tests.simulation.bot import ACCOUNT
from tests.simulation.line import Lost, NeverConnected, Said

KEY, SECRET = "simulated", "simulated-secret"
TIMEOUT_MS = 2_000
"""What a hang costs in real time; any honest answer here comes within a few milliseconds."""

PATHS = {
    "/v5/market/time": "time",
    "/v5/market/tickers": "tickers",
    "/v5/market/instruments-info": "instruments",
    "/v5/market/kline": "kline",
    "/v5/market/funding/history": "funding",
    "/v5/order/create": "create",
    "/v5/order/cancel": "cancel",
    "/v5/order/realtime": "realtime",
    "/v5/order/history": "history",
    "/v5/execution/list": "executions",
    "/v5/position/list": "positions",
    "/v5/position/set-leverage": "leverage",
    "/v5/account/wallet-balance": "wallet",
    "/v5/account/transaction-log": "transactions",
}

PAGE = b"<html><head><title>502 Bad Gateway</title></head><body>cloudflare</body></html>"
SPOILED: dict[str, Callable[[bytes], bytes]] = {
    "half-json": lambda body: body[: len(body) // 2],
    "html": lambda _: PAGE,
    "empty": lambda _: b"",
    "null": lambda body: json.dumps({**json.loads(body), "result": None}).encode(),
    "no-result": lambda body: json.dumps({**json.loads(body), "result": {}}).encode(),
}


class Shown:
    """The exchange as one list shows it: lagging."""

    def __init__(self, line: Any) -> None:
        self._line = line
        self.path = ""

    @property
    def state(self) -> Any:
        return self._line.shown(self.path)

    def seen(self, _list: str) -> Any:
        """Return what the list that is being read shows: the line knows which."""
        return self.state

    def __getattr__(self, name: str) -> Any:
        return getattr(self._line.exchange, name)


class Wire:
    """A front on a socket whose line is bad."""

    def __init__(self, life: Any) -> None:
        self.life = life
        self.shown = Shown(life.line)
        self.front = BybitServer(self.shown, {KEY: SECRET})
        self.over = Event()
        self.hangs = 0

    def process(self, call: Call, path: str) -> Any:
        """Let the venue do what a request says."""
        before, self.shown.path = self.shown.path, path
        try:
            return self.front.respond(call)
        finally:
            self.shown.path = before


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    def do_GET(self) -> None:
        self._reply(urlsplit(self.path).query)

    def do_POST(self) -> None:
        self._reply(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

    def log_message(self, *_: object) -> None:
        pass

    def _reply(self, payload: str) -> None:
        wire = self.server.wire
        call = Call(
            self.command, urlsplit(self.path).path, payload, {name.lower(): said for name, said in self.headers.items()}
        )
        path = PATHS.get(call.path, call.path)
        if path == "create":
            wire.life.oracle.sent(_order(payload))
        kept: list[Any] = []

        def process() -> Any:
            kept.append(wire.process(call, path))
            return kept[-1]

        try:
            answer = wire.life.line.carry(path, process)
        except Said as no:
            return self._send(200, _envelope(no.code, wire.life.line.exchange.now_ms))
        except NeverConnected:
            return self._hang_up()
        except Lost as lost:
            return self._lose(str(lost), kept)
        if answer is None:
            return self._hang_up()
        return self._send(answer.status, answer.body, answer.headers)

    def _lose(self, mode: str, kept: list[Any]) -> None:
        wire, body = self.server.wire, kept[-1].body if kept and kept[-1] else b"{}"
        if mode in SPOILED:
            self._send(200, SPOILED[mode](body))
        elif mode.startswith("http-") or mode == "HTTP 403":
            self._send(int(mode[5:8]), PAGE)
        elif mode == "cut-length":
            self._send(200, body[: len(body) // 2], {"Content-Length": str(len(body))})
            self._hang_up()
        elif mode == "cut-chunk":
            self._send(200, b"%x\r\n%s" % (len(body), body[: len(body) // 2]), {"Transfer-Encoding": "chunked"})
            self._hang_up()
        else:
            if mode.startswith("hang") and not wire.hangs:
                wire.hangs += 1
                wire.over.wait(2 * TIMEOUT_MS / 1000)
            self._hang_up()

    def _send(self, status: int, body: bytes, headers: Any = None) -> None:
        said = dict(headers or {})
        self.send_response(status)
        if "Transfer-Encoding" not in said:
            said.setdefault("Content-Length", str(len(body)))
        for name, value in {"Content-Type": "application/json; charset=utf-8", **said}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _hang_up(self) -> None:
        self.close_connection = True


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, wire: Wire) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.wire = wire

    def handle_error(self, request: Any, client_address: Any) -> None:
        import sys

        if not isinstance(sys.exception(), OSError):  # a client that left
            super().handle_error(request, client_address)


class Client:
    """Connects anew at every call, as a new process does."""

    def __init__(self, url: str, now: Callable[[], int]) -> None:
        self.url, self._now = url, now

    def __call__(self) -> BybitVenue:
        return BybitVenue(ACCOUNT, base_url=self.url, api_key=KEY, secret=SECRET, now_ms=self._now)


@contextmanager
def http_driver(life: Any) -> Iterator["Client"]:
    """Connect with the real client over loopback."""
    listener = _Listener(Wire(life))
    Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    url = f"http://127.0.0.1:{listener.server_address[1]}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bybit_client, "TIMEOUT_MS", TIMEOUT_MS)
        try:
            yield Client(url, lambda: life.line.now)
        finally:
            listener.wire.over.set()
            listener.shutdown()
            listener.server_close()


def _order(payload: str) -> Any:
    body = json.loads(payload)
    return SimpleNamespace(
        link=body["orderLinkId"],
        symbol=body["symbol"],
        side=body["side"].lower(),
        quantity=Decimal(body["qty"]),
        reduce_only=body["reduceOnly"],
    )


def _envelope(code: int, now: int) -> bytes:
    return json.dumps({"retCode": code, "retMsg": f"code {code}", "result": {}, "retExtInfo": {}, "time": now}).encode()
