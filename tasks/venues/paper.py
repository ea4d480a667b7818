"""A paper account: the real Bybit client, talking over loopback to the simulated exchange in this process."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Protocol

from core.exchange.memory import load
from core.exchange.state import Terms, open_account
from tasks.venues.bybit import BybitVenue
from tasks.venues.bybit_server import BybitServer
from tasks.venues.simulated.exchange import SimulatedExchange
from tasks.venues.simulated.world import World

API_KEY, SECRET = "paper", "paper-secret"


class PaperBook(Protocol):
    """Where paper accounts are kept between processes."""

    def load(self, account: str) -> str | None:
        """Return what was saved last, None for an account never saved."""
        ...

    def save(self, account: str, json: str) -> None:
        """Keep this, durably, before returning."""
        ...


@dataclass(frozen=True, slots=True)
class Paper:
    """A connected paper venue; ``exchange.advance_to`` moves its time when it has no clock."""

    venue: BybitVenue
    exchange: SimulatedExchange
    server: BybitServer


@contextmanager
def paper_venue(
    world: World,
    book: PaperBook,
    *,
    account: str,
    balance: Decimal,
    terms: Terms,
    clock: Callable[[], int] | None,
) -> Iterator[Paper]:
    """Open a paper account, as it was left or with a fresh balance, and close its server at the end.

    Parameters
    ----------
    balance : quote currency; counts only the first time
    terms : fees, slippage and leverage from now on, also for an account opened under others
    clock : milliseconds since 1970 UTC; None is virtual time, which only `Paper.exchange.advance_to` moves

    Raises
    ------
    StoreError
        When what the book holds is not a paper account.
    """
    kept = book.load(account)
    state = open_account(account, balance, terms) if kept is None else replace(load(kept), terms=terms)
    exchange = SimulatedExchange(world, state, clock=clock, on_change=lambda json: book.save(account, json))
    with BybitServer(exchange, {API_KEY: SECRET}) as server:
        venue = BybitVenue(
            account,
            base_url=server.url,
            api_key=API_KEY,
            secret=SECRET,
            now_ms=clock or (lambda: exchange.now_ms),
        )
        yield Paper(venue, exchange, server)
