"""An HTTP front on loopback: requests in, answers out, every connection kept alive. It knows no venue."""

import socket
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it came in; `payload` is the raw query of a GET or DELETE, or the raw body of a POST.

    `address` is the client's host; names of `headers` are in lower case.
    """

    method: str
    path: str
    payload: str
    headers: Mapping[str, str]
    address: str = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Answer:
    """One reply: HTTP status, body and headers beside the usual ones."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Front(ABC):
    """Listens on a loopback port while its context is open.

    Parameters
    ----------
    port : 0 takes any that is free
    """

    def __init__(self, port: int = 0) -> None:
        self._http = _Listener(self, port)

    @abstractmethod
    def respond(self, call: Call) -> Answer | None:
        """Process one request; None hangs up without a reply. Called from many threads at once."""

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Self:
        Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._http.hang_up()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, front: Front, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Connection)
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
        self._reply(urlsplit(self.path).query)

    def do_DELETE(self) -> None:
        self._reply(urlsplit(self.path).query)

    def do_POST(self) -> None:
        self._reply(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

    def log_message(self, *_: object) -> None:
        """Say nothing: the exchange's own record is its executions."""

    def _reply(self, payload: str) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        call = Call(self.command, urlsplit(self.path).path, payload, headers, self.client_address[0])
        answer = self.server.front.respond(call)
        if answer is None:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json; charset=utf-8", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)
