"""Notifying: put a notice where the messenger finds it. Nothing is sent from here, so nothing can hang or get lost."""

from core.notify.notice import Notice
from tasks.stores import store


def notify(*notices: Notice) -> int:
    """Store notices in the outbox; return how many were new.

    Raises
    ------
    StoreError
        When trading.duckdb cannot be written: nobody will be told of them.
    """
    return store().outbox.add(notices)
