"""Discord: one message to one webhook, and what came of it as a value. Its address never leaves this file."""

import json
import logging
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any

import requests

from core.notify.delivery import Answer, Failed, Gone, RateLimited, Refused, Sent
from core.notify.embed import PICTURE
from core.notify.message import Message
from tasks.patience import within
from tasks.webhooks import Webhook

TIMEOUT, LONGEST = 10.0, 20.0
"""Seconds without a byte, and in all."""
GONE = frozenset({401, 403, 404})
AGAIN = GONE | {408}
CLIENT_ERROR = 4
WORST_WAIT = 3600.0
PICTURE_BYTES = 8 * 2**20

# At DEBUG it would write every address into the log, whatever level the rest of the program logs at.
logging.getLogger("urllib3.connectionpool").setLevel(logging.WARNING)


def post(hook: Webhook, message: Message) -> Answer:
    """Post a message and wait until Discord has stored it; never raises what the network or Discord does."""
    picture = _picture(message)
    body = json.dumps(message.payload if picture else _without_picture(message.payload))
    try:
        return _answer(within(LONGEST, lambda: _posted(hook, body, picture)))
    except (requests.RequestException, TimeoutError) as error:
        return Failed(_words(error))


def reach(hook: Webhook) -> str:
    """Return why this webhook cannot be reached, or "" when Discord knows it; nothing is posted."""
    try:
        with _session(hook) as session:
            reply = session.get(hook.url.get_secret_value(), timeout=TIMEOUT, allow_redirects=False)
    except requests.RequestException as error:
        return _words(error)
    return "" if reply.status_code == requests.codes.ok else _refusal(reply)


def _posted(hook: Webhook, body: str, picture: bytes | None) -> requests.Response:
    asked: dict[str, Any] = {"params": {"wait": "true"}, "timeout": TIMEOUT, "allow_redirects": False}
    with _session(hook) as session:
        if picture is None:
            headers = {"Content-Type": "application/json"}
            return session.post(hook.url.get_secret_value(), data=body, headers=headers, **asked)
        files: dict[str, tuple[str | None, str | bytes, str]] = {
            "payload_json": (None, body, "application/json"),
            "files[0]": (PICTURE, picture, "image/png"),
        }
        return session.post(hook.url.get_secret_value(), files=files, **asked)


def _session(hook: Webhook) -> requests.Session:
    session = requests.Session()
    session.trust_env = hook.url.get_secret_value().startswith("https:")  # a proxy has no business on loopback
    return session


def _answer(reply: requests.Response) -> Answer:
    if reply.ok:
        message = _json(reply).get("id")
        return Sent(str(message), _pause(reply.headers)) if message else Failed(f"{reply.status_code} without a message")
    if reply.status_code == requests.codes.too_many_requests:
        return _limit(reply)
    if reply.status_code in GONE and "code" in _json(reply):
        return Gone(_refusal(reply))
    # Whoever stands in between answers 403 and 404 too, without Discord's code: that says nothing about the hook.
    is_refusal = reply.status_code // 100 == CLIENT_ERROR and reply.status_code not in AGAIN
    return Refused(_refusal(reply)) if is_refusal else Failed(_refusal(reply))


def _limit(reply: requests.Response) -> RateLimited:
    says = _json(reply)
    asked = says.get("retry_after", reply.headers.get("Retry-After"))
    return RateLimited(_seconds(asked, WORST_WAIT / 60), is_global=bool(says.get("global")))


def _pause(headers: Mapping[str, str]) -> float:
    """Return the seconds until the next message may follow, by what is left of this window."""
    spent = _seconds(headers.get("X-RateLimit-Remaining"), 1.0) < 1
    return _seconds(headers.get("X-RateLimit-Reset-After"), 0.0) if spent else 0.0


def _seconds(text: Any, otherwise: float) -> float:
    try:
        value = float(text)
    except (TypeError, ValueError):
        return otherwise
    return min(max(value, 0.0), WORST_WAIT) if isfinite(value) else otherwise


def _json(reply: requests.Response) -> dict[str, Any]:
    try:
        body = reply.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _refusal(reply: requests.Response) -> str:
    """Return the status with Discord's own words, cut: they do not repeat the address."""
    says = str(_json(reply).get("message", "")).strip()[:120]
    return f"HTTP {reply.status_code}" + (f" {says}" if says else "")


def _words(error: Exception) -> str:
    """Return what went wrong; the exception's own text would show the address."""
    if isinstance(error, requests.Timeout | TimeoutError):
        return "no answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "no trusted TLS connection"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy does not let it through"
    return "no connection" if isinstance(error, requests.ConnectionError) else type(error).__name__


def _picture(message: Message) -> bytes | None:
    """Return the picture, or None when there is none, or none that Discord would take: words matter more."""
    place = Path(message.picture)
    if not message.picture or not place.is_file():
        return None
    try:
        content = place.read_bytes()
    except OSError:
        return None
    return content if len(content) <= PICTURE_BYTES else None


def _without_picture(payload: dict[str, Any]) -> dict[str, Any]:
    bare = [{name: part for name, part in embed.items() if name != "image"} for embed in payload.get("embeds", ())]
    return {**payload, **({"embeds": bare} if bare else {})}
