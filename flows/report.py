"""The daily report: what the account did, what is live and why, as one page."""

from prefect import flow

from core.reporting.outcomes import Reported
from flows.forms import Moment, with_help
from flows.reconcile import reconcile
from tasks.reporting import draw_report, gather_report, report_path, write_report
from tasks.telling import tell_report


@with_help
@flow(name="report", timeout_seconds=900)
def report(at: Moment | None = None, venue: str | None = None) -> Reported:
    """Reconcile the books, in a run of its own below this one; then gather, draw, write, tell.

    Parameters
    ----------
    at
        Moment to report at, on recorded bars. Leave empty for the present.
    venue
        Whose bars to read. May be left empty while the store holds one venue.
    """
    books = reconcile(at=at, venue=venue)
    gathered = gather_report(books, recorded=at is not None)
    path = write_report(gathered, report_path(books.at))
    tell_report(gathered, path, draw_report(gathered, path))
    return Reported(gathered, str(path))
