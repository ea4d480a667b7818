"""Every strategy in this folder, by name: a module that defines `STRATEGY` is registered by being here."""

import importlib
import pkgutil
from difflib import get_close_matches
from functools import cache
from typing import Any

import core.strategies
from core.config import Config
from core.errors import ConfigError
from core.strategies.strategy import Strategy


@cache
def strategies() -> dict[str, Strategy]:
    """Return all strategies by name."""
    modules = (importlib.import_module(f"core.strategies.{m.name}") for m in pkgutil.iter_modules(core.strategies.__path__))
    found = (getattr(module, "STRATEGY", None) for module in modules)
    return {s.name: s for s in found if s is not None}


def strategy(name: str) -> Strategy:
    """Return one strategy, or raise ConfigError with the nearest name."""
    known = strategies()
    if name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
        raise ConfigError(f"unknown strategy {name!r}: {hint}")
    return known[name]


def strategy_config(name: str, params: dict[str, Any]) -> Config:
    """Check a strategy's parameters against its config; defaults fill what is not named."""
    return strategy(name).config.read(params, subject=name)
