"""The guide keeps its word: its example, dropped in as it stands, is found, judged and tested, and nothing else is edited."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.portfolio import prepare, run
from core.strategies import registry
from tests.core.guide import dropped, example
from tests.core.panels import small_release, walk

ROOT = Path(__file__).parents[3]


def test_every_law_is_run_over_the_example_by_itself(tmp_path):
    name, folder = dropped(tmp_path)
    code = "import sys, pytest, core.strategies as s; s.__path__.append(sys.argv[1]); sys.exit(pytest.main(sys.argv[2:]))"
    laws = ("-q", "-p", "no:cacheprovider", "-k", name, "tests/core/strategies/test_laws.py")
    done = subprocess.run(
        [sys.executable, "-c", code, folder, *laws], capture_output=True, text=True, check=False, cwd=ROOT, timeout=200
    )
    assert done.returncode == 0, done.stdout
    passed = int(done.stdout.split(" passed")[0].split()[-1])
    assert passed >= 26  # seven laws on three markets, and five on space and config


def test_the_example_is_found_by_name_and_its_book_trades(tmp_path, monkeypatch):
    name, folder = dropped(tmp_path)
    monkeypatch.setattr("core.strategies.__path__", [*registry.core.strategies.__path__, str(folder)])
    registry.strategies.cache_clear()
    try:
        assert name in registry.strategies()
        panel = walk(2, bars=600)
        sleeves = [{"strategy": name, "params": {"lookback": 60}}]
        release = small_release(panel, sleeves=sleeves)
        paths = run(prepare(panel, release), release)
    finally:
        registry.strategies.cache_clear()
        sys.modules.pop(f"core.strategies.{name}", None)
    assert paths.turnover.sum() > 1.0
    assert np.isfinite(paths.equity).all()


@pytest.mark.parametrize("rule", [["check"], ["format", "--check"]], ids=["check", "format"])
def test_the_example_keeps_the_rules_of_the_house(rule):
    name, source = example()
    command = [Path(sys.executable).parent / "ruff", *rule, "--no-cache", "--stdin-filename", f"core/strategies/{name}.py", "-"]
    done = subprocess.run(command, input=source, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout
