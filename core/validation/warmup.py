"""Warm-up: how many bars before a decision it takes until more of them change nothing.

Each of the newest decisions is made again by a book that starts there, on panels that reach back less and less far. Signals
are compared on the `history` their strategy declares, weights on the release's own warm-up. An exponential average (the
volatility of a symbol) never forgets entirely: after ten half-lives a squared return still counts a thousandth. So "nothing"
means less than a tolerance.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.deploy.release import Release, Sleeve
from core.errors import DataError
from core.market.panel import Panel
from core.market.timeframe import utc
from core.portfolio import Market, prepare, run
from core.strategies.registry import strategy
from core.types import Array, Ints

FACTORS = (0.25, 0.5, 1.0, 1.5, 2.0, 4.0)
"""Lengths that are tried, in multiples of the declared one."""

Decide = Callable[[int, int], Array]
"""From a decision's row and the bars before it that are known to what is decided, (N,)."""


@dataclass(frozen=True, slots=True)
class Length:
    """One length of history.

    Parameters
    ----------
    times : multiple of the declared length
    change : largest absolute difference to all stored history, over symbols and decisions
    """

    bars: int
    times: float
    change: float


@dataclass(frozen=True, slots=True)
class Settling:
    """How one number of the seam settles with the length of history, shortest first."""

    subject: str
    declared: int
    tolerance: float
    lengths: tuple[Length, ...]

    @property
    def enough(self) -> bool:
        """Whether the declared length is within the tolerance."""
        return all(length.change <= self.tolerance for length in self.lengths if length.times == 1.0)

    @property
    def settled(self) -> int | None:
        """Shortest length tried from which on all are within the tolerance; None when not even the longest is."""
        beyond = [k for k, length in enumerate(self.lengths) if length.change > self.tolerance]
        inside = self.lengths[beyond[-1] + 1 :] if beyond else self.lengths
        return inside[0].bars if inside else None


@dataclass(frozen=True, slots=True)
class WarmUp:
    """How every sleeve's signal, and then the weights, settle."""

    decisions: int
    stored: int
    tolerance: float
    settling: tuple[Settling, ...]

    @property
    def enough(self) -> bool:
        """Whether every declared length is enough."""
        return all(one.enough for one in self.settling)


def warm_up(
    panel: Panel, release: Release, *, decisions: int, tolerance: float, told: Callable[[], None] = lambda: None
) -> WarmUp:
    """Make the newest decisions again with less and less history.

    Parameters
    ----------
    decisions : how many of the newest
    tolerance : fraction of equity for weights, and the same number for signals, whose scale is 1
    told : called after each decision of each subject, `decisions` times (sleeves + 1) in all

    Raises
    ------
    DataError
        When the stored bars do not even hold the declared history before these decisions.
    """
    market = prepare(panel, release)
    rows = market.rows[-min(decisions, len(market.rows)) :]
    _require_history(panel, int(rows[0]), release)
    subjects = [
        (f"signal of sleeve {k} ({sleeve.strategy})", sleeve.history, _signal(market, sleeve))
        for k, sleeve in enumerate(release.sleeves, 1)
    ]
    subjects.append(("target weights", release.warmup_bars, _weights(panel, release)))
    settling = (_settling(rows, subject, tolerance, told) for subject in subjects)
    return WarmUp(len(rows), int(rows[0]), tolerance, tuple(settling))


def _require_history(panel: Panel, stored: int, release: Release) -> None:
    needed = release.warmup_bars + 1
    if stored < needed:
        raise DataError(
            f"{panel.venue} {panel.timeframe}: {stored} bars lie before the decision of "
            f"{utc(int(panel.close_time[stored])):%Y-%m-%d %H:%M} UTC, and comparing its declared warm-up with more takes "
            f"{needed}: choose a later end, fewer decisions, or load more bars"
        )


def _settling(rows: Ints, subject: tuple[str, int, Decide], tolerance: float, told: Callable[[], None]) -> Settling:
    name, declared, decide = subject
    lengths = {f: max(1, round(f * declared)) for f in FACTORS}
    lengths = {f: bars for f, bars in lengths.items() if bars < rows[0]}
    change = np.zeros(len(lengths))
    for row in rows.tolist():
        whole = decide(row, row)
        moved = [np.abs(decide(row, bars) - whole).max(initial=0.0) for bars in lengths.values()]
        change = np.maximum(change, moved)
        told()
    tried = (Length(bars, f, float(c)) for (f, bars), c in zip(lengths.items(), change, strict=True))
    return Settling(name, declared, tolerance, tuple(tried))


def _signal(market: Market, sleeve: Sleeve) -> Decide:
    said, config = strategy(sleeve.strategy).signal, sleeve.config
    allowed = dict(zip(market.rows.tolist(), market.eligible, strict=True))

    def decide(row: int, bars: int) -> Array:
        known = market.panel.rows(row - bars, row + 1)
        return said(known, np.array([bars], dtype=np.int64), allowed[row][None], config)[0]

    return decide


def _weights(panel: Panel, release: Release) -> Decide:
    def decide(row: int, bars: int) -> Array:
        begun = release.model_copy(update={"book_start": utc(int(panel.open_time[row]))})
        known = prepare(panel.rows(row - bars, row + 1), begun)
        return np.nan_to_num(run(known, begun).targets[0])  # NaN, "no bar", is so whatever the history

    return decide
