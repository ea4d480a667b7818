"""A backfill in a process of its own, in pages of ten bars kept twenty at a time, to be killed in the middle."""

from datetime import timedelta

from tasks import fetching
from tasks.backfilling import bring, finished, plan_backfill
from tasks.coverage_told import measure_backfill
from tasks.fetch_plan import Order
from tasks.market_data import fetch_instruments, fetch_time
from tasks.venues.doors import BybitDoor
from tests.flows.recorded import START

if __name__ == "__main__":
    BybitDoor.page, fetching.AT_ONCE = 10, 20
    order = Order("synthetic", "1h", START, START + timedelta(days=20), "missing", "same")
    fetch = plan_backfill.fn(order, None, fetch_instruments.fn("synthetic"), fetch_time.fn("synthetic"))
    finished(measure_backfill.fn(fetch, order, bring.fn(fetch, shown=False)))
