"""The messenger's door: health for an outside monitor, and a place for Prefect's automations to post to."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from core.errors import ConfigError
from tasks.webhooks import LOOPBACK

PORTS = 100
MOST_BYTES = 1 << 20

Health = Callable[[], dict[str, Any]]
Receive = Callable[[str], None]
"""Takes the body of a notification; raises ConfigError when it makes no sense."""


@contextmanager
def listening(url: str, health: Health, receive: Receive) -> Iterator[str]:
    """Answer at this address for as long as the block runs, and return it; on this machine it may be the next free port.

    Raises
    ------
    ConfigError
        When it is no address, or nothing can listen there.
    """
    server = _bound(url, partial(_Connection, health, receive))
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True).start()
    try:
        yield f"http://{urlsplit(url).hostname}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def _bound(url: str, handler: Callable[..., BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or port is None:
        raise ConfigError(f"TRADEWIND_MESSENGER_URL: {url!r} is no address; give one such as http://127.0.0.1:4300")
    last = port + (PORTS if host in LOOPBACK and port else 1)
    for each in range(port, min(last, 65_536)):
        try:
            return _Server((host, each), handler)
        except OSError as error:
            refusal = error
    raise ConfigError(
        f"TRADEWIND_MESSENGER_URL: nothing can listen at {url}: {refusal.strerror or refusal}; choose another port"
    )


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False


class _Connection(BaseHTTPRequestHandler):
    timeout = 10  # seconds without a byte: nobody keeps a thread for nothing

    def __init__(self, health: Health, receive: Receive, *request: Any) -> None:
        self._health, self._receive = health, receive
        super().__init__(*request)

    def do_GET(self) -> None:
        """Say how things are."""
        if self.path != "/health":
            self._reply(404, {"error": "known are GET /health and POST /prefect"})
            return
        says = self._health()
        self._reply(200 if says["ok"] else 503, says)

    def do_POST(self) -> None:
        """Take a notification; only as JSON, which no web page may post here unasked."""
        length = int(self.headers.get("Content-Length", 0))
        is_json = self.headers.get_content_type() == "application/json"
        if self.path != "/prefect" or not is_json or length > MOST_BYTES:
            self._reply(400, {"error": "expected POST /prefect with application/json"})
            return
        try:
            self._receive(_body(self.rfile.read(length)))
        except ConfigError as error:
            self._reply(400, {"error": str(error)})
        else:
            self._reply(202, {})

    def log_message(self, *_: object) -> None:
        """Say nothing: what comes in is in the outbox."""

    def _reply(self, status: int, says: dict[str, Any]) -> None:
        body = json.dumps(says).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _body(raw: bytes) -> str:
    try:
        says = json.loads(raw)
    except ValueError as error:
        raise ConfigError("a notification that is not JSON") from error
    if not isinstance(says, dict) or not isinstance(says.get("body"), str):
        raise ConfigError('a notification without "body"')
    return says["body"]
