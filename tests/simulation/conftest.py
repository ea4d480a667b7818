"""A home of its own for a simulation, nothing of the operator's in it."""

import os

import pytest

from tasks.settings import settings


@pytest.fixture
def alone(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("TRADEWIND_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TRADEWIND_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()
