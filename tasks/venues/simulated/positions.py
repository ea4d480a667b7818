"""Bybit's position endpoints over a simulated exchange."""

from decimal import Decimal

from core.exchange.checks import PARAMETER
from core.exchange.events import LeverageSet, PositionModeSet, ProtectionSet
from core.exchange.state import Holding
from tasks.venues.simulated.account_rows import position_row
from tasks.venues.simulated.exchange import SimulatedExchange
from tasks.venues.simulated.wire import Decline, Json, Params, countdown, decimal, done, linear, needs_one, one_of, page

POSITION_ROWS = (20, 200)


def positions(exchange: SimulatedExchange, params: Params) -> Json:
    """GET /v5/position/list: one symbol, flat or not; or all that are not flat."""
    linear(params)
    needs_one(params, ("symbol", "settleCoin"))
    state, symbol = exchange.seen("positions"), str(params.get("symbol") or "")
    if symbol:
        held = [state.holdings.get(symbol, Holding(symbol))]
    else:
        held = [state.holdings[name] for name in sorted(state.holdings) if state.holdings[name].quantity]
    rows, cursor = page(countdown(held), params, lambda row: row[0], limits=POSITION_ROWS)
    return {"category": "linear", "list": [position_row(state, h) for _, h in rows], "nextPageCursor": cursor}


def set_leverage(exchange: SimulatedExchange, params: Params) -> Json:
    """POST /v5/position/set-leverage; one-way, so both sides must agree."""
    linear(params)
    leverage = decimal(params, "buyLeverage")
    if leverage != decimal(params, "sellLeverage"):
        raise Decline(PARAMETER, "params error: buyLeverage and sellLeverage differ in one-way mode")
    done(exchange.apply(LeverageSet(str(params.get("symbol", "")), leverage)))
    return {}


def switch_mode(exchange: SimulatedExchange, params: Params) -> Json:
    """POST /v5/position/switch-mode: 0 is one-way, 3 is hedge mode, in which no order is taken here."""
    linear(params)
    done(exchange.apply(PositionModeSet(one_of({"mode": "", **params}, "mode", {"0": False, "3": True}))))
    return {}


def trading_stop(exchange: SimulatedExchange, params: Params) -> Json:
    """POST /v5/position/trading-stop: the position's stop-loss and take-profit; "0" takes one away, what is left out stays."""
    linear(params)
    one_of({"tpslMode": "Full", **params}, "tpslMode", {"Full": None})
    if params.get("trailingStop") not in (None, "", "0"):
        raise Decline(PARAMETER, "not simulated: trailingStop")
    symbol, stop_loss, take_profit = str(params.get("symbol", "")), _level(params, "stopLoss"), _level(params, "takeProfit")
    done(exchange.apply(ProtectionSet(symbol, stop_loss, take_profit)))
    return {}


def _level(params: Params, name: str) -> Decimal | None:
    return None if params.get(name) in (None, "") else decimal(params, name)
