"""Rehearsing: a home of its own for the live flow, with the bars of a stretch, where it starts flat.

1. Nothing of the operator's is read after the start, and nothing is written: what the rehearsal needs is copied into its own
   folder, which a later rehearsal of the same starts anew.
2. It is paper trading, whatever the settings say of the operator's own account.
3. Trading rules are today's, and every symbol trades while it has bars, also one that has been delisted since.
"""

import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
import polars as pl
from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from core.deploy.release import Release
from core.errors import ConfigError, DataError
from core.market.instrument import Instrument
from core.market.panel import Panel
from core.market.timeframe import bar_ms, milliseconds, utc
from core.portfolio import Market
from core.reporting.rehearsal import Rehearsal, Rehearsed, page
from core.types import Ints
from storage.activations import Activation
from storage.frames import TIME
from storage.panels import PRICES
from tasks.desk import open_desk
from tasks.environment import override
from tasks.live_releases import NO_EVIDENCE, publish
from tasks.lock import writer_lock
from tasks.settings import settings
from tasks.stores import store

ACCOUNT = "rehearsal"
FOLDER = "rehearsals"


def require_bars(release: Release, end: datetime) -> None:
    """Refuse a stretch that the stored bars do not hold, with the warm-up before it.

    Raises
    ------
    ConfigError
        When it begins or ends within a bar.
    DataError
        When the bars begin too late for the release's warm-up, or end before the stretch does.
    """
    name, length = f"{release.venue} {release.timeframe}", timedelta(milliseconds=bar_ms(release.timeframe))
    if off := [at for at in (release.book_start, end) if milliseconds(at) % bar_ms(release.timeframe)]:
        raise ConfigError(f"{off[0]:%Y-%m-%d %H:%M} is not the open of a {release.timeframe} bar: begin and end on one")
    mine = [s for s in store().bars.series() if (s.venue, s.timeframe) == (release.venue, release.timeframe)]
    if not mine:
        raise DataError(f"{name}: no such bars: run `tradewind import FILE` or `tradewind ingest` first")
    first, last = min(s.first for s in mine), max(s.last for s in mine) + length
    ready = first + release.warmup_bars * length
    if release.book_start < ready:
        raise DataError(
            f"{name}: bars begin at {first:%Y-%m-%d %H:%M}, and the release looks back on {release.warmup_bars} of them: "
            f"start at {ready:%Y-%m-%d %H:%M} UTC or later"
        )
    if last < end:
        raise DataError(f"{name}: bars end at {last:%Y-%m-%d %H:%M}: end there or earlier, or load more bars")


@task(cache_policy=NO_CACHE)
def tell_rehearsal(done: Rehearsal) -> Rehearsal:
    """Publish the difference from the backtest and its parts."""
    create_markdown_artifact(key="rehearsal", markdown="```\n" + "\n".join(page(done)) + "\n```")
    return done


def ticks(market: Market) -> tuple[datetime, ...]:
    """Return the moments at which prices move, from the first decision on: the opens of the bars."""
    return tuple(utc(int(moment)) for moment in market.panel.open_time[int(market.rows[0]) + 1 :])


@contextmanager
def rehearsal_home(release: Release, end: datetime, balance: Decimal) -> Iterator[None]:
    """Let the live flow work in a fresh folder of the home, with the release live there, until the end of the block.

    Raises
    ------
    StoreError
        When another process rehearses the same.
    """
    home, name = settings().home, f"{release.book_start:%Y%m%dT%H%M}-{end:%Y%m%dT%H%M}-{release.fingerprint[:8]}"
    place, length = home / FOLDER / name, timedelta(milliseconds=bar_ms(release.timeframe))
    with writer_lock(home / FOLDER, name, patience=0):
        shutil.rmtree(place, ignore_errors=True)
        panel = store().bars.panel(
            release.venue, release.timeframe, release.book_start - release.warmup_bars * length, end + length
        )
        known = store().instruments.known(release.venue).values()
        rules = [replace(listing.instrument, active=True, delists_at=0) for listing in known]
        with _settings(HOME=str(place), ACCOUNT=ACCOUNT, MODE="paper", PAPER_BALANCE=str(balance), TIMEFRAME=release.timeframe):
            _furnish(release, panel, rules)
            with store().market.held(), store().trading.held():
                yield


@contextmanager
def _settings(**values: str) -> Iterator[None]:
    """Change settings of this process for the block; the store follows them."""
    before = {name: str(getattr(settings(), name.lower())) for name in values}
    _set(values)
    try:
        yield
    finally:
        _set(before)


def _set(values: dict[str, str]) -> None:
    override(**values)
    settings.cache_clear()
    store.cache_clear()


def _furnish(release: Release, panel: Panel, rules: list[Instrument]) -> None:
    """Fill a fresh home: bars, funding, trading rules, and the release live from its book's start."""
    books = store()
    books.bars.merge(_bars(panel))
    if panel.funding.any():
        books.funding.merge(_funding(panel))
    books.instruments.record(rules, release.book_start)
    live = Activation(release.fingerprint, "paper", release.book_start, ACCOUNT, "a rehearsal")
    publish(release, ACCOUNT, NO_EVIDENCE, live)


def _bars(panel: Panel) -> pl.DataFrame:
    rows, columns = np.nonzero(np.isfinite(panel.close))
    prices = {name: getattr(panel, name)[rows, columns] for name in PRICES}
    labels = {"timeframe": pl.lit(panel.timeframe), **_labels(panel)}
    return _keyed(panel, columns, "open_time", panel.open_time[rows]).with_columns(**labels, **prices)


def _funding(panel: Panel) -> pl.DataFrame:
    rows, columns = np.nonzero(panel.funding)
    rates = pl.Series("rate", panel.funding[rows, columns])
    return _keyed(panel, columns, "settled_at", panel.close_time[rows]).with_columns(rates, **_labels(panel))


def _keyed(panel: Panel, columns: Ints, name: str, moments: Ints) -> pl.DataFrame:
    frame = pl.DataFrame({"symbol": [panel.symbols[i] for i in columns], name: moments})
    return frame.with_columns(pl.col(name).cast(TIME))


def _labels(panel: Panel) -> dict[str, pl.Expr]:
    return {"venue": pl.lit(panel.venue), "source": pl.lit(ACCOUNT)}


def in_flight() -> bool:
    """Whether an order has not ended."""
    return bool(store().intents.open())


def gather_books(release: Release, end: datetime, balance: Decimal) -> Rehearsed:
    """Look at the account once more at the end, trade nothing, and return all it did."""
    with open_desk(release.venue, release.timeframe, end) as desk:
        newest = max((fill.at for fill in desk.store.fills.all()), default=release.book_start)
        desk.store.fills.book(desk.venue.fills_since(newest))
        account, prices = desk.venue.account(), desk.venue.prices()
        fills = tuple(fill for fill in desk.store.fills.all() if fill.venue == desk.account)
        return Rehearsed(
            balance=balance,
            equity=account.equity,
            fills=fills,
            decided_at={intent.link: intent.decision_time for intent in desk.store.intents.all(sys.maxsize) if intent.sent_at},
            prices=prices,
            instruments=desk.instruments,
            verdicts=Counter(snapshot.verdict for snapshot in desk.store.equity.all(desk.account)),
        )
