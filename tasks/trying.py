"""A trial notice: whether each webhook can be reached, shown by a message that arrives."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from time import monotonic, sleep

from core.errors import ConfigError
from core.notify.delivery import Tried
from core.notify.notice import Notice, Severity
from storage.store import MemoryStore, Store
from tasks import clock
from tasks.courier import BACKLOG, Destination
from tasks.destinations import discord_destination
from tasks.mailbox import Mailbox
from tasks.messenger import at_work, couriers
from tasks.messenger_note import messenger_lock, running_messenger
from tasks.webhooks import NAME, Webhook, webhooks

PATIENCE, POLL = 15.0, 0.25


def try_webhooks(home: Path, text: str) -> tuple[Tried, ...]:
    """Send a notice to every webhook and wait up to 15 s for it; a running messenger delivers it, or this process does.

    A hook that was given up because Discord did not know it is tried again.

    Raises
    ------
    ConfigError
        When there is no webhook, or a malformed one.
    """
    hooks = webhooks()
    if not hooks:
        raise ConfigError(f"no Discord webhook: set {NAME} in the environment or in .env")
    store, now = Store(home), clock.now()
    notice = _trial(text, now)
    with store.trading.write():
        _reopen(store, hooks, now)
        store.outbox.add([notice])
    if running_messenger(home):
        _wait(store, hooks, notice)
    else:
        mailbox = Mailbox(store, home / "trading.duckdb")
        with (
            messenger_lock(home),
            at_work([courier.step for courier in couriers(mailbox, MemoryStore(), _destinations(hooks))]),
        ):
            _wait(store, hooks, notice)
    return _outcome(store, hooks, notice)


def _trial(text: str, now: datetime) -> Notice:
    title = "A trial notice from Tradewind"
    return Notice(f"notice.tried.{now:%Y%m%dT%H%M%S.%f}", "notice.tried", now, Severity.INFO, "outbox", title, text)


def _reopen(store: Store, hooks: Sequence[Webhook], now: datetime) -> None:
    for hook in hooks:
        if store.outbox.line(hook.destination).gone:
            store.outbox.forget(hook.destination)
        store.outbox.open(hook.destination, since=now - BACKLOG, least=Severity.INFO)


def _destinations(hooks: Sequence[Webhook]) -> list[Destination]:
    return [discord_destination(hook) for hook in hooks]


def _wait(store: Store, hooks: Sequence[Webhook], notice: Notice) -> None:
    wanted, until = {hook.destination for hook in hooks}, monotonic() + PATIENCE
    while monotonic() < until:
        settled = {delivery.destination for delivery in store.outbox.told(notice.id)}
        gone = {each.destination for each in store.outbox.standings() if each.line.gone}
        if wanted <= settled | gone:
            return
        sleep(POLL)


def _outcome(store: Store, hooks: Sequence[Webhook], notice: Notice) -> tuple[Tried, ...]:
    told = {delivery.destination: delivery for delivery in store.outbox.told(notice.id)}
    tried = []
    for hook in hooks:
        delivery, line = told.get(hook.destination), store.outbox.line(hook.destination)
        if delivery:
            tried.append(Tried(hook.masked, hook.sources, delivery.message, delivery.given_up))
        else:
            why = line.trouble or "nobody has sent it yet; is the messenger older than the setting? Restart it"
            tried.append(Tried(hook.masked, hook.sources, "", why))
    return tuple(tried)
