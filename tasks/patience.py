"""Patience: wait for something that must not hold up trading, and no longer than this."""

from collections.abc import Callable
from contextvars import copy_context
from queue import Empty, Queue
from threading import Thread
from typing import TypeVar

Result = TypeVar("Result")


def within(seconds: float, call: Callable[[], Result]) -> Result:
    """Return what the call returns; what it raises is raised here.

    Raises
    ------
    TimeoutError
        When it takes longer. It goes on by itself then, and is forgotten; the end of the process ends it.
    """
    answers: Queue[tuple[Result | None, Exception | None]] = Queue()
    Thread(target=copy_context().run, args=(_answer, call, answers), daemon=True).start()
    try:
        result, error = answers.get(timeout=seconds)
    except Empty:
        raise TimeoutError(f"no answer within {seconds:g} s") from None
    if error is not None:
        raise error
    return result  # type: ignore[return-value]  # without an error there is a result


def _answer(call: Callable[[], Result], answers: "Queue[tuple[Result | None, Exception | None]]") -> None:
    try:
        answers.put((call(), None))
    except Exception as error:  # noqa: BLE001 - it is raised where it is waited for
        answers.put((None, error))
