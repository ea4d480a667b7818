"""The doctor's look at Prefect: the server, its database, and whether deployments and automations are as the files say."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

import requests
from prefect.client.schemas.responses import DeploymentResponse

from core.operations.checkup import GIB, PREFECT_DATABASE_WARNED, Finding, Outcome
from tasks.automations import missing_automations
from tasks.environment import operators_server, prefect_database_kind, server_in_use
from tasks.prefect_api import deployed, prefect_at
from tasks.project import declared_deployments
from tasks.up_lock import holder_of

SERVER_SECONDS = 5
DEPLOY_IT = "run `tradewind deploy`, or start `tradewind up` anew"


def tradewind_up(check: str, _root: Path, home: Path) -> Finding:
    """Say whether `tradewind up` runs."""
    holder = holder_of(home)
    if holder is None:
        return Finding(check, Outcome.SKIPPED, "not running")
    return Finding(check, Outcome.OK, f"process {holder.pid} since {holder.since:%Y-%m-%d %H:%M} UTC")


def prefect_server(check: str, _root: Path, home: Path) -> Finding:
    """Ask the server for its version and hold it against ours."""
    url = server_in_use(home)
    if url is None:
        if wanted := operators_server(home):
            return Finding(
                check, Outcome.FAIL, f"PREFECT_API_URL={wanted}: no answer", "start that server, or unset the variable"
            )
        return Finding(check, Outcome.SKIPPED, "none runs")
    ours, theirs = version("prefect"), str(_asked(f"{url}/admin/version"))
    if ours != theirs:
        return Finding(check, Outcome.WARN, f"{url} is version {theirs}, we are {ours}", "run the same version on both sides")
    return Finding(check, Outcome.OK, f"{url}, version {theirs}")


def prefect_database(check: str, _root: Path, home: Path) -> Finding:
    """Say which database the server keeps, and how large it is when it is a file of ours."""
    if operators_server(home):
        return Finding(check, Outcome.SKIPPED, "the server is not ours")
    if (kind := prefect_database_kind()) != "sqlite":
        return Finding(check, Outcome.OK, kind)
    file = home / "prefect" / "prefect.db"
    if not file.exists():
        return Finding(check, Outcome.SKIPPED, "none in this home")
    size = sum(part.stat().st_size for part in (file, file.with_name("prefect.db-wal")) if part.exists())
    said = f"SQLite, {size / GIB * 1024:,.0f} MiB"
    if size > PREFECT_DATABASE_WARNED:
        return Finding(check, Outcome.WARN, said, "runs are kept for 14 days, events for 2; see docs/growing.md for PostgreSQL")
    return Finding(check, Outcome.OK, said)


def deployments(check: str, root: Path, home: Path) -> Finding:
    """Hold the server's deployments against `prefect.yaml`; what somebody paused is no difference."""
    url = server_in_use(home)
    if url is None:
        return Finding(check, Outcome.SKIPPED, "no Prefect server runs")
    declared = {deployment["name"]: deployment for deployment in declared_deployments(root)}
    with prefect_at(url) as client:
        known = deployed(client, declared)
    if missing := sorted(declared.keys() - known.keys()):
        return Finding(check, Outcome.FAIL, f"not on the server: {', '.join(missing)}", DEPLOY_IT)
    if other := sorted(name for name in declared if _differs(declared[name], known[name])):
        return Finding(check, Outcome.WARN, f"not as prefect.yaml says: {', '.join(other)}", DEPLOY_IT)
    paused = sorted(name for name, one in known.items() if one.paused)
    return Finding(check, Outcome.OK, f"all {len(known)} are there" + (f"; paused: {', '.join(paused)}" if paused else ""))


def automations(check: str, root: Path, home: Path) -> Finding:
    """Hold the server's automations against the file."""
    url = server_in_use(home)
    if url is None:
        return Finding(check, Outcome.SKIPPED, "no Prefect server runs")
    with prefect_at(url) as client:
        lacks = missing_automations(client, root)
    if lacks:
        said = f"missing or switched off: {', '.join(lacks)}"
        return Finding(check, Outcome.WARN, said, f"{DEPLOY_IT}; one that is switched off, in the UI")
    return Finding(check, Outcome.OK, "all are there")


def _asked(url: str) -> Any:
    reply = requests.get(url, timeout=SERVER_SECONDS)
    reply.raise_for_status()
    return reply.json()


def _differs(declared: dict[str, Any], known: DeploymentResponse) -> bool:
    crons = sorted(schedule["cron"] for schedule in declared.get("schedules", ()) if "cron" in schedule)
    there = sorted(str(cron) for one in known.schedules if (cron := getattr(one.schedule, "cron", None)))
    pool, limit = declared["work_pool"]["name"], declared.get("concurrency_limit", {}).get("limit")
    allowed = known.global_concurrency_limit.limit if known.global_concurrency_limit else None
    return (crons, declared["entrypoint"], pool, limit) != (there, known.entrypoint, known.work_pool_name, allowed)
