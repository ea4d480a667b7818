"""Who is told: every Discord webhook of the settings, and Prefect's events."""

from collections.abc import Callable, Sequence
from functools import partial

from core.notify.message import Message, next_message, plain
from core.notify.notice import Notice, Severity
from tasks import discord
from tasks.courier import Destination
from tasks.prefect_wire import events_message, post_events
from tasks.webhooks import Webhook

PREFECT = "prefect"


def discord_destination(hook: Webhook) -> Destination:
    """Return the destination that a webhook is."""
    return Destination(hook.destination, hook.masked, Severity.INFO, _discord_message, partial(discord.post, hook))


def prefect_destination(address: Callable[[], str]) -> Destination:
    """Return Prefect as a destination, which is told everything.

    Parameters
    ----------
    address : returns the server's API address at the moment, "" when none is known
    """
    return Destination(
        PREFECT,
        "Prefect's events",
        Severity.EVENT,
        lambda waiting, is_plain: events_message(waiting, is_plain=is_plain),
        lambda message: post_events(address(), message),
        is_quiet=True,
    )


def _discord_message(waiting: Sequence[Notice], is_plain: bool) -> Message | None:  # noqa: FBT001 - a courier's word
    message = next_message(waiting)
    return plain(message) if message and is_plain else message
