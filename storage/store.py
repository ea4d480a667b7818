"""The store: every table Tradewind remembers, under one home.

Three files, because DuckDB lets one process write to a file at a time: an hour of ingestion or a night of research never
keeps the live flow waiting. No file is made before its first use.
"""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Protocol

from storage.absences import Absences, DuckAbsences, MemoryAbsences
from storage.activations import Activations, DuckActivations, MemoryActivations
from storage.alarms import Alarms, DuckAlarms, MemoryAlarms
from storage.armings import Armings, DuckArmings, MemoryArmings
from storage.bars import Bars, DuckBars, MemoryBars
from storage.database import PATIENCE, Database
from storage.decisions import Decisions, DuckDecisions, MemoryDecisions
from storage.equity import DuckEquity, Equity, MemoryEquity
from storage.fills import DuckFills, Fills, MemoryFills
from storage.funding import DuckFunding, Funding, MemoryFunding
from storage.instruments import DuckInstruments, Instruments, MemoryInstruments
from storage.intents import DuckIntents, Intents, MemoryIntents
from storage.outbox import DuckOutbox, Outbox
from storage.outbox_memory import MemoryOutbox
from storage.paper import DuckPaper, MemoryPaper, Paper
from storage.parts import DuckParts, MemoryParts, Parts
from storage.releases import DuckReleases, MemoryReleases, Releases
from storage.runs import DuckRuns, MemoryRuns, Runs
from storage.stretches import DuckStretches, MemoryStretches, Stretches
from storage.tallies import DuckTallies, MemoryTallies, Tallies
from storage.trials import DuckTrials, MemoryTrials, Trials


class Together(Protocol):
    """One file of several tables, which can be read at one moment, or changed all or none."""

    def read(self) -> AbstractContextManager[object]:
        """Read the tables inside the block through one connection."""
        ...

    def write(self) -> AbstractContextManager[object]:
        """Change the tables inside the block in one transaction."""
        ...

    def held(self) -> AbstractContextManager[None]:
        """Keep the file open, for this process alone, until the end of the block."""
        ...


class Alone:
    """`Together` for tables in memory, where nobody else writes: an exception leaves what was done before it."""

    def read(self) -> AbstractContextManager[object]:
        """Do nothing."""
        return nullcontext()

    def write(self) -> AbstractContextManager[object]:
        """Do nothing."""
        return nullcontext()

    def held(self) -> AbstractContextManager[None]:
        """Do nothing."""
        return nullcontext()


class Store:
    """All tables, in market.duckdb, trading.duckdb and research.duckdb under `home`.

    `market` and `trading` group operations on the tables of their file; everything from bars to parts is in the first,
    everything from releases to paper in the second.

    Parameters
    ----------
    patience : seconds
        How long one operation may wait for other processes before it raises StoreError.
    """

    market: Together
    trading: Together
    bars: Bars
    funding: Funding
    instruments: Instruments
    absences: Absences
    stretches: Stretches
    parts: Parts
    releases: Releases
    activations: Activations
    intents: Intents
    fills: Fills
    equity: Equity
    decisions: Decisions
    alarms: Alarms
    tallies: Tallies
    outbox: Outbox
    paper: Paper
    runs: Runs
    trials: Trials
    armings: Armings

    def __init__(self, home: Path, *, patience: float = PATIENCE) -> None:
        self.market = market = Database(home / "market.duckdb", "market", patience=patience)
        self.bars = DuckBars(market)
        self.funding = DuckFunding(market)
        self.instruments = DuckInstruments(market)
        self.absences = DuckAbsences(market)
        self.stretches = DuckStretches(market)
        self.parts = DuckParts(market)
        self.trading = trading = Database(home / "trading.duckdb", "trading", patience=patience)
        self._trade(trading)
        research = Database(home / "research.duckdb", "research", patience=patience)
        self.runs = DuckRuns(research)
        self.trials = DuckTrials(research)
        self.armings = DuckArmings(research)

    def _trade(self, trading: Database) -> None:
        self.releases = DuckReleases(trading)
        self.activations = DuckActivations(trading)
        self.intents = DuckIntents(trading)
        self.fills = DuckFills(trading)
        self.equity = DuckEquity(trading)
        self.decisions = DuckDecisions(trading)
        self.alarms = DuckAlarms(trading)
        self.tallies = DuckTallies(trading)
        self.outbox = DuckOutbox(trading)
        self.paper = DuckPaper(trading)


class MemoryStore(Store):
    """The same tables in memory, each the twin of its DuckDB table: for tests and rehearsals."""

    def __init__(self) -> None:
        self.market = self.trading = Alone()
        self.funding = funding = MemoryFunding()
        self.bars = bars = MemoryBars(funding)
        self.instruments = MemoryInstruments()
        self.absences = MemoryAbsences()
        self.stretches = MemoryStretches(bars, funding)
        self.parts = MemoryParts(bars, funding)
        self.releases = MemoryReleases()
        self.activations = MemoryActivations()
        self.intents = MemoryIntents()
        self.fills = MemoryFills()
        self.equity = MemoryEquity()
        self.decisions = MemoryDecisions()
        self.alarms = MemoryAlarms()
        self.tallies = MemoryTallies()
        self.outbox = MemoryOutbox()
        self.paper = MemoryPaper()
        self.runs = MemoryRuns()
        self.trials = MemoryTrials()
        self.armings = MemoryArmings()
