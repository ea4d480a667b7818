"""Searches beyond one process: the same result to the last bit, whoever computed it and whoever was killed on the way."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import sleep

import numpy as np
import optuna
import pytest

from core.errors import ConfigError, StoreError
from core.optimize.search import SearchPlan, search
from core.portfolio import prepare
from core.strategies.strategy import FloatRange, IntRange
from core.validation.walkforward import fit_all, walk_fold
from storage.studies import kept, opened
from tasks import cluster
from tasks.cluster import ClusterLost, Job, run_here, run_on
from tasks.nightly import search as night
from tasks.prefect_processes import spare_port
from tasks.settings import settings
from tests.core.panels import holey, small_release
from tests.flows.postgres import create, postgres

pytest.importorskip("distributed", reason="the extra `cluster` is not installed")

PLAN = SearchPlan(strategy="xsmom", trials=5, folds=3, seed=4, neighbours=1)
SPACE = {"top": IntRange(3, 8), "threshold": FloatRange(0.0, 1.0)}
ROOT = Path(__file__).parents[2]

optuna.logging.set_verbosity(optuna.logging.WARNING)


@pytest.fixture(scope="module")
def market():
    panel = holey(4, bars=900, width=8)
    release = small_release(panel, universe={"top": 8, "min_listed_days": 2, "liquidity_days": 2}, book_start_row=20)
    return prepare(panel, release), release


@pytest.fixture
def configured(monkeypatch, tmp_path):
    """Settings that only these variables make."""

    def configure(**values):
        monkeypatch.chdir(tmp_path)
        for name in ("DASK", "SEARCH_STORAGE"):
            monkeypatch.delenv(f"TRADEWIND_{name}", raising=False)
        for name, value in values.items():
            monkeypatch.setenv(f"TRADEWIND_{name}", value)
        settings.cache_clear()

    yield configure
    settings.cache_clear()


def jobs(release, told=lambda _: None, plan=PLAN):
    asked = {"release": release, "plan": plan}
    folds = [Job(f"fold-{k}", partial(walk_fold, number=k, **asked), told) for k in range(1, plan.folds + 1)]
    return [Job("all", partial(fit_all, **asked), told), *folds]


def same(one, other):
    """Whether two nights are equal to the last bit."""
    (walk, trials), (walk2, trials2) = one, other
    arrays = [(walk.net, walk2.net), (walk.cost, walk2.cost), (walk.open_time, walk2.open_time)]
    arrays += [(a.streams, b.streams) for a, b in zip(walk.folds, walk2.folds, strict=True)]
    figures = [[(f.fold, f.trials, f.is_sharpe, f.oos_sharpe) for f in each.folds] for each in (walk, walk2)]
    equal = all(np.array_equal(a, b, equal_nan=True) for a, b in arrays)
    return equal and trials == trials2 and figures[0] == figures[1] and walk.trades == walk2.trades


def ran(*arguments):
    # Beside the code, not installed: whatever Python finds here is what the workers find.
    paths = {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    return subprocess.Popen(
        [sys.executable, "-m", *arguments], env=os.environ | paths, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


@contextmanager
def dask(workers):
    """Run Dask's own commands on loopback: a scheduler and its workers."""
    address = f"tcp://127.0.0.1:{spare_port()}"
    port = address.rpartition(":")[2]
    processes = [ran("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard")]
    asked = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--death-timeout", "20")
    processes += [ran("distributed.cli.dask_worker", address, *asked) for _ in range(workers)]
    try:
        if workers:
            from distributed import Client

            with Client(address, timeout=30, set_as_default=False) as client:
                client.wait_for_workers(workers, timeout=30)
        yield address, processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_one_setting_moves_the_night_to_a_cluster_and_changes_no_bit_of_it(market, configured):
    from tasks.progress import listening

    configured()
    alone = night.fn(*market, PLAN)
    configured(DASK="local:2")
    heard = {}
    with listening(lambda what, done, total: heard.update({what: (done, total)})):
        together = night.fn(*market, PLAN)
    assert same(alone, together)
    assert heard == {"walk-forward": (15, 15), "search": (5, 5)}


