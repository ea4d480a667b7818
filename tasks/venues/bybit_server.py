"""Bybit v5 over loopback HTTP: the simulated exchange as the real client sees it.

1. Every reply is Bybit's envelope; a refusal is HTTP 200 with a retCode, as at Bybit; too many requests of one address are 403.
2. A change is kept (`SimulatedExchange.on_change`) before the first byte of its reply leaves.
3. What makes a venue hard to live with (limits, liberties; lists that trail behind are the exchange's) is off unless asked for.

Websockets are not simulated.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from core.errors import DataError, TradewindError
from core.exchange.checks import PARAMETER
from tasks.venues.simulated import account, market, orders, positions, signature
from tasks.venues.simulated.exchange import SimulatedExchange
from tasks.venues.simulated.http import Answer, Call, Front
from tasks.venues.simulated.limits import Limits
from tasks.venues.simulated.signature import Clock
from tasks.venues.simulated.whims import Whims
from tasks.venues.simulated.wire import Decline, Json, Params, body_of, query_of

TOO_MANY = 10006
SERVER_ERROR = 10016

Handler = Callable[[SimulatedExchange, Params], Json]
Tamper = Callable[[str, bytes], bytes | Answer | None]
"""Given a path and the honest reply: what to send instead, or None to hang up without a reply."""

KLINE = ("GET", "/v5/market/kline")
PUBLIC: dict[tuple[str, str], Handler] = {
    ("GET", "/v5/market/time"): market.server_time,
    ("GET", "/v5/market/instruments-info"): market.instruments_info,
    ("GET", "/v5/market/tickers"): market.tickers,
    KLINE: market.kline,
    ("GET", "/v5/market/funding/history"): market.funding_history,
    ("GET", "/v5/market/risk-limit"): market.risk_limits,
    ("GET", "/v5/system/status"): market.system_status,
    ("GET", "/v5/announcements/index"): market.announcements,
}
PRIVATE: dict[tuple[str, str], Handler] = {
    ("POST", "/v5/order/create"): orders.create_order,
    ("POST", "/v5/order/cancel"): orders.cancel_order,
    ("POST", "/v5/order/cancel-all"): orders.cancel_all,
    ("GET", "/v5/order/realtime"): orders.realtime,
    ("GET", "/v5/order/history"): orders.history,
    ("GET", "/v5/execution/list"): account.executions,
    ("GET", "/v5/position/list"): positions.positions,
    ("POST", "/v5/position/set-leverage"): positions.set_leverage,
    ("POST", "/v5/position/switch-mode"): positions.switch_mode,
    ("POST", "/v5/position/trading-stop"): positions.trading_stop,
    ("GET", "/v5/account/wallet-balance"): account.wallet_balance,
    ("GET", "/v5/account/transaction-log"): account.transaction_log,
    ("GET", "/v5/account/fee-rate"): account.fee_rate,
    ("GET", "/v5/account/info"): account.account_info,
    ("GET", "/v5/user/query-api"): account.api_key,
}


@dataclass(frozen=True, slots=True)
class Manners:
    """What makes the front as hard to live with as Bybit itself.

    Parameters
    ----------
    limits : counts requests; None lets any number pass
    whims : takes liberties with the replies; None sends them as they are
    pace : seconds of the exchange that pass in one of its clients', by which the receive window stretches
    client_clock : milliseconds: a second clock that requests may go by, when the exchange's own is not the client's
    """

    limits: Limits | None = None
    whims: Whims | None = None
    pace: float = 1
    client_clock: Callable[[], int] | None = None


class BybitServer(Front):
    """The front, listening on a loopback port while its context is open.

    Parameters
    ----------
    keys : API key to secret
    tamper : spoils replies on purpose, after the request has been processed; None is honest
    port : 0 takes any that is free
    """

    def __init__(
        self,
        exchange: SimulatedExchange,
        keys: Mapping[str, str],
        *,
        tamper: Tamper | None = None,
        manners: Manners | None = None,
        port: int = 0,
    ) -> None:
        super().__init__(port)
        self.exchange = exchange
        self.tamper = tamper
        self._keys = keys
        self._manners = manners or Manners()
        whims = self._manners.whims
        kline: Handler = partial(market.kline, cut=whims.cut) if whims else market.kline
        self._public = {**PUBLIC, KLINE: kline}

    def respond(self, call: Call) -> Answer | None:
        """Process one request and wrap what comes of it."""
        if (call.method, call.path) not in PUBLIC and (call.method, call.path) not in PRIVATE:
            return Answer(404, b"")
        limits = self._manners.limits
        if limits and not limits.admits(call.address):
            return Answer(403, b"access too frequent", {"Content-Type": "text/plain"})
        body = self.answer(call)
        if not isinstance(body, bytes):
            return body
        is_counted = limits and (call.method, call.path) in PRIVATE
        return Answer(200, body, limits.headers(_key(call), call.path) if limits and is_counted else {})

    def answer(self, call: Call) -> bytes | Answer | None:
        """Process one request; None means hang up."""
        body = json.dumps(self._envelope(call), separators=(",", ":")).encode()
        return self.tamper(call.path, body) if self.tamper else body

    def _envelope(self, call: Call) -> Json:
        code, message, result = 0, "OK", {}
        try:
            self.exchange.catch_up()
            result = self._handle(call)
        except Decline as no:
            code, message = no.code, no.reason
        except DataError as error:
            code, message = PARAMETER, f"params error: {error}"
        except TradewindError as error:
            code, message = SERVER_ERROR, f"Server error: {error}"
        return {"retCode": code, "retMsg": message, "result": result, "retExtInfo": {}, "time": self.exchange.now_ms}

    def _handle(self, call: Call) -> Json:
        params = query_of(call.payload) if call.method == "GET" else {}
        route, whims = (call.method, call.path), self._manners.whims
        if route in self._public:
            result = self._public[route](self.exchange, params)
        else:
            self._admit(call)
            result = PRIVATE[route](self.exchange, params if call.method == "GET" else body_of(call.payload))
        return whims.dress(result) if whims else result

    def _admit(self, call: Call) -> None:
        manners = self._manners
        clocks = [Clock(self.exchange.now_ms, max(manners.pace, 1))]
        if manners.client_clock:
            clocks.append(Clock(manners.client_clock()))
        signature.check(call.headers, call.payload, self._keys, clocks)
        if manners.limits and not manners.limits.allows(_key(call), call.path):
            raise Decline(TOO_MANY, "Too many visits. Exceeded the API Rate Limit.")


def _key(call: Call) -> str:
    return call.headers.get("x-bapi-api-key", "")
