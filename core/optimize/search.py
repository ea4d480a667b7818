"""Bayesian search over a strategy's declared space: Optuna's TPE, asked and told, seeded."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from pydantic import Field

from core.config import Config
from core.errors import ConfigError
from core.strategies.strategy import FloatRange, IntRange, Space

Params = dict[str, Any]
TOP_SHARE = 0.2


class SearchPlan(Config):
    """How much a night searches, and from which seed."""

    strategy: str = "xsmom"
    trials: int = Field(default=100, ge=1, le=10_000)
    """Parameter sets tried in each fold, and again over the whole range."""
    folds: int = Field(default=6, ge=1, le=50)
    """Walk-forward folds."""
    seed: int = Field(default=0, ge=0, le=2**31)
    neighbours: int = Field(default=7, ge=0, le=100)
    """Sets around each trial that are scored with it, so that a lonely peak does not win."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One set of parameters and its score; higher is better."""

    number: int
    params: Params
    value: float


def search(
    space: Space,
    score: Callable[[Params], float],
    *,
    trials: int,
    seed: int,
    told: Callable[[Trial], None] = lambda _: None,
) -> tuple[Trial, ...]:
    """Try `trials` sets of parameters, each proposed from the scores of those before it.

    Parameters
    ----------
    score : higher is better; must be finite
    told : called after each trial, for progress

    Returns
    -------
    Every trial, in the order tried. The same space, scores and seed give the same trials.
    """
    if not space:
        raise ConfigError("the search space is empty: name at least one parameter to search")
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=min(20, max(5, trials // 4)))
    study = optuna.create_study(direction="maximize", sampler=sampler)
    distributions = {name: _distribution(bounds) for name, bounds in space.items()}
    seen = []
    for number in range(trials):
        asked = study.ask(distributions)
        trial = Trial(number, asked.params, score(asked.params))
        study.tell(asked, trial.value)
        told(trial)
        seen.append(trial)
    return tuple(seen)


def top_fifth(trials: tuple[Trial, ...]) -> tuple[Params, ...]:
    """Return the best fifth of the distinct parameter sets, at least one, best first: what is deployed instead of the best.

    The single best of many noisy scores is mostly luck; in simulation the average of the best fifth kept 81 % of the true
    edge where the best alone kept 58 % (statistics note, rule 6).
    """
    ranked = sorted(trials, key=lambda trial: (-trial.value, trial.number))
    best_first: dict[tuple[tuple[str, Any], ...], Params] = {}
    for trial in ranked:
        best_first.setdefault(tuple(sorted(trial.params.items())), trial.params)
    return tuple(best_first.values())[: max(1, round(TOP_SHARE * len(best_first)))]


def draw(space: Space, count: int, rng: np.random.Generator) -> tuple[Params, ...]:
    """Draw parameter sets at random, each parameter uniform over its range (on a log scale where the space says so)."""
    return tuple({name: _draw_one(bounds, rng) for name, bounds in space.items()} for _ in range(count))


def _draw_one(bounds: IntRange | FloatRange, rng: np.random.Generator) -> int | float:
    if isinstance(bounds, FloatRange):
        return float(rng.uniform(bounds.low, bounds.high))
    if bounds.log:
        return int(np.exp(rng.uniform(np.log(bounds.low), np.log(bounds.high + 1))))
    return int(rng.integers(bounds.low, bounds.high + 1))


def _distribution(bounds: IntRange | FloatRange) -> optuna.distributions.BaseDistribution:
    if isinstance(bounds, FloatRange):
        return optuna.distributions.FloatDistribution(bounds.low, bounds.high)
    return optuna.distributions.IntDistribution(bounds.low, bounds.high, log=bounds.log)
