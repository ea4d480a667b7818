"""Studies: where a search keeps its trials while it runs, so that it can be resumed, or shared by many workers.

Optuna owns these tables (docs/decisions/0014); the trial ledger, `storage.trials`, is ours and is what the evidence counts.
"""

import optuna
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from core.errors import ConfigError, StoreError
from core.optimize.search import Kept


def opened(url: str) -> optuna.storages.BaseStorage:
    """Open Optuna's storage; its tables are made on first use.

    Parameters
    ----------
    url : ``sqlite:////var/studies.db`` for one machine, ``postgresql+psycopg2://user:password@host/name`` for many

    Raises
    ------
    ConfigError
        When it is not a database URL, or the driver it names is not installed.
    StoreError
        When the database does not answer or is not Optuna's. No message shows the password.
    """
    try:
        shown = make_url(url).render_as_string(hide_password=True)
    except (ArgumentError, ValueError) as error:
        raise ConfigError("study storage: not a database URL; write for instance sqlite:////var/studies.db") from error
    try:
        return optuna.storages.RDBStorage(url)
    except (ImportError, ArgumentError) as error:  # an unknown kind of database is an ArgumentError
        raise ConfigError(f"study storage {shown}: its driver is not installed ({_first_line(error)})") from error
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError, RuntimeError) as error:
        raise StoreError(f"study storage {shown}: cannot be opened ({_first_line(error)}); check the address") from error


def kept(url: str, prefix: str, study: str) -> Kept:
    """Return the place of one study in the database at `url`, named by `prefix` and its own name."""
    return Kept(opened(url), f"{prefix}-{study.replace(' ', '-')}")


def _first_line(error: Exception) -> str:
    return str(error.__cause__ or error).splitlines()[0]
