"""Key 1 across nights: one hypothesis, looked at every night, with an error that does not grow with the looking.

Two tests of the same stream of standardised returns x, whose mean is not above 0 when there is no edge:

* the **boundary**, for a year of nights: Z = S_n / (s_n sqrt(n_max)) against a constant (O'Brien and Fleming 1979). n_max,
  the days of history when the sequence was armed plus the horizon, stays fixed while it is armed; for Brownian motion
  P(max Z >= c) = 2 (1 - Phi(c)).
* the **e-process**, for ever: a mixture of bets that is worth at most 1 on average without an edge, so it ever reaches
  1 / alpha with probability alpha at most (Ville 1939; Waudby-Smith and Ramdas 2024).

The clock: nothing resets after a night that failed. When a horizon ends, the next is armed over all history. The k-th
hypothesis that is ever asked gets the share 6 / (pi^2 k^2) of the error, so that asking more questions never buys more error.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import pi

import numpy as np

from core.market.features import smoothed
from core.types import Array
from core.validation.power import constant_boundary

BETS = np.array([0.02, 0.04, 0.06, 0.08, 0.10, 0.13, 0.16, 0.20])
"""Shares of one standard deviation that the e-process bets, equally likely at the start."""
BET_DECAY, BET_WARMUP_DAYS = 0.97, 20


@dataclass(frozen=True, slots=True)
class Arming:
    """One sequence of nightly looks at one hypothesis.

    Parameters
    ----------
    hypothesis : `core.validation.family.hypothesis`
    rank : the hypothesis is the rank-th that was ever asked here
    armed_at : UTC
    history_days, horizon_days : days of the stream at arming, and of nightly looks after it
    error : chance of a false alarm within the horizon, one-sided
    """

    hypothesis: str
    rank: int
    armed_at: datetime
    history_days: int
    horizon_days: int
    error: float

    @property
    def n_max(self) -> int:
        """Days at which the sequence ends."""
        return self.history_days + self.horizon_days

    @property
    def boundary(self) -> float:
        """What Z must reach."""
        return constant_boundary(self.error)


@dataclass(frozen=True, slots=True)
class KeyOne:
    """What tonight's family says, and what it must reach: Z its boundary, or the e-value its threshold."""

    z: float
    boundary: float
    e_value: float
    e_threshold: float
    rank: int = 1


def key_one(x: Array, arming: Arming) -> KeyOne:
    """Read the standardised stream of all days so far against the sequence it is looked at in."""
    return KeyOne(z_statistic(x, arming.n_max), arming.boundary, e_value(x), 1.0 / arming.error, arming.rank)


def in_force(log: Sequence[Arming], asked: Arming) -> Arming:
    """Return the sequence that tonight belongs to: the one that is armed, or else a new one.

    Parameters
    ----------
    log : every arming so far, oldest first
    asked : tonight's hypothesis as the first ever: its days, horizon and whole error; the rank and its share are set here

    Returns
    -------
    The arming of the same hypothesis, horizon and error that ends last, unless tonight is past its end; otherwise `asked`,
    ranked. So a look at less history, however often, never earns a nearer end, which would ask for less.
    """
    first_asked = list(dict.fromkeys(one.hypothesis for one in log))
    rank = first_asked.index(asked.hypothesis) + 1 if asked.hypothesis in first_asked else len(first_asked) + 1
    ranked = Arming(
        asked.hypothesis, rank, asked.armed_at, asked.history_days, asked.horizon_days, asked.error * 6.0 / (pi * rank) ** 2
    )
    covering = [one for one in log if _terms(one) == _terms(ranked) and asked.history_days <= one.n_max]
    return max(covering, key=lambda one: one.n_max, default=ranked)


def _terms(arming: Arming) -> tuple[str, int, float]:
    return arming.hypothesis, arming.horizon_days, arming.error


def z_path(x: Array, n_max: int) -> Array:
    """Z after each day, (n,), from the days so far only; 0 while nothing has varied."""
    count, total, squares = np.arange(1, len(x) + 1), np.cumsum(x), np.cumsum(x * x)
    mean = total / count
    spread = np.sqrt(np.maximum(squares / count - mean * mean, 0.0))
    varied = spread > 1e-6 * np.abs(mean)  # below that it is what rounding leaves of a constant
    return np.divide(total, spread * np.sqrt(n_max), out=np.zeros(len(x)), where=varied & (spread > 0))


def z_statistic(x: Array, n_max: int) -> float:
    """Z of all days; 0 for none."""
    return float(z_path(x, n_max)[-1]) if len(x) else 0.0


def e_value(x: Array) -> float:
    """Return what `e_path` ends at; 1 before the first bet."""
    return float(e_path(x)[-1]) if len(x) else 1.0


def e_path(x: Array) -> Array:
    """Return what one unit becomes by betting on every day of a stream that its mean is positive, (n,), after each day.

    Parameters
    ----------
    x : (n,) returns in any unit: each bet is a share of the volatility known the day before

    Notes
    -----
    The first days (`BET_WARMUP_DAYS`) only tell the volatility. A bet that loses everything stays lost. Valid while no day
    loses more than five standard deviations.
    """
    known, bets = x[:BET_WARMUP_DAYS], x[BET_WARMUP_DAYS:]
    if not len(bets):
        return np.ones(len(x))
    squares = np.concatenate([[np.mean(known**2)], bets[:-1] ** 2])
    vol = np.sqrt(smoothed(squares[:, None], BET_DECAY, 0.0))
    factor = 1.0 + BETS * np.divide(bets[:, None], vol, out=np.zeros_like(vol), where=vol > 0)
    wealth = np.cumprod(np.where(factor > 1e-12, factor, 0.0), axis=0)
    return np.concatenate([np.ones(len(known)), wealth.mean(axis=1)])
