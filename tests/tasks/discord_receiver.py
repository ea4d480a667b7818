# ruff: noqa: T201 - what it prints is what it is for
"""A Discord of one's own on loopback: checks every limit, answers by a script, and remembers everything.

``python -m tests.tasks.discord_receiver --port 9009 --script ok,ok,429:1.5,500,hang:12,drop,ok``

Actions, one per request and hook, repeated for ever: ``ok``; ``429:S`` and ``global:S`` (again after S seconds); ``500``;
``hang:S`` (no answer for S seconds, nothing stored); ``lost:S`` (stored, but no answer); ``drop`` (hangs up, nothing
stored); ``400``; ``404``; ``401``; ``proxy`` (a 404 that is not Discord's). ``--trouble 0.3 --seed 7`` draws them by chance.
GET /seen returns what has been stored. It knows nothing of Tradewind: the limits are Discord's documentation.
"""

import argparse
import itertools
import json
import random
import re
import threading
import time
from dataclasses import asdict, dataclass, field
from datetime import datetime
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PATH = re.compile(r"/api/(?:v\d+/)?webhooks/(\d+)/([\w-]+)/?")
FILE_BYTES = 10 * 2**20
SPAN, PER_SPAN = 2.0, 5
TROUBLES = ("429:0.5", "global:0.5", "500", "hang:1", "lost:1", "drop", "400", "proxy")

FIXED = {
    "drop": None,
    "404": (404, {"message": "Unknown Webhook", "code": 10015}, {}),
    "401": (401, {"message": "Invalid Webhook Token", "code": 50027}, {}),
    "proxy": (404, None, {}),
    "500": (500, {"message": "500: Internal Server Error", "code": 0}, {}),
}


@dataclass
class Stored:
    """A message that the channel shows."""

    id: str
    hook: str
    at: float
    payload: dict
    files: dict = field(default_factory=dict)


def units(text):
    return len(text.strip().encode("utf-16-le")) // 2


def violations(payload, files):
    """Every rule that a message breaks, as Discord names them: path and reason."""
    broken = {}
    embeds, content = payload.get("embeds", []), payload.get("content", "")
    if not (content.strip() or embeds or files):
        broken["_"] = "Cannot send an empty message"
    _within(broken, "content", content, 2000)
    if len(embeds) > 10:
        broken["embeds"] = "Must be 10 or fewer in length."
    for number, embed in enumerate(embeds):
        _embed(broken, f"embeds.{number}", embed, files)
    if sum(_size(embed) for embed in embeds) > 6000:
        broken["embeds.total"] = "Embed size exceeds maximum size of 6000"
    if payload.get("allowed_mentions") != {"parse": []}:
        broken["allowed_mentions"] = "would mention people"
    for name, content_ in files.items():
        if len(content_) > FILE_BYTES:
            broken[f"files.{name}"] = "Request entity too large"
    return broken


def _embed(broken, path, embed, files):
    _within(broken, f"{path}.title", embed.get("title", ""), 256)
    _within(broken, f"{path}.description", embed.get("description", ""), 4096)
    _within(broken, f"{path}.footer", embed.get("footer", {}).get("text", ""), 2048)
    _within(broken, f"{path}.author", embed.get("author", {}).get("name", ""), 256)
    fields = embed.get("fields", [])
    if len(fields) > 25:
        broken[f"{path}.fields"] = "Must be 25 or fewer in length."
    for number, each in enumerate(fields):
        for name, most in (("name", 256), ("value", 1024)):
            _within(broken, f"{path}.fields.{number}.{name}", each.get(name, ""), most, required=True)
    if not any((embed.get("title", "").strip(), embed.get("description", "").strip(), fields, embed.get("image"))):
        broken[path] = "an embed without anything to show"
    if not 0 <= embed.get("color", 0) <= 0xFFFFFF:
        broken[f"{path}.color"] = "int value should be less than or equal to 16777215."
    _timestamp(broken, path, embed.get("timestamp"))
    image = embed.get("image", {}).get("url", "attachment://")
    if image != "attachment://" and image.removeprefix("attachment://") not in files:
        broken[f"{path}.image"] = "no such attachment"


def _timestamp(broken, path, stamp):
    try:
        if stamp is not None and datetime.fromisoformat(stamp).tzinfo is None:
            broken[f"{path}.timestamp"] = "without a time zone"
    except ValueError:
        broken[f"{path}.timestamp"] = "Could not parse"


def _within(broken, path, text, most, *, required=False):
    if not isinstance(text, str):
        broken[path] = "Could not interpret as string."
    elif any("\ud800" <= character <= "\udfff" for character in text):
        broken[path] = "half of a surrogate pair"
    elif units(text) > most:
        broken[path] = f"Must be {most} or fewer in length."
    elif required and not text.strip():
        broken[path] = "This field is required"


def _size(embed):
    texts = [embed.get("title", ""), embed.get("description", ""), embed.get("footer", {}).get("text", "")]
    texts += [embed.get("author", {}).get("name", "")]
    texts += [text for each in embed.get("fields", []) for text in (each["name"], each["value"])]
    return sum(map(units, texts))


