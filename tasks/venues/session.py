"""Asking a venue: every failure one of our two exceptions, every request counted, no secret in any message."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import ccxt

from core.errors import ExchangeRefused, ExchangeUnavailable
from tasks.venues.client import TRANSPORT, Declined
from tasks.venues.meter import Meter

Endpoint = Callable[[dict[str, Any]], Any]


class Session(ABC):
    """Two clients of one account: `public` for market data, `private` for the account and its orders.

    Every request goes through `ask`, which counts it and makes none while this address is banned. Connections stay open.

    Parameters
    ----------
    public, private : ccxt's clients, guarded
    secrets : the keys, which no message may hold
    corrects_clock : whether signatures follow the server's clock (`correct_clock`), not one of their own
    """

    ACCESS: ClassVar[frozenset[int]]
    """Codes that a person must do something about: key, permission, address."""

    UNANSWERED: ClassVar[frozenset[int]]
    """Codes that are a reply, but not an answer: the server's own trouble, or too many requests."""

    def __init__(self, name: str, public: Any, private: Any, *, secrets: tuple[str | None, ...], corrects_clock: bool) -> None:
        self.name = name
        self.public = public
        self.private = private
        self._secrets = tuple(word for word in secrets if word)
        self._corrects_clock = corrects_clock
        self.meter = Meter(name, lambda: int(self.private.nonce()))

    @abstractmethod
    def ban_ms(self, error: BaseException) -> int:
        """Return for how long the error bans this address; 0 when it does not."""

    def ask(self, endpoint: Endpoint, query: dict[str, Any]) -> Any:
        """Make one request, once, and count how it went; whatever goes wrong is raised as it came (`TRANSPORT`)."""
        self.meter.admit()
        try:
            reply = endpoint(query)
        except TRANSPORT as error:
            self._count(error)
            raise
        self.meter.answered()
        return reply

    def call(self, endpoint: Endpoint, query: dict[str, Any]) -> Any:
        """Read one reply.

        Raises
        ------
        ExchangeRefused
            When the venue does not let us in: a person must act.
        ExchangeUnavailable
            When the read failed or the reply is malformed: read again.
        """
        try:
            return self.ask(endpoint, query)
        except Declined as no:
            kind = ExchangeRefused if no.code in self.ACCESS else ExchangeUnavailable
            raise kind(f"{self.name}: {self.clean(no)}") from no
        except ccxt.AuthenticationError as error:
            raise ExchangeRefused(f"{self.name}: {self.clean(error)}; check the API key") from error
        except TRANSPORT as error:
            raise self.unread(self.clean(error)) from error

    def correct_clock(self, server_ms: int) -> None:
        """Sign by the server's clock from now on, unless signatures have a clock of their own."""
        if self._corrects_clock:
            self.private.options["timeDifference"] = self.private.milliseconds() - server_ms

    def unread(self, what: str) -> ExchangeUnavailable:
        """Return the error for a request without an answer."""
        return ExchangeUnavailable(f"{self.name}: {what}; read again")

    def malformed(self, what: str) -> ExchangeUnavailable:
        """Return the error for a reply that cannot be believed, which counts as no answer after all."""
        self.meter.failed()
        return self.unread(what)

    def clean(self, error: BaseException) -> str:
        """Return an error in one line without our keys."""
        said = f"{error.code} {error.message}" if isinstance(error, Declined) else f"{type(error).__name__} {error}"
        for word in self._secrets:
            said = said.replace(word, "***")
        return " ".join(said.split())[:200]

    def _count(self, error: BaseException) -> None:
        if isinstance(error, Declined) and error.code not in self.UNANSWERED:
            self.meter.answered()
            return
        self.meter.failed()
        if (ban := self.ban_ms(error)) > 0:
            self.meter.banned(for_ms=ban)
