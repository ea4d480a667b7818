"""Stretches: which parts of every series are stored, and where the bars came from. It reads the tables of bars and funding."""

from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

import numpy as np
import polars as pl
from duckdb import DuckDBPyConnection

from core.market.spans import spans
from core.market.timeframe import bar_ms
from core.types import Ints
from storage.bars import MemoryBars
from storage.database import Database
from storage.funding import MemoryFunding

PACK = 512
"""Bars that are counted together: where none of them is missing, they are one stretch and are not looked at one by one."""

# No window function: sorting fifty million bars takes half a minute, counting them a second.
_BARS = """
    with packs as (
        select symbol, epoch_ms(open_time) // $pack as pack, count(*) as bars, min(epoch_ms(open_time)) as first,
               max(epoch_ms(open_time)) as last
        from bars
        where venue = $venue and timeframe = $timeframe and open_time >= $start and open_time < $end
          and ($symbols::varchar[] is null or list_contains($symbols::varchar[], symbol))
        group by all
    ),
    torn as (select symbol, pack from packs where (last - first) // $length + 1 <> bars)
    select symbol, first, last + $length from packs anti join torn using (symbol, pack)
    union all
    select bars.symbol, epoch_ms(open_time), epoch_ms(open_time) + $length
    from bars join torn on bars.symbol = torn.symbol and epoch_ms(open_time) // $pack = torn.pack
    where venue = $venue and timeframe = $timeframe and open_time >= $start and open_time < $end
"""
_SETTLEMENTS = """
    select symbol, list(epoch_ms(settled_at) order by settled_at) from funding
    where venue = $venue group by symbol order by symbol
"""
_SOURCES = """
    select symbol, source, count(*) from bars
    where venue = $venue and timeframe = $timeframe and open_time >= $start and open_time < $end
    group by all order by symbol, count(*) desc, source
"""
_EVER, _NEVER = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


class Period(NamedTuple):
    """Bars that open in ``[start, end)``."""

    start: datetime = _EVER
    end: datetime = _NEVER


ALWAYS = Period()


class Stretches(Protocol):
    """What is stored of every symbol of a venue. Bars count, settlements are moments; all times are milliseconds."""

    def bars(
        self, venue: str, timeframe: str, period: Period = ALWAYS, symbols: tuple[str, ...] | None = None
    ) -> dict[str, Ints]:
        """Return the spans of stored bars that open in the period, per symbol that has any."""
        ...

    def settlements(self, venue: str) -> dict[str, Ints]:
        """Return the moments of stored settlements, per symbol, oldest first."""
        ...

    def sources(self, venue: str, timeframe: str, period: Period = ALWAYS) -> dict[str, tuple[tuple[str, int], ...]]:
        """Return where the bars in the period came from, and how many, the most first, per symbol."""
        ...


class DuckStretches:
    """`Stretches` in market.duckdb."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def bars(
        self, venue: str, timeframe: str, period: Period = ALWAYS, symbols: tuple[str, ...] | None = None
    ) -> dict[str, Ints]:
        """Return the spans of stored bars that open in the period, per symbol that has any."""
        length = bar_ms(timeframe)
        values = _asked(venue, timeframe, period) | {"length": length, "pack": PACK * length}
        with self._database.read() as connection:
            rows = connection.execute(_BARS, values | {"symbols": None if symbols is None else list(symbols)}).fetchall()
        found: dict[str, list[tuple[int, int]]] = {}
        for symbol, start, stop in rows:
            found.setdefault(symbol, []).append((start, stop))
        return {symbol: spans(found[symbol]) for symbol in sorted(found)}

    def settlements(self, venue: str) -> dict[str, Ints]:
        """Return the moments of stored settlements, per symbol, oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(_SETTLEMENTS, {"venue": venue}).fetchall()
        return {symbol: np.array(moments, dtype=np.int64) for symbol, moments in rows}

    def sources(self, venue: str, timeframe: str, period: Period = ALWAYS) -> dict[str, tuple[tuple[str, int], ...]]:
        """Return where the bars in the period came from, and how many, the most first, per symbol."""
        with self._database.read() as connection:
            return _by_symbol(_counted(connection, _asked(venue, timeframe, period)))


class MemoryStretches:
    """`Stretches` over the memory twins of bars and funding."""

    def __init__(self, bars: MemoryBars, funding: MemoryFunding) -> None:
        self._bars = bars
        self._funding = funding

    def bars(
        self, venue: str, timeframe: str, period: Period = ALWAYS, symbols: tuple[str, ...] | None = None
    ) -> dict[str, Ints]:
        """Return the spans of stored bars that open in the period, per symbol that has any."""
        rows, length = self._rows(venue, timeframe, period), bar_ms(timeframe)
        wanted = rows if symbols is None else rows.filter(pl.col("symbol").is_in(symbols))
        opens = wanted.group_by("symbol").agg(pl.col("open_time").dt.epoch("ms")).sort("symbol").rows()
        return {symbol: spans((opened, opened + length) for opened in moments) for symbol, moments in opens}

    def settlements(self, venue: str) -> dict[str, Ints]:
        """Return the moments of stored settlements, per symbol, oldest first."""
        rows = self._funding.rows.filter(pl.col("venue") == venue).sort("symbol", "settled_at")
        moments = rows.group_by("symbol", maintain_order=True).agg(pl.col("settled_at").dt.epoch("ms")).rows()
        return {symbol: np.array(each, dtype=np.int64) for symbol, each in moments}

    def sources(self, venue: str, timeframe: str, period: Period = ALWAYS) -> dict[str, tuple[tuple[str, int], ...]]:
        """Return where the bars in the period came from, and how many, the most first, per symbol."""
        counted = self._rows(venue, timeframe, period).group_by("symbol", "source").len()
        return _by_symbol(counted.sort("symbol", "len", "source", descending=[False, True, False]).rows())

    def _rows(self, venue: str, timeframe: str, period: Period) -> pl.DataFrame:
        mine = (pl.col("venue") == venue) & (pl.col("timeframe") == timeframe)
        return self._bars.rows.filter(mine & pl.col("open_time").is_between(*period, closed="left"))


def _asked(venue: str, timeframe: str, period: Period) -> dict[str, Any]:
    return {"venue": venue, "timeframe": timeframe, "start": period.start, "end": period.end}


def _counted(connection: DuckDBPyConnection, values: dict[str, Any]) -> list[tuple[str, str, int]]:
    return connection.execute(_SOURCES, values).fetchall()


def _by_symbol(rows: list[Any]) -> dict[str, tuple[tuple[str, int], ...]]:
    found: dict[str, list[tuple[str, int]]] = {}
    for symbol, source, count in rows:
        found.setdefault(symbol, []).append((source, count))
    return {symbol: tuple(counts) for symbol, counts in found.items()}
