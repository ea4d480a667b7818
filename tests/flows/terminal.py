"""The program as an operator, or a script, runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TRADEWIND = Path(sys.executable).parent / "tradewind"


def tradewind(*arguments, home, code=0, **env):
    """Run the program as an operator would; return (stdout, stderr)."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TRADEWIND_", "PREFECT_"))}
    done = subprocess.run(
        [TRADEWIND, *arguments, "--home", home],
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
        cwd=home,
        env={**clean, **env},
    )
    assert done.returncode == code, done.stderr
    return done.stdout, done.stderr


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
