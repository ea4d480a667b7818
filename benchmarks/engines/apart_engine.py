"""nautilus_trader and freqtrade, event by event, each in a process and an environment of its own: they want other packages."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.engines.contest import Contest
from benchmarks.measure import Elsewhere, Side
from benchmarks.processes import ROOT
from benchmarks.sets import CAP
from benchmarks.signals import numpy_weights
from benchmarks.workload import Workload
from core.types import Array

ENVIRONMENTS = ROOT / ".venv-bench"
"""Holds a folder per peer, with its own Python: docs/performance.md says how they are made."""

CAPITAL, BAND, SMALLEST = 1e7, 0.25, 10.0


def nautilus(work: Workload) -> Contest:
    """Bring `engine.run()`, which must send as many orders as the rule asks for."""
    folder = _saved(work)
    weights = np.load(folder / "market.npz")["weights"]
    sent, expected = _run("nautilus", folder)["orders"], expected_orders(work.bars.close[work.rows], weights)
    if abs(sent - expected) > 0.001 * expected:
        sys.exit(f"benchmarks: nautilus sent {sent} orders where the rule asks for {expected}: not the same work")
    side = Side("nautilus_trader", lambda: Elsewhere(_run("nautilus", folder)["seconds"]))
    left_out = (
        "signals, set-up, volatility target, step-down, Kelly, stops, funding: it trades given weights of a fixed capital"
    )
    return Contest((side,), f"nautilus_trader sent {sent:.0f} orders, the rule asks for {expected}", left_out)


def freqtrade(work: Workload) -> Contest:
    """Bring one hyperopt epoch of a strategy of its own."""
    folder = _saved(work)
    trades = _run("freqtrade", folder)["trades"]
    side = Side("freqtrade, one epoch", lambda: Elsewhere(_run("freqtrade", folder)["seconds"]))
    left_out = (
        "shorts, ranking, weights, volatility target, step-down, Kelly, funding, and its indicators; the exchange is mocked"
    )
    return Contest((side,), f"nothing: freqtrade runs a long-only strategy of its own, here {trades:.0f} trades", left_out)


def expected_orders(close: Array, weights: Array) -> int:
    """Count the orders that a quarter's band around weight x capital asks for."""
    units, count = np.zeros(close.shape[1]), 0
    for price, weight in zip(close, weights, strict=True):
        target = weight * CAPITAL
        go = np.abs(target - units * price) > np.maximum(SMALLEST, BAND * np.abs(target))
        units, count = np.where(go, target / price, units), count + int(go.sum())
    return count


def _saved(work: Workload) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="bench-apart-"))
    weights = np.clip(numpy_weights(work.features, work.rows), -CAP, CAP)
    np.savez(folder / "market.npz", **work.bars._asdict(), rows=work.rows, weights=weights)
    return folder


def _run(peer: str, folder: Path) -> dict[str, float]:
    python, script = ENVIRONMENTS / peer / "bin" / "python", Path(__file__).parent.parent / "apart" / f"{peer}_run.py"
    if not python.exists():
        sys.exit(f"benchmarks: {peer} is not installed in {python.parent.parent}: docs/performance.md says how")
    done = subprocess.run([python, script, folder / "market.npz"], capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        sys.exit(f"benchmarks: {peer} failed: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout.strip().splitlines()[-1])
