"""A real process, killed with SIGKILL at every step of a tick, with its store on disk and the venue in another process.

    python -m tests.simulation --kills

The venue lives in this process, behind a socket; the child runs one tick of the live flow against it and is killed before its
nth durable step or venue call. Then this process runs the undisturbed ticks on the child's files, and the oracle judges.
"""

import multiprocessing
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from storage.store import Store
from tasks.settings import settings
from tasks.venues.bybit import BybitVenue
from tests.simulation.bot import ACCOUNT, ShownBars, Steps, Watched, bot, watch
from tests.simulation.living import Life
from tests.simulation.outside import happen
from tests.simulation.stories import Story, told
from tests.simulation.wire import KEY, SECRET, http_driver
from tests.simulation.world import MINUTE, Outside, Scenario

ROOT = Path(__file__).parents[2]
KILLED = 2
"""The tick that is killed: it exits and enters, or flattens."""


@dataclass(frozen=True, slots=True)
class Eve:
    """Everything as it is just before the tick that is killed: files on disk, the venue's state, the time."""

    story: Scenario
    folder: Path
    state: Any
    now: int


def eve(folder: Path, *, flattening: bool = False) -> Eve:
    """Live up to the tick that is to be killed, and keep everything in this folder."""
    story = told(Story((Outside(KILLED, "stop"),) if flattening else ()))
    with _home(folder):
        life = Life(story, Store(folder))
        with http_driver(life) as connect, _bot(life, connect) as tick:
            for number in range(KILLED):
                life.line.begin(story.at[number], ())
                tick()
        return Eve(story, folder, life.exchange.state, life.line.now)


def killed_at(before: Eve, step: int) -> tuple[bool, tuple[str, ...]]:
    """Have the tick killed at a step, and go on; say whether the child was killed, and what is wrong in the end."""
    with tempfile.TemporaryDirectory(dir=_memory()) as place:
        folder = Path(shutil.copytree(before.folder, Path(place) / "home"))
        with _home(folder):
            life = Life(before.story, Store(folder), stocked=True)
            life.exchange._state, life.line.now = before.state, before.now
            with http_driver(life) as connect:
                exitcode = _killed(life, folder, connect.url, step)
                _go_on(life, connect)
    if exitcode not in (0, -signal.SIGKILL):
        life.oracle.violations.append(f"recovery: the process that was to be killed ended with {exitcode}")
    return exitcode == -signal.SIGKILL, tuple(life.oracle.violations)


def kill_points(*, flattening: bool, stride: int = 1) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Kill a tick at its first step, its second and so on to its end; yields each step and what was violated."""
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        before = eve(Path(folder), flattening=flattening)
        for step in range(1, 1_000, stride):
            was_killed, violations = killed_at(before, step)
            if not was_killed:
                return
            yield step, violations


def _killed(life: Life, folder: Path, url: str, step: int) -> int | None:
    life.line.begin(life.story.at[KILLED], ())
    for event in life.story.outside:
        happen(life, event)
    os.environ["PYTHONPATH"] = str(ROOT)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.simulation.kills"])
    process = context.Process(target=_in_child, args=(str(folder), life.story.panel, life.line.now, url, step))
    process.start()
    process.join(120)
    return process.exitcode


def _go_on(life: Life, connect: Any) -> None:
    """Start again after a second, and live a few quiet minutes."""
    with _bot(life, connect) as tick:
        for pause in (1_000, MINUTE, MINUTE):
            life.line.begin(life.line.now + pause, ())
            life.oracle.ticked(tick())
    life.stop.unlink(missing_ok=True)
    life.oracle.ended()


def _bot(life: Life, connect: Any) -> Any:
    return bot(watch(life.store, life.steps), connect, life.now, locks=True)


@contextmanager
def _home(folder: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRADEWIND_HOME", str(folder))
        settings.cache_clear()
        yield
    settings.cache_clear()


def _in_child(folder: str, panel: Any, now: int, url: str, step: int) -> None:
    for name in [name for name in os.environ if name.startswith("TRADEWIND_")]:
        del os.environ[name]
    os.environ["TRADEWIND_HOME"] = folder
    os.chdir(folder)
    settings.cache_clear()
    store = Store(Path(folder))
    store.bars = ShownBars(panel, lambda: now)
    steps = Steps(lambda: os.kill(os.getpid(), signal.SIGKILL))
    steps.begin([(step, "before")])
    venue = BybitVenue(ACCOUNT, base_url=url, api_key=KEY, secret=SECRET, now_ms=lambda: now)
    with bot(watch(store, steps), lambda: Watched(venue, steps), lambda: now, locks=True) as tick:
        tick()


def _memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None
