"""Before anything imports Prefect or numba: no telemetry, no logs to a server, compiled kernels kept per version of core/."""

import os

from tasks.environment import kernel_cache

os.environ.setdefault("NUMBA_CACHE_DIR", str(kernel_cache()))
os.environ.update(
    TRADEWIND_HOME=f"{os.devnull}/a-test-names-its-own-home",  # cannot be made: no test writes into the reader's own
    DO_NOT_TRACK="1",
    PREFECT_SERVER_ANALYTICS_ENABLED="false",
    PREFECT_LOGGING_TO_API_ENABLED="false",
    PREFECT_LOGGING_LEVEL="CRITICAL",
)


def pytest_collection_modifyitems(items):
    """Slow files first, so that no worker ends the run alone."""
    items.sort(key=lambda item: "flows" not in item.path.parts)