def test_without_the_setting_nothing_of_dask_is_imported():
    code = "import sys, tasks.nightly; sys.exit(any(m in sys.modules for m in ('dask', 'distributed', 'psycopg2')))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_a_cluster_without_dask_is_refused_in_one_line(market, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ConfigError, match=r"Dask is not installed; run pip install 'tradewind\[cluster\]'"):
        run_on("local:2", market[0], jobs(market[1]))


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        ("local:none", "write local: and a number of processes, such as local:2"),
        ("local:0", "write local: and a number of processes, such as local:2"),
        ("tcp://127.0.0.1:9", "no Dask scheduler answers there"),
        ("nonsense://nowhere:1", "no Dask scheduler answers there"),
    ],
)
def test_an_address_without_a_cluster_is_refused_in_one_line(market, monkeypatch, address, complaint):
    monkeypatch.setattr(cluster, "PATIENCE", 1)
    with pytest.raises(ConfigError, match=f"^TRADEWIND_DASK={address}: .*{complaint}") as refused:
        run_on(address, market[0], jobs(market[1]))
    assert "\n" not in str(refused.value)


@pytest.mark.long
def test_a_scheduler_without_workers_says_how_to_start_one(market, monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", 5)
    with dask(0) as (address, _), pytest.raises(ConfigError, match=f"dask worker {address} --nthreads 1"):
        run_on(address, market[0], jobs(market[1]))


@pytest.mark.long
def test_a_killed_worker_costs_its_fold_and_changes_no_bit(market):
    told = []
    with dask(2) as (address, (_, worker, _)):

        def killing(trial):
            told.append(trial.number)
            if len(told) == 3:
                os.kill(worker.pid, signal.SIGKILL)

        found = run_on(address, market[0], jobs(market[1], killing))
    (whole, *folds), (whole2, *folds2) = found, run_here(market[0], jobs(market[1]))
    assert whole == whole2
    for fold, fold2 in zip(folds, folds2, strict=True):
        assert fold.result.trials == fold2.result.trials
        assert np.array_equal(fold.net, fold2.net)
    assert len(told) == 5 * 4  # what the killed worker had told was not told twice


@pytest.mark.long
def test_a_lost_scheduler_is_one_clear_line(market):
    with dask(1) as (address, (scheduler, _)):

        def killing(trial):
            if trial.number == 1 and scheduler.poll() is None:
                os.kill(scheduler.pid, signal.SIGKILL)

        with pytest.raises(ClusterLost, match=f"TRADEWIND_DASK={address}: the cluster was lost .*run it again"):
            run_on(address, market[0], jobs(market[1], killing))


def test_a_worker_of_another_version_is_refused(market):
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=1, processes=False, dashboard_address=None) as here,
        Client(here, set_as_default=False) as client,
    ):
        asked = client.submit(cluster._run, jobs(market[1])[0].run, market[0], "another", "topic", 0)
        with pytest.raises(ConfigError, match=r"this worker runs core \w+, the night another; install the same"):
            asked.result()


def slowly(params):
    sleep(0.05)
    return params["threshold"] - params["top"]


def helper(url, trials):
    """Search the shared study: what every process of the test below does."""
    return search(SPACE, slowly, trials=trials, seed=1, kept=kept(url, "bars-release", "fold 1"))


@pytest.mark.long
def test_workers_share_a_study_in_postgresql_and_one_that_is_killed_is_not_missed(market, configured):
    code = "import sys; from tests.flows.test_cluster import helper; helper(sys.argv[1], 40)"
    with postgres() as address:
        url = f"postgresql+psycopg2://{create(address, 'studies')}"
        opened(url)
        env = os.environ | {"PYTHONPATH": str(ROOT)}
        workers = [subprocess.Popen([sys.executable, "-c", code, url], env=env) for _ in range(2)]
        while (done := len(_complete(url))) < 8:
            assert all(worker.poll() is None for worker in workers)
            sleep(0.05)
        workers[0].kill()
        assert workers[1].wait(60) == 0
        after = _complete(url)
        assert done < len(after) in (40, 41)
        assert len({tuple(trial.params.items()) for trial in after}) == len(after)  # nobody drew the same
        again = helper(url, 40)  # what is complete is not searched again
        assert {(t.number, t.value) for t in again} == {(t.number, t.value) for t in after}

        configured(DASK="local:2", SEARCH_STORAGE=url)
        first, second = night.fn(*market, PLAN), night.fn(*market, PLAN)
        assert same(first, second)
        assert len(optuna.get_all_study_names(url)) == 1 + PLAN.folds + 1
    with pytest.raises(StoreError, match=r"tradewind:\*\*\*@127.0.0.1:\d+/studies: cannot be opened .*check the address"):
        opened(url)


def _complete(url):
    try:
        study = optuna.load_study(study_name="bars-release-fold-1", storage=url)
    except KeyError:  # no worker has made it yet
        return []
    return [trial for trial in study.trials if trial.state == optuna.trial.TrialState.COMPLETE]
