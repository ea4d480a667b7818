"""The base of every configuration: frozen, closed to unknown keys, named by its content.

Units are part of the type: a `Fraction` is a decimal share (0.02 is 2 %), `Bps` are basis points, `Bars` count bars of the
panel's own timeframe.
"""

import hashlib
import json
from difflib import get_close_matches
from typing import Annotated, Any, Self, get_args

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

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

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_for_a_number(cls, value: Any, info: ValidationInfo) -> Any:
        # Python counts True as 1, and so would a parameter that was meant to be a number.
        annotation = cls.model_fields[str(info.field_name)].annotation
        if isinstance(value, bool) and annotation in {int, float, int | None, float | None}:
            raise ValueError(f"{value} is not a number")
        return value

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
        return f"unknown parameter {where}: {_nearest(str(first['loc'][-1]), _names_at(cls, first['loc'][:-1]))}"
    context = first.get("ctx", {})
    if first["type"] == "value_error":  # a rule of ours about several fields: its own words say which
        return ": ".join(filter(None, (where, str(context["error"]))))
    unit = "; a fraction, so 20 % is 0.2" if first["type"] == "less_than_equal" and context["le"] == 1.0 else ""
    return f"{where} = {first['input']!r}: {first['msg']}{unit}"


def _nearest(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"


def _names_at(cls: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """Return the field names of the config that lies at a path below `cls`; numbers in the path are places in a list."""
    for part in (name for name in path if isinstance(name, str)):
        annotation = cls.model_fields[part].annotation
        kinds = (annotation, *get_args(annotation))
        cls = next(kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel))
    return list(cls.model_fields)
