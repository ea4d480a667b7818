"""The emergency stop and its end, from Prefect's UI: the same file that `tradewind stop` writes, and a tick at once."""

from prefect import flow

from core.reporting.tick import Tick
from flows.trade import trade
from tasks.stopping import release_stop, request_stop


@flow(name="emergency-stop", retries=5, retry_delay_seconds=10)
def emergency_stop(reason: str = "") -> Tick | None:
    """Close every position now, and open nothing until it is resumed. Run twice, it is set once.

    The stop is set first and holds whatever becomes of this run; then one tick runs at once, and the ticks of every minute
    after it go on closing what is left.

    Parameters
    ----------
    reason
        Why. It is told with every tick while the stop is set.
    """
    request_stop(reason)
    return trade()


@flow(name="resume")
def resume() -> bool:
    """Take the emergency stop back; the account stays flat until the next decision. Says whether a stop was set here."""
    return release_stop()
