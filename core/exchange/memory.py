"""The exchange's state as text and back, exactly: decimals travel as strings, digit for digit."""

from pydantic import TypeAdapter, ValidationError

from core.errors import StoreError
from core.exchange.state import State

_STATE = TypeAdapter(State)


def dump(state: State) -> str:
    """Return the whole state as JSON; ``load(dump(state)) == state``."""
    return _STATE.dump_json(state).decode()


def load(text: str) -> State:
    """Read a state that `dump` wrote.

    Raises
    ------
    StoreError
        When the text is anything else.
    """
    try:
        return _STATE.validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the text"
        raise StoreError(f"simulated exchange: its stored state is unreadable at {where}: {first['msg']}") from error
