"""The gate to a venue's market data: every request of bulk work goes through it, in time, and none while we are banned."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from core.errors import ExchangeUnavailable
from core.risk.breaker import Tally
from tasks.bans import refuse_banned, remember_ban
from tasks.venues.pace import Pace

Reply = TypeVar("Reply")

LONGEST_PAUSE = 60.0
"""Seconds: a venue that asks for more has banned us, or does not know the time."""


class Gate:
    """Lets requests through to one venue.

    Parameters
    ----------
    venue : whose address it is; bans are its bans
    home : folder of the notes that processes share
    per_second : requests
    """

    def __init__(self, venue: str, home: Path, per_second: float) -> None:
        self._venue = venue
        self._home = home
        self._pace = Pace(home / f"pace.{venue}", per_second)

    def ask(self, request: Callable[[], Reply], tally: Callable[[], Tally]) -> Reply:
        """Make a request when its turn comes, and keep to what the venue says of the next ones.

        Parameters
        ----------
        tally : how the requests of its connection went

        Raises
        ------
        Banned
            When the venue has banned this address: no request was made, or this was the one.
        ExchangeUnavailable
            When the request failed.
        """
        refuse_banned(self._home, self._venue)
        self._pace.wait()
        try:
            return request()
        except ExchangeUnavailable as error:
            if (until := tally().banned_until) is not None:
                remember_ban(self._home, self._venue, until)
                refuse_banned(self._home, self._venue)
            if pause := getattr(error.__cause__, "pause_ms", 0):
                self._pace.hold(min(pause / 1000, LONGEST_PAUSE))
            raise
