"""Doors to a venue's market data, one page at a time: what bulk work goes through, without keys.

A page is complete or raises, except that bars may be missing in it: what the venue does not have, it does not have.
"""

from typing import Any, Protocol

import polars as pl

from core.errors import ExchangeUnavailable
from core.market.timeframe import utc
from tasks.venues import binance_history, bybit_history
from tasks.venues.binance_session import BinanceSession
from tasks.venues.bybit_session import BybitSession
from tasks.venues.client import Declined
from tasks.venues.gate import Gate
from tasks.venues.history_frames import bar_frame, funding_frame


def refused(error: ExchangeUnavailable) -> bool:
    """Whether the venue did look at the question and answered no: asking again brings the same."""
    no = error.__cause__
    # Binance's codes are negative, Bybit's are not: together they are no others.
    return isinstance(no, Declined) and no.code not in BybitSession.UNANSWERED | BinanceSession.UNANSWERED


class Door(Protocol):
    """One connection to a venue's market data; one thread at a time."""

    page: int
    """Most bars of one page."""

    def bars(self, symbol: str, timeframe: str, first: int, stop: int) -> pl.DataFrame:
        """Return the closed bars that open in ``[first, stop)`` (ms, a page at most), as `storage.bars` takes them."""
        ...

    def funding(self, symbol: str, first: int, stop: int) -> pl.DataFrame:
        """Return the funding settled in ``[first, stop)`` (ms), as `storage.funding` takes it."""
        ...


class BybitDoor:
    """A door to Bybit, or to something that speaks like it.

    Parameters
    ----------
    venue : name under which the rows are stored
    where : "live" or a URL
    """

    page = bybit_history.PAGE

    def __init__(self, venue: str, where: str, gate: Gate) -> None:
        self._venue = venue
        self._session = BybitSession(venue, where=where, api_key=None, secret=None, now_ms=None)
        self._gate = gate

    def bars(self, symbol: str, timeframe: str, first: int, stop: int) -> pl.DataFrame:
        """Return the closed bars that open in ``[first, stop)``."""
        rows, _ = bybit_history.bar_page(self._market, symbol, timeframe, first, stop)
        return bar_frame(self._venue, symbol, timeframe, rows, bybit_history.SOURCE)

    def funding(self, symbol: str, first: int, stop: int) -> pl.DataFrame:
        """Return the funding settled in ``[first, stop)``."""
        rates = bybit_history.funding(self._market, symbol, utc(first), utc(stop))
        return funding_frame(self._venue, symbol, rates, bybit_history.SOURCE)

    def _market(self, path: str, **query: Any) -> dict[str, Any]:
        session = self._session
        endpoint = getattr(session.public, f"public_get_v5_market_{path.replace('/', '_')}")
        asked = {"category": "linear", **query}
        reply = self._gate.ask(lambda: session.call(endpoint, asked), session.meter.tally)
        return {**reply["result"], "list": session.rows_of(reply), "time": session.time_of(reply)}


class BinanceDoor:
    """A door to Binance, or to something that speaks like it; parameters as for `BybitDoor`.

    A window must not reach beyond what is closed: Binance's pages do not say what time it is.
    """

    page = binance_history.PAGE

    def __init__(self, venue: str, where: str, gate: Gate) -> None:
        self._venue = venue
        self._session = _Gated(gate, venue, where)

    def bars(self, symbol: str, timeframe: str, first: int, stop: int) -> pl.DataFrame:
        """Return the bars that open in ``[first, stop)``."""
        rows = binance_history.bar_page(self._session, symbol, timeframe, first, stop)
        return bar_frame(self._venue, symbol, timeframe, rows, binance_history.SOURCE)

    def funding(self, symbol: str, first: int, stop: int) -> pl.DataFrame:
        """Return the funding settled in ``[first, stop)``."""
        return binance_history.funding(self._session, symbol, utc(first), utc(stop))


class _Gated(BinanceSession):
    def __init__(self, gate: Gate, name: str, where: str) -> None:
        super().__init__(name, where=where, api_key=None, secret=None, now_ms=None)
        self._gate = gate

    def call(self, endpoint: Any, query: dict[str, Any]) -> Any:
        """Read one reply, when its turn comes."""
        return self._gate.ask(lambda: super(_Gated, self).call(endpoint, query), self.meter.tally)
