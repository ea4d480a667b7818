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


def facts(state: State) -> tuple[object, ...]:
    """Return what must be kept durably before anybody sees it; equal tuples mean that nothing but time and prices moved."""
    open_orders, outside = state.orders.open, (state.hedge, state.barred, state.restarted)
    return state.sequence, state.opened, open_orders, state.leverage, outside
