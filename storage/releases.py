"""Releases: every parameter set that was ever made, with its evidence, named by its fingerprint."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from duckdb import DuckDBPyConnection

from core.errors import ConfigError, LedgerError
from storage.activations import Activation, Activations, DuckActivations, append_activation
from storage.database import Database
from storage.rows import add, fetched, row_of

_ALL = "select * from releases order by created_at, fingerprint"
_NAMES = "select fingerprint from releases order by created_at, fingerprint"
_ONE = "select * from releases where fingerprint = $fingerprint"
_INSERT = "insert into releases by name select * from offered"
_SHORTEST = 6


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """A release as it is stored.

    Parameters
    ----------
    json : canonical JSON of the release; `fingerprint` is its sha256
    evidence_json : what spoke for it when it was made
    """

    fingerprint: str
    json: str
    created_at: datetime
    note: str
    evidence_json: str


class Releases(Protocol):
    """All releases, append-only, one per fingerprint."""

    def add(self, row: ReleaseRow) -> bool:
        """Append a release; one that is there already is left as it is and answers False.

        Raises
        ------
        LedgerError
            When the fingerprint is taken by another content.
        """
        ...

    def publish(self, row: ReleaseRow, activation: Activation, log: Activations, *, over: Activation | None = None) -> bool:
        """Append a release and the line that puts it live, both or neither: a crash leaves what was live before.

        Parameters
        ----------
        log : where the line goes; of the same store
        over : as in `Activations.append`, whose answer this answers; on False the release is not appended either

        Raises
        ------
        LedgerError
            As `add`.
        """
        ...

    def get(self, fingerprint: str) -> ReleaseRow:
        """Return the release with this fingerprint, or the only one that begins so (6 characters or more).

        Raises
        ------
        ConfigError
            When there is none, or more than one; the message names what there is.
        """
        ...

    def all(self) -> tuple[ReleaseRow, ...]:
        """Every release, oldest first."""
        ...


class DuckReleases:
    """`Releases` in trading.duckdb."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, row: ReleaseRow) -> bool:
        """Append a release; one that is there already is left as it is and answers False."""
        with self._database.write() as connection:
            if is_new := _is_new(row, _same_name(connection, row)):
                add(connection, [row_of(row)], _INSERT)
        return is_new

    def publish(self, row: ReleaseRow, activation: Activation, log: Activations, *, over: Activation | None = None) -> bool:
        """Append a release and the line that puts it live, in one transaction."""
        assert isinstance(log, DuckActivations), "the log of the same database"
        with self._database.write() as connection:
            is_new = _is_new(row, _same_name(connection, row))
            is_put_live = append_activation(connection, activation, over)
            if is_put_live and is_new:
                add(connection, [row_of(row)], _INSERT)
        return is_put_live

    def get(self, fingerprint: str) -> ReleaseRow:
        """Return the release with this fingerprint, or the only one that begins so."""
        with self._database.read() as connection:
            name = resolved(fingerprint, _names(connection))
            return fetched(connection, ReleaseRow, _ONE, {"fingerprint": name})[0]

    def all(self) -> tuple[ReleaseRow, ...]:
        """Every release, oldest first."""
        with self._database.read() as connection:
            return fetched(connection, ReleaseRow, _ALL)


class MemoryReleases:
    """`Releases` in memory."""

    def __init__(self) -> None:
        self._rows: dict[str, ReleaseRow] = {}

    def add(self, row: ReleaseRow) -> bool:
        """Append a release; one that is there already is left as it is and answers False."""
        row_of(row)
        if is_new := _is_new(row, self._same_name(row)):
            self._rows[row.fingerprint] = row
        return is_new

    def publish(self, row: ReleaseRow, activation: Activation, log: Activations, *, over: Activation | None = None) -> bool:
        """Append a release and the line that puts it live."""
        row_of(row)
        is_new = _is_new(row, self._same_name(row))
        is_put_live = log.append(activation, over=over)
        if is_put_live and is_new:
            self._rows[row.fingerprint] = row
        return is_put_live

    def get(self, fingerprint: str) -> ReleaseRow:
        """Return the release with this fingerprint, or the only one that begins so."""
        return self._rows[resolved(fingerprint, [row.fingerprint for row in self.all()])]

    def all(self) -> tuple[ReleaseRow, ...]:
        """Every release, oldest first."""
        return tuple(sorted(self._rows.values(), key=lambda row: (row.created_at, row.fingerprint)))

    def _same_name(self, row: ReleaseRow) -> Sequence[ReleaseRow]:
        return [self._rows[row.fingerprint]] if row.fingerprint in self._rows else []


def resolved(prefix: str, fingerprints: Sequence[str]) -> str:
    """Return the one fingerprint that is `prefix` or begins with it; `fingerprints` are oldest first.

    Raises
    ------
    ConfigError
        When none or several do, or the prefix is shorter than 6 characters.
    """
    if prefix in fingerprints:
        return prefix
    matches = [name for name in fingerprints if name.startswith(prefix)] if len(prefix) >= _SHORTEST else []
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise ConfigError(f"release {prefix}: {len(matches)} begin so; give more characters of {_listed(matches)}")
    raise ConfigError(f"release {prefix}: unknown; the newest are {_listed(fingerprints) or 'none: make one first'}")


def _listed(fingerprints: Sequence[str]) -> str:
    return ", ".join(name[:12] for name in reversed(fingerprints[-5:]))


def _names(connection: DuckDBPyConnection) -> list[str]:
    return [name for (name,) in connection.execute(_NAMES).fetchall()]


def _same_name(connection: DuckDBPyConnection, row: ReleaseRow) -> Sequence[ReleaseRow]:
    return fetched(connection, ReleaseRow, _ONE, {"fingerprint": row.fingerprint})


def _is_new(row: ReleaseRow, there: Sequence[ReleaseRow]) -> bool:
    if there and there[0].json != row.json:
        raise LedgerError(f"release {row.fingerprint[:12]}: stored with another content; do not edit releases, make one")
    return not there
