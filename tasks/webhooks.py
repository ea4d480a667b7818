"""Discord webhooks: which ones to tell, from the environment and from `.env`, without ever showing one.

A webhook's address is a password: whoever has it can write to the channel. It lives in a `SecretStr`, is known to the store
by a hash, and to people by the last digits of its number.
"""

import hashlib
import re
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from pydantic import SecretStr

from core.errors import ConfigError
from tasks.settings import webhook_settings

NAME = "TRADEWIND_DISCORD_WEBHOOK"
DISCORD = frozenset({"discord.com", "discordapp.com", "ptb.discord.com", "canary.discord.com"})
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_PATH = re.compile(r"/api/(?:v\d+/)?webhooks/(?P<number>\d{1,25})/(?P<token>[\w-]{1,200})/?", re.ASCII)
_QUERY = re.compile(r"[\w=&-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Webhook:
    """One webhook.

    Parameters
    ----------
    destination : the name that the outbox knows it by
    masked : what may be shown of it
    sources : which settings name it
    """

    url: SecretStr
    destination: str
    masked: str
    sources: tuple[str, ...]


def webhooks() -> tuple[Webhook, ...]:
    """Return every webhook that the settings name, each once, in the order they are named.

    Raises
    ------
    ConfigError
        When one is not the address of a Discord webhook; the message does not show it.
    """
    found: dict[str, Webhook] = {}
    for source, text in webhook_settings().items():
        for place, url in enumerate(filter(None, re.split(r"[\s,]+", text)), start=1):
            hook = _webhook(url, f"{NAME} ({source}), address {place}", source)
            known = found.setdefault(hook.destination, hook)
            if source not in known.sources:
                found[hook.destination] = replace(known, sources=(*known.sources, source))
    return tuple(found.values())


def _webhook(url: str, subject: str, source: str) -> Webhook:
    host, place = _host(url, subject)
    parts = urlsplit(url)
    path = _PATH.fullmatch(parts.path)
    if path is None or not _QUERY.fullmatch(parts.query):
        raise ConfigError(f"{subject}: not a Discord webhook; expected https://discord.com/api/webhooks/NUMBER/TOKEN")
    number, token = path["number"], path["token"]
    # Only the number and the token say which webhook it is; hosts have aliases, and a query only says how to post.
    name = hashlib.sha256(f"{place}/{number}/{token}".encode()).hexdigest()[:12]
    return Webhook(SecretStr(url), name, f"webhook ..{number[-4:]} at {host}", (source,))


def _host(url: str, subject: str) -> tuple[str, str]:
    """Return the host, and which service it is: Discord's aliases are one."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ConfigError(f"{subject}: not an address; expected https://discord.com/api/webhooks/NUMBER/TOKEN") from None
    if parts.username is None and parts.scheme == "https" and host in DISCORD and port in {None, 443}:
        return host, "discord"
    if parts.username is None and parts.scheme in {"http", "https"} and host in LOOPBACK:
        return f"{host}:{port}" if port else host, f"{host}:{port}"
    raise ConfigError(
        f"{subject}: neither https at discord.com nor on this machine; expected https://discord.com/api/webhooks/NUMBER/TOKEN"
    )
