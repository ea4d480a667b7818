"""The last look at stored cells before they become a panel.

The door (`Bars.merge`, `Funding.merge`) lets nothing bad in, but a file can be repaired by hand with SQL, and the tables have
no key. So what is read is judged once more, and the first bad cell is refused by name: no price that is not a positive number,
no bar off its grid, no bar and no settlement twice. Kept panels (`storage.kept`) passed here when they were made.
"""

import numpy as np

from core.errors import DataError
from core.market.timeframe import bar_ms, utc
from core.types import Mask
from storage.panels import Cells, Extent

_REMEDY = "Tradewind did not write it: repair or delete the row in market.duckdb"


def require_sound_bars(extent: Extent, bars: Cells) -> None:
    """Refuse bars that are not all positive numbers, on the grid and there once.

    Parameters
    ----------
    bars : as `assembled` takes them; a column ``repeats``, where there is one, counts bars that were there before

    Raises
    ------
    DataError
        One line: symbol, time, what is wrong, what to do.
    """
    for name in ("open", "high", "low", "close"):
        _refuse(extent, bars, ~((bars[name] > 0) & (bars[name] < np.inf)), f"{name} is not a positive number")
    _refuse(extent, bars, ~((bars["volume"] >= 0) & (bars["volume"] < np.inf)), "volume is not a number from 0 up")
    _refuse(extent, bars, (bars["time"] - extent.first) % bar_ms(extent.timeframe) != 0, "it is off the grid")
    cell = (bars["time"] - extent.first) // bar_ms(extent.timeframe) * len(extent.symbols) + bars["code"]
    _refuse(extent, bars, (np.bincount(cell)[cell] > 1) | (bars.get("repeats", 0) > 0), "it is there twice")


def require_sound_funding(extent: Extent, funding: Cells) -> None:
    """Refuse settlements that are not finite or there twice, as `require_sound_bars` does."""
    _refuse(extent, funding, ~np.isfinite(funding["rate"]), "the funding rate is not a finite number")
    _, which, count = np.unique(
        funding["time"] * len(extent.symbols) + funding["code"], return_inverse=True, return_counts=True
    )
    _refuse(extent, funding, count[which] > 1, "this funding is there twice")


def _refuse(extent: Extent, cells: Cells, bad: Mask, complaint: str) -> None:
    if bad.any():
        first = int(np.argmax(bad))
        symbol, moment = extent.symbols[int(cells["code"][first])], utc(int(cells["time"][first]))
        raise DataError(f"{extent.venue} {symbol} {extent.timeframe} {moment:%Y-%m-%d %H:%M} UTC: {complaint}; {_REMEDY}")
