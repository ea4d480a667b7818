"""Fetching many pages at once: several connections, each page asked for until it comes, whatever the order they come in.

1. A page that is not full is asked for twice: only what is missing both times is what the venue does not have.
2. Where the venue tells us to wait, we wait; where it bans us for longer than a minute, nobody asks any more.
3. When nothing is answered any more, the rest is not asked for.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from queue import Empty, SimpleQueue

import polars as pl

from core.errors import ExchangeUnavailable, TradewindError
from core.market.checks import BARS, require_good
from core.market.spans import NOWHERE, minus, runs, spans
from core.market.timeframe import bar_ms
from core.types import Ints
from tasks.fetch_plan import Page
from tasks.venues.doors import Door, refused
from tasks.venues.meter import Banned

CONNECTIONS = 8
"""Kept open at once; enough for several hundred pages a second on a short way, and for sixty on a long one."""

PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Seconds before a page is asked for again."""

LONGEST_WAIT = 60.0
"""Seconds: a longer ban ends the fetch instead, and the next one goes on where it stopped."""

HOPELESS = 2 * CONNECTIONS
"""Pages in a row without an answer after which the venue is taken to be down."""

AT_ONCE = 240
"""Pages that are kept together: four seconds' worth, so that a crash costs seconds and the store is not always locked."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A page that was answered; `absent` is where the venue has nothing."""

    page: Page
    rows: pl.DataFrame
    absent: Ints


@dataclass(frozen=True, slots=True)
class Lost:
    """A page that was not."""

    page: Page
    why: str


class Fetcher:
    """Asks for pages through several doors.

    Parameters
    ----------
    opened : opens one more door
    banned_for : seconds for which the venue has banned us; 0 when it has not
    """

    def __init__(self, opened: Callable[[], Door], timeframe: str, banned_for: Callable[[], float]) -> None:
        self._opened = opened
        self._banned_for = banned_for
        self._timeframe = timeframe
        self._doors: SimpleQueue[Door] = SimpleQueue()
        self._silent = 0
        self.over = ""
        """Why nothing more is asked for; "" while it is."""

    def fetched(self, pages: Iterable[Page]) -> Iterator[list[Arrived | Lost]]:
        """Ask for all pages, in lots of `AT_ONCE`; while one lot is being kept, the next is on its way."""
        todo, ahead = iter(pages), deque[list[Future[Arrived | Lost]]]()
        with ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="page") as pool:
            while lot := [] if self.over else list(islice(todo, AT_ONCE)):
                ahead.append([pool.submit(self._fetch, page) for page in lot])
                if len(ahead) > 1:
                    yield [future.result() for future in ahead.popleft()]
            while ahead:
                yield [future.result() for future in ahead.popleft()]

    def _fetch(self, page: Page) -> Arrived | Lost:
        if self.over:
            return Lost(page, self.over)
        try:
            arrived = self._asked(page)
        except TradewindError as error:
            answered = not isinstance(error, ExchangeUnavailable) or refused(error)
            self._silent = 0 if answered else self._silent + 1
            if isinstance(error, Banned) or self._silent >= HOPELESS:
                self.over = str(error)
            return Lost(page, str(error))
        self._silent = 0
        return arrived

    def _asked(self, page: Page) -> Arrived:
        if page.kind == "funding":
            rows = self._patiently(lambda door: door.funding(page.symbol, page.first, page.stop))
            return Arrived(page, rows, spans([(page.first, page.stop)]))
        rows = self._patiently(lambda door: door.bars(page.symbol, self._timeframe, page.first, page.stop))
        absent = self._absent(page, rows)
        if len(absent):
            again = self._patiently(lambda door: door.bars(page.symbol, self._timeframe, page.first, page.stop))
            rows = pl.concat([rows, again]).unique("open_time", keep="first")
            absent = self._absent(page, rows)
        require_good(rows, BARS, f"{page.symbol} {self._timeframe}")  # a bar that cannot be costs its page, not the lot
        return Arrived(page, rows, absent)

    def _absent(self, page: Page, rows: pl.DataFrame) -> Ints:
        length = bar_ms(self._timeframe)
        if rows.height * length == page.stop - page.first:
            return NOWHERE
        return minus(spans([(page.first, page.stop)]), runs(rows["open_time"].dt.epoch("ms").to_numpy(), length))

    def _patiently(self, ask: Callable[[Door], pl.DataFrame]) -> pl.DataFrame:
        for pause in PAUSES:
            try:
                with self._door() as door:
                    return ask(door)
            except Banned:
                if (wait := self._banned_for()) > LONGEST_WAIT:
                    raise
                time.sleep(wait)
            except ExchangeUnavailable as error:
                if self.over or refused(error):
                    raise
                time.sleep(pause)
        with self._door() as door:
            return ask(door)

    @contextmanager
    def _door(self) -> Iterator[Door]:
        try:
            door = self._doors.get_nowait()
        except Empty:
            door = self._opened()
        try:
            yield door
        finally:
            self._doors.put(door)
