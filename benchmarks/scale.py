"""`python -m benchmarks.scale`: how one evaluation grows with the number of bars and of symbols.

All sizes take their turns in one run; the ratio is time per cell (a bar of a symbol) against the standard size's.
"""

import sys

from benchmarks.measure import Side, figure, report, show, take_turns
from benchmarks.search import Search
from benchmarks.sets import varied_sets
from benchmarks.workload import make_workload

SIZES = ((17_520, 50), (8_760, 50), (35_040, 50), (70_080, 50), (17_520, 10), (17_520, 100), (17_520, 200))
"""Bars, symbols; the first is the standard."""

BATCH = 16


def main() -> None:
    """Measure every size in a batch."""
    sides = [
        Side(f"{count:,} x {width}", Search(make_workload(count, width), varied_sets(BATCH)), BATCH) for count, width in SIZES
    ]
    seconds = take_turns(sides)
    show(f"ms per evaluation, batch of {BATCH}", sides, seconds)
    figures = []
    for side, taken, (count, width) in zip(sides, seconds, SIZES, strict=True):
        figures.append(figure(f"scale {side.name}, per cell", taken / (count * width) * 1e9, "ns"))
        figures.append(figure(f"scale {side.name} / standard", taken / seconds[0], "x"))
    report(figures)


def _side(count: int, width: int) -> Side:
    search, sets = Search(make_workload(count, width)), varied_sets(BATCH)
    return Side(f"{count:,} x {width}", lambda: search.evaluate(sets), BATCH)


if __name__ == "__main__":
    sys.exit(main())
