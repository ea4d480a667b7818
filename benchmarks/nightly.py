"""`python -m benchmarks.nightly`: a night's search: where its CPU goes, and what ten thousand backtests cost (goals G6, G7).

A trial is fat: the proposed set, and neighbours of it, a third of them at one and a half times the costs. It is scored by the
25 % quantile of their Sharpe ratios, so that what wins has a good neighbourhood. Optuna proposes: multivariate TPE, in memory.
"""

import argparse
import sys
import time

import numpy as np
import optuna

from benchmarks.measure import Figure, report
from benchmarks.numpy_loop import Sets
from benchmarks.search import Search
from benchmarks.sets import FEE
from benchmarks.workload import make_workload
from core.types import Array

SPACE = {
    "w1": (0.0, 1.0),
    "w2": (0.0, 1.0),
    "w3": (0.0, 1.0),
    "w4": (0.0, 1.0),
    "threshold": (0.0, 1.2),
    "band": (0.0, 0.5),
    "trail": (3.0, 10.0),
    "target_vol": (0.1, 0.5),
    "stepdown_start": (0.03, 0.12),
    "stepdown_end": (0.13, 0.4),
    "stepdown_floor": (0.1, 0.8),
    "kelly": (0.2, 1.0),
    "cap": (0.05, 0.3),
}
MOVED = ("w1", "w2", "w3", "w4", "threshold", "band", "trail")
EVERY = (4, 8, 12, 24)


def main(arguments: list[str]) -> None:
    """Search once and account for the process's CPU time."""
    options = _options(arguments)
    searches = {every: Search(make_workload(options.T, options.N, every)) for every in EVERY}
    for every, search in searches.items():
        search.evaluate(fat_sets(_middle(every), options.fat, np.random.default_rng(0)))
    study = _study(options.seed)
    start, inside = time.process_time(), 0.0
    for number in range(options.trials):
        trial = study.ask()
        params = _ask(trial)
        sets = fat_sets(params, options.fat, np.random.default_rng([options.seed, number]))
        entered = time.process_time()
        found = searches[int(params["every"])].evaluate(sets)
        inside += time.process_time() - entered
        study.tell(trial, float(np.quantile(np.nan_to_num(found[:, 2], nan=-9.0), 0.25)))
    _print(time.process_time() - start, inside, options)


def fat_sets(params: dict[str, float], count: int, rng: np.random.Generator) -> Sets:
    """Return the proposed set and its neighbours, `count` in all."""
    columns = {name: np.full(count, params[name]) for name in (*SPACE, "top", "every")}
    for name in MOVED:
        columns[name][1:] *= 1.0 + 0.1 * rng.standard_normal(count - 1)
    fee = np.where(np.arange(count) % 3 == 2, 1.5 * FEE, FEE)
    mix: Array = np.column_stack([columns.pop(name) for name in ("w1", "w2", "w3", "w4")])
    return Sets(mix=mix, fee=fee, **columns)


def _ask(trial: optuna.Trial) -> dict[str, float]:
    params = {name: trial.suggest_float(name, low, high) for name, (low, high) in SPACE.items()}
    params["top"] = trial.suggest_int("top", 3, 15)
    params["every"] = trial.suggest_categorical("every", EVERY)
    return params


def _middle(every: int) -> dict[str, float]:
    return {name: (low + high) / 2.0 for name, (low, high) in SPACE.items()} | {"top": 8, "every": every}


def _study(seed: int) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, constant_liar=False)
    return optuna.create_study(direction="maximize", sampler=sampler)


def _print(total: float, inside: float, options: argparse.Namespace) -> None:
    count = options.trials * options.fat
    share, each, rest = inside / total, inside / count, (total - inside) / count
    print(f"\n{options.trials} trials x {options.fat} backtests of {options.T:,} bars x {options.N} symbols: {total:.1f} CPU s")
    print(
        f"  in the kernel {inside:.1f} s = {share:.1%}, {each * 1e3:.2f} ms a backtest; sampler {rest * 1e3:.2f} ms a backtest"
    )
    once = [("nightly, kernel's share of CPU", share, "fraction"), ("nightly, sampler per backtest", rest * 1e3, "ms")]
    once.append(("nightly, 10,000 backtests", total / count * 10_000, "CPU s"))
    report([Figure(name, value, value, value, unit) for name, value, unit in once])


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.nightly", description=__doc__)
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--fat", type=int, default=32)
    parser.add_argument("--T", type=int, default=17_520)
    parser.add_argument("--N", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
