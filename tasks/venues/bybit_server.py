"""Bybit v5 over loopback HTTP: the simulated exchange as the real client sees it.

1. Every reply is Bybit's envelope; a refusal is HTTP 200 with a retCode, as at Bybit.
2. A change is kept (`SimulatedExchange.on_change`) before the first byte of its reply leaves.
3. Rate limits, websockets and visibility lag are not simulated yet.
"""

import json
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from core.errors import DataError, TradewindError
from core.exchange.checks import PARAMETER
from tasks.venues.simulated import market, private, signature
from tasks.venues.simulated.exchange import SimulatedExchange
from tasks.venues.simulated.wire import Decline, Json, Params

SERVER_ERROR = 10016

Handler = Callable[[SimulatedExchange, Params], Json]
Tamper = Callable[[str, bytes], bytes | None]
"""Given a path and the honest reply: what to send instead, or None to hang up without a reply."""

PUBLIC: dict[tuple[str, str], Handler] = {
    ("GET", "/v5/market/time"): market.server_time,
    ("GET", "/v5/market/instruments-info"): market.instruments_info,
    ("GET", "/v5/market/tickers"): market.tickers,
    ("GET", "/v5/market/kline"): market.kline,
    ("GET", "/v5/market/funding/history"): market.funding_history,
}
PRIVATE: dict[tuple[str, str], Handler] = {
    ("POST", "/v5/order/create"): private.create_order,
    ("POST", "/v5/order/cancel"): private.cancel_order,
    ("GET", "/v5/order/realtime"): private.realtime_orders,
    ("GET", "/v5/order/history"): private.order_history,
    ("GET", "/v5/execution/list"): private.executions,
    ("GET", "/v5/position/list"): private.positions,
    ("POST", "/v5/position/set-leverage"): private.set_leverage,
    ("POST", "/v5/position/switch-mode"): private.switch_mode,
    ("GET", "/v5/account/wallet-balance"): private.wallet_balance,
}


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it came in; `payload` is the raw query of a GET or the raw body of a POST."""

    method: str
    path: str
    payload: str
    headers: Mapping[str, str]


class BybitServer:
    """The front, listening on an ephemeral loopback port while its context is open.

    Parameters
    ----------
    keys : API key to secret
    tamper : spoils replies on purpose, after the request has been processed; None is honest
    """

    def __init__(self, exchange: SimulatedExchange, keys: Mapping[str, str], *, tamper: Tamper | None = None) -> None:
        self.exchange = exchange
        self.tamper = tamper
        self._keys = keys
        self._http = _Listener(self)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Self:
        Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._http.hang_up()

    def answer(self, call: Call) -> bytes | None:
        """Process one request; None means hang up."""
        body = json.dumps(self._envelope(call), separators=(",", ":")).encode()
        return self.tamper(call.path, body) if self.tamper else body

    def _envelope(self, call: Call) -> Json:
        code, message, result = 0, "OK", {}
        try:
            self.exchange.catch_up()
            result = self._handle(call)
        except Decline as no:
            code, message = no.code, no.reason
        except DataError as error:
            code, message = PARAMETER, f"params error: {error}"
        except TradewindError as error:
            code, message = SERVER_ERROR, f"Server error: {error}"
        return {"retCode": code, "retMsg": message, "result": result, "retExtInfo": {}, "time": self.exchange.now_ms}

    def _handle(self, call: Call) -> Json:
        route = (call.method, call.path)
        if route in PUBLIC:
            return PUBLIC[route](self.exchange, _query(call.payload))
        signature.check(call.headers, call.payload, self._keys, self.exchange.now_ms)
        params = _query(call.payload) if call.method == "GET" else _body(call.payload)
        return PRIVATE[route](self.exchange, params)


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, front: BybitServer) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.front = front
        self._open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError | ValueError):  # a client that left, or our own hanging up
            super().handle_error(request, client_address)

    def hang_up(self) -> None:
        for connection in tuple(self._open):
            self.shutdown_request(connection)


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16  # head and body leave in one piece
    server: _Listener

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self._reply(Call("GET", parts.path, parts.query, dict(self.headers)))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self._reply(Call("POST", urlsplit(self.path).path, body, dict(self.headers)))

    def log_message(self, *_: object) -> None:
        """Say nothing: the exchange's own record is its executions."""

    def _reply(self, call: Call) -> None:
        if (call.method, call.path) not in PUBLIC and (call.method, call.path) not in PRIVATE:
            self.send_error(404)
            return
        body = self.server.front.answer(call)
        if body is None:
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _query(raw: str) -> Params:
    return dict(parse_qsl(raw, keep_blank_values=True))


def _body(raw: str) -> Params:
    try:
        params = json.loads(raw)
    except ValueError as error:
        raise Decline(PARAMETER, "params error: the body is not JSON") from error
    if not isinstance(params, dict):
        raise Decline(PARAMETER, "params error: the body is not an object")
    return params
