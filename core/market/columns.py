"""What a file of market data must bring: columns, types, a time zone and units.

A mistake here concerns the file as a whole (a naive clock, a rate in percent), so no row can be left out to mend it: all of
it is refused with one line that says what was found and how to correct it.
"""

import polars as pl

from core.errors import DataError

PRICES = ("open", "high", "low", "close")

MAX_RATE = 0.05
"""Fraction of notional at one settlement. Venues cap it near 0.04 and the wildest of 107,518 real rates is 0.025, while the
everyday rate written in percent is 0.01 and passes 0.05 in 96 of 100 symbol-years."""

MAX_USUAL_RATE = 0.003
"""Fraction: the median |rate| of `ENOUGH_RATES` in a row never passed 0.0015 in five real years; in percent it is near 0.01."""

ENOUGH_RATES = 90
"""Settlements, a month of one symbol: with fewer a panic alone can lift the median, so only `MAX_RATE` judges."""

_UTC = ("UTC", "Etc/UTC", "+00:00")
_EPOCH_UNITS = {10: "s", 13: "ms", 16: "us", 19: "ns"}


def require_columns(frame: pl.DataFrame, *, moment: str, text: tuple[str, ...], numbers: tuple[str, ...]) -> None:
    """Refuse a frame whose columns are not there, not of their type or not in UTC.

    Parameters
    ----------
    moment : name of the column of times: datetimes marked UTC
    text : names of the columns of text
    numbers : names of the columns of numbers; integers are numbers, text that looks like numbers is not

    Raises
    ------
    DataError
        One line without the file's name: the caller knows it.
    """
    _require_names(frame, (moment, *text, *numbers))
    if frame.is_empty():
        raise DataError("there are columns but no rows: nothing to import")
    for name in text:
        if not isinstance(frame.schema[name], pl.String | pl.Categorical | pl.Enum):
            raise DataError(f"{name} is {frame.schema[name]}, expected text: correct the file")
    for name in numbers:
        _require_number(frame[name])
    _require_utc(frame[moment])


def require_fractions(rates: pl.Series) -> None:
    """Refuse funding rates that are not fractions of notional (0.0001 is one basis point) but, by their size, percent."""
    sizes = rates.cast(pl.Float64).abs()
    sizes = sizes.filter(sizes.is_finite())
    if (largest := _number(sizes.max())) > MAX_RATE:
        found, usual = f"the largest |{rates.name}| is {largest:g}", MAX_RATE
    elif len(sizes) >= ENOUGH_RATES and (median := _number(sizes.median())) > MAX_USUAL_RATE:
        found, usual = f"the median |{rates.name}| is {median:g}", MAX_USUAL_RATE
    else:
        return
    raise DataError(
        f"{found}, real ones stay below {usual:g}: this looks like percent; divide by 100, 0.0001 is one basis point"
    )


def _require_names(frame: pl.DataFrame, expected: tuple[str, ...]) -> None:
    missing = [name for name in expected if name not in frame.columns]
    if missing:
        raise DataError(
            f"no column {', '.join(missing)}: expected {', '.join(expected)}; the file has {', '.join(frame.columns)}"
        )


def _require_number(column: pl.Series) -> None:
    if column.dtype.is_numeric():
        return
    advice = "cast it to a float"
    if column.dtype == pl.String:
        odd = column.filter(column.is_not_null() & column.cast(pl.Float64, strict=False).is_null())
        advice = f"{odd[0]!r} is no number" if len(odd) else "cast the text to a float"
    raise DataError(f"{column.name} is {column.dtype}, expected numbers: {advice}")


def _require_utc(column: pl.Series) -> None:
    name, dtype = column.name, column.dtype
    if dtype.is_integer():
        raise DataError(f"{name} is {dtype}, expected UTC datetimes: {_epoch_advice(column)}")
    if dtype == pl.Date or (isinstance(dtype, pl.Datetime) and dtype.time_zone is None):
        raise DataError(
            f"{name} is {dtype} and does not say its time zone: if it is UTC mark it so, "
            f"with .dt.replace_time_zone('UTC') or, in CSV, as 2024-01-01T00:00:00Z"
        )
    if not isinstance(dtype, pl.Datetime):
        raise DataError(f"{name} is {dtype} (first {column[0]!r}), expected UTC datetimes such as 2024-01-01T00:00:00Z")
    if dtype.time_zone not in _UTC:
        raise DataError(f"{name} is in {dtype.time_zone}, expected UTC: convert it with .dt.convert_time_zone('UTC')")
    _require_our_century(column)


def _require_our_century(column: pl.Series) -> None:
    years = column.dt.year()
    if (odd := years.filter((years < 2000) | (years > 2100))).len():
        raise DataError(f"{column.name} has a bar in the year {odd[0]}: seconds or nanoseconds read as milliseconds?")


def _epoch_advice(column: pl.Series) -> str:
    unit = _EPOCH_UNITS.get(len(str(column.max())))
    guess = f"pl.from_epoch('{column.name}', time_unit='{unit}')" if unit else "pl.from_epoch"
    return f"convert it with {guess} and .dt.replace_time_zone('UTC')"


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
