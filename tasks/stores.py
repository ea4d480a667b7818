"""The store of this process."""

from functools import cache

from core.errors import ConfigError
from storage.store import Store
from tasks.settings import settings


@cache
def store() -> Store:
    """Return the store in the configured home."""
    return Store(settings().home)


def stored_venue(wanted: str | None) -> str:
    """Return the venue to work on: the one asked for, the one configured, or the only one stored.

    Raises
    ------
    ConfigError
        When it is none of these, or has no bars; the message lists what is there.
    """
    known = store().bars.venues()
    chosen = wanted or settings().venue or (known[0] if len(known) == 1 else None)
    if not known:
        raise ConfigError(f"no bars in {settings().home}: run `tradewind import FILE` or `tradewind ingest` first")
    if chosen is None:
        raise ConfigError(f"several venues are stored: choose one of {', '.join(known)} with --venue")
    if chosen not in known:
        raise ConfigError(f"no bars of venue {chosen!r}: stored are {', '.join(known)}")
    return chosen
