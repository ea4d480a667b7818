"""The daily report: what the account did, what is live and why, as one page."""

from datetime import datetime

from prefect import flow

from core.reporting.outcomes import Reported
from tasks.desk import open_desk
from tasks.reconciling import settle
from tasks.remembering import recall
from tasks.reporting import gather_report, model_curve, report_path, write_report
from tasks.settings import settings
from tasks.telling import tell_report


@flow(name="report")
def report(at: datetime | None = None, venue: str | None = None) -> Reported:
    """Reconcile, gather, draw, write, tell.

    Parameters
    ----------
    at
        Moment to report at, on recorded bars. Leave empty for the present.
    venue
        Whose bars to read. May be left empty while the store holds one venue.
    """
    with open_desk(venue, settings().timeframe, at) as desk:
        memory = recall(desk)
        settle(desk, memory.books)
        release = memory.live.release
        gathered = gather_report(desk, release, model_curve(release, desk.now))
        path = write_report(gathered, report_path(desk.now))
        tell_report(gathered, path)
        return Reported(gathered, str(path))
