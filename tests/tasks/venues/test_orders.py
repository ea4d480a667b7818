"""Bybit's order endpoints in Bybit's words: statuses, reasons, cancel-all, stops, retention."""

from decimal import Decimal

import pytest

from core.exchange.events import Deleveraged, LiquidityOffered, MoneyMoved, VenueRestarted
from tasks.venues.client import Declined
from tests.tasks.venues.market import hours
from tests.tasks.venues.test_server import call

DAY = 24


def create(desk, link, side="Buy", kind="Market", **more):
    body = {"symbol": "AAAUSDT", "side": side, "orderType": kind, "qty": "1", "orderLinkId": link, **more}
    return call(desk, "post", "order/create", **body)["orderId"]


def found(desk, link, where="realtime"):
    listed = call(desk, "get", f"order/{where}", symbol="AAAUSDT", orderLinkId=link)["list"]
    return listed[0] if listed else None


def words(row, *names):
    return tuple(row[name] for name in names)


def executed(desk, **query):
    return call(desk, "get", "execution/list", **query)["list"]


def test_an_order_with_a_trigger_is_untriggered_and_then_deactivated(desk):
    create(desk, "stop", triggerPrice="105", triggerDirection=1)
    row = found(desk, "stop")
    assert words(row, "orderStatus", "stopOrderType", "triggerPrice", "triggerDirection") == ("Untriggered", "Stop", "105", 1)
    call(desk, "post", "order/cancel", symbol="AAAUSDT", orderLinkId="stop")
    assert found(desk, "stop")["orderStatus"] == "Deactivated"


def test_stops_of_an_entry_are_orders_of_the_venue_that_name_their_parent(desk):
    create(desk, "entry", stopLoss="95", takeProfit="120")
    rows = {row["stopOrderType"]: row for row in call(desk, "get", "order/realtime", symbol="AAAUSDT")["list"]}
    stop, target = rows["StopLoss"], rows["TakeProfit"]
    assert words(stop, "createType", "parentOrderLinkId", "orderLinkId") == ("CreateByStopLoss", "entry", "")
    assert words(target, "triggerPrice", "triggerDirection", "closeOnTrigger", "reduceOnly") == ("120", 1, True, True)
    (position,) = call(desk, "get", "position/list", symbol="AAAUSDT")["list"]
    assert words(position, "stopLoss", "takeProfit") == ("95", "120")


def test_a_trading_stop_is_set_changed_and_taken_away(desk):
    create(desk, "entry")
    call(desk, "post", "position/trading-stop", symbol="AAAUSDT", stopLoss="95", positionIdx=0)
    call(desk, "post", "position/trading-stop", symbol="AAAUSDT", stopLoss="96", takeProfit="130", positionIdx=0)
    call(desk, "post", "position/trading-stop", symbol="AAAUSDT", takeProfit="0", positionIdx=0)
    (position,) = call(desk, "get", "position/list", symbol="AAAUSDT")["list"]
    assert words(position, "stopLoss", "takeProfit") == ("96", "")
    with pytest.raises(Declined, match="34040"):
        call(desk, "post", "position/trading-stop", symbol="AAAUSDT", stopLoss="96", positionIdx=0)


def test_a_partly_filled_order_says_so_and_a_starved_one_says_why(desk):
    desk.exchange.apply(LiquidityOffered("AAAUSDT", Decimal("0.4")))
    create(desk, "rests", kind="Limit", price="103")
    assert words(found(desk, "rests"), "orderStatus", "cumExecQty", "leavesQty") == ("PartiallyFilled", "0.40", "0.60")
    create(desk, "starved")
    reasons = words(found(desk, "starved"), "orderStatus", "rejectReason", "cumExecQty")
    assert reasons == ("Cancelled", "EC_NoImmediateQtyToFill", "0")


