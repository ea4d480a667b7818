"""The base of every configuration: frozen, closed to unknown keys, named by its content.

Units are part of the type: a `Fraction` is a decimal share (0.02 is 2 %), `Bps` are basis points, `Bars` count bars of the
panel's own timeframe.
"""

import hashlib
import json
from difflib import get_close_matches
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from core.errors import ConfigError

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
"""A share of one, never percent."""

Bps = Annotated[float, Field(ge=0.0, le=1_000.0)]
"""Basis points: 1 is one hundredth of a percent."""

Bars = Annotated[int, Field(ge=1, le=100_000)]
"""A count of bars of the panel's timeframe."""

Moment = AwareDatetime
"""A point in time with its time zone; everything of ours is UTC."""


class Config(BaseModel):
    """A frozen record that knows its own name."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    @property
    def canonical_json(self) -> str:
        """The one spelling of this record: sorted keys, no blanks."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))

    @property
    def fingerprint(self) -> str:
        """sha256 of the canonical JSON, in hex."""
        return hashlib.sha256(self.canonical_json.encode()).hexdigest()

    @classmethod
    def read(cls, values: dict[str, Any], *, subject: str) -> Self:
        """Build from untrusted values; a mistake becomes one line that names the field.

        Raises
        ------
        ConfigError
            With the subject, the field, what is wrong with it and, for a misspelt name, the nearest one.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise ConfigError(f"{subject}: {_first_complaint(cls, error)}") from error


def _first_complaint(cls: type[BaseModel], error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        near = get_close_matches(where, cls.model_fields, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(cls.model_fields)}"
        return f"unknown parameter {where}: {hint}"
    return f"{where} = {first['input']!r}: {first['msg']}"
