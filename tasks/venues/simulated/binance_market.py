"""Binance's public endpoints over a simulated exchange."""

from core.exchange.state import State
from core.market.timeframe import TIMEFRAMES
from core.types import Array
from tasks.venues.simulated.binance_rows import symbol_row
from tasks.venues.simulated.binance_wire import limit_of, one_of, required, whole
from tasks.venues.simulated.exchange import SimulatedExchange
from tasks.venues.simulated.wire import Json, Params, text

USUAL_FUNDING = 480
INTERVALS = {name: (name, length) for name, length in TIMEFRAMES.items()}


def server_time(exchange: SimulatedExchange, _params: Params) -> Json:
    """GET /fapi/v1/time."""
    return {"serverTime": exchange.now_ms}


def exchange_info(exchange: SimulatedExchange, _params: Params) -> Json:
    """GET /fapi/v1/exchangeInfo: every symbol that is listed, tradable or not."""
    state = exchange.state
    return {
        "timezone": "UTC",
        "serverTime": state.now,
        "futuresType": "U_MARGINED",
        "rateLimits": [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2400},
            {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
        ],
        "exchangeFilters": [],
        "assets": [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "0"}],
        "symbols": [symbol_row(rules) for _, rules in sorted(state.instruments.items())],
    }


def funding_info(exchange: SimulatedExchange, _params: Params) -> list[Json]:
    """GET /fapi/v1/fundingInfo: only symbols whose interval is not the usual eight hours."""
    odd = [rules for rules in exchange.state.instruments.values() if rules.funding_minutes != USUAL_FUNDING]
    return [
        {
            "symbol": rules.symbol,
            "adjustedFundingRateCap": "0.02000000",
            "adjustedFundingRateFloor": "-0.02000000",
            "fundingIntervalHours": rules.funding_minutes // 60,
            "disclaimer": False,
        }
        for rules in odd
    ]


def prices(exchange: SimulatedExchange, _params: Params) -> list[Json]:
    """GET /fapi/v2/ticker/price of all symbols that trade."""
    state = exchange.state
    return [
        {"symbol": symbol, "price": text(state.prices[symbol]), "time": state.now}
        for symbol, rules in sorted(state.instruments.items())
        if rules.active and symbol in state.prices
    ]


def klines(exchange: SimulatedExchange, params: Params) -> list[list[object]]:
    """GET /fapi/v1/klines: oldest first, the open candle included; when more was asked for, the newest are cut."""
    symbol, now = required(params, "symbol"), exchange.now_ms
    timeframe, length = one_of(params, "interval", INTERVALS, code=-1120)
    limit = limit_of(params, usual=500, most=1500)
    start, end = whole(params, "startTime"), min(whole(params, "endTime") or now, now)
    first = end - limit * length + 1 if start is None else start
    rows = exchange.world.bars(symbol, timeframe, first, end, now)
    return _candles(rows[:limit] if start is not None else rows[-limit:], length)


def funding_rates(exchange: SimulatedExchange, params: Params) -> list[Json]:
    """GET /fapi/v1/fundingRate: oldest first; from a start the newest are cut, else the oldest."""
    symbol, now = required(params, "symbol"), exchange.now_ms
    start, end = whole(params, "startTime"), whole(params, "endTime")
    limit = limit_of(params, usual=100, most=1000)
    rates = exchange.world.funding(symbol, start or 0, now if end is None else end, now).tolist()
    kept = rates[:limit] if start is not None else rates[-limit:]
    mark = _mark(exchange.state, symbol)
    return [{"symbol": symbol, "fundingTime": int(at), "fundingRate": repr(rate), "markPrice": mark} for at, rate in kept]


def _mark(state: State, symbol: str) -> str:
    return text(state.prices[symbol]) if symbol in state.prices else ""


def _candles(rows: Array, length: int) -> list[list[object]]:
    return [
        [int(at), *map(repr, prices), repr(volume), int(at) + length - 1, repr(prices[3] * volume), 0, "0", "0", "0"]
        for at, *prices, volume in rows.tolist()
    ]
