"""Look-ahead: whether anything that was decided changes when the bars after it do.

The future is taken away at random decisions, from the very next bar on, in several ways. *Cut off*: the panel ends there,
which catches whoever reads a later bar or the panel's length. *Scrambled*: the panel goes on with nonsense, which catches also
whoever only asks how a symbol ends: on bars without a delisting, "it still trades at the end" is as true of a panel that was
cut off. What was decided before must be the same to the last bit, at every station of the seam.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import product

import numpy as np

from core.deploy.release import Release
from core.errors import DataError
from core.market.panel import Panel
from core.market.timeframe import utc
from core.portfolio import Market, prepare, raw_weights, run
from core.strategies.registry import strategy
from core.types import Array, Ints, Mask

Seam = dict[str, Array]
"""Every station of the seam by name, (D, N) each, in the order in which they are computed."""

AGAIN = "nothing: the same bars again"
"""The first comparison, for a signal that does not even agree with itself."""

FAILURES = (ArithmeticError, LookupError, TypeError, ValueError)
"""What a signal raises that reaches for a bar it does not have."""


@dataclass(frozen=True, slots=True)
class Leak:
    """The first decision that the future changes.

    Parameters
    ----------
    future : what was done to the later bars
    known_until : close of the last bar that was left as it is
    decided : close at which the decision was made, at or before `known_until`
    station : which number of the seam differs first: traded value, eligible, volatility, a signal, raw or target weight
    before, after : that number with the stored later bars, and with the altered ones
    error : what was raised instead of a number; empty where there is one
    """

    future: str
    known_until: datetime
    decided: datetime
    station: str
    symbol: str
    before: float
    after: float
    error: str = ""


@dataclass(frozen=True, slots=True)
class LookAhead:
    """What the search for a leak covered, and the leak if there is one."""

    start: datetime
    end: datetime
    decisions: int
    cuts: int
    comparisons: int
    leak: Leak | None


def look_ahead(
    panel: Panel, release: Release, *, cuts: int, rng: np.random.Generator, told: Callable[[], None] = lambda: None
) -> LookAhead:
    """Search the seam for a decision that a later bar changes; stop at the first.

    Parameters
    ----------
    cuts : decisions after which the future is taken away, drawn at random
    told : called after each comparison; one for the same bars again, and one per cut and future

    Raises
    ------
    DataError
        When no decision is followed by a bar.
    """
    market = prepare(panel, release)
    drawn = _cuts(market.rows[market.rows + 1 < len(panel)], cuts, rng)
    whole = _attempt(market, release)
    if isinstance(whole, str):
        return _covered(market, len(drawn), 0, _failure("nothing: the bars are as stored", market, len(panel), whole))
    leak, done = None, 0
    for cut, future in [(int(drawn[0]), AGAIN), *product(drawn.tolist(), FUTURES)]:
        leak, done = _compared(whole, market, release, (cut, future), rng), done + 1
        told()
        if leak is not None:
            break
    return _covered(market, len(drawn), done, leak)


def _covered(market: Market, cuts: int, comparisons: int, leak: Leak | None) -> LookAhead:
    start, end = (utc(int(market.panel.close_time[row])) for row in (market.rows[0], market.rows[-1]))
    return LookAhead(start, end, len(market.rows), cuts, comparisons, leak)


def seam(market: Market, release: Release) -> Seam:
    """Compute every station of the seam."""
    signals = {
        f"signal of sleeve {k} ({sleeve.strategy})": strategy(sleeve.strategy).signal(
            market.panel, market.rows, market.eligible, sleeve.config
        )
        for k, sleeve in enumerate(release.sleeves, 1)
    }
    return {
        "traded value": market.value,
        "eligible": market.eligible.astype(np.float64),
        "volatility": market.vol,
        **signals,
        "raw weight": raw_weights(market, release.sleeves, vol_floor=release.vol_floor),
        "target weight": run(market, release).targets,
    }


def _cuts(rows: Ints, cuts: int, rng: np.random.Generator) -> Ints:
    """Rows from which the future is taken away: right after a decision, where a peek at even the next bar shows."""
    if not len(rows):
        raise DataError("no decision is followed by a bar: choose an earlier start or load more bars")
    return np.sort(rng.choice(rows, size=min(cuts, len(rows)), replace=False)) + 1


def _attempt(market: Market, release: Release) -> Seam | str:
    try:
        return seam(market, release)
    except FAILURES as error:
        return f"{type(error).__name__}: {error}"


def _compared(whole: Seam, market: Market, release: Release, taken: tuple[int, str], rng: np.random.Generator) -> Leak | None:
    cut, future = taken
    altered = market if future == AGAIN else prepare(FUTURES[future](market.panel, cut, rng), release)
    part = _attempt(altered, release)
    if isinstance(part, str):
        return _failure(future, market, cut, part)
    count = int(np.searchsorted(market.rows, cut))
    found = [(d, i, name) for name in whole for d, i in _first_difference(whole[name][:count], part[name][:count])]
    if not found:
        return None
    d, i, name = min(found, key=lambda leak: leak[0])  # of several stations at one time, the first in the seam
    close = market.panel.close_time
    moments = utc(int(close[cut - 1])), utc(int(close[market.rows[d]]))
    numbers = float(whole[name][d, i]), float(part[name][d, i])
    return Leak(future, *moments, name, market.panel.symbols[i], *numbers)


def _first_difference(before: Array, after: Array) -> tuple[tuple[int, int], ...]:
    """Decision and symbol of the first number that differs, if one does; NaN equals NaN."""
    differs: Mask = ~((before == after) | (np.isnan(before) & np.isnan(after)))
    if not differs.any():
        return ()
    d = int(differs.any(axis=1).argmax())
    return ((d, int(differs[d].argmax())),)


def _failure(future: str, market: Market, cut: int, error: str) -> Leak:
    row = market.rows[np.searchsorted(market.rows, cut) - 1]
    known, decided = (utc(int(market.panel.close_time[t])) for t in (cut - 1, row))
    return Leak(future, known, decided, "signal", "every symbol", np.nan, np.nan, error)


def _cut_off(panel: Panel, cut: int, _rng: np.random.Generator) -> Panel:
    return panel.rows(0, cut)


def _missing(panel: Panel, cut: int, _rng: np.random.Generator) -> Panel:
    return _from(cut, panel, lambda values: np.full_like(values, np.nan), funding=np.zeros_like)


def _times_1000(panel: Panel, cut: int, _rng: np.random.Generator) -> Panel:
    return _from(cut, panel, lambda values: 1000.0 * values)


def _shuffled(panel: Panel, cut: int, rng: np.random.Generator) -> Panel:
    order = rng.permutation(len(panel) - cut)
    return _from(cut, panel, lambda values: values[order])


def _from(
    cut: int, panel: Panel, change: Callable[[Array], Array], *, funding: Callable[[Array], Array] | None = None
) -> Panel:
    """Return the panel with its numbers from row `cut` on changed; each bar stays one that could have been."""
    changes = dict.fromkeys(("open", "high", "low", "close", "volume"), change) | {"funding": funding or change}
    altered = {name: getattr(panel, name).copy() for name in changes}
    for name, changed in changes.items():
        altered[name][cut:] = changed(altered[name][cut:])
    return replace(panel, **altered)


FUTURES: dict[str, Callable[[Panel, int, np.random.Generator], Panel]] = {
    "later bars cut off": _cut_off,
    "later bars missing": _missing,
    "later bars times 1000": _times_1000,
    "later bars shuffled": _shuffled,
}
"""What is done to the bars from a cut on."""
