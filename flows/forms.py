"""Forms: what Prefect's UI shows of a flow's parameters, beyond their types."""

from datetime import datetime
from typing import Annotated, Any, TypeVar

from griffe import Docstring, DocstringSectionParameters, Parser, parse
from prefect import Flow
from prefect.logging.loggers import disable_logger
from prefect.utilities.callables import parameter_schema
from pydantic import AfterValidator, Field

from core.market.timeframe import TIMEFRAMES
from core.strategies.registry import strategies
from flows.arguments import as_utc

F = TypeVar("F", bound=Flow[Any, Any])

StrategyName = Annotated[str, Field(json_schema_extra={"enum": sorted(strategies())})]
"""Shown as a choice; what is chosen is checked where it is used."""

TimeframeName = Annotated[str, Field(json_schema_extra={"enum": list(TIMEFRAMES)})]
"""Shown as a choice; what is chosen is checked where it is used."""

Moment = Annotated[datetime, AfterValidator(as_utc)]
"""UTC, also when it was typed without a zone, as in ``prefect deployment run -p start=2024-06-01``."""


def with_help(flow: F) -> F:
    """Put the docstring's words on each parameter into the form.

    Prefect reads a flow's docstring when it deploys, and in Google's style only.
    """
    with disable_logger("griffe"):  # it misses the types, which stand in the signature
        sections = parse(Docstring(flow.fn.__doc__ or ""), Parser.numpy)
    named = [each for section in sections if isinstance(section, DocstringSectionParameters) for each in section.value]
    lines = (f"    {each.name}: {' '.join(each.description.split())}" for each in named)
    flow.__doc__ = "\n".join((flow.description or "", "", "Args:", *lines))
    flow.parameters = parameter_schema(flow)
    return flow