def test_cancel_all_takes_what_it_names_and_leaves_the_rest(desk):
    create(desk, "a", side="Sell", kind="Limit", price="900")
    create(desk, "b", triggerPrice="105", triggerDirection=1)
    create(desk, "c", side="Sell", kind="Limit", price="900", symbol="BBBUSDT")
    gone = call(desk, "post", "order/cancel-all", symbol="AAAUSDT", orderFilter="StopOrder")
    assert ([row["orderLinkId"] for row in gone["list"]], gone["success"]) == (["b"], "1")
    gone = call(desk, "post", "order/cancel-all", settleCoin="USDT")
    assert {row["orderLinkId"] for row in gone["list"]} == {"a", "c"}


def test_an_order_cancelled_without_a_fill_is_forgotten_after_a_day_and_a_filled_one_is_not(desk):
    create(desk, "cancelled", side="Sell", kind="Limit", price="900")
    call(desk, "post", "order/cancel", symbol="AAAUSDT", orderLinkId="cancelled")
    create(desk, "filled")
    for hour, shown in ((DAY, True), (DAY + 3, False)):
        desk.exchange.advance_to(hours(hour))
        assert [found(desk, "cancelled", place) is not None for place in ("realtime", "history")] == [shown, shown]
        assert found(desk, "filled", "history") is not None
    with pytest.raises(Declined, match="110072"):
        create(desk, "cancelled")


def test_a_restart_of_the_venue_empties_realtime_and_not_history(desk):
    create(desk, "filled")
    create(desk, "open", side="Sell", kind="Limit", price="900")
    desk.exchange.apply(VenueRestarted())
    assert found(desk, "filled") is None
    assert found(desk, "open") is not None
    assert found(desk, "filled", "history") is not None


def test_forced_executions_have_bybits_words_and_no_link(desk):
    create(desk, "short", side="Sell", qty="900")
    desk.exchange.apply(Deleveraged("AAAUSDT", Decimal(10)))
    desk.exchange.advance_to(hours(30))
    kinds = [words(row, "execType", "createType", "orderLinkId") for row in executed(desk) if row["execType"] != "Funding"]
    assert kinds == [
        ("BustTrade", "CreateByLiq", ""),
        ("AdlTrade", "CreateByAdl_PassThrough", ""),
        ("Trade", "CreateByUser", "short"),
    ]
    assert [row["execType"] for row in executed(desk, execType="BustTrade")] == ["BustTrade"]


def test_the_transaction_log_tells_of_transfers_and_the_executions_do_not(desk):
    desk.exchange.apply(MoneyMoved(Decimal(100)))
    create(desk, "a")
    log = call(desk, "get", "account/transaction-log", accountType="UNIFIED")["list"]
    assert [words(row, "type", "change") for row in log] == [("TRADE", "-0.05615500"), ("TRANSFER_IN", "100.00000000")]
    assert len(call(desk, "get", "account/transaction-log", type="TRANSFER_IN")["list"]) == 1
    assert [row["execType"] for row in executed(desk)] == ["Trade"]


@pytest.mark.parametrize(
    "path", ["order/create", "order/cancel", "position/trading-stop", "position/set-leverage", "order/cancel-all"]
)
def test_a_request_without_its_parameters_is_a_parameter_error(desk, path):
    with pytest.raises(Declined, match="10001"):
        call(desk, "post", path)


@pytest.mark.parametrize("path", ["order/realtime", "position/list"])
def test_a_list_needs_to_be_told_of_what(desk, path):
    with pytest.raises(Declined, match="10001"):
        call(desk, "get", path)


def test_the_fees_the_account_and_the_key_can_be_asked_for(desk):
    (fees,) = call(desk, "get", "account/fee-rate", symbol="AAAUSDT")["list"]
    assert words(fees, "takerFeeRate", "makerFeeRate") == ("0.00055", "0.0002")
    assert call(desk, "get", "account/info")["unifiedMarginStatus"] == 6
    assert call(desk, "get", "user/query-api")["permissions"]["ContractTrade"] == ["Order", "Position"]
