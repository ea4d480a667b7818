"""What one process of many does; not in `__main__`, which a spawned process does not import."""

import os
import tempfile
from pathlib import Path
from typing import Any


def settle_in() -> None:
    """Make this process quiet and give it a home of its own; before anything of ours is imported."""
    quiet = {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "PREFECT_LOGGING_TO_API_ENABLED": "false"}
    os.environ.update(quiet, PREFECT_LOGGING_LEVEL="CRITICAL")
    memory = Path("/dev/shm")
    folder = tempfile.mkdtemp(prefix="simulation-", dir=memory if memory.is_dir() else None)
    for name in [name for name in os.environ if name.startswith("TRADEWIND_")]:
        del os.environ[name]
    os.environ["TRADEWIND_HOME"] = folder
    os.chdir(folder)
    from tasks.environment import kernel_cache

    os.environ.setdefault("NUMBA_CACHE_DIR", str(kernel_cache()))


def outcomes(seeds: range, driver: str) -> list[Any]:
    """Live through some seeds in this process."""
    from tests.simulation.living import DRIVERS, live
    from tests.simulation.world import scenario

    return [live(scenario(seed), DRIVERS[driver]) for seed in seeds]
