"""Bybit's public endpoints over a simulated exchange."""

from core.exchange.checks import PARAMETER
from core.exchange.state import State
from core.market.instrument import Instrument
from core.market.timeframe import DAY, HOUR, MINUTE, TIMEFRAMES
from core.types import Array
from tasks.venues.simulated.exchange import SimulatedExchange
from tasks.venues.simulated.rows import instrument_row
from tasks.venues.simulated.wire import Decline, Json, Params, countdown, integer, linear, one_of, page, text

INTERVALS = {("D" if name == "1d" else str(length // MINUTE)): (name, length) for name, length in TIMEFRAMES.items()}
"""Bybit's names of timeframes: minutes, or D."""

KLINES = (200, 1000)
FUNDING_ROWS = (200, 200)
INSTRUMENTS = (500, 1000)


def server_time(exchange: SimulatedExchange, _params: Params) -> Json:
    """GET /v5/market/time."""
    now = exchange.now_ms
    return {"timeSecond": str(now // 1000), "timeNano": str(now * 1_000_000)}


def instruments_info(exchange: SimulatedExchange, params: Params) -> Json:
    """GET /v5/market/instruments-info: only what trades, as Bybit does unless asked for another status."""
    category, state = str(params.get("category", "")), exchange.state
    symbol, status = params.get("symbol"), params.get("status", "Trading")
    rules = [r for _, r in sorted(state.instruments.items()) if symbol in (None, r.symbol)]
    numbered = countdown(rules if category == "linear" and status == "Trading" else [])
    rows, cursor = page(numbered, params, lambda row: row[0], limits=INSTRUMENTS)
    shown = [instrument_row(r, max_leverage=state.terms.max_leverage) for _, r in rows]
    return {"category": category, "list": shown, "nextPageCursor": cursor}


def tickers(exchange: SimulatedExchange, params: Params) -> Json:
    """GET /v5/market/tickers; daily highs, lows and volumes are not simulated and empty."""
    linear(params)
    state, symbol = exchange.state, params.get("symbol")
    rows = [
        _ticker(exchange, state, rules)
        for rules in state.instruments.values()
        if rules.active and rules.symbol in state.prices and symbol in (None, rules.symbol)
    ]
    if symbol and not rows:
        raise Decline(PARAMETER, f"params error: symbol invalid {symbol}")
    return {"category": "linear", "list": rows}


def kline(exchange: SimulatedExchange, params: Params) -> Json:
    """GET /v5/market/kline: newest first, the open candle included; when more was asked for, the oldest are cut."""
    linear(params)
    timeframe, length = one_of(params, "interval", INTERVALS)
    symbol, now = str(params.get("symbol", "")), exchange.now_ms
    limit = max(1, min(integer(params, "limit") or KLINES[0], KLINES[1]))
    start, end = integer(params, "start"), integer(params, "end")
    if end is None:
        end = now if start is None else start + (limit - 1) * length
    end = min(end, now)
    first = max(end - limit * length + 1, start or 0)
    rows = exchange.world.bars(symbol, timeframe, first, end, now)
    return {"category": "linear", "symbol": symbol, "list": _candles(rows[-limit:])}


def funding_history(exchange: SimulatedExchange, params: Params) -> Json:
    """GET /v5/market/funding/history: newest first; a start without an end is an error."""
    linear(params)
    symbol, start, end = str(params.get("symbol", "")), integer(params, "startTime"), integer(params, "endTime")
    if start is not None and end is None:
        raise Decline(PARAMETER, "params error: endTime is required with startTime")
    limit = max(1, min(integer(params, "limit") or FUNDING_ROWS[0], FUNDING_ROWS[1]))
    rates = exchange.world.funding(symbol, start or 0, exchange.now_ms if end is None else end, exchange.now_ms)
    rows = [
        {"symbol": symbol, "fundingRate": repr(rate), "fundingRateTimestamp": str(int(moment))}
        for moment, rate in rates[::-1][:limit].tolist()
    ]
    return {"category": "linear", "list": rows}


_TICKER: Json = {
    "highPrice24h": "",
    "lowPrice24h": "",
    "openInterest": "",
    "openInterestValue": "",
    "turnover24h": "",
    "volume24h": "",
    "predictedDeliveryPrice": "",
    "basisRate": "",
    "basis": "",
    "deliveryFeeRate": "",
    "deliveryTime": "0",
    "ask1Size": "",
    "bid1Size": "",
}


def _ticker(exchange: SimulatedExchange, state: State, rules: Instrument) -> Json:
    interval, last = rules.funding_minutes * MINUTE, text(state.prices[rules.symbol])
    settled = exchange.world.funding(rules.symbol, state.now - interval, state.now, state.now)
    yesterday = exchange.world.price(rules.symbol, state.now - DAY)
    earlier = exchange.world.price(rules.symbol, state.now - HOUR)
    return {
        **_TICKER,
        "symbol": rules.symbol,
        "lastPrice": last,
        "indexPrice": last,
        "markPrice": last,
        "prevPrice24h": repr(yesterday) if yesterday else "",
        "price24hPcnt": f"{float(last) / yesterday - 1:.6f}" if yesterday else "",
        "prevPrice1h": repr(earlier) if earlier else "",
        "fundingRate": repr(float(settled[-1, 1])) if len(settled) else "0",
        "nextFundingTime": str((state.now // interval + 1) * interval),
        "bid1Price": last,
        "ask1Price": last,
    }


def _candles(rows: Array) -> list[list[str]]:
    turnover = rows[:, 4] * rows[:, 5]
    columns = [map(repr, column.tolist()) for column in (*rows[:, 1:].T, turnover)]
    opens = map(str, rows[:, 0].astype("int64").tolist())
    return [list(row) for row in zip(opens, *columns, strict=True)][::-1]
