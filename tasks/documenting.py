"""The configuration reference, written from the models themselves: what is set where, in which unit, within which bounds."""

from collections.abc import Iterator
from decimal import Decimal
from inspect import cleandoc
from itertools import chain
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from pydantic import AwareDatetime, BaseModel, SecretStr
from pydantic.fields import FieldInfo

from core.config import Bars, Bps, Fraction
from core.deploy.degradation import DegradationLimits
from core.deploy.guard import GuardLimits
from core.deploy.release import Release
from core.deploy.stages import StageRules
from core.optimize.search import SearchPlan
from core.regimes import RegimeConfig
from core.strategies.registry import strategies
from core.validation.data_limits import DataLimits
from core.validation.fitness import FitnessLimits
from core.validation.null_test import NullPlan
from tasks.settings import Settings

MARK = "<!-- Written by `python -m flows.documenting`: change the code, then run that. -->"

_INTRODUCTION = """\
Everything that can be set, with its default and its bounds, as the code reads it. Fractions are decimals: 0.2 is 20 %. A value
outside its range, or a name that is not here, is refused with one line that says which."""
_SETTINGS = """\
Environment variables, or lines of a `.env` file in the working directory ([`.env.example`](../.env.example)); a variable wins
over the file. They say where things are and whose account it is. What decides a weight is in the release."""
_RELEASE = """\
What decides target weights, frozen and named by its content. `tradewind releases show` prints one; `tradewind backtest --set
scaler.target_vol=0.3` tries other values, and so does `tradewind rehearse`. What is live changes by a deployment, a promotion
or a rollback, never by editing."""
_SEARCHES = """\
How much is searched: options of `tradewind optimize` and `tradewind null-test`, and fields of the deployments' forms."""
_FIXED = """\
What the gate, the stages and the watch go by. They are the same for every home and have no option: a limit that is easily moved
holds nothing. To change one, change its default in the code, and say why in a decision record."""

COLUMNS = ("name", "type", "default", "range", "unit", "meaning")


class Part(NamedTuple):
    """A chapter of the page: its models, and what holds for all of them."""

    title: str
    says: str
    models: tuple[tuple[str, type[BaseModel]], ...]


def configuration_page() -> str:
    """Return `docs/configuration.md`, in Markdown."""
    parts = _parts()
    chapters = [f"## {part.title}\n\n{part.says}\n\n" + "\n".join(_section(*named) for named in part.models) for part in parts]
    return f"{MARK}\n\n# Configuration\n\n{_INTRODUCTION}\n\n" + "\n".join(chapters)


def environment_example() -> str:
    """Return `.env.example`: every setting with its default, commented out, below what it means."""
    head = "# Copy to .env and uncomment what you need. Every setting can also be an environment variable of the same name.\n"
    return head + "".join(_example(name, field) for name, field in Settings.model_fields.items())


def documented_models() -> frozenset[type[BaseModel]]:
    """Return every model that the page describes."""
    return frozenset(model for part in _parts() for _, model in part.models)


def _parts() -> tuple[Part, ...]:
    parameters = [(f"sleeves[].params of {name}", each.config) for name, each in sorted(strategies().items())]
    fixed = (DataLimits, GuardLimits, StageRules, DegradationLimits, FitnessLimits, RegimeConfig)
    return (
        Part("Settings", _SETTINGS, (("", Settings),)),
        Part("Release", _RELEASE, (*_nested("Release", Release), *parameters)),
        Part("Searches", _SEARCHES, ((SearchPlan.__name__, SearchPlan), (NullPlan.__name__, NullPlan))),
        Part("Limits of the house", _FIXED, tuple(chain.from_iterable(_nested(each.__name__, each) for each in fixed))),
    )


def _nested(title: str, model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield a model and those inside it, each once, under the names it goes by."""
    yield title, model
    places: dict[type[BaseModel], list[str]] = {}
    for name, field in model.model_fields.items():
        if inner := _model_in(field.annotation):
            places.setdefault(inner, []).append(f"{name}[]" if get_origin(field.annotation) is tuple else name)
    for inner, names in places.items():
        yield from _nested(", ".join(names), inner)


def _section(title: str, model: type[BaseModel]) -> str:
    hints = get_type_hints(model, include_extras=True)
    prefix = str(model.model_config.get("env_prefix", ""))
    rows = [_row(prefix, name, hints[name], field) for name, field in model.model_fields.items()]
    head = f"### `{title}`\n\n{_doc(model)}\n\n" if title else ""
    return head + "\n".join(map(_line, (COLUMNS, ["---"] * len(COLUMNS), *rows))) + "\n"


def _row(prefix: str, name: str, hint: Any, field: FieldInfo) -> tuple[str, ...]:
    shown = prefix + name.upper() if prefix else name
    return f"`{shown}`", _kind(field.annotation), _default(field), _bounds(field), _unit(name, hint), _meaning(field)


def _meaning(field: FieldInfo) -> str:
    inner = _model_in(field.annotation)
    return " ".join((field.description or (_doc(inner) if inner else "")).split())


def _doc(model: type[BaseModel]) -> str:
    return cleandoc(model.__doc__ or "").replace("\n\n", "\n").replace("\n", " ")


def _kind(annotation: Any) -> str:
    """Return a type in words."""
    if inner := _model_in(annotation):
        return ("list of " if get_origin(annotation) is tuple else "") + inner.__name__
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{choice}`" for choice in parts)
    if origin is Annotated:
        return _kind(parts[0])
    if origin in {Union, UnionType}:
        return " or ".join(_kind(part) for part in parts)
    if origin in {list, tuple}:
        return f"list of {_kind(parts[0])}"
    return _KINDS.get(origin or annotation, getattr(annotation, "__name__", str(annotation)))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        return "see below" if value == type(value).model_construct() else _differences(value)
    return "none" if value is None or value == {} else f"`{_shown(value)}`"


def _differences(value: BaseModel) -> str:
    return ", ".join(f"`{name}={getattr(value, name)}`" for name in sorted(value.model_fields_set))


def _shown(value: object) -> str:
    """Return a default as one writes it."""
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.12g}"
    return str(value)


def _bounds(field: FieldInfo) -> str:
    """Return a range in words: of several bounds on one side the tighter."""
    rules = list(_rules(field))
    least, over, most, under = (
        [getattr(rule, word) for rule in rules if hasattr(rule, word)] for word in ("ge", "gt", "le", "lt")
    )
    lows = [f"over {_number(max(over))}"] if over else [_number(max(least))] if least else []
    highs = [f"under {_number(min(under))}"] if under else [_number(min(most))] if most else []
    patterns = [f"`{rule.pattern}`" for rule in rules if getattr(rule, "pattern", None)]
    if lows and not highs:
        return lows[0] if over else f"{lows[0]} or more"
    return " to ".join((*lows, *highs, *patterns))


def _number(value: float) -> str:
    return f"{value:,.12g}"


def _rules(field: FieldInfo) -> Iterator[Any]:
    """Yield the constraints of a field, also those on one side of an *or none*."""
    yield from field.metadata
    for part in get_args(field.annotation):
        for extra in getattr(part, "__metadata__", ()):
            yield from getattr(extra, "metadata", (extra,))


def _unit(name: str, hint: Any) -> str:
    """Return the unit that the type carries, else the one at the end of the name."""
    marks = [mark for part in (hint, *get_args(hint)) for mark in getattr(part, "__metadata__", ())]
    typed = (unit for kind, unit in _UNITS if any(mark is get_args(kind)[1] for mark in marks))
    return next(typed, _ENDINGS.get(name.rpartition("_")[2], ""))


def _model_in(annotation: Any) -> type[BaseModel] | None:
    kinds = (annotation, *get_args(annotation))
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def _line(cells: Any) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def _example(name: str, field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    return f"\n# {_meaning(field)}\n# TRADEWIND_{name.upper()}={'' if value is None else _shown(value)}\n"


_KINDS: dict[Any, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    Decimal: "number",
    bool: "yes or no",
    NoneType: "none",
    SecretStr: "secret",
    Path: "path",
    AwareDatetime: "moment",
    dict: "parameters",
}
_UNITS = ((Fraction, "fraction"), (Bps, "basis points"), (Bars, "bars"))
_ENDINGS = {unit: unit for unit in ("seconds", "minutes", "hours", "days", "bars")} | {"bps": "basis points"}
