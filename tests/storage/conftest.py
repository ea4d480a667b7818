"""Both twins of the store: whatever a table promises, both keep."""

import pytest

from storage.store import MemoryStore, Store


@pytest.fixture(params=["duck", "memory"])
def store(request, tmp_path):
    return Store(tmp_path / "var") if request.param == "duck" else MemoryStore()
