"""Automations: the Prefect server brought in step, by name, with `deployments/automations.yaml`."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import yaml
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.client.orchestration import SyncPrefectClient
from prefect.events.schemas.automations import Automation, AutomationCore
from pydantic import ValidationError

from core.errors import ConfigError

FILE = Path("deployments") / "automations.yaml"
PREFIX = "tradewind: "
"""In front of the name of every automation of ours; nobody else's is touched."""

BLOCK = "tradewind-messenger"
"""Name of the notification block that posts to the messenger."""

NEEDED = frozenset({"name", "of", "trigger", "actions"})
BODY = """\
flow_run_id: {{ flow_run.id }}
flow: {{ flow.name }}
deployment: {{ deployment.name }}
state: {{ flow_run.state.name }}
url: {{ flow_run | ui_url }}
message: {{ flow_run.state.message }}"""


class Synced(NamedTuple):
    """Names of the automations that were made, changed and deleted."""

    made: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()


def sync_automations(client: SyncPrefectClient, root: Path, deployments: Mapping[str, UUID], messenger: str) -> Synced:
    """Bring the server's automations in step with the file. Called twice, the second call changes nothing.

    Parameters
    ----------
    client : as `prefect_at` gives it
    deployments : every deployment's id, by name
    messenger : address of the messenger, as the Prefect server sees it

    Raises
    ------
    ConfigError
        When the file is not what Prefect and we take, or names a deployment that is not there.
    """
    wanted = declared_automations(root, deployments, _block(messenger))
    have: dict[str, list[Automation]] = {}
    for known in _ours(client):
        have.setdefault(known.name, []).append(known)
    made = tuple(one.name for one in wanted if one.name not in have and client.create_automation(one))
    changed = tuple(one.name for one in wanted if one.name in have and _changed(client, have[one.name][0], one))
    names = {one.name for one in wanted}
    extra = [one for name, known in have.items() for one in (known[1:] if name in names else known)]
    for one in extra:
        client.delete_automation(one.id)
    return Synced(made, changed, tuple(sorted(one.name for one in extra)))


def missing_automations(client: SyncPrefectClient, root: Path) -> tuple[str, ...]:
    """Return the names of the file's automations that the server does not have, or that are switched off there."""
    on = {known.name for known in _ours(client) if known.enabled}
    return tuple(spec["name"] for spec in _specs(root) if spec["name"] not in on)


def declared_automations(root: Path, deployments: Mapping[str, UUID], block: UUID) -> tuple[AutomationCore, ...]:
    """Return the file's automations with our two words replaced by what Prefect knows: ids."""
    tell = {"type": "send-notification", "block_document_id": str(block), "subject": "{{ flow.name }}", "body": BODY}
    return tuple(_read(spec, deployments, tell) for spec in _specs(root))


def _read(spec: dict[str, Any], deployments: Mapping[str, UUID], tell: dict[str, Any]) -> AutomationCore:
    subject = f"{FILE}: {spec['name']}"
    ids = [f"prefect.deployment.{deployments[name]}" for name in _chosen(subject, spec["of"], deployments)]
    looks_at = {
        "match": {"prefect.resource.id": "prefect.flow-run.*"},
        "match_related": {"prefect.resource.role": "deployment", "prefect.resource.id": ids},
        "for_each": ["prefect.resource.id"],
    }
    actions = [tell if action == "tell" else action for action in spec["actions"]]
    described = {key: value for key, value in spec.items() if key != "of"}
    try:
        return AutomationCore.model_validate(
            {"enabled": True, **described, "trigger": looks_at | spec["trigger"], "actions": actions}
        )
    except ValidationError as error:
        raise ConfigError(f"{subject}: {error.errors()[0]['msg']}") from error


def _specs(root: Path) -> list[dict[str, Any]]:
    try:
        read = yaml.safe_load((root / FILE).read_text())
        specs = read["automations"]
        strange = [spec for spec in specs if not spec["name"].startswith(PREFIX) or not spec.keys() >= NEEDED]
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{root / FILE}: not a file of automations; restore the one that came with Tradewind") from error
    if strange:
        raise ConfigError(f"{root / FILE}: {strange[0]['name']!r} needs the prefix {PREFIX!r}, and of, trigger, actions")
    return specs


def _chosen(subject: str, of: str | list[str] | dict[str, list[str]], deployments: Iterable[str]) -> list[str]:
    known = sorted(deployments)
    named = [] if of == "all" else of["but"] if isinstance(of, dict) else list(of)
    if unknown := sorted(set(named) - set(known)):
        raise ConfigError(f"{subject}: no deployment {unknown[0]!r}; there are {', '.join(known)}")
    return named if isinstance(of, list) else [name for name in known if name not in named]


def _ours(client: SyncPrefectClient) -> list[Automation]:
    found: list[Automation] = []
    while page := client.read_automations(limit=200, offset=len(found)):
        found += page
    return sorted((one for one in found if one.name.startswith(PREFIX)), key=lambda one: one.id)


def _changed(client: SyncPrefectClient, known: Automation, wanted: AutomationCore) -> bool:
    """Change what differs; what somebody switched off stays off."""
    kept = wanted.model_copy(update={"enabled": known.enabled})
    fields = set(AutomationCore.model_fields)
    if known.model_dump(include=fields) == kept.model_dump(include=fields):
        return False
    client.update_automation(known.id, kept)
    return True


def _block(messenger: str) -> UUID:
    """Return the notification block that posts to the messenger at this address; make or change it where needed."""
    block = CustomWebhookNotificationBlock(
        name=BLOCK, url=f"{messenger}/prefect", json_data={"subject": "{{subject}}", "body": "{{body}}"}
    )
    saved = block.save(BLOCK, overwrite=True)
    assert isinstance(saved, UUID)
    return saved
