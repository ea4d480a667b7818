"""Reconcile: book what the venue did, ask for every order in flight, and say whether the books agree with the venue."""

from prefect import flow

from core.ledger.wallet import differs
from core.reporting.reconciled import Reconciled
from flows.forms import Moment, with_help
from tasks.desk import open_desk
from tasks.looking import look
from tasks.reconciling import settle, tell_reconciled
from tasks.remembering import recall
from tasks.settings import settings

PATIENCE_SECONDS = 40.0
"""Longer than a tick may take: whoever reads the books can wait for it."""


@with_help
@flow(name="reconcile", timeout_seconds=120)
def reconcile(at: Moment | None = None, venue: str | None = None) -> Reconciled:
    """Bring the books in step with the venue; nothing is decided and nothing is sent.

    Every tick begins with this. Alone, it is for whoever wants to read the books: the daily report runs it first.

    Parameters
    ----------
    at
        Moment to look at, on recorded bars. Leave empty for the present.
    venue
        Whose bars to read. May be left empty while the store holds one venue.
    """
    with open_desk(venue, settings().timeframe, at, patience=PATIENCE_SECONDS) as desk:
        books = settle(desk, recall(desk).books)
        sight = look(desk)
    return tell_reconciled(
        Reconciled(
            at=desk.now,
            account=desk.account,
            market=desk.market,
            timeframe=desk.timeframe,
            sight=sight,
            newest_close=desk.bars.newest_close,
            missing=desk.bars.missing,
            differs=differs(sight.held, books.totals.quantities),
            in_flight=len(books.in_flight),
        )
    )
