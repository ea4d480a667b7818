"""The emergency stop and its end, from Prefect's UI: the same file that `tradewind stop` writes, and a tick at once."""

from prefect import flow

from core.reporting.tick import Tick
from flows.forms import Moment, with_help
from flows.trade import trade
from tasks.stopping import release_stop, request_stop


@with_help
@flow(name="emergency-stop", timeout_seconds=120, retries=5, retry_delay_seconds=10)
def emergency_stop(reason: str = "", at: Moment | None = None, venue: str | None = None) -> Tick | None:
    """Close every position now, and open nothing until it is resumed. Run twice, it is set once.

    The stop is set first and holds whatever becomes of this run; then one tick runs at once, and the ticks of every minute
    after it go on closing what is left.

    Parameters
    ----------
    reason
        Why. It is told with every tick while the stop is set.
    at
        Moment to trade at, on recorded bars. Leave empty for the present.
    venue
        Whose bars to read. May be left empty while the store holds one venue.
    """
    request_stop(reason)
    return trade(at=at, venue=venue)


@with_help
@flow(name="resume", timeout_seconds=60)
def resume() -> bool:
    """Take the emergency stop back; the account stays flat until the next decision. Says whether a stop was set here."""
    return release_stop()
