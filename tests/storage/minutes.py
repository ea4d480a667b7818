"""Frames of made-up minute bars and settlements, for the tests of panels."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

START = datetime(2024, 1, 1, tzinfo=UTC)
FIELDS = ("open", "high", "low", "close", "volume", "funding")


def at(minute):
    return START + timedelta(minutes=minute)


def moments(minutes):
    return pl.Series([at(minute) for minute in minutes], dtype=pl.Datetime("ms", "UTC"))


def bars(symbol="BTCUSDT", minutes=range(60), timeframe="1m", venue="bybit", seed=0):
    """Bars whose numbers depend on symbol, seed and minute alone, with volumes whose sum depends on the order."""
    minutes = list(minutes)
    rng = np.random.default_rng([seed, *symbol.encode()])
    drawn = rng.random((max(minutes, default=0) + 1, 5))[minutes]
    first, last = 100 + drawn[:, 0], 100 + drawn[:, 1]
    names = {"venue": venue, "symbol": symbol, "timeframe": timeframe, "source": "test"}
    frame = {
        "open_time": moments(minutes),
        "open": first,
        "high": np.maximum(first, last) + drawn[:, 2],
        "low": np.minimum(first, last) - drawn[:, 3],
        "close": last,
        "volume": 10.0 ** (16 * drawn[:, 4] - 8),
    }
    return pl.DataFrame(frame).with_columns(**{name: pl.lit(value) for name, value in names.items()})


def settlements(symbol, minutes, rate=0.0001):
    settled = moments(minutes)
    return pl.DataFrame({"venue": "bybit", "symbol": symbol, "settled_at": settled, "rate": rate, "source": "test"})


def assert_same(panel, other):
    assert (panel.venue, panel.timeframe, panel.symbols) == (other.venue, other.timeframe, other.symbols)
    np.testing.assert_array_equal(panel.open_time, other.open_time)
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(panel, name), getattr(other, name), err_msg=name)
    assert panel.data_hash == other.data_hash
