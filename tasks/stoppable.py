"""Signals that ask us to stop: as KeyboardInterrupt, once, or as the end of a wait."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType
from typing import NoReturn

WAKE_SECONDS = 0.5


@contextmanager
def stoppable() -> Iterator[None]:
    """Turn the first Ctrl-C, SIGTERM or hang-up into KeyboardInterrupt; while stopping, ignore more of them."""

    def stop(_number: int, _frame: FrameType | None) -> NoReturn:
        for each in ours:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN  # nohup
    ours = {signal.SIGINT, signal.SIGTERM} | (set() if ignored else {signal.SIGHUP})
    before = {each: signal.signal(each, stop) for each in ours}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def until_asked_to_stop() -> Callable[[], None]:
    """Take Ctrl-C and SIGTERM from now on as an orderly end, and return what waits for it."""
    over = Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: over.set())

    def wait() -> None:
        # Python acts on a signal when this thread next runs: one that waited for ever was seen to sleep through it.
        while not over.wait(WAKE_SECONDS):
            pass

    return wait
