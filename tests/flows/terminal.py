"""The program as an operator, or a script, runs it."""

import json
import os
import subprocess
import sys
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from flows.cli import run
from tasks.settings import settings
from tasks.stores import store

TRADEWIND = Path(sys.executable).parent / "tradewind"
HERE = frozenset({"nonsense", "data", "import", "backtest", "results"})
"""Commands that start nothing and leave nothing behind: they are run in this process, which saves the imports of one."""


def tradewind(*arguments, home, code=0, **env):
    """Run the program as an operator would; return (stdout, stderr)."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TRADEWIND_", "PREFECT_"))}
    words, call = [*map(str, arguments), "--home", str(home)], _here if arguments[0] in HERE else _apart
    left, stdout, stderr = call(words, home, {**clean, **env})
    assert left == code, stderr
    return stdout, stderr


def answer(*arguments, home, **env):
    """Run a command with --json and return its object: exactly one line, and valid JSON."""
    stdout, _ = tradewind(*arguments, "--json", home=home, **env)
    assert stdout.count("\n") == 1
    return json.loads(stdout, parse_constant=pytest.fail)


def refusal(*arguments, home, **env):
    """Run a command that must be refused; return its one line."""
    stdout, stderr = tradewind(*arguments, home=home, code=2, **env)
    assert stdout == ""
    assert stderr.startswith("tradewind: ")
    assert stderr.count("\n") == 1
    return stderr


def _apart(words, home, env):
    done = subprocess.run([TRADEWIND, *words], capture_output=True, text=True, check=False, timeout=200, cwd=home, env=env)
    return done.returncode, done.stdout, done.stderr


def _here(words, home, env):
    stdout, stderr = StringIO(), StringIO()
    with _environment(env), chdir(home), redirect_stdout(stdout), redirect_stderr(stderr):
        code = run(words)
    return code, stdout.getvalue(), stderr.getvalue()


@contextmanager
def _environment(env):
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(env)
    _forget()
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        _forget()


def _forget():
    settings.cache_clear()
    store.cache_clear()
