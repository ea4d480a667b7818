"""Notices: what happened, said once, for whoever listens: a person on Discord, an automation in Prefect."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum


class Severity(IntEnum):
    """How much of somebody's attention a notice asks for; only EVENT never reaches a person."""

    EVENT = 0
    INFO = 1
    WARNING = 2
    CRITICAL = 3


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that happened.

    Parameters
    ----------
    id : names it for ever; the same id told twice is one notice, so it is made of what happened and never drawn at random
    event : what happened, in the past tense, such as ``order.filled``; Prefect knows it as ``tradewind.order.filled``
    resource : what it happened to, such as ``account.paper`` or ``release.1f3a5b``; Prefect puts ``tradewind.`` before it
    title : one line of plain text
    text : Markdown as Discord reads it; "" when the title says all
    fields : names and values, shown side by side and given to automations as the event's payload
    group : notices of one group that wait together become one message; "" never
    picture : path of a PNG to show; "" none
    """

    id: str
    event: str
    at: datetime
    severity: Severity
    resource: str
    title: str
    text: str = ""
    fields: tuple[tuple[str, str], ...] = field(default=())
    group: str = ""
    picture: str = ""
