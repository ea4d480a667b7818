"""Reading from Bybit: every reply complete and in shape."""

from collections.abc import Callable
from typing import Any

from tasks.venues.bybit_client import FORBIDDEN, TurnedAway, private_client, public_client
from tasks.venues.client import Declined
from tasks.venues.meter import BAN_MS
from tasks.venues.reading import Row
from tasks.venues.retcodes import ACCESS, BANNED, UNANSWERED
from tasks.venues.session import Endpoint, Session

Reply = dict[str, Any]


class BybitSession(Session):
    """A session with Bybit.

    Parameters
    ----------
    where : "live", "demo", "testnet" or a URL
    now_ms : the clock of signatures; None is this machine's, corrected by the server's
    """

    ACCESS = ACCESS
    UNANSWERED = UNANSWERED

    def __init__(
        self,
        name: str,
        *,
        where: str,
        api_key: str | None,
        secret: str | None,
        now_ms: Callable[[], int] | None,
    ) -> None:
        private = private_client(where, api_key=api_key, secret=secret, now_ms=now_ms)
        super().__init__(name, public_client(where), private, secrets=(secret, api_key), corrects_clock=now_ms is None)

    def ban_ms(self, error: BaseException) -> int:
        """Return for how long the error bans this address; Bybit does not say."""
        banned = isinstance(error, Declined) and error.code == BANNED
        return BAN_MS if banned or (isinstance(error, TurnedAway) and error.status == FORBIDDEN) else 0

    def walk(self, endpoint: Endpoint, query: dict[str, Any], *, limit: int) -> list[Row]:
        """Read a list to its end, page by page; never a part of it."""
        found: list[Row] = []
        seen: set[str] = set()
        cursor = ""
        while cursor not in seen:
            seen.add(cursor)
            reply = self.call(endpoint, {**query, "limit": limit, **({"cursor": cursor} if cursor else {})})
            rows = self.rows_of(reply)
            if not all(isinstance(row, dict) for row in rows):
                raise self.malformed("a list with rows that are not objects")
            found += rows
            cursor = str(reply["result"].get("nextPageCursor") or "")
            if not cursor or not rows:
                return found
        raise self.malformed(f"the cursor {cursor!r} came twice, so pages are missing")

    def rows_of(self, reply: Reply) -> list[Row]:
        """Return the reply's list, which must be there even when it is empty."""
        rows = reply["result"].get("list")
        if not isinstance(rows, list):
            raise self.malformed("a reply without a list")
        return rows

    def time_of(self, reply: Reply) -> int:
        """Return the server's time of the reply, milliseconds."""
        try:
            return int(reply["time"])
        except (KeyError, TypeError, ValueError) as error:
            raise self.malformed("a reply without the server's time") from error
