"""Binance's USDS-M futures over loopback HTTP: the simulated exchange as another real client sees it.

1. There is no envelope: a success is the thing itself, a refusal an HTTP error with ``{"code": -1234, "msg": ...}``.
2. A change is kept (`SimulatedExchange.on_change`) before the first byte of its reply leaves.
3. The weight limit of an address is off unless it is given; limits on orders, websockets and algo orders are not simulated.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from core.errors import DataError, TradewindError
from tasks.venues.simulated import binance_account as account
from tasks.venues.simulated import binance_market as market
from tasks.venues.simulated import binance_orders as orders
from tasks.venues.simulated.binance_limits import TurnedAway, WeightLimit
from tasks.venues.simulated.binance_wire import BAD_SYMBOL, check_signature, parameters, status_of
from tasks.venues.simulated.exchange import SimulatedExchange
from tasks.venues.simulated.http import Answer, Call, Front
from tasks.venues.simulated.wire import Decline, Params

SERVER_ERROR = -1000
TOO_MANY = -1003

Handler = Callable[[SimulatedExchange, Params], Any]
Tamper = Callable[[str, bytes], bytes | Answer | None]
"""Given a path and the honest reply: what to send instead (bytes with HTTP 200), or None to hang up."""

PUBLIC: dict[tuple[str, str], Handler] = {
    ("GET", "/fapi/v1/time"): market.server_time,
    ("GET", "/fapi/v1/exchangeInfo"): market.exchange_info,
    ("GET", "/fapi/v1/fundingInfo"): market.funding_info,
    ("GET", "/fapi/v2/ticker/price"): market.prices,
    ("GET", "/fapi/v1/klines"): market.klines,
    ("GET", "/fapi/v1/fundingRate"): market.funding_rates,
}
PRIVATE: dict[tuple[str, str], Handler] = {
    ("POST", "/fapi/v1/order"): orders.create_order,
    ("DELETE", "/fapi/v1/order"): orders.cancel_order,
    ("GET", "/fapi/v1/order"): orders.one_order,
    ("GET", "/fapi/v1/openOrder"): orders.open_order,
    ("GET", "/fapi/v1/openOrders"): orders.open_orders,
    ("GET", "/fapi/v1/openAlgoOrders"): orders.open_algo_orders,
    ("GET", "/fapi/v1/allOrders"): orders.orders,
    ("GET", "/fapi/v1/userTrades"): account.trades,
    ("GET", "/fapi/v1/income"): account.income,
    ("GET", "/fapi/v2/account"): account.account,
    ("GET", "/fapi/v2/positionRisk"): account.positions,
    ("POST", "/fapi/v1/leverage"): account.set_leverage,
}


class BinanceServer(Front):
    """The front, listening on a loopback port while its context is open.

    Parameters
    ----------
    keys : API key to secret
    tamper : spoils replies on purpose, after the request has been processed; None is honest
    limit : the weight an address may use; None is no limit
    port : 0 takes any that is free
    """

    def __init__(
        self,
        exchange: SimulatedExchange,
        keys: Mapping[str, str],
        *,
        tamper: Tamper | None = None,
        limit: WeightLimit | None = None,
        port: int = 0,
    ) -> None:
        super().__init__(port)
        self.exchange = exchange
        self.tamper = tamper
        self._keys = keys
        self._limit = limit

    def respond(self, call: Call) -> Answer | None:
        """Process one request; None hangs up."""
        honest = self._honest(call)
        if self.tamper is None:
            return honest
        changed = self.tamper(call.path, honest.body)
        if changed == honest.body:
            return honest
        return Answer(200, changed) if isinstance(changed, bytes) else changed

    def _honest(self, call: Call) -> Answer:
        route = (call.method, call.path)
        if route not in PUBLIC and route not in PRIVATE:
            return Answer(404, b"<html>not found</html>")
        try:
            self.exchange.catch_up()
            used = self._limit.spend(call.path, parameters(call.payload), self.exchange.now_ms) if self._limit else 0
            return replace(_reply(200, self._handle(call)), headers={"X-MBX-USED-WEIGHT-1M": str(used)})
        except TurnedAway as away:
            refusal = _error(TOO_MANY, f"Too many requests; {away}")
            return replace(refusal, status=away.status, headers={"Retry-After": str(away.wait_s)})
        except Decline as no:
            return _error(no.code, no.reason)
        except DataError as error:
            return _error(BAD_SYMBOL, f"Invalid symbol: {error}")
        except TradewindError as error:
            return _error(SERVER_ERROR, f"An unknown error occurred while processing the request: {error}")

    def _handle(self, call: Call) -> Any:
        route = (call.method, call.path)
        if route in PUBLIC:
            return PUBLIC[route](self.exchange, parameters(call.payload))
        check_signature(call.headers, call.payload, self._keys, self.exchange.now_ms)
        return PRIVATE[route](self.exchange, parameters(call.payload))


def _reply(status: int, body: Any) -> Answer:
    return Answer(status, json.dumps(body, separators=(",", ":")).encode())


def _error(code: int, said: str) -> Answer:
    return _reply(status_of(code), {"code": code, "msg": said})
