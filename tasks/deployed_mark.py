"""The mark of what was deployed last, kept on the Prefect server itself: the same sources need no second deployment.

Deploying takes Prefect half a second per deployment, and takes back every planned run to plan it anew. Automations are deaf to
runs that were planned less than five minutes before (deployments/README.md), so a restart should not begin by it.
"""

import hashlib
from pathlib import Path

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import VariableCreate, VariableUpdate

from tasks.project import FILE

VARIABLE = "tradewind_deployed"
ROOMS = ("core", "storage", "tasks", "flows")


def sources_mark(root: Path) -> str:
    """Return a hash of everything that a deployment is made of: the file, and the code its forms are read from."""
    digest = hashlib.sha256((root / FILE).read_bytes())
    for room in ROOMS:
        for path in sorted((root / room).rglob("*.py")):
            digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def read_mark(client: SyncPrefectClient) -> str:
    """Return the mark that was kept, or "" when there is none."""
    kept = client.read_variable_by_name(VARIABLE)
    return str(kept.value) if kept else ""


def keep_mark(client: SyncPrefectClient, mark: str) -> None:
    """Keep the mark of what has just been deployed."""
    if client.read_variable_by_name(VARIABLE):
        client.update_variable(VariableUpdate(name=VARIABLE, value=mark))
    else:
        client.create_variable(VariableCreate(name=VARIABLE, value=mark))
