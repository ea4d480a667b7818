"""Many seeds, or one again: `python -m tests.simulation --seeds 10000 --driver engine --processes 2`.

Every seed that fails prints one line that tells it again, with the faults that are not needed for it already left out.
"""

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

from tests.simulation.workers import outcomes, settle_in

CHUNK = 20


def main() -> int:
    """Run, count, and end with 1 when anything was violated."""
    given = _arguments()
    if given.seed is not None:
        return _one(given.seed, given.driver)
    if given.kills:
        return _kills()
    began = time.monotonic()
    total: Counter[str] = Counter()
    for outcome in _all(given):
        total.update(
            seeds=1,
            ticks=outcome.ticks,
            requests=outcome.requests,
            orders=outcome.orders,
            executions=outcome.executions,
            crashes=outcome.crashes,
            failed_ticks=outcome.failed_ticks,
            violated=bool(outcome.violations),
        )
        if outcome.violations:
            _say(f"python -m tests.simulation --seed {outcome.seed} --driver {given.driver}  # {outcome.violations[0]}")
    counted = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in total.items())
    _say(f"{given.driver}: {counted}; {time.monotonic() - began:.0f} s")
    return 1 if total["violated"] else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seed", type=int, help="live through this one, shrink it if it fails, and show what is left")
    parser.add_argument("--seeds", type=int, default=100, help="how many")
    parser.add_argument("--start", type=int, default=0, help="the first of them")
    parser.add_argument("--driver", choices=["engine", "http"], default="engine")
    parser.add_argument("--kills", action="store_true", help="kill -9 a real process at every step of a tick instead")
    parser.add_argument("--processes", type=int, default=1)
    return parser.parse_args()


def _all(given: argparse.Namespace) -> Iterator[Any]:
    stop = given.start + given.seeds
    chunks = [range(first, min(first + CHUNK, stop)) for first in range(given.start, stop, CHUNK)]
    if given.processes == 1:
        settle_in()
        for chunk in chunks:
            yield from outcomes(chunk, given.driver)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(given.processes, mp_context=context, initializer=settle_in) as pool:
        for found in pool.map(partial(outcomes, driver=given.driver), chunks):
            yield from found


def _one(seed: int, driver: str) -> int:
    settle_in()
    from tests.simulation.living import DRIVERS, live
    from tests.simulation.shrinking import shrunk
    from tests.simulation.world import scenario

    story = scenario(seed)
    outcome = live(story, DRIVERS[driver])
    if not outcome.violations:
        _say(f"seed {seed}: nothing is violated; {outcome}")
        return 0
    least = shrunk(story, DRIVERS[driver])
    for part in (*least.faults, *least.crashes, *least.outside, f"lags {least.lags}"):
        _say(f"  {part}")
    for violation in live(least, DRIVERS[driver]).violations:
        _say(violation)
    return 1


def _kills() -> int:
    settle_in()
    from tests.simulation.kills import kill_points

    began, wrong, steps = time.monotonic(), 0, 0
    for flattening in (False, True):
        for step, violations in kill_points(flattening=flattening):
            steps += 1
            wrong += bool(violations)
            for violation in violations:
                _say(f"killed before step {step}{' of a flattening' if flattening else ''}: {violation}")
    _say(f"kill -9: {steps} steps of two ticks, {wrong} violated; {time.monotonic() - began:.0f} s")
    return 1 if wrong else 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    os._exit(main())  # at once: threads of the front still hold what DuckDB would complain about at a slow end
