"""Prefect events: a notice as an automation sees it."""

from typing import Any
from uuid import UUID, uuid5

from core.notify.notice import Notice
from core.notify.wording import block, shown

SPACE = UUID("9a8a3cf6-6c1e-5d0e-9c56-8f1c2d8c6b10")
"""Of all notices' ids: a notice sent twice is one event."""
TEXT = 10_000
"""Units of text in an event; Prefect refuses large ones."""


def event_of(notice: Notice) -> dict[str, Any]:
    """Return the event; fields stand in its payload under their own names."""
    fields = {shown(name): block(value, TEXT) for name, value in notice.fields}
    says = {"title": shown(notice.title), "text": block(notice.text, TEXT), "severity": notice.severity.name}
    resource = shown(notice.resource)
    return {
        "id": str(uuid5(SPACE, shown(notice.id))),
        "occurred": notice.at.isoformat(),
        "event": f"tradewind.{shown(notice.event)}",
        "resource": {"prefect.resource.id": f"tradewind.{resource}", "prefect.resource.name": resource.rpartition(".")[2]},
        "payload": {**fields, **says, "notice": shown(notice.id)},
    }
