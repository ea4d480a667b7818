"""Binance's candles and funding rates, page by page: complete, closed, on the grid, or an error.

1. A window never asks for more bars than a page holds.
2. A candle is closed when the **server's** time, taken before it was read, says so: the reply has no time of its own.
3. A hole between two candles is an error, not a shorter answer.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from core.market.timeframe import MINUTE, bar_ms, milliseconds
from core.types import Array
from tasks.venues.binance_session import BinanceSession
from tasks.venues.history_frames import bar_frame, funding_frame, shown

SOURCE = "binance-usdm"
PAGE = 1500
FUNDING_PAGE = 1000
FIELDS = 12
"""In a candle: open time, open, high, low, close, volume, close time, and five that are not used."""


def bars(session: BinanceSession, symbol: str, timeframe: str, span: tuple[datetime, datetime], server_ms: int) -> pl.DataFrame:
    """Return closed candles that open in ``[start, end)``, oldest first, as `storage.bars` takes them.

    Parameters
    ----------
    server_ms : Binance's time before the first page is read

    Raises
    ------
    ExchangeUnavailable
        When a page is off the grid, outside its window, doubled, not numeric, or leaves a hole.
    """
    length = bar_ms(timeframe)
    pages = list(_bar_pages(session, symbol, timeframe, span, server_ms))
    rows = np.concatenate(pages) if pages else np.empty((0, 6))
    if (holes := np.flatnonzero(np.diff(rows[:, 0]) != length)).size:
        raise session.malformed(f"{symbol} {timeframe}: a hole after {shown(rows[holes[0], 0])}")
    return bar_frame(session.name, symbol, timeframe, rows, SOURCE)


def bar_page(session: BinanceSession, symbol: str, timeframe: str, start: int, stop: int) -> Array:
    """Return the candles that open in ``[start, stop)`` (ms, a page at most), open ones too, as far as there are any.

    Raises
    ------
    ExchangeUnavailable
        When the page is off the grid, outside its window, doubled or not numeric.
    """
    query = {"symbol": symbol, "interval": timeframe, "startTime": start, "endTime": stop - 1, "limit": PAGE}
    listed = session.call(session.public.fapipublic_get_klines, query)
    if not isinstance(listed, list) or not all(isinstance(row, list) and len(row) == FIELDS for row in listed):
        raise session.malformed(f"{symbol} {timeframe}: a candle without its {FIELDS} fields")
    rows = _numbers(session, symbol, [row[:6] for row in listed], 6)
    opens = rows[:, 0]
    strange = (opens % bar_ms(timeframe) != 0) | (opens < start) | (opens >= stop)
    if strange.any():
        raise session.malformed(f"{symbol} {timeframe}: a bar at {shown(opens[strange][0])} was not asked for")
    rows = rows[opens.argsort(kind="stable")]
    if (doubled := np.flatnonzero(np.diff(rows[:, 0]) == 0)).size:
        raise session.malformed(f"{symbol} {timeframe}: a bar doubled at {shown(rows[doubled[0], 0])}")
    return rows


def funding(session: BinanceSession, symbol: str, start: datetime, end: datetime) -> pl.DataFrame:
    """Rates settled in ``[start, end)``, oldest first, moments rounded to the minute, as `storage.funding` takes them."""
    first, last = milliseconds(start), milliseconds(end) - 1
    endpoint = session.public.fapipublic_get_fundingrate
    listed = session.span(endpoint, {"symbol": symbol}, first, last, limit=FUNDING_PAGE) if first <= last else []
    if any(row.get("symbol") != symbol for row in listed):
        raise session.malformed(f"{symbol} funding: the reply is of another symbol")
    rates = _numbers(session, symbol, [[row.get("fundingTime"), row.get("fundingRate")] for row in listed], 2)
    rates[:, 0] = np.round(rates[:, 0] / MINUTE) * MINUTE
    rates = rates[rates[:, 0].argsort(kind="stable")]
    if (np.diff(rates[:, 0]) == 0).any():
        raise session.malformed(f"{symbol} funding: a settlement is listed twice")
    return funding_frame(session.name, symbol, rates, SOURCE)


def _bar_pages(
    session: BinanceSession, symbol: str, timeframe: str, span: tuple[datetime, datetime], server_ms: int
) -> Iterator[Array]:
    length, end = bar_ms(timeframe), milliseconds(span[1])
    first = -(-milliseconds(span[0]) // length) * length
    while first < end and first + length <= server_ms:
        stop = min(first + PAGE * length, end)
        rows = bar_page(session, symbol, timeframe, first, stop)
        yield rows[rows[:, 0] + length <= server_ms]
        first = stop


def _numbers(session: BinanceSession, symbol: str, cells: list[list[Any]], width: int) -> Array:
    try:
        rows = np.array(cells, dtype=np.float64).reshape(-1, width)
    except (TypeError, ValueError) as error:
        raise session.malformed(f"{symbol}: a row is not numeric ({error})") from error
    if not np.isfinite(rows).all():
        raise session.malformed(f"{symbol}: a row holds a number that is not finite")
    return rows
