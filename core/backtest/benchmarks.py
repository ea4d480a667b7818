"""What doing nothing clever would have earned over the same bars: yardsticks for a backtest.

Close to close, before costs and funding, which flatters them a little.

1. The return of bar t uses prices up to the close of bar t, and members chosen at a decision's close count from the next bar.
2. A bar without a price earns nothing; the move over a gap counts when the price is back. A symbol that never comes back
   stays at its last price until the basket is drawn anew.
"""

import numpy as np

from core.market.instrument import base_coin
from core.types import Array, Ints, Mask


def bitcoin_column(symbols: tuple[str, ...]) -> int | None:
    """Return the column of Bitcoin, the first in the alphabet if it is quoted several times; None when there is none."""
    return next((i for i, symbol in enumerate(symbols) if base_coin(symbol.upper()) == "BTC"), None)


def buy_and_hold(close: Array, first: int) -> Array:
    """Hold one symbol from the start of the book to the end.

    Parameters
    ----------
    close : (T,) NaN where there is no bar
    first : row at which the book starts; it buys at the close before, or at the first close there is

    Returns
    -------
    (T,) return per bar, 0 up to the bar after which it holds, never NaN
    """
    price = _carried(close[:, None])[:, 0]
    net = np.zeros(len(close))
    net[1:] = np.nan_to_num(price[1:] / price[:-1] - 1.0)
    net[:first] = 0.0
    return net


def equal_weight(close: Array, rows: Ints, members: Mask) -> Array:
    """Hold the members of every decision in equal parts, left to drift until the next decision.

    Parameters
    ----------
    close : (T, N) NaN where there is no bar
    rows : (D,) decision bars, ascending
    members : (D, N) who is in; each has a close at its decision

    Returns
    -------
    (T,) return per bar, 0 up to the first decision with a member, never NaN
    """
    price, value = _carried(close), np.ones(len(close))
    stops = np.append(rows, len(close) - 1)[1:]
    for start, stop, chosen in zip(rows, stops, members, strict=True):
        path = price[start + 1 : stop + 1, chosen] / price[start, chosen]
        value[start + 1 : stop + 1] = value[start] * (path.mean(axis=1) if chosen.any() else 1.0)
    return np.concatenate([[0.0], value[1:] / value[:-1] - 1.0])[: len(close)]


def _carried(close: Array) -> Array:
    """(T, N) prices with gaps filled from the last bar before; NaN before the first."""
    row = np.where(np.isnan(close), -1, np.arange(len(close))[:, None])
    source = np.maximum.accumulate(row, axis=0)
    return np.where(source < 0, np.nan, np.take_along_axis(close, np.maximum(source, 0), axis=0))
