"""Prefect's server, its deployments, a worker and a whole night on PostgreSQL, as the containers run them: a command each."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import requests

from core.market.synthetic import synthetic_market
from storage.store import Store
from tasks.environment import kernel_cache
from tasks.prefect_processes import SERVER, WORKER, spare_port, wait_until_healthy
from tests.flows.postgres import create, postgres
from tests.flows.recorded import bar_frame, funding_frame

pytest.importorskip("distributed", reason="the extra `cluster` is not installed")

ROOT = Path(__file__).parents[2]
START, END = datetime(2023, 1, 1, tzinfo=UTC), datetime(2024, 4, 1, tzinfo=UTC)


def environment(home, address):
    """Return what a container is told."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("TRADEWIND_", "PREFECT_"))}
    return ours | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": str(ROOT),
        "NUMBA_CACHE_DIR": str(kernel_cache()),
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_API_URL": f"http://127.0.0.1:{spare_port()}/api",
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"postgresql+asyncpg://{create(address, 'prefect')}",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_WORKER_WEBSERVER_PORT": str(spare_port()),
        "TRADEWIND_HOME": str(home),
        "TRADEWIND_BYBIT_URL": "http://127.0.0.1:9",
        "TRADEWIND_SEARCH_STORAGE": f"postgresql+psycopg2://{create(address, 'studies')}",
        "TRADEWIND_DASK": "local:2",
    }


@contextmanager
def started(home, name, env, *command):
    with (home / f"{name}.log").open("w") as log:
        process = subprocess.Popen([sys.executable, "-m", *command], env=env, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def count(address, query):
    import psycopg2

    with psycopg2.connect(f"postgresql://{address}") as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_night_runs_through_a_worker_with_everything_on_postgresql_and_on_dask(tmp_path):
    market = synthetic_market(np.random.default_rng(11), days=460, symbols=6, start=START, edge=0.0)
    store = Store(tmp_path)
    store.bars.merge(bar_frame(market.panel))
    store.funding.merge(funding_frame(market.panel))
    store.instruments.record(market.instruments, START)
    with postgres() as address:
        env = environment(tmp_path, address)
        api = env["PREFECT_API_URL"]
        port, health = api.split(":")[2].partition("/")[0], f"http://127.0.0.1:{env['PREFECT_WORKER_WEBSERVER_PORT']}/health"
        with started(tmp_path, "server", SERVER | env, "prefect", "server", "start", "--host", "127.0.0.1", "--port", port):
            wait_until_healthy(api, lambda: None)
            deploy = [sys.executable, "-c", "from flows.cli import main; main()", "deploy"]
            subprocess.run(deploy, env=env, cwd=ROOT, check=True, capture_output=True)
            worker = ("prefect", "worker", "start", "--pool", "batch", "--with-healthcheck")
            with started(tmp_path, "worker", WORKER | env | {"TRADEWIND_ROOT": str(ROOT)}, *worker):
                asked = ("trials=3", "folds=2", f'end="{END.isoformat()}"')
                run = ["prefect", "deployment", "run", "optimize/optimize", "--watch", "--watch-timeout", "700"]
                told = [part for each in asked for part in ("--param", each)]
                done = subprocess.run(
                    [sys.executable, "-m", *run, *told], env=env, cwd=ROOT, capture_output=True, text=True, check=False
                )
                assert done.returncode == 0, done.stdout + (tmp_path / "worker.log").read_text()
                assert requests.get(health, timeout=5).ok
        assert count(f"{address}/prefect", "select count(*) from flow_run where state_name = 'Completed'") == 1
        assert count(f"{address}/studies", "select count(*) from trials where state = 'COMPLETE'") == 3 * 3
    assert len(store.runs.all("optimize", 10)) == 1
    assert "database is locked" not in (tmp_path / "server.log").read_text()
