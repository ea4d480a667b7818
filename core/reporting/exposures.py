"""What an account held over time: its positions by our own fills, at bar closes, as fractions of its equity then."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from core.exchange.money import signed
from core.execution.orders import Fill
from core.ledger.totals import MONEY_ONLY
from core.market.panel import Panel
from core.market.timeframe import milliseconds, utc
from core.types import Array, Ints


@dataclass(frozen=True, slots=True)
class Exposures:
    """Exposure at each close, fractions of equity; `short` is 0 or negative, so that net is long + short."""

    at: tuple[datetime, ...]
    long: tuple[float, ...]
    short: tuple[float, ...]

    @property
    def gross(self) -> tuple[float, ...]:
        """Long and short, both counted."""
        return tuple(up - down for up, down in zip(self.long, self.short, strict=True))

    @property
    def net(self) -> tuple[float, ...]:
        """Long less short."""
        return tuple(up + down for up, down in zip(self.long, self.short, strict=True))


def exposures(panel: Panel, fills: Iterable[Fill], at: Ints, equity: Array) -> Exposures:
    """Value what was held at every close between the first look at the account and the last.

    Parameters
    ----------
    panel : a symbol without a bar keeps its last price; one that is not in it is not counted
    at, equity : (S,) every look, oldest first: milliseconds, quote currency
    """
    if not len(at):
        return Exposures((), (), ())
    kept = np.flatnonzero((panel.close_time >= at[0]) & (panel.close_time <= at[-1]))
    units = _units(panel, fills)[kept]
    worth = equity[np.searchsorted(at, panel.close_time[kept], side="right") - 1]
    values = units * _carried(panel.close)[kept]
    shares = np.divide(values, worth[:, None], out=np.zeros_like(values), where=worth[:, None] > 0)
    shares = np.nan_to_num(shares)
    moments = tuple(utc(int(moment)) for moment in panel.close_time[kept])
    up, down = np.maximum(shares, 0.0).sum(axis=1), np.minimum(shares, 0.0).sum(axis=1)
    return Exposures(moments, tuple(up.tolist()), tuple(down.tolist()))


def _units(panel: Panel, fills: Iterable[Fill]) -> Array:
    """(T, N) base coin held at each close; what filled at a close is held from the next one on."""
    column = {symbol: i for i, symbol in enumerate(panel.symbols)}
    traded = np.zeros(panel.close.shape)
    for fill in fills:
        if fill.kind not in MONEY_ONLY and fill.symbol in column:
            row = max(int(np.searchsorted(panel.open_time, milliseconds(fill.at), side="right")) - 1, 0)
            traded[row, column[fill.symbol]] += float(signed(fill.side, fill.quantity))
    return np.cumsum(traded, axis=0)


def _carried(close: Array) -> Array:
    row = np.where(np.isnan(close), -1, np.arange(len(close))[:, None])
    source = np.maximum.accumulate(row, axis=0)
    return np.where(source < 0, np.nan, np.take_along_axis(close, np.maximum(source, 0), axis=0))
