"""Types of flow parameters that Prefect shows as a choice instead of a blank; what is chosen is checked where it is used."""

from typing import Annotated

from pydantic import Field

from core.market.timeframe import TIMEFRAMES
from core.strategies.registry import strategies

StrategyName = Annotated[str, Field(json_schema_extra={"enum": sorted(strategies())})]
TimeframeName = Annotated[str, Field(json_schema_extra={"enum": list(TIMEFRAMES)})]
