"""The null test, market by market in processes of their own; what is done is kept, so a test that was stopped goes on."""

import hashlib
import json
import multiprocessing
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import optuna
from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from core.deploy.guard import GuardLimits
from core.errors import StoreError
from core.reporting.null_counted import lines
from core.types import Array
from core.validation.null_test import NullPlan, Outcome, summary, try_market
from core.validation.null_worlds import daily_blocks, edge_of
from tasks.progress import Counter
from tasks.settings import settings
from tasks.stores import store, stored_venue
from tasks.version import core_version

FOLDER = "null-test"

_source: Array | None = None


def null_test(plan: NullPlan, limits: GuardLimits, source: Array | None, *, fresh: bool = False) -> dict[str, Any]:
    """Run the markets that are not kept yet, as many at a time as there are cores, and count all of them.

    Parameters
    ----------
    source : from `stored_blocks`; for permuted bars only
    fresh : forget what an earlier run of the same test kept

    Raises
    ------
    ConfigError
        When the Sharpe ratio to plant is outside what was measured.
    StoreError
        When the file of outcomes cannot be written or read.
    """
    if plan.kind == "planted":
        edge_of(plan.sharpe)
    path = _path(plan, limits, source)
    if fresh:
        path.unlink(missing_ok=True)
    done = {one.market: one for one in kept(path)}
    counter, missing = Counter(plan.kind, plan.markets), [k for k in range(plan.markets) if k not in done]
    for _ in range(plan.markets - len(missing)):
        counter.step()
    for one in _outcomes(plan, limits, source, missing):
        _keep(path, one)
        done[one.market] = one
        counter.step()
    return summary(plan, [done[k] for k in range(plan.markets)])


@task(cache_policy=NO_CACHE)
def count_markets(
    plan: NullPlan, venue: str | None, start: datetime | None, end: datetime | None, *, for_ever: bool
) -> dict[str, Any]:
    """Run a null test as the flow's only computation; see `null_test`."""
    source = stored_blocks(venue, start, end) if plan.kind == "permuted" else None
    return null_test(plan, GuardLimits(for_ever=for_ever), source)


@task(cache_policy=NO_CACHE)
def tell_counted(counted: dict[str, Any]) -> dict[str, Any]:
    """Publish what was counted."""
    create_markdown_artifact(key="null-test", markdown="```\n" + "\n".join(lines(counted)) + "\n```")
    return counted


def stored_blocks(venue: str | None, start: datetime | None, end: datetime | None) -> Array:
    """Return the home's own hourly returns, whole days, ready to permute.

    Raises
    ------
    ConfigError, DataError
        When there are none, or too few.
    """
    return daily_blocks(store().bars.panel(stored_venue(venue), "1h", start, end))


def kept(path: Path) -> Iterator[Outcome]:
    """Read the outcomes that were kept; a last line that was cut off when its writer was killed is done again."""
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    for number, line in enumerate(lines, 1):
        if not line.endswith("\n"):
            _cut(path, len(line))
            return
        try:
            values = json.loads(line)
            yield Outcome(**values | {"objected": tuple(values["objected"])})
        except (ValueError, TypeError, KeyError) as error:
            raise StoreError(f"{path}, line {number}: not an outcome of a null test; delete the file or use --fresh") from error


def _outcomes(plan: NullPlan, limits: GuardLimits, source: Array | None, missing: Sequence[int]) -> Iterator[Outcome]:
    context, workers = multiprocessing.get_context("spawn"), max(1, len(os.sched_getaffinity(0)))
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(source,)) as pool:
        futures = [pool.submit(_try, plan, limits, number) for number in missing]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _begin(source: Array | None) -> None:
    global _source  # noqa: PLW0603 - a worker process gets the bars once, not with every market
    _source = source
    threading.Thread(target=_leave_with_the_parent, daemon=True).start()
    optuna.logging.set_verbosity(optuna.logging.WARNING)


def _leave_with_the_parent() -> None:
    # A worker holds both ends of the queue it reads from, so it would wait for ever for a parent that was killed.
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _try(plan: NullPlan, limits: GuardLimits, number: int) -> Outcome:
    return try_market(plan, limits, number, _source)


def _keep(path: Path, one: Outcome) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write(json.dumps(asdict(one)) + "\n")
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}; make room and run the same test again, it goes on") from error


def _cut(path: Path, torn: int) -> None:
    os.truncate(path, path.stat().st_size - torn)


def _path(plan: NullPlan, limits: GuardLimits, source: Array | None) -> Path:
    """Name the file by everything that decides an outcome; the number of markets does not."""
    same = plan.model_copy(update={"markets": 1})
    bars = hashlib.sha256(source.tobytes()).hexdigest() if source is not None else ""
    words = f"{same.canonical_json}|{limits.canonical_json}|{core_version()}|{bars}"
    return settings().home / FOLDER / f"{plan.kind}-{hashlib.sha256(words.encode()).hexdigest()[:12]}.jsonl"
