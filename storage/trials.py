"""Trials: every parameter set that was ever tried, because a Sharpe ratio means nothing without their number.

1. What is appended stays as it is; a trial that is there already is left alone.
2. An append is one transaction: all of it, or nothing.
3. The count of a family is over all nights, never tonight's alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from math import isnan
from typing import Any, Protocol

from storage.database import Database
from storage.rows import add, by_key, fetched, row_of

_INSERT = "insert into trials by name select * from offered on conflict do nothing returning number"
_OF_RUN = "select * from trials where run_id = $run_id order by study, number"
_BEST = """
    select * from trials where family = $family and not isnan(value)
    order by value desc, run_id, study, number limit $limit
"""
_COUNT = """
    select count(*) as trials, count(distinct params_json) as distinct_sets, count(distinct run_id) as nights
    from trials where family = $family
"""


@dataclass(frozen=True, slots=True)
class Trial:
    """One parameter set and what it scored. What is None was not known: rows of an older Tradewind, or nothing to measure.

    Parameters
    ----------
    study : ``fold 3``, or ``all`` for the search over the whole range
    number : within its study
    params_json : with sorted keys, so that the same set is the same text
    value : the objective, in sample; NaN when the trial failed
    family : fingerprint of the hypothesis the trial belongs to; nights are counted together by it
    oos_sharpe : annual, net, on the fold's test bars; None for study ``all``, which has none
    oos_daily : (days,) net return per day on the fold's test bars, fraction of equity, not compounded
    data_hash : `core.market.panel.Panel.data_hash` of the snapshot it was searched on
    tried_at : UTC
    """

    run_id: str
    study: str
    number: int
    params_json: str
    value: float
    family: str | None = None
    oos_sharpe: float | None = None
    oos_daily: tuple[float, ...] | None = None
    data_hash: str | None = None
    code_version: str | None = None
    tried_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TrialCount:
    """How often a family has been tried, over all nights.

    Parameters
    ----------
    trials : all of them, failed ones too
    distinct_sets : different parameter sets among them
    nights : runs they come from
    """

    trials: int
    distinct_sets: int
    nights: int


class Trials(Protocol):
    """The trial ledger, append-only, keyed (run, study, number)."""

    def append(self, trials: Iterable[Trial]) -> int:
        """Append trials, all or none; one that is there is left as it is. Return the number added."""
        ...

    def of_run(self, run_id: str) -> tuple[Trial, ...]:
        """Every trial of a run, by study and number."""
        ...

    def best(self, family: str, limit: int) -> tuple[Trial, ...]:
        """Return a family's trials with the highest values in sample, over all nights and studies, highest first.

        Failed trials are left out; of equal values the first by run, study and number comes first.
        """
        ...

    def count(self, family: str) -> TrialCount:
        """Count a family's trials over all nights."""
        ...


class DuckTrials:
    """`Trials` in research.duckdb."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, trials: Iterable[Trial]) -> int:
        """Append trials, all or none; return the number added."""
        rows = [row_of(trial) for trial in by_key(trials, _key).values()]
        with self._database.write() as connection:
            return len(add(connection, rows, _INSERT))

    def of_run(self, run_id: str) -> tuple[Trial, ...]:
        """Every trial of a run, by study and number."""
        with self._database.read() as connection:
            return fetched(connection, _trial, _OF_RUN, {"run_id": run_id})

    def best(self, family: str, limit: int) -> tuple[Trial, ...]:
        """Return a family's trials with the highest values in sample, over all nights and studies, highest first."""
        with self._database.read() as connection:
            return fetched(connection, _trial, _BEST, {"family": family, "limit": limit})

    def count(self, family: str) -> TrialCount:
        """Count a family's trials over all nights."""
        with self._database.read() as connection:
            return fetched(connection, TrialCount, _COUNT, {"family": family})[0]


class MemoryTrials:
    """`Trials` in memory."""

    def __init__(self) -> None:
        self._trials: dict[tuple[str, str, int], Trial] = {}

    def append(self, trials: Iterable[Trial]) -> int:
        """Append trials, all or none; return the number added."""
        offered = by_key(trials, _key)
        for trial in offered.values():
            row_of(trial)
        new = {key: trial for key, trial in offered.items() if key not in self._trials}
        self._trials |= new
        return len(new)

    def of_run(self, run_id: str) -> tuple[Trial, ...]:
        """Every trial of a run, by study and number."""
        return tuple(trial for key, trial in sorted(self._trials.items()) if key[0] == run_id)

    def best(self, family: str, limit: int) -> tuple[Trial, ...]:
        """Return a family's trials with the highest values in sample, over all nights and studies, highest first."""
        scored = (trial for trial in self._of(family) if not isnan(trial.value))
        return tuple(sorted(scored, key=lambda trial: (-trial.value, _key(trial)))[:limit])

    def count(self, family: str) -> TrialCount:
        """Count a family's trials over all nights."""
        mine = self._of(family)
        return TrialCount(len(mine), len({t.params_json for t in mine}), len({t.run_id for t in mine}))

    def _of(self, family: str) -> list[Trial]:
        return [trial for trial in self._trials.values() if trial.family == family]


def _key(trial: Trial) -> tuple[str, str, int]:
    return trial.run_id, trial.study, trial.number


def _trial(*, oos_daily: list[float] | None, **values: Any) -> Trial:
    return Trial(**values, oos_daily=None if oos_daily is None else tuple(oos_daily))
