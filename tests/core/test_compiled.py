"""Builds: one source, one namespace per build, and a compiler only for who asks for it."""

import subprocess
import sys

import numpy as np
import pytest

from core.compiled import fast, keeps, lanes, strict
from core.market.features import smooth
from core.sizing.caps import cap_weights
from core.sizing.scaler import forecast_vol

ROW, VOL = np.array([0.5, -0.25, np.nan, 0.1]), np.array([0.8, 0.5, 0.4, 1.0])


def fresh(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_a_strict_build_gives_what_plain_python_gives():
    assert strict(forecast_vol)(ROW, VOL, 0.6, 0.05) == forecast_vol(ROW, VOL, 0.6, 0.05)
    rng = np.random.default_rng(1)
    values = np.where(rng.random((40, 3)) < 0.2, np.nan, rng.random((40, 3)))
    plain, built = np.empty((2, 40, 3))
    smooth(values, 0.9, 1e-18, plain)
    strict(smooth)(values, 0.9, 1e-18, built)
    assert np.array_equal(plain, built, equal_nan=True)


def test_what_is_missing_stays_missing_in_every_build():
    for build in (lambda f: f, strict, lambda f: fast(f, 4)):
        out = np.empty(4)
        build(cap_weights)(ROW, 2.0, np.full(4, 1e9), 1.0, (0.4, 10.0), out)
        assert out == pytest.approx([0.4, -0.4, np.nan, 0.2], nan_ok=True)


def test_a_build_is_made_once():
    assert strict(smooth) is strict(smooth)
    assert fast(smooth, 16) is fast(smooth, 16)
    assert fast(smooth, 16) is not fast(smooth, 32)
    assert fast(smooth, 16) is not strict(smooth)


def test_builds_of_one_source_do_not_share_an_entry_of_the_cache_on_disk():
    paths = {build._cache._impl._filename_base for build in (strict(smooth), fast(smooth, 16), fast(smooth, 32))}
    assert len(paths) == 3


def test_in_plain_python_a_row_is_as_long_as_it_is_and_a_record_keeps_what_it_has_room_for():
    assert lanes(np.zeros((3, 5))) == 5
    assert keeps(np.zeros((7, 1)))
    assert not keeps(np.zeros((7, 0)))


def test_what_only_imports_the_steps_does_not_load_the_compiler():
    code = "import sys, core.backtest.kernel, core.backtest.batch, core.portfolio; sys.exit('numba' in sys.modules)"
    seen = fresh(code)
    assert seen.returncode == 0, seen.stderr


def test_a_build_of_another_process_is_loaded_and_not_compiled_again():
    code = (
        "import numpy as np; from core.compiled import strict; from core.sizing.scaler import forecast_vol;"
        "build = strict(forecast_vol); build(np.ones(4), np.ones(4), 0.5, 0.5); print(sum(build.stats.cache_hits.values()))"
    )
    strict(forecast_vol)(np.ones(4), np.ones(4), 0.5, 0.5)
    seen = fresh(code)
    assert seen.stdout.strip() == "1", seen.stderr
