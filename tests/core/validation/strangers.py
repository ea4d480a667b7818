"""Strategies that nobody should write, each wrong in a way of its own, and how to let the registry find one for a test."""

from dataclasses import replace

import numpy as np

from core.market.features import day_of
from core.strategies.registry import strategies


def stranger(monkeypatch, say, *, history=None, name="stranger"):
    """Register a strategy that says this, in the clothes of xsmom; return its release's sleeve."""
    known = strategies()
    changes = {} if history is None else {"history": lambda _config: history}

    def signal(panel, rows, eligible, _config):
        return np.where(eligible, np.nan_to_num(say(panel, rows)), 0.0)

    monkeypatch.setitem(known, name, replace(known["xsmom"], name=name, signal=signal, **changes))
    return [{"strategy": name}]


def next_close(panel, rows):
    """Knows whether the next bar rises; at the end of the panel it makes do with the present one."""
    return np.sign(panel.close[np.minimum(rows + 1, len(panel) - 1)] - panel.close[rows])


def next_close_or_crash(panel, rows):
    return np.sign(panel.close[rows + 1] - panel.close[rows])


def next_high(panel, rows):
    """Knows how far the next bar reaches."""
    return panel.high[np.minimum(rows + 1, len(panel) - 1)] / panel.close[rows] - 1.0


def a_day_ahead(panel, rows):
    return np.sign(panel.close[np.minimum(rows + 6, len(panel) - 1)] - panel.close[rows])


def whole_sample_score(panel, rows):
    """Standardises with the mean and deviation of all bars."""
    return (panel.close[rows] - np.nanmean(panel.close, axis=0)) / np.nanstd(panel.close, axis=0)


def centred_average(panel, rows):
    """Compares with an average whose window lies around the bar instead of before it."""
    around = [panel.close[max(0, t - 3) : t + 4] for t in rows]
    return np.sign(panel.close[rows] - np.array([np.nanmean(window, axis=0) for window in around]))


def close_of_the_day(panel, rows):
    """Joins daily closes to bars by day: every bar of a day knows how the day will end."""
    day = day_of(panel.open_time)
    end = np.searchsorted(day, day[rows], side="right") - 1
    return np.sign(panel.close[end] - panel.close[rows])


def backfilled(panel, rows):
    """Fills the holes of the first symbol, which leads the others, with the price that came after them."""
    lead = panel.close[:, 0]
    known = np.flatnonzero(np.isfinite(lead))
    filled = lead[known[np.minimum(np.searchsorted(known, np.arange(len(panel))), len(known) - 1)]]
    return np.sign(filled[rows] - filled[np.maximum(rows - 6, 0)])[:, None] * np.ones(len(panel.symbols))


def biggest_of_all_time(panel, rows):
    """Ranks the symbols by all they will ever trade."""
    traded = np.nansum(panel.traded_value, axis=0)
    return np.ones((len(rows), 1)) * np.where(traded > np.median(traded), 1.0, -1.0)


def survivors(panel, rows):
    """Holds whoever still trades at the end: without a delisting, a panel that is cut off shows nothing."""
    return np.ones((len(rows), 1)) * np.where(np.isfinite(panel.close[-1]), 1.0, -1.0)


def share_of_the_sample(panel, rows):
    """Scales by the number of bars there will ever be."""
    return np.sign(panel.close[rows] - panel.open[rows]) * (rows / len(panel))[:, None]


def dice(panel, rows):
    return np.random.default_rng().normal(size=(len(rows), len(panel.symbols)))


def this_bar(panel, rows):
    """Where the bar closed within its own range: high, low and close of the present bar are known at its close."""
    return panel.close[rows] - (panel.high[rows] + panel.low[rows]) / 2


def against_all_before(panel, rows):
    """Compares with the mean of all bars so far: looks at the past only, and never settles."""
    count = np.cumsum(np.isfinite(panel.close), axis=0)
    mean = np.nancumsum(panel.close, axis=0) / np.maximum(count, 1)
    return np.sign(panel.close[rows] - mean[rows])
