"""Pace: so many requests a second, counted over all processes of a home.

The next free moment stands in a file that is locked while it is read and moved on; the system's monotonic clock is the same for
all processes. Threads and processes each take their moment and sleep until it comes, so requests are spaced evenly.
Moments that nobody could take, because the machine was busy, are made up for, but only the last few.
"""

import fcntl
import time
from pathlib import Path

CATCH_UP = 0.25
"""Seconds whose unused moments may still be taken. A venue that counts five seconds sees a twentieth more."""

LONGEST = 120.0
"""Seconds: a moment further ahead was written before the machine was last started."""


class Pace:
    """Spaces requests.

    Parameters
    ----------
    note : file that the processes share
    per_second : requests
    """

    def __init__(self, note: Path, per_second: float) -> None:
        self._note = note
        self._every = 1.0 / per_second

    def wait(self) -> None:
        """Wait for the next free moment."""
        time.sleep(max(self._taken(self._every, CATCH_UP), 0.0))

    def hold(self, seconds: float) -> None:
        """Let nobody make a request for so long."""
        self._taken(min(seconds, LONGEST), 0.0)

    def _taken(self, seconds: float, unused: float) -> float:
        """Move the next free moment on; return how long it is until the one that was free, at most `unused` ago."""
        with self._note.open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            now, text = time.monotonic(), file.read()
            free = float(text) if text else now
            moment = max(now - unused, free) if free <= now + LONGEST else now
            file.truncate(0)
            file.write(repr(moment + seconds))
        return moment - now
