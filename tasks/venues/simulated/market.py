"""Bybit's public endpoints over a simulated exchange."""

from collections.abc import Callable

from core.exchange.checks import PARAMETER
from core.exchange.state import State
from core.market.instrument import Instrument
from core.market.timeframe import DAY, HOUR, MINUTE, TIMEFRAMES
from core.types import Array
from tasks.venues.simulated.exchange import SimulatedExchange
from tasks.venues.simulated.rows import UNBOUNDED, instrument_row
from tasks.venues.simulated.wire import Decline, Json, Params, countdown, integer, linear, one_of, page, short, text

Cut = Callable[[Array, int], Array]
"""Keeps so many rows of more."""

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


def keep_newest(rows: Array, limit: int) -> Array:
    """Cut the oldest."""
    return rows[-limit:]


def kline(exchange: SimulatedExchange, params: Params, *, cut: Cut = keep_newest) -> Json:
    """GET /v5/market/kline: newest first, the open candle included; `cut` decides which go when more were asked for."""
    linear(params)
    timeframe, length = one_of(params, "interval", INTERVALS)
    symbol, now = str(params.get("symbol", "")), exchange.now_ms
    limit = max(1, min(integer(params, "limit") or KLINES[0], KLINES[1]))
    start, end = integer(params, "start"), integer(params, "end")
    if end is None:
        end = now if start is None else start + (limit - 1) * length
    end = min(end, now)
    first = end - limit * length + 1 if start is None else start
    rows = exchange.world.bars(symbol, timeframe, first, end, now)
    return {"category": "linear", "symbol": symbol, "list": _candles(cut(rows, limit) if len(rows) > limit else rows)}


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


def risk_limits(exchange: SimulatedExchange, params: Params) -> Json:
    """GET /v5/market/risk-limit: one tier per symbol, without an end."""
    linear(params)
    terms, symbol = exchange.state.terms, params.get("symbol")
    tier = {
        "id": 1,
        "riskLimitValue": text(UNBOUNDED),
        "maintenanceMargin": text(terms.maintenance_rate),
        "initialMargin": short(1 / terms.max_leverage),
        "isLowestRisk": 1,
        "maxLeverage": text(terms.max_leverage),
        "mmDeduction": "",
    }
    names = [name for name in sorted(exchange.state.instruments) if symbol in (None, name)]
    return {"category": "linear", "list": [{**tier, "symbol": name} for name in names], "nextPageCursor": ""}


def system_status(exchange: SimulatedExchange, _params: Params) -> Json:
    """GET /v5/system/status: the one maintenance there was ended when the exchange opened."""
    opened = str(exchange.state.opened)
    return {"list": [{**_MAINTENANCE, "begin": opened, "end": opened}]}


def announcements(exchange: SimulatedExchange, _params: Params) -> Json:
    """GET /v5/announcements/index: which symbols are to be delisted, and when."""
    leaving = [rules for rules in exchange.state.instruments.values() if rules.delists_at]
    return {"total": len(leaving), "list": [_delisting(rules, exchange.state.opened) for rules in leaving]}


def _delisting(rules: Instrument, said_at: int) -> Json:
    return {
        "title": f"Delisting of {rules.symbol} Perpetual Contract",
        "description": "",
        "type": {"title": "Delistings", "key": "delistings"},
        "tags": ["Derivatives"],
        "url": "",
        "dateTimestamp": said_at,
        "startDateTimestamp": said_at,
        "endDateTimestamp": rules.delists_at,
        "publishTime": said_at,
    }


_MAINTENANCE: Json = {
    "id": "simulated",
    "title": "Opening",
    "state": "completed",
    "href": "",
    "serviceTypes": [1, 2, 3, 4, 5],
    "product": [1, 2],
    "uidSuffix": [],
    "maintainType": 1,
    "env": 1,
}

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
