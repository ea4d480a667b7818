"""How far a fetch is: a bar on the terminal and, when wanted, on the flow run's own page, with the time left."""

import time
from collections import Counter as Tally
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self
from uuid import UUID

from prefect import get_run_logger
from prefect.artifacts import create_progress_artifact, update_progress_artifact

from core.reporting.backfilled import Brought
from tasks.fetch_plan import Page
from tasks.fetching import Arrived, Lost
from tasks.patience import within
from tasks.progress import Counter

PATIENCE = 5.0
"""Seconds that Prefect's server may take to hear of it."""

KEY = "backfill-progress"


class FetchProgress:
    """Tells of pages as they are kept.

    Parameters
    ----------
    shown : whether to keep a progress artifact, for a person who watches the run
    """

    def __init__(self, pages: Sequence[Page], *, shown: bool) -> None:
        self._pages = len(pages)
        self._left = Tally(page.symbol for page in pages)
        self._symbols = len(self._left)
        self._done, self._failed, self._began = 0, 0, time.monotonic()
        self._shown = shown and bool(pages)
        self._artifact: UUID | None = None
        self._counter = Counter("pages", self._pages) if pages else None

    def __enter__(self) -> Self:
        """Show that nothing is done yet."""
        if self._shown:
            self._tell(self._create)
        return self

    def __exit__(self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        """Show how it ended."""
        if self._shown and kind is None:
            self._tell(self._update)

    def told(self, brought: Brought, lot: Sequence[Arrived | Lost]) -> Brought:
        """Tell of a lot of pages that were kept, and hand on what they brought."""
        for one in lot:
            self._left[one.page.symbol] -= isinstance(one, Arrived)
            if self._counter:
                self._counter.step()
        self._done += brought.pages
        self._failed += brought.failed
        if self._shown:
            self._tell(self._update)
        return brought

    def text(self) -> str:
        """Say how far it is."""
        whole = self._symbols - sum(left > 0 for left in self._left.values())
        spent, pages = time.monotonic() - self._began, self._done + self._failed
        left = _minutes(spent / pages * (self._pages - pages)) if 0 < pages < self._pages else ""
        failed = f", {self._failed:,} failed" if self._failed else ""
        return f"{self._done:,} of {self._pages:,} pages{failed}, {whole:,} of {self._symbols:,} symbols done{left}"

    def _create(self) -> None:
        made = create_progress_artifact(progress=0.0, key=KEY, description=self.text())
        self._artifact = made if isinstance(made, UUID) else None

    def _update(self) -> None:
        if self._artifact is not None:
            share = 100.0 * (self._done + self._failed) / self._pages
            update_progress_artifact(artifact_id=self._artifact, progress=share, description=self.text())

    def _tell(self, call: Callable[[], None]) -> None:
        try:
            within(PATIENCE, call)
        except Exception as error:  # noqa: BLE001 - whatever Prefect's server made of it; the bars matter more
            get_run_logger().warning("this progress is not shown: %s: %s", type(error).__name__, error)


def _minutes(seconds: float) -> str:
    return f", about {seconds:.0f} s left" if seconds < 100 else f", about {seconds / 60:.0f} min left"
