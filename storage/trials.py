"""Trials: every parameter set that was ever tried, because a Sharpe ratio means nothing without their number."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from storage.database import Database
from storage.rows import add, by_key, fetched, row_of

_INSERT = "insert into trials by name select * from offered on conflict do nothing returning number"
_OF_RUN = "select * from trials where run_id = $run_id order by study, number"


@dataclass(frozen=True, slots=True)
class Trial:
    """One parameter set and what it scored.

    Parameters
    ----------
    number : within its study
    value : the objective; NaN when the trial failed
    """

    run_id: str
    study: str
    number: int
    params_json: str
    value: float


class Trials(Protocol):
    """The trial ledger, append-only, keyed (run, study, number)."""

    def append(self, trials: Iterable[Trial]) -> int:
        """Append trials, all or none; one that is there is left as it is. Return the number added."""
        ...

    def of_run(self, run_id: str) -> tuple[Trial, ...]:
        """Every trial of a run, by study and number."""
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
            return fetched(connection, Trial, _OF_RUN, {"run_id": run_id})


class MemoryTrials:
    """`Trials` in memory."""

    def __init__(self) -> None:
        self._trials: dict[tuple[str, str, int], Trial] = {}

    def append(self, trials: Iterable[Trial]) -> int:
        """Append trials, all or none; return the number added."""
        new = {key: trial for key, trial in by_key(trials, _key).items() if key not in self._trials}
        self._trials |= new
        return len(new)

    def of_run(self, run_id: str) -> tuple[Trial, ...]:
        """Every trial of a run, by study and number."""
        return tuple(trial for key, trial in sorted(self._trials.items()) if key[0] == run_id)


def _key(trial: Trial) -> tuple[str, str, int]:
    return trial.run_id, trial.study, trial.number
