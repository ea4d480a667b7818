"""Steps of the live flow: Prefect tasks whose arguments Prefect hands over without looking into them.

Otherwise it walks every record for futures to wait for, and a tick's books are hundreds of records: half of a tick's time.
"""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.utilities.annotations import quote

P = ParamSpec("P")
R = TypeVar("R")


class Step(Task[P, R]):
    """A task that is given what it is given."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run it."""
        named = {name: quote(value) for name, value in kwargs.items()}
        return super().__call__(*map(quote, args), **named)  # type: ignore[arg-type]  # taken off again before the call


def step(function: Callable[P, R]) -> Task[P, R]:
    """Make a step of a function; it is never cached and never retried."""
    return Step(function, cache_policy=NO_CACHE)
