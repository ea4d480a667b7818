"""What market.duckdb holds for a request: which stored bars the panel is made of, a checksum of them, and the bars themselves.

A panel of 1h bars is made of 1h bars if there are any, else of the largest stored timeframe that divides an hour: SQL makes
one bar of many (`Bars` says how), and volumes are added in the order of time, so that the same bars give the same bits
whatever order they arrived in.

**Why the key can be believed.** It is computed anew for every load from every row that the panel would be made of, by DuckDB
itself: count, first, last and the sum of a 64-bit hash per row, for every symbol, and the same for the settlements in the grid.
No counter and no file time takes part, so a row changed, added or removed by hand with SQL counts like one that was merged.
A row is hashed twice over: DuckDB mixes the last of several columns in with a bare xor, so two bars that exchange their volumes
leave the xor of all plain hashes as it was; hashing once more and adding leaves no such pattern. That two states of one store
share a key by chance is as likely as 64 bits suggest, 1 in 10^19. The version of DuckDB is part of the key because its hash is
free to change.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
from duckdb import DuckDBPyConnection

from core.market.timeframe import bar_ms
from storage.funding import funding_cells, funding_checksum
from storage.panels import Cells, Extent, Request, extent_of

_STORED = "select distinct timeframe from bars where venue = $venue and timeframe <> $timeframe"
_BARS = """
    select symbol, epoch_ms(min(open_time)), epoch_ms(max(open_time)), count(*),
           sum(hash(hash(open_time, open, high, low, close, volume)))
    from bars
    where venue = $venue and timeframe = $source and open_time >= $start and open_time < $end
      and ($symbols::varchar[] is null or list_contains($symbols::varchar[], symbol))
    group by symbol order by symbol
"""
# A symbol's data reaches to the end of its last bar; what ends by then is closed.
_PARTS = """
    with reach as (
        select symbol, (epoch_ms(max(open_time)) + $step) // $length * $length as closed
        from bars where venue = $venue and timeframe = $source group by symbol
    )
    select symbol, epoch_ms(min(open_time)), epoch_ms(max(open_time)), count(*),
           sum(hash(hash(open_time, open, high, low, close, volume)))
    from bars join reach using (symbol)
    where venue = $venue and timeframe = $source and open_time >= $start and open_time < $end
      and ($symbols::varchar[] is null or list_contains($symbols::varchar[], symbol)) and epoch_ms(open_time) < closed
    group by symbol order by symbol
"""
_CELLS = """
    with names as (select unnest($names::varchar[]) as symbol, unnest(range(len($names))) as code)
    select epoch_ms(open_time) as time, code, open, high, low, close, volume from bars join names using (symbol)
    where venue = $venue and timeframe = $source and open_time >= $start and open_time < $end
"""
_RESAMPLED = """
    with names as (
        select unnest($names::varchar[]) as symbol, unnest(range(len($names))) as code, unnest($lasts::bigint[]) as last
    )
    select epoch_ms(open_time) // $length * $length as time, code,
           arg_min(open, open_time) as open, max(high) as high, min(low) as low, arg_max(close, open_time) as close,
           sum(volume order by open_time) as volume, count(*) - count(distinct open_time) as repeats
    from bars join names using (symbol)
    where venue = $venue and timeframe = $source and open_time >= $start and open_time < $end and epoch_ms(open_time) <= last
    group by time, code
"""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a panel will be made of.

    Parameters
    ----------
    source : the stored timeframe
    bars : per symbol its name, first and last open time (ms), number and checksum of its `source` bars
    funding : number and checksum of the settlements inside the grid
    """

    extent: Extent
    source: str
    bars: tuple[tuple[str, int, int, int, int], ...]
    funding: tuple[int, int]

    @property
    def key(self) -> str:
        """64 hexadecimal digits: the same only for the same panel."""
        return hashlib.sha256(repr((duckdb.__version__, self)).encode()).hexdigest()

    @property
    def size(self) -> int:
        """Number of stored bars to read."""
        return sum(count for _, _, _, count, _ in self.bars)


def found(connection: DuckDBPyConnection, request: Request) -> Contents | None:
    """Look at every stored row that belongs to the request; None when there is none."""
    tried = (_made_of(connection, request, source) for source in _sources(connection, request))
    return next((contents for contents in tried if contents), None)


def cells(connection: DuckDBPyConnection, request: Request, contents: Contents) -> tuple[Cells, Cells]:
    """Read the bars and the settlements, as `storage.panels.assembled` takes them."""
    names, _, lasts, *_ = zip(*contents.bars, strict=True)
    values = {**_values(request, contents.source), "names": list(names)}
    if contents.source == request.timeframe:
        rows = connection.execute(_CELLS, values)
    else:
        rows = connection.execute(_RESAMPLED, {**values, "lasts": list(lasts), "length": bar_ms(request.timeframe)})
    bars = {name: np.asarray(column) for name, column in rows.fetchnumpy().items()}
    return bars, funding_cells(connection, contents.extent)


def _sources(connection: DuckDBPyConnection, request: Request) -> Iterator[str]:
    yield from request.sources([request.timeframe])
    stored = connection.execute(_STORED, {"venue": request.venue, "timeframe": request.timeframe}).fetchall()
    yield from request.sources(name for (name,) in stored)


def _made_of(connection: DuckDBPyConnection, request: Request, source: str) -> Contents | None:
    values = {**_values(request, source), "symbols": None if request.symbols is None else list(request.symbols)}
    if source == request.timeframe:
        rows = connection.execute(_BARS, values).fetchall()
    else:
        lengths = {"step": bar_ms(source), "length": bar_ms(request.timeframe)}
        rows = connection.execute(_PARTS, {**values, **lengths}).fetchall()
    if not rows:
        return None
    extent = extent_of(request, [row[:3] for row in rows])
    return Contents(extent, source, tuple(rows), funding_checksum(connection, extent))


def _values(request: Request, source: str) -> dict[str, Any]:
    start, end = request.bounds
    return {"venue": request.venue, "source": source, "start": start, "end": end}
