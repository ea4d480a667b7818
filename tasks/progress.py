"""Progress of long computations: whoever is watching this process is told, and nobody needs to be."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Listener = Callable[[str, int, int], None]
"""Called with (what runs, steps done, steps in all)."""

_listeners: list[Listener] = []


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Hear of progress while the block runs."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


class Counter:
    """Counts the steps of one computation and tells."""

    def __init__(self, what: str, total: int) -> None:
        self._what, self._total, self._done = what, total, 0
        self._tell()

    def step(self, _step: object = None) -> None:
        """Count one more step; whatever is passed is ignored, so this fits any callback."""
        self._done += 1
        self._tell()

    def _tell(self) -> None:
        for listener in _listeners:
            listener(self._what, self._done, self._total)