class Receiver:
    """Listens while its context is open.

    Parameters
    ----------
    script : actions of each hook in turn, by its number; `None` stands for every other hook
    clock : seconds; also what the client goes by
    """

    def __init__(self, script=("ok",), *, port=0, clock=time.monotonic, echo=False):
        scripts = script if isinstance(script, dict) else {None: script}
        self._scripts = {hook: tuple(actions) for hook, actions in scripts.items()}
        self._turns, self._clock, self._echo = {}, clock, echo
        self._lock, self._ids, self.over = threading.Lock(), itertools.count(1), threading.Event()
        self._limited, self._window = {}, {}
        self.stored, self.refused, self.impatient, self.arrivals = [], [], [], []
        self._http = ThreadingHTTPServer(("127.0.0.1", port), _Connection)
        self._http.receiver, self._http.daemon_threads, self._http.block_on_close = self, True, False
        self._http.handle_error = lambda *_: None  # a client that left

    @property
    def url(self):
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def hook(self, number, token="s3cret-t0ken"):
        return f"{self.url}/api/webhooks/{number}/{token}"

    def __enter__(self):
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self._http.shutdown()
        self._http.server_close()

    def of(self, hook):
        """Messages that a hook's channel shows, oldest first."""
        return [message for message in self.stored if message.hook == str(hook)]

    def respond(self, hook, payload, files, *, waits):
        """One POST: (status, body, headers), or None to hang up."""
        with self._lock:
            now = self._clock()
            self.arrivals.append((hook, now))
            turn = self._turns[hook] = self._turns.get(hook, -1) + 1
            script = self._scripts.get(int(hook), self._scripts.get(None, ("ok",)))
            action, _, amount = script[turn % len(script)].partition(":")
            self._note_impatience(hook, now)
        if action in {"hang", "lost"}:
            if action == "lost" and not violations(payload, files):
                self._store(hook, payload, files)
            self.over.wait(float(amount))
            return None
        with self._lock:
            return self._act(hook, action, float(amount or 0), (payload, files, waits))

    def _act(self, hook, action, amount, told):
        if action in {"429", "global"}:
            return self._limit(hook, amount, everywhere=action == "global")
        if action == "400":
            return self._refuse({"_": "refused by the script"})
        return FIXED[action] if action in FIXED else self._take(hook, *told)

    def _take(self, hook, payload, files, waits):
        now = self._clock()
        start, used = self._window.get(hook, (now, 0))
        start, used = (now, 0) if now - start >= SPAN else (start, used)
        if used >= PER_SPAN:
            return self._limit(hook, SPAN - (now - start), everywhere=False)
        self._window[hook] = start, used + 1
        if broken := violations(payload, files):
            return self._refuse(broken)
        message = self._store(hook, payload, files)
        rest = {"X-RateLimit-Remaining": str(PER_SPAN - used - 1), "X-RateLimit-Reset-After": f"{SPAN - (now - start):.3f}"}
        headers = {"X-RateLimit-Limit": str(PER_SPAN), "X-RateLimit-Bucket": "b", **rest}
        return (200, {"id": message.id, "type": 0, "webhook_id": hook, **payload}, headers) if waits else (204, None, headers)

    def _store(self, hook, payload, files):
        message = Stored(str(next(self._ids)), hook, self._clock(), payload, {name: len(data) for name, data in files.items()})
        self.stored.append(message)
        if self._echo:
            print(json.dumps(asdict(message)), flush=True)
        return message

    def _limit(self, hook, seconds, *, everywhere):
        self._limited[None if everywhere else hook] = self._clock() + seconds
        body = {"message": "You are being rate limited.", "retry_after": seconds, "global": everywhere}
        scope = "global" if everywhere else "user"
        return 429, body, {"Retry-After": str(int(seconds) + 1), "X-RateLimit-Scope": scope, "X-RateLimit-Remaining": "0"}

    def _refuse(self, broken):
        self.refused.append(broken)
        errors = {path: {"_errors": [{"code": "INVALID", "message": text}]} for path, text in broken.items()}
        return 400, {"message": "Invalid Form Body", "code": 50035, "errors": errors}, {}

    def _note_impatience(self, hook, now):
        until = max(self._limited.get(hook, 0.0), self._limited.get(None, 0.0))
        if now < until:
            self.impatient.append((hook, until - now))


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        receiver = self.server.receiver
        if self.path == "/seen":
            self._reply(200, [asdict(message) for message in receiver.stored], {})
        elif PATH.fullmatch(urlsplit(self.path).path):
            self._reply(200, {"id": "1", "type": 1}, {})
        else:
            self._reply(404, {"message": "Unknown Webhook", "code": 10015}, {})

    def do_POST(self):
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        parts = urlsplit(self.path)
        found = PATH.fullmatch(parts.path)
        if found is None:
            self._reply(404, {"message": "Unknown Webhook", "code": 10015}, {})
            return
        payload, files = self._read(raw)
        waits = parse_qs(parts.query).get("wait") == ["true"]
        answer = self.server.receiver.respond(found[1], payload, files, waits=waits)
        if answer is None:
            self.close_connection = True
        else:
            self._reply(*answer)

    def _read(self, raw):
        kind = self.headers["Content-Type"]
        if not kind.startswith("multipart/"):
            return json.loads(raw), {}
        whole = BytesParser().parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + raw)
        parts = {part.get_param("name", header="content-disposition"): part for part in whole.get_payload()}
        payload = json.loads(parts.pop("payload_json").get_payload(decode=True))
        return payload, {part.get_filename(): part.get_payload(decode=True) for part in parts.values()}

    def _reply(self, status, body, headers):
        raw = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers, "Content-Length": str(len(raw))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_):
        pass


def drawn(seed, trouble, count=10_000):
    """A script of `count` actions, of which the fraction `trouble` goes wrong."""
    chance = random.Random(seed)
    return tuple(chance.choice(TROUBLES) if chance.random() < trouble else "ok" for _ in range(count))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--script", default="ok")
    parser.add_argument("--trouble", type=float, default=0.0, help="fraction of requests that go wrong by chance")
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    script = drawn(asked.seed, asked.trouble) if asked.trouble else asked.script.split(",")
    with Receiver(script, port=asked.port, echo=True) as receiver:
        print(json.dumps({"hook": receiver.hook(1)}), flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
