"""The fast build's row loops are vector code: what the compiler says of each, asked in a process of its own.

It is lost silently, for instance by a branch with a store in it, and costs a multiple of the time.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROWS = {
    "move": (1, "fast(steps._move, 64)(RUN, 2, 1)"),
    "four moves": (1, "fast(steps._four_moves, 64)(RUN, 1)"),
    "first move": (1, "fast(steps._carry_first, 64)(RUN, 1)"),
    "caps": (1, "fast(caps.cap_weights, 64)(ROW, 1.0, ROW, 1.0, (0.1, 1.0), ROW)"),
    "forecast": (1, "fast(scaler.forecast_vol, 64)(ROW, ROW, 0.5, 0.05)"),
    "stops opened": (1, "fast(exits.arm, 64)(RUN, 0)"),
    "stops screened": (1, "fast(exits._endangered, 64)(RUN, 0)"),
    "best prices": (1, "fast(exits._ratchet, 64)(RUN, 0)"),
    "z-scores": (3, "fast(momentum._zscores, 64)(ROW, ROW, ROW > 0, ROW)"),
    "counts": (1, "fast(momentum._counts, 64)(ROW, 0.1, 0.1)"),
}

PROGRAM = """
import sys
from pathlib import Path
import llvmlite.binding as llvm
llvm.set_option("", "--pass-remarks=loop-vectorize")
import numpy as np
from core.backtest import exits, steps
from core.backtest.kernel import fresh_run
from core.compiled import fast
from core.signals import momentum
from core.sizing import caps, scaler
from tests.core.backtest.cases import PLAIN, case_of
from tests.core.panels import walk
case = case_of(walk(1, bars=40, width=50), np.zeros((4, 50)), [3, 12, 20, 30])
RUN, ROW = fresh_run(case.tape, PLAIN, keep=False), np.linspace(0.0, 1.0, 64)
for name, call in {calls!r}.items():
    print("==", name, file=sys.stderr, flush=True)
    eval(call)
"""


@pytest.fixture(scope="module")
def remarks(tmp_path_factory):
    program = PROGRAM.format(calls={name: call for name, (_, call) in ROWS.items()})
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path_factory.mktemp("kernels")), "PYTHONPATH": str(Path.cwd())}
    ran = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-2000:]
    parts = ran.stderr.split("== ")[1:]
    return {part.splitlines()[0]: part.count("vectorized loop (vectorization width") for part in parts}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_loop_is_vector_code(remarks, name):
    assert remarks[name] >= ROWS[name][0]
