"""Builds of plain functions: plain Python for a single bar, strict for parity, fast for search. One source for all three.

Loading a compiler costs half a second and 140 MB, which a process that steps one bar should not pay. So hot functions are
plain, nothing is decorated, and whoever wants speed asks for a build of the whole module.

1. `strict` follows IEEE arithmetic in the order written: it gives what plain Python gives, to the last bit.
2. `fast` may reorder sums, fuse multiply and add, and divide by multiplying: for search only: what is
   promoted runs strict again.
3. What such a function calls from core is built into it. All of it speaks numba's dialect and allocates nothing.
"""

import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any, TypeVar

_F = TypeVar("_F", bound=Callable[..., Any])

_FAST = ("reassoc", "contract", "nsz", "arcp")
"""Keeps NaN and infinity honest; all of fastmath would not."""

_CALLED = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
_INLINED = {"forceinline": True, **_CALLED}
"""For functions that only compiled code calls; their wrappers would be a third of the time it takes to build."""


def strict(function: _F) -> _F:
    """Return the build that equals plain Python bit for bit."""
    return _STRICT.entry(function)


def fast(function: _F, width: int) -> _F:
    """Return the build that may reorder arithmetic, for rows of one width, and keeps no record."""
    if width not in _FAST_BUILDS:
        _FAST_BUILDS[width] = _Build(f"fast{width}", _FAST, {lanes: width, keeps: False})
    return _FAST_BUILDS[width].entry(function)


def lanes(rows: Any) -> int:
    """Length of an array's rows. The fast build puts its width in place of this: such loops have no remainder."""
    return rows.shape[-1]


def keeps(record: Any) -> bool:
    """Whether an array has room for what happens. The fast build says no, and what would write there is gone."""
    return record.shape[-1] > 0


def whole(function: _F) -> _F:
    """Mark a function that builds call instead of inlining: it runs long, and a larger whole would be built worse."""
    _WHOLE.add(function)
    return function


_WHOLE: set[Any] = set()


class _Build:
    """Compiled twins of functions; each module gets one namespace in which its functions find each other's twins."""

    def __init__(self, label: str, fastmath: tuple[str, ...] = (), constants: dict[Any, int] | None = None) -> None:
        self._label, self._fastmath, self._constants = label, set(fastmath), constants or {}
        self._namespaces: dict[str, dict[str, Any]] = {}
        self._entries: dict[Any, Any] = {}

    def entry(self, function: Any) -> Any:
        """Return the twin that Python calls; everything it calls is inlined into it."""
        if function not in self._entries:
            twin = self._copy(function, self._namespace(function.__module__))
            self._entries[function] = self._compile(twin, cache=True)
        return self._entries[function]

    def _namespace(self, module: str) -> dict[str, Any]:
        if module not in self._namespaces:
            space = self._namespaces[module] = dict(vars(sys.modules[module]))
            ours = {n: f for n, f in space.items() if isinstance(f, FunctionType) and f.__module__.startswith("core.")}
            for name, function in ours.items():
                space[name] = self._step(function, module, space)
        return self._namespaces[module]

    def _step(self, function: FunctionType, module: str, space: dict[str, Any]) -> Any:
        if function in self._constants:
            return self._compile(_constant(self._constants[function]), **_INLINED)
        if function.__module__ != module:
            return self._namespace(function.__module__)[function.__name__]
        return self._compile(self._copy(function, space), **(_CALLED if function in _WHOLE else _INLINED))

    def _copy(self, function: FunctionType, space: dict[str, Any]) -> FunctionType:
        twin = FunctionType(function.__code__, space, function.__name__, function.__defaults__)
        twin.__qualname__ = f"{self._label}.{function.__qualname__}"  # numba's cache tells builds apart by nothing else
        return twin

    def _compile(self, function: FunctionType, **options: bool) -> Any:
        from numba import njit  # noqa: PLC0415 - the plain build must not pay for it

        # Without reference counting, because nothing here allocates: counting cost ten times what the steps do.
        return njit(nogil=True, error_model="numpy", fastmath=self._fastmath or False, _nrt=False, **options)(function)


def _constant(number: int) -> Any:
    def constant(_: Any) -> int:
        return number

    return constant


_STRICT = _Build("strict")
_FAST_BUILDS: dict[int, _Build] = {}
