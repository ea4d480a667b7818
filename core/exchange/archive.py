"""Sequences and tables that only grow: values to whoever reads them, and one step more costs the same however long they are.

Every version shares one list (or dict) with its successors and knows how much of it is its own. Only the newest version can
append in place; adding to an older one copies first. So no version ever changes, but two threads must not add at once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from types import GenericAlias
from typing import Any, Literal, Protocol, TypeVar, get_args, overload

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from core.errors import LedgerError

T = TypeVar("T")


class Log(Sequence[T]):
    """A tuple to read; `add` returns a longer one without copying."""

    __slots__ = ("_rows", "_size")

    def __init__(self, rows: Iterable[T] = ()) -> None:
        self._rows = list(rows)
        self._size = len(self._rows)

    def add(self, row: T) -> "Log[T]":
        """Return this and one more."""
        grown: Log[T] = Log()
        grown._rows = self._rows if len(self._rows) == self._size else self._rows[: self._size]
        grown._rows.append(row)
        grown._size = self._size + 1
        return grown

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...
    def __getitem__(self, index: int | slice) -> T | tuple[T, ...]:
        if isinstance(index, slice):
            return tuple(self._rows[number] for number in range(*index.indices(self._size)))
        return self._rows[range(self._size)[index]]

    def __iter__(self) -> Iterator[T]:
        return islice(self._rows, self._size)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Log | tuple) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Log({list(self)!r})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Travel as a list."""
        return _travelling_as(GenericAlias(tuple, (*get_args(source), ...)), cls, tuple, handler)


class Archive(Mapping[str, T]):
    """A table without deletion or change; `add` returns a longer one without copying."""

    __slots__ = ("_rows", "_size")

    def __init__(self, rows: Mapping[str, T] | None = None) -> None:
        self._rows = {key: (number, row) for number, (key, row) in enumerate((rows or {}).items())}
        self._size = len(self._rows)

    def add(self, key: str, row: T) -> "Archive[T]":
        """Return this and one more.

        Raises
        ------
        LedgerError
            When the key is here already.
        """
        if key in self:
            raise LedgerError(f"{key}: kept already, and what is kept never changes")
        grown: Archive[T] = Archive()
        grown._rows = self._rows if len(self._rows) == self._size else dict(islice(self._rows.items(), self._size))
        grown._rows[key] = (self._size, row)
        grown._size = self._size + 1
        return grown

    def __getitem__(self, key: str) -> T:
        number, row = self._rows[key]
        if number >= self._size:
            raise KeyError(key)
        return row

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._rows)[: self._size])  # one step, so that another thread may add meanwhile

    def __reversed__(self) -> Iterator[str]:
        return reversed(tuple(self._rows)[: self._size])

    def __len__(self) -> int:
        return self._size

    def __repr__(self) -> str:
        return f"Archive({dict(self)!r})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Travel as an object."""
        return _travelling_as(GenericAlias(dict, (str, *get_args(source))), cls, dict, handler)


class Numbered(Protocol):
    """What a register holds: it has a name, and is open until it is finished for ever."""

    @property
    def order_id(self) -> str:
        """Name, unique."""
        ...

    @property
    def status(self) -> Literal["open", "filled", "cancelled", "rejected"]:
        """Whether it is still open."""
        ...


N = TypeVar("N", bound=Numbered)


class Register(Mapping[str, N]):
    """Orders by id: a small table of the open ones, which change, and an archive of the closed, which do not."""

    __slots__ = ("closed", "open")

    def __init__(self, rows: Mapping[str, N] | None = None) -> None:
        known = rows or {}
        self.open: Mapping[str, N] = {key: row for key, row in known.items() if row.status == "open"}
        self.closed: Archive[N] = Archive({key: row for key, row in known.items() if row.status != "open"})

    def put(self, row: N) -> "Register[N]":
        """Return the register with this order as it is now."""
        after: Register[N] = Register()
        if row.status == "open":
            after.open, after.closed = {**self.open, row.order_id: row}, self.closed
        else:
            after.open = {key: other for key, other in self.open.items() if key != row.order_id}
            after.closed = self.closed.add(row.order_id, row)
        return after

    def __getitem__(self, key: str) -> N:
        return self.open[key] if key in self.open else self.closed[key]

    def __iter__(self) -> Iterator[str]:
        return chain(self.closed, self.open)

    def __len__(self) -> int:
        return len(self.closed) + len(self.open)

    def __repr__(self) -> str:
        return f"Register({dict(self)!r})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Travel as one object of all orders."""
        return _travelling_as(GenericAlias(dict, (str, *get_args(source))), cls, dict, handler)


def _travelling_as(plain: Any, here: Any, there: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
    schema = handler.generate_schema(plain)
    outward = core_schema.wrap_serializer_function_ser_schema(lambda value, inner: inner(there(value)), schema=schema)
    return core_schema.no_info_after_validator_function(here, schema, serialization=outward)
