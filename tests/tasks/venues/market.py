"""A small, deterministic market for tests: five days of hours, funding every eight."""

from decimal import Decimal

import numpy as np

from core.exchange.state import Terms
from core.market.instrument import Instrument
from core.market.panel import Panel
from core.market.timeframe import HOUR
from tasks.venues.paper import paper_venue
from tasks.venues.simulated.world import PanelWorld

START = 1_735_689_600_000  # 2025-01-01
SYMBOLS = ("AAAUSDT", "BBBUSDT", "CCCUSDT")


def hours(count: int) -> int:
    """The moment so many hours after the start."""
    return START + count * HOUR


def panel(rows: int = 120, *, funding: float = 0.0001) -> Panel:
    """AAA climbs by 1 an hour from 100; BBB stays at 50; CCC has its bars only in [24, 48)."""
    open_time = START + HOUR * np.arange(rows, dtype=np.int64)
    opens = np.column_stack([100.0 + np.arange(rows), np.full(rows, 50.0), np.full(rows, 10.0)])
    close = np.column_stack([101.0 + np.arange(rows), np.full(rows, 50.0), np.full(rows, 12.0)])
    volume = np.full((rows, 3), 7.0)
    settles = ((open_time + HOUR) % (8 * HOUR) == 0).astype(float)[:, None]
    rates = settles * np.array([funding, -funding, 0.0])
    gone = np.zeros((rows, 3), dtype=bool)
    gone[:24, 2] = gone[48:, 2] = True
    parts = [np.where(gone, np.nan, part) for part in (opens, opens + 2, opens - 1, close, volume)]
    return Panel("synthetic", "1h", SYMBOLS, open_time, *parts, rates)


def instruments() -> tuple[Instrument, ...]:
    grain = Decimal("0.1"), Decimal("0.01"), Decimal("0.01"), Decimal(5)
    return tuple(Instrument("synthetic", symbol, *grain) for symbol in SYMBOLS)


class MemoryBook:
    """Paper accounts kept in a dictionary."""

    def __init__(self):
        self.kept = {}

    def load(self, account):
        return self.kept.get(account)

    def save(self, account, json):
        self.kept[account] = json


def paper(book=None, *, world=None, terms=None, balance=10_000):
    """A paper venue on virtual time, whose clock has not begun."""
    return paper_venue(
        world or PanelWorld(panel(), instruments()),
        book or MemoryBook(),
        account="test",
        balance=Decimal(balance),
        terms=terms or Terms(),
        clock=None,
    )
