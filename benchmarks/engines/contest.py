"""What a peer brings to a contest: the same market, its own way to run it, and proof that it computes the same thing."""

import sys
from typing import NamedTuple

import numpy as np

from benchmarks.measure import Side
from core.types import Array


class Contest(NamedTuple):
    """A peer's sides, with signals and with weights given; what was agreed on, and what it leaves out of the full workload."""

    sides: tuple[Side, ...]
    agreed: str
    left_out: str
    bare: tuple[Side, ...] = ()


def agree(who: str, ours: Array, theirs: Array, limit: float) -> float:
    """Stop the benchmark unless both say the same; return the largest difference."""
    gap = float(np.abs(np.asarray(ours) - np.asarray(theirs)).max())
    if not gap <= limit:
        sys.exit(f"benchmarks: {who} and our kernel differ by {gap:.1e}, more than {limit:.0e}: their times are not comparable")
    return gap
