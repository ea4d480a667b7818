"""Bybit's candles and funding rates, page by page: complete, closed, on the grid, or an error.

1. A window never asks for more bars than a page holds, since nobody documents which end Bybit would cut.
2. A candle is closed when the **server's** time says so.
3. A hole between two candles is an error, not a shorter answer.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import numpy as np

from core.errors import ExchangeUnavailable
from core.market.timeframe import MINUTE, TIMEFRAMES, bar_ms, milliseconds
from core.types import Array
from tasks.venues.history_frames import shown

SOURCE = "bybit-v5"
PAGE = 1000
FUNDING_PAGE = 200

Read = Callable[..., dict[str, Any]]
"""Calls one public endpoint with parameters and returns its well-formed reply."""

INTERVALS = {name: "D" if name == "1d" else str(length // MINUTE) for name, length in TIMEFRAMES.items()}


def bars(read: Read, symbol: str, timeframe: str, start: datetime, end: datetime) -> Array:
    """Return closed candles that open in ``[start, end)``, oldest first.

    Returns
    -------
    (K, 6) of open time (ms), open, high, low, close, volume


    Raises
    ------
    ExchangeUnavailable
        When a page is of another symbol, off the grid, outside its window, doubled, not numeric, or leaves a hole.
    """
    length = bar_ms(timeframe)
    pages = list(_bar_pages(read, symbol, timeframe, milliseconds(start), milliseconds(end)))
    rows = np.concatenate(pages) if pages else np.empty((0, 6))
    if (holes := np.flatnonzero(np.diff(rows[:, 0]) != length)).size:
        raise ExchangeUnavailable(f"{symbol} {timeframe}: a hole after {shown(rows[holes[0], 0])}; read again")
    return rows


def bar_page(read: Read, symbol: str, timeframe: str, first: int, stop: int) -> tuple[Array, int]:
    """Return the closed candles that open in ``[first, stop)`` (ms, a page at most) as far as there are any, oldest first.

    Returns
    -------
    (K, 6) of open time (ms), open, high, low, close, volume
    server : Bybit's time, milliseconds

    Raises
    ------
    ExchangeUnavailable
        When the page is of another symbol, off the grid, outside its window, doubled or not numeric.
    """
    reply = read("kline", symbol=symbol, interval=INTERVALS[timeframe], start=first, end=stop - 1, limit=PAGE)
    rows, server = _checked(symbol, timeframe, reply, first, stop), int(reply["time"])
    if (doubled := np.flatnonzero(np.diff(rows[:, 0]) == 0)).size:
        raise ExchangeUnavailable(f"{symbol} {timeframe}: a bar doubled at {shown(rows[doubled[0], 0])}; read again")
    return rows[rows[:, 0] + bar_ms(timeframe) <= server], server


def funding(read: Read, symbol: str, start: datetime, end: datetime) -> Array:
    """Rates settled in ``[start, end)``, oldest first: (K, 2) of moment (ms, on the minute) and fraction of notional."""
    first, last = milliseconds(start), milliseconds(end) - 1
    pages: list[Array] = []
    while first <= last:
        listed = read("funding/history", symbol=symbol, startTime=first, endTime=last, limit=FUNDING_PAGE)["list"]
        rows = _settlements(symbol, listed)
        pages.append(rows)
        last = int(rows[:, 0].min()) - 1 if len(listed) >= FUNDING_PAGE else first - 1
    rates = np.concatenate(pages) if pages else np.empty((0, 2))
    rates[:, 0] = np.round(rates[:, 0] / MINUTE) * MINUTE
    rates = rates[rates[:, 0].argsort(kind="stable")]
    if (np.diff(rates[:, 0]) == 0).any():
        raise ExchangeUnavailable(f"{symbol} funding: a settlement is listed twice; read again")
    return rates


def _bar_pages(read: Read, symbol: str, timeframe: str, start: int, end: int) -> Iterator[Array]:
    length = bar_ms(timeframe)
    first = -(-start // length) * length
    while first < end:
        stop = min(first + PAGE * length, end)
        rows, server = bar_page(read, symbol, timeframe, first, stop)
        yield rows
        if stop + length > server:
            return
        first = stop


def _settlements(symbol: str, listed: list[Any]) -> Array:
    try:
        cells = [[row["fundingRateTimestamp"], row["fundingRate"]] for row in listed if row["symbol"] == symbol]
    except (KeyError, TypeError) as error:
        raise ExchangeUnavailable(f"{symbol} funding: a row without {error}; read again") from error
    if len(cells) != len(listed):
        raise ExchangeUnavailable(f"{symbol} funding: the reply is of another symbol; read again")
    return _numbers(symbol, cells, 2)


def _checked(symbol: str, timeframe: str, reply: dict[str, Any], start: int, stop: int) -> Array:
    if reply.get("symbol") != symbol:
        raise ExchangeUnavailable(f"{symbol} {timeframe}: the reply is of {reply.get('symbol')!r}; read again")
    if not all(isinstance(row, list) and len(row) >= 7 for row in reply["list"]):
        raise ExchangeUnavailable(f"{symbol} {timeframe}: a candle without its seven fields; read again")
    rows = _numbers(symbol, [row[:6] for row in reply["list"]], 6)
    opens = rows[:, 0]
    strange = (opens % bar_ms(timeframe) != 0) | (opens < start) | (opens >= stop)
    if strange.any():
        raise ExchangeUnavailable(f"{symbol} {timeframe}: a bar at {shown(opens[strange][0])} was not asked for; read again")
    return rows[opens.argsort(kind="stable")]


def _numbers(symbol: str, cells: list[list[str]], width: int) -> Array:
    try:
        rows = np.array(cells, dtype=np.float64).reshape(-1, width)
    except (TypeError, ValueError) as error:
        raise ExchangeUnavailable(f"{symbol}: a row is not numeric ({error}); read again") from error
    if not np.isfinite(rows).all():
        raise ExchangeUnavailable(f"{symbol}: a row holds a number that is not finite; read again")
    return rows
