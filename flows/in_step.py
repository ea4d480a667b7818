"""In step: a Prefect server brought in step with `prefect.yaml` and the automations' file."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient

from flows.console import err
from flows.demo_home import MARK
from tasks.automations import Synced, sync_automations
from tasks.deployed_mark import keep_mark, read_mark, sources_mark
from tasks.messenger_note import messenger_url
from tasks.prefect_api import deployed, ensure_pools, pause, paused_deployments, prefect_at
from tasks.prefect_processes import answers, deploy
from tasks.project import declared_deployments, declared_pools
from tasks.settings import settings

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class InStep:
    """What a server was last brought in step with.

    Parameters
    ----------
    messenger : address that its automations post to
    """

    root: Path
    home: Path
    url: str
    messenger: str


def bring_in_step(root: Path, home: Path, url: str, *, anew: bool = False) -> InStep:
    """Bring pools, deployments and automations in step; what was paused stays paused, and a demo's home stands still.

    Parameters
    ----------
    anew : whether to deploy even what has been deployed from the same sources before
    """
    names, mark = _names(root), sources_mark(root)
    with prefect_at(url) as client:
        ensure_pools(client, declared_pools(root))
        known = deployed(client, names)
        is_done = not anew and known.keys() == set(names) and read_mark(client) == mark
        paused = paused_deployments(client)
    if not is_done:
        err.print(f"deploying {len(names)} deployments", markup=False)
        deploy(root, home, url)
    with prefect_at(url) as client:
        pause(client, _still(client, home, names, paused))
        keep_mark(client, mark)
    return _automated(InStep(root, home, url, _messenger(home)))


def follow_messenger(done: InStep) -> InStep:
    """Point the automations at the messenger again when it has another address now, once the server can be told."""
    now = _messenger(done.home)
    return done if now == done.messenger or not answers(done.url) else _automated(replace(done, messenger=now))


def _still(client: SyncPrefectClient, home: Path, names: Sequence[str], paused: tuple[UUID, ...]) -> tuple[UUID, ...]:
    """Return the deployments that stand still: those that did before, and all of a demo's."""
    if not (home / MARK).exists():
        return paused
    err.print("this home is a demo's, on invented bars: every schedule is paused", markup=False)
    return tuple(known.id for known in deployed(client, names).values())


def _automated(wanted: InStep) -> InStep:
    with prefect_at(wanted.url) as client:
        ids = {name: known.id for name, known in deployed(client, _names(wanted.root)).items()}
        _say(sync_automations(client, wanted.root, ids, wanted.messenger))
    return wanted


def _names(root: Path) -> list[str]:
    return [deployment["name"] for deployment in declared_deployments(root)]


def _messenger(home: Path) -> str:
    """Return where the server finds the messenger: on this machine, where it listens now; elsewhere, where the setting says."""
    told = settings().messenger_url
    on_this_machine = urlsplit(told).hostname in LOOPBACK
    return (messenger_url(home) if on_this_machine else None) or told


def _say(synced: Synced) -> None:
    for done, names in zip(("made", "changed", "deleted"), synced, strict=True):
        if names:
            err.print(f"automations {done}: {', '.join(names)}", markup=False)
