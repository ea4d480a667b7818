"""What a strategy is: a name, bounded parameters, a pure signal and the space its search may visit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from core.config import Config
from core.market.panel import Panel
from core.signals.momentum import MomentumSpec
from core.types import Array, Ints, Mask


class Signal(Protocol):
    """The pure part of a strategy."""

    def __call__(self, panel: Panel, rows: Ints, eligible: Mask, config: Any) -> Array:
        """Say what to hold after each decision bar.

        Row d may use bars ``[: rows[d] + 1]`` only. Scaling a symbol's prices or reordering symbols changes nothing.

        Parameters
        ----------
        rows : (D,) decision bars
        eligible : (D, N) who may be held

        Returns
        -------
        (D, N) dimensionless direction and strength; 0 is flat, also for everyone who is not eligible; never NaN
        """
        ...


@dataclass(frozen=True, slots=True)
class IntRange:
    """Whole numbers from low to high, both included."""

    low: int
    high: int
    log: bool = False


@dataclass(frozen=True, slots=True)
class FloatRange:
    """Numbers from low to high, both included."""

    low: float
    high: float


Space = Mapping[str, IntRange | FloatRange]
"""Parameter name to the values a search may try; everything not named keeps its default."""


@dataclass(frozen=True, slots=True)
class Strategy:
    """One strategy, as the registry hands it out."""

    name: str
    config: type[Config]
    signal: Signal
    space: Space
    history: Callable[[Any], int]
    """Bars of history the signal needs before its first row, from the config."""
    momentum: Callable[[Any], MomentumSpec] | None = None
    """The same signal as a momentum specification, for strategies that are one: their searches then store no scores."""
