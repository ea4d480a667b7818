"""How a claim is measured: both sides in one process, turn by turn, CPU time, the ratio with its spread.

A machine that others use slows both sides down alike, so ratios survive what milliseconds do not. CPU time is that of all the
process's threads: the calling thread's alone would miss what a pool works. Every repeat gives one ratio; the figure is their
median, with the second lowest and the second highest as its spread.
"""

import json
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from core.types import Array

REPEATS = 9

Work = Callable[[], object]


class Elsewhere(NamedTuple):
    """What a turn returns that ran in another process: the CPU seconds it measured there."""

    seconds: float


class Side(NamedTuple):
    """One competitor: what one turn runs, and how many units of work (evaluations, paths, bars) a turn holds."""

    name: str
    run: Work
    units: float = 1.0


class Figure(NamedTuple):
    """One claim: how many times slower the peer is, or whatever `unit` says."""

    name: str
    ratio: float
    low: float
    high: float
    unit: str

    def json_line(self) -> str:
        """Return the figure as one line of JSON."""
        rounded = {key: float(f"{value:.4g}") if isinstance(value, float) else value for key, value in self._asdict().items()}
        return json.dumps(rounded)


def take_turns(sides: Sequence[Side], repeats: int = REPEATS) -> Array:
    """(sides, repeats) CPU seconds per unit; everything runs once before, unmeasured."""
    for side in sides:
        side.run()
    return np.array([[_seconds(side) for side in sides] for _ in range(repeats)]).T


def _seconds(side: Side) -> float:
    start = time.process_time()
    told = side.run()
    taken = told.seconds if isinstance(told, Elsewhere) else time.process_time() - start
    return taken / side.units


def figure(name: str, values: Array, unit: str) -> Figure:
    """Summarise one number per repeat."""
    ordered = np.sort(values)
    inner = ordered[1:-1] if len(ordered) > 4 else ordered
    return Figure(name, float(np.median(ordered)), float(inner[0]), float(inner[-1]), unit)


def show(title: str, sides: Sequence[Side], seconds: Array) -> None:
    """Print a table: milliseconds per unit of each side, and how many times the first side's that is."""
    print(f"\n{title}")
    print(f"  {'':34}{'CPU ms':>12}{'fastest':>12}{'times the first':>18}")
    for side, taken in zip(sides, seconds, strict=True):
        times = np.median(taken / seconds[0])
        print(f"  {side.name:34}{np.median(taken) * 1e3:12.4g}{taken.min() * 1e3:12.4g}{times:18.4g}")


def report(figures: Sequence[Figure]) -> None:
    """Print each figure as one JSON line."""
    for one in figures:
        print(one.json_line(), flush=True)
