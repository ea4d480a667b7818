"""What a strategy is: a name, bounded parameters, a pure signal and the space its search may visit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from math import isfinite
from typing import Any, Protocol

from core.config import Config
from core.errors import ConfigError
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
    """Whole numbers from low to high, both included; ``IntRange(0, 1)`` also searches a parameter that is yes or no."""

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
    """One strategy, as the registry hands it out; one whose space contradicts its config cannot be made (`checked_space`)."""

    name: str
    config: type[Config]
    signal: Signal
    space: Space
    history: Callable[[Any], int]
    """Bars of history the signal needs before its first row, from the config."""
    momentum: Callable[[Any], MomentumSpec] | None = None
    """The same signal as a momentum specification, for strategies that are one: their searches then store no scores."""

    def __post_init__(self) -> None:
        """Refuse a search space that the strategy cannot be searched over."""
        checked_space(self.config, self.space, subject=self.name)


def checked_space(config: type[Config], space: Space, *, subject: str) -> Space:
    """Return the space, when every set of parameters in it is one that the config takes.

    The config itself judges all corners of the space: its bounds, and its rules about several parameters at once.

    Parameters
    ----------
    subject : whose space it is, for the message

    Raises
    ------
    ConfigError
        When nothing is searched, a range is empty, infinite or of the wrong kind, or the config refuses a corner.
    """
    if not space:
        raise ConfigError(f"{subject}: the search space is empty: name at least one parameter to search")
    for name, bounds in space.items():
        _require_a_range(bounds, f"{subject}: search space of {name}")
    for corner in product(*((bounds.low, bounds.high) for bounds in space.values())):
        config.read(dict(zip(space, corner, strict=True)), subject=f"{subject}: search space reaches what the config refuses")
    for name, bounds in space.items():
        if isinstance(bounds, FloatRange) and config.model_fields[name].annotation in {int, bool}:
            raise ConfigError(f"{subject}: search space of {name} is {bounds}, but {name} is a whole number: give an IntRange")
    return space


def _require_a_range(bounds: IntRange | FloatRange, subject: str) -> None:
    said = f"{subject} is {bounds}"
    if not (isfinite(bounds.low) and isfinite(bounds.high)):
        raise ConfigError(f"{said}: both ends must be finite")
    if not bounds.low < bounds.high:
        raise ConfigError(f"{said}: low must be below high, or there is nothing to choose")
    if isinstance(bounds, IntRange) and bounds.log and bounds.low < 1:
        raise ConfigError(f"{said}: a log scale starts at 1 or more")
