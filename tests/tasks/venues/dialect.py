"""How a venue says what all of them say: what the conformance stories need to know of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Dialect:
    """How one venue says what every venue says.

    Parameters
    ----------
    open : like `market.paper`: (book=None, *, world, terms, balance) to a context manager that yields a thing with ``venue``,
        ``exchange`` and ``server`` (``server`` has ``url``, ``tamper`` and ``__exit__``; the account is called "test")
    connect : (url, key, secret, now_ms) to another venue object at the same front
    paths : what is read or done -> the HTTP paths it needs; a story spoils each of them alone
    codes : a refusal -> the code that `Rejected` carries
    unproven, later : codes after which an order may exist; codes that say "not placed, send it again"
    says : (code) to the honest-looking reply with that code, in the form `tamper` returns
    banned : the reply, in the same form, that turns this address away for some minutes
    """

    name: str
    open: Callable[..., Any]
    connect: Callable[..., Any]
    key: str
    secret: str
    paths: Mapping[str, tuple[str, ...]]
    codes: Mapping[str, str]
    unproven: tuple[int, ...]
    later: tuple[int, ...]
    says: Callable[[int], Any]
    banned: Any


@dataclass(frozen=True)
class Desk:
    """One open account at one venue."""

    dialect: Dialect
    venue: Any
    exchange: Any
    server: Any

    def spoil(self, what, reply):
        """Answer every path of `what` with this from now on, after the request has been processed."""
        spoiled = self.dialect.paths[what]
        self.server.tamper = lambda path, honest: reply if path in spoiled else honest
