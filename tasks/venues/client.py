"""What the guarded ccxt clients of all venues have in common: the errors they raise, and what an error proves."""

from collections.abc import Mapping

import ccxt
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import RequestException
from urllib3.exceptions import MaxRetryError, NewConnectionError

TIMEOUT_MS = 8_000
RECV_WINDOW_MS = 5_000

TRANSPORT = (ccxt.BaseError, RequestException, OSError, ValueError)
"""Everything that can go wrong between a call and its reply; `Declined` is among it."""


class Declined(ccxt.ExchangeError):
    """The venue answered with an error code of its own.

    Parameters
    ----------
    pause_ms : how long to keep quiet, if it was for too many requests; 0 when the venue does not ask for it
    """

    def __init__(self, code: int, message: str, *, pause_ms: int = 0) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message
        self.pause_ms = pause_ms


class Malformed(ccxt.BadResponse):
    """HTTP said success, and the body is not the venue's."""


def never_connected(error: BaseException) -> bool:
    """Whether the error proves that no byte left: no connection was ever made."""
    cause = error.__cause__
    if not isinstance(cause, RequestsConnectionError) or not cause.args:
        return False
    reason = cause.args[0]
    return isinstance(reason, MaxRetryError) and isinstance(reason.reason, NewConnectionError)


def number_in(headers: Mapping[str, str] | None, name: str) -> int | None:
    """Return the number in a header, whose name is in small letters; None when there is none."""
    text = next((value for each, value in (headers or {}).items() if each.lower() == name), "")
    return int(text) if str(text).isdigit() else None
