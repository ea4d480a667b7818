"""A panel: bars of many symbols on one time grid.

1. Rows are bars keyed by **open** time, oldest first, without a hole in the grid; columns are symbols in alphabetical
   order.
2. A bar that does not exist (not yet listed, delisted, halted, missing) is NaN in every price column.
3. Only closed bars are in a panel. What is known at the close of row t is rows ``[: t + 1]``.
"""

import hashlib
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

import numpy as np

from core.errors import DataError
from core.market.timeframe import bar_ms
from core.types import Array, Ints


@dataclass(frozen=True, slots=True)
class Panel:
    """Aligned market data.

    Parameters
    ----------
    open_time : (T,) milliseconds since 1970 UTC, consecutive bars of `timeframe`
    open, high, low, close : (T, N) quote currency per base coin, NaN where there is no bar
    volume : (T, N) base coin, NaN where there is no bar
    funding : (T, N) fraction of notional
        Sum of the rates settled in ``(open time, close time]``: a long held over the bar pays it; 0 when none settled.
    """

    venue: str
    timeframe: str
    symbols: tuple[str, ...]
    open_time: Ints
    open: Array
    high: Array
    low: Array
    close: Array
    volume: Array
    funding: Array
    _hash: str | None = field(default=None, init=False, repr=False, compare=False)
    _log_close: Array | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse a panel whose arrays or grid do not fit together."""
        shape = (len(self.open_time), len(self.symbols))
        for name in ("open", "high", "low", "close", "volume", "funding"):
            if getattr(self, name).shape != shape:
                raise DataError(f"panel: {name} has shape {getattr(self, name).shape}, expected {shape}")
        if len(self.open_time) > 1 and (np.diff(self.open_time) != self.bar_ms).any():
            raise DataError(f"panel: open times are not a {self.timeframe} grid without holes")

    def __len__(self) -> int:
        """T, the number of bars."""
        return len(self.open_time)

    @property
    def bar_ms(self) -> int:
        """Length of one bar in milliseconds."""
        return bar_ms(self.timeframe)

    @property
    def close_time(self) -> Ints:
        """(T,) the moment each bar is complete, milliseconds."""
        return self.open_time + self.bar_ms

    @property
    def traded_value(self) -> Array:
        """(T, N) quote currency traded in each bar: close times volume."""
        return self.close * self.volume

    @property
    def log_close(self) -> Array:
        """(T, N) natural logarithm of the close. Computed once: a return over any look-back is then one subtraction."""
        if self._log_close is None:
            object.__setattr__(self, "_log_close", np.log(self.close))
        return np.asarray(self._log_close)

    def rows(self, start: int, stop: int) -> "Panel":
        """Only the bars ``[start, stop)``."""
        cut = {f.name: getattr(self, f.name)[start:stop] for f in fields(self) if f.name not in _LABELS}
        return replace(self, **cut)

    def columns(self, order: list[int]) -> "Panel":
        """Only these symbols, in this order."""
        names = [f.name for f in fields(self) if f.name not in (*_LABELS, "open_time")]
        cut: dict[str, Any] = {name: np.ascontiguousarray(getattr(self, name)[:, order]) for name in names}
        return replace(self, symbols=tuple(self.symbols[i] for i in order), **cut)

    def row_at(self, moment_ms: int) -> int:
        """Row of the first bar that opens at or after the moment; T when there is none."""
        return int(np.searchsorted(self.open_time, moment_ms))

    @property
    def data_hash(self) -> str:
        """sha256 over every label and number: two panels with the same hash are the same panel. Computed once."""
        if self._hash is None:
            object.__setattr__(self, "_hash", self._digest())
        return str(self._hash)

    def with_hash(self, data_hash: str) -> Self:
        """Take the hash from whoever computed it for this very panel before."""
        object.__setattr__(self, "_hash", data_hash)
        return self

    def _digest(self) -> str:
        digest = hashlib.sha256(f"{self.venue}|{self.timeframe}|{','.join(self.symbols)}".encode())
        for entry in fields(self):
            if entry.name not in _LABELS:
                digest.update(np.ascontiguousarray(getattr(self, entry.name)).tobytes())
        return digest.hexdigest()


_LABELS = ("venue", "timeframe", "symbols", "_hash", "_log_close")
