"""Child processes that never outlive us: each in its own session, tied to our life, with a log of its own.

A session of its own keeps Ctrl-C from reaching a child before we decide the order. On Linux the kernel ends a child when its
parent is gone, even after kill -9; elsewhere only an orderly stop does.
"""

import ctypes
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from core.errors import TradewindError

LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


class ChildEnded(TradewindError):
    """A child ended although nobody stopped it: its log says why."""


@dataclass(frozen=True, slots=True)
class Child:
    """A process we started."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def ending(self) -> str:
        """Say how the process ended; "" while it runs."""
        return "" if (code := self.process.poll()) is None else _ending(code)

    def check(self) -> None:
        """Raise ChildEnded when the process is gone."""
        if how := self.ending():
            raise ChildEnded(f"{self.name} ended by itself ({how}): see {self.log}")


def start_child(
    name: str, command: Sequence[str], *, env: Mapping[str, str], cwd: Path, logs: Path, niceness: int = 0
) -> Child:
    """Start a process that writes to ``logs/name.log``; the log of the run before is kept beside it.

    Call it from the main thread: Linux ends the child when the thread that started it is gone.

    Parameters
    ----------
    niceness : how far it, and what it starts, stands back when the processor is wanted: 0 not at all, 19 always
    """
    logs.mkdir(parents=True, exist_ok=True)
    log = logs / f"{name.replace(' ', '-')}.log"
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
    with log.open("wb") as sink:
        process = subprocess.Popen(  # noqa: S603 - our own commands, no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=cwd,
            start_new_session=True,
            preexec_fn=partial(_tie, os.getpid(), niceness),  # noqa: PLW1509 - no thread of ours holds a lock that it needs
        )
    return Child(name, process, log)


def stop_children(children: Sequence[Child], *, patience: float) -> None:
    """End the children side by side, and whatever they leave in their sessions' groups.

    Parameters
    ----------
    patience : seconds that each may take to leave on its own before it is killed
    """
    for child in children:
        child.process.terminate()
    for child in children:
        with suppress(subprocess.TimeoutExpired):
            child.process.wait(patience)
        with suppress(ProcessLookupError):
            os.killpg(child.process.pid, signal.SIGKILL)
        child.process.wait()


def _tie(parent: int, niceness: int) -> None:
    os.nice(niceness)
    # A shell that starts us with & makes SIGINT ignored, and Prefect's workers end by that signal.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if hasattr(LIBC, "prctl"):
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(1)


def _ending(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
