"""How frames of facts enter: checked at the door, then merged so that replay is harmless.

1. New rows are inserted, identical rows are counted, differing rows are reported and what is stored stays.
2. A merge is one transaction.
3. A refused frame has changed nothing.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl
from polars.datatypes import DataType

from core.errors import DataError
from storage.database import Database

TIME = pl.Datetime("ms", "UTC")
SHOWN = 20
"""How many differences a merge spells out; it counts them all."""

Schema = dict[str, DataType | type[DataType]]


@dataclass(frozen=True, slots=True)
class Difference:
    """One fact that was offered with other numbers than are stored.

    Parameters
    ----------
    timeframe : of the bar, or ``"funding"``
    open_time : of the bar, or the settlement time
    stored, offered : open, high, low, close, volume of a bar; the rate of a settlement
    """

    venue: str
    symbol: str
    timeframe: str
    open_time: datetime
    stored: tuple[float, ...]
    offered: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Merge:
    """What a merge did: ``new + same + differing_count`` is the number of rows offered.

    Parameters
    ----------
    differing : the first `SHOWN` differences by symbol and time
    """

    new: int
    same: int
    differing: tuple[Difference, ...] = ()
    differing_count: int = 0


@dataclass(frozen=True, slots=True)
class Series:
    """What is stored of one symbol.

    Parameters
    ----------
    first, last : open time of the oldest and the newest bar, UTC
    gaps : bars missing between them
    """

    venue: str
    symbol: str
    timeframe: str
    first: datetime
    last: datetime
    bars: int
    gaps: int


@dataclass(frozen=True, slots=True)
class Shape:
    """What a table of facts looks like from the door.

    Parameters
    ----------
    key : columns that name a fact
    values : columns that state it; finite numbers
    """

    subject: str
    schema: Schema
    key: tuple[str, ...]
    values: tuple[str, ...]


def admitted(frame: pl.DataFrame, shape: Shape) -> pl.DataFrame:
    """Return the columns of `shape`, in its order; a frame that cannot be stored is refused.

    Raises
    ------
    DataError
        For a missing column, another type, a null, a number that is not finite, or a fact that is there twice.
    """
    _fit(frame, shape)
    chosen = frame.select(*shape.schema)
    _refuse(chosen, pl.any_horizontal(pl.all().is_null()), shape, "has an empty cell; fill or drop the row")
    _refuse(chosen, ~pl.all_horizontal(pl.col(shape.values).is_finite()), shape, "is not all finite; drop the row")
    if chosen.n_unique(shape.key) != chosen.height:
        _refuse(chosen, pl.struct(shape.key).is_duplicated(), shape, "is there twice in one frame; offer it once")
    return chosen


def merged(database: Database, frame: pl.DataFrame, shape: Shape, *, differing: str, insert: str) -> Merge:
    """Merge an admitted frame into a table; both statements read it as ``offered``.

    Parameters
    ----------
    differing : SQL, at most `SHOWN` rows of: key, stored values, offered values, count of all differing rows
    insert : SQL that inserts the rows whose key is not stored and answers their number
    """
    if frame.is_empty():
        return Merge(new=0, same=0)
    with database.write() as connection:
        connection.register("offered", frame.to_arrow())
        rows = connection.execute(differing, {"shown": SHOWN}).fetchall()
        ((new,),) = connection.execute(insert).fetchall()
    count = rows[0][-1] if rows else 0
    shown = tuple(difference(row[:-1], shape) for row in rows)
    return Merge(new, frame.height - new - count, shown, count)


def difference(row: tuple[Any, ...], shape: Shape) -> Difference:
    """Read a row of key, stored values, offered values."""
    named = dict(zip(shape.key, row, strict=False))
    numbers = row[len(shape.key) :]
    moment = named["open_time" if "open_time" in named else "settled_at"].astimezone(UTC)
    half = len(shape.values)
    timeframe = named.get("timeframe", shape.subject)
    return Difference(named["venue"], named["symbol"], timeframe, moment, numbers[:half], numbers[half:])


class MemoryTable:
    """The memory twin of a merged table."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.rows = pl.DataFrame(schema=shape.schema)

    def merge(self, frame: pl.DataFrame) -> Merge:
        """Merge an admitted frame."""
        key, values = list(self.shape.key), self.shape.values
        both = frame.join(self.rows, on=key, how="inner", suffix="_stored").sort(key)
        differs = both.filter(pl.any_horizontal(pl.col(name) != pl.col(f"{name}_stored") for name in values))
        new = frame.join(self.rows, on=key, how="anti")
        self.rows = pl.concat([self.rows, new])
        spelled = differs.select(*key, *(f"{name}_stored" for name in values), *values).head(SHOWN)
        shown = tuple(difference(row, self.shape) for row in spelled.rows())
        return Merge(new.height, frame.height - new.height - differs.height, shown, differs.height)

    def spans(self, *group: str) -> pl.DataFrame:
        """First moment, last moment and number of facts of every group, sorted by group."""
        time = self.shape.key[-1]
        spanned = (pl.col(time).min().alias("first"), pl.col(time).max().alias("last"), pl.len())
        return self.rows.group_by(group).agg(spanned).sort(group)


def _fit(frame: pl.DataFrame, shape: Shape) -> None:
    for column, dtype in shape.schema.items():
        found = frame.schema.get(column)
        if found != dtype:
            raise DataError(f"{shape.subject}: column {column} is {found or 'missing'}, expected {dtype}")


def _refuse(frame: pl.DataFrame, bad: pl.Expr, shape: Shape, complaint: str) -> None:
    first = frame.filter(bad).head(1)
    if first.height:
        name = " ".join(str(value) for value in first.select(shape.key).row(0))
        raise DataError(f"{shape.subject}: {name} {complaint}")
