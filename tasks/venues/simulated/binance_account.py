"""Binance's endpoints of the account over a simulated exchange: what it holds, what it is worth, what has been booked."""

from collections.abc import Iterable
from decimal import Decimal

from core.exchange.account import LEVERAGE_SAME
from core.exchange.events import LeverageSet, Refused
from core.exchange.money import equity, leverage_of, maintenance, margin_used, orders_margin, rounded, signed, unrealised
from core.exchange.state import ZERO, Execution, Holding, State
from core.market.timeframe import DAY
from tasks.venues.simulated.binance_rows import ONE_WAY, SETTLE, income_rows, number, trade_row
from tasks.venues.simulated.binance_wire import BAD_SYMBOL, amount, limit_of, required, translated, whole, window
from tasks.venues.simulated.exchange import SimulatedExchange
from tasks.venues.simulated.wire import Decline, Json, Params, short, text

TRADES_WINDOW = 7 * DAY
INCOME_WINDOW = 90 * DAY


def account(exchange: SimulatedExchange, _params: Params) -> Json:
    """GET /fapi/v2/account in single-asset mode."""
    state = exchange.seen("wallet")
    margins = _margins(state)
    return {
        "feeTier": 0,
        "feeBurn": False,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": True,
        "updateTime": 0,
        "multiAssetsMargin": False,
        "tradeGroupId": -1,
        **{f"total{name[0].upper()}{name[1:]}": value for name, value in margins.items()},
        "availableBalance": _free(state),
        "maxWithdrawAmount": _free(state),
        "assets": [{**margins, "asset": SETTLE, **_rest(state)}],
        "positions": [_held_row(state, holding) for holding in _everything(state)],
    }


def positions(exchange: SimulatedExchange, params: Params) -> list[Json]:
    """GET /fapi/v2/positionRisk: a row for every symbol, held or not."""
    state, symbol = exchange.seen("positions"), params.get("symbol")
    return [_risk_row(state, holding) for holding in _everything(state) if symbol in {None, holding.symbol}]


def trades(exchange: SimulatedExchange, params: Params) -> list[Json]:
    """GET /fapi/v1/userTrades of one symbol, oldest first: from a number on, or those of at most seven days."""
    state, symbol, first = exchange.seen("executions"), required(params, "symbol"), whole(params, "fromId")
    made = [row for row in state.executions if row.symbol == symbol and row.kind not in {"funding", "transfer"}]
    if first is not None and ("startTime" in params or "endTime" in params):
        raise Decline(-1128, "Combination of optional parameters invalid.")
    if first is not None:
        wanted = [row for row in made if number(state, row.sequence) >= first]
    else:
        start, end = window(params, state.now, longest=TRADES_WINDOW)
        wanted = [row for row in made if start <= row.at <= end]
    gains = _gains(state)
    return _cut([trade_row(state, row, gains[row.sequence]) for row in wanted], params, usual=500)


def income(exchange: SimulatedExchange, params: Params) -> list[Json]:
    """GET /fapi/v1/income of at most three months, oldest first."""
    state, kind, symbol = exchange.seen("log"), params.get("incomeType"), params.get("symbol")
    start, end = window({"startTime": state.now - TRADES_WINDOW, **params}, state.now, longest=INCOME_WINDOW)
    gains = _gains(state)
    booked = [row for row in state.executions if start <= row.at <= end]
    rows = [line for row in booked for line in income_rows(state, row, gains[row.sequence])]
    wanted = [line for line in rows if kind in {None, line["incomeType"]} and symbol in {None, line["symbol"]}]
    return _cut(wanted, params, usual=100)


def set_leverage(exchange: SimulatedExchange, params: Params) -> Json:
    """POST /fapi/v1/leverage; the same value again is a success."""
    symbol, leverage = required(params, "symbol"), amount(params, "leverage")
    if symbol not in exchange.state.instruments:
        raise Decline(BAD_SYMBOL, "Invalid symbol.")
    reply = exchange.apply(LeverageSet(symbol, leverage))
    if isinstance(reply, Refused) and reply.code != LEVERAGE_SAME:
        raise translated(reply)
    return {"leverage": int(leverage), "maxNotionalValue": "1000000", "symbol": symbol}


def _cut(rows: list[Json], params: Params, *, usual: int) -> list[Json]:
    """Keep one page: from the start of the span if that was given, else from the end of it."""
    limit = limit_of(params, usual=usual, most=1000)
    return rows[:limit] if "startTime" in params or "fromId" in params else rows[-limit:]


def _gains(state: State) -> dict[int, Decimal]:
    """Return the profit that each execution realised.

    What is older than the exchange remembers counts as bought at the first price remembered.
    """
    gains: dict[int, Decimal] = {}
    books = {symbol: _before(state, symbol) for symbol in state.holdings}
    for row in state.executions:
        gains[row.sequence] = ZERO
        if row.kind in {"funding", "transfer"}:
            continue
        quantity, cost = books[row.symbol]
        change = signed(row.side, row.quantity)
        closed = row.closed if change < 0 else -row.closed
        released = cost if closed == quantity else rounded(cost * closed / quantity) if quantity else ZERO
        gains[row.sequence] = closed * row.price - released
        books[row.symbol] = quantity + change, cost - released + (change + closed) * row.price
    return gains


def _before(state: State, symbol: str) -> tuple[Decimal, Decimal]:
    """Return quantity and cost of a position before the first execution that is still remembered."""
    ours: list[Execution] = [row for row in state.executions if row.symbol == symbol and row.kind != "funding"]
    quantity = state.holdings[symbol].quantity - sum((signed(row.side, row.quantity) for row in ours), ZERO)
    return quantity, quantity * ours[0].price if ours else state.holdings[symbol].cost


def _everything(state: State) -> Iterable[Holding]:
    symbols = sorted(state.instruments.keys() | {symbol for symbol, held in state.holdings.items() if held.quantity})
    return [state.holdings.get(symbol, Holding(symbol)) for symbol in symbols]


def _margins(state: State) -> dict[str, str]:
    used, on_orders = margin_used(state), orders_margin(state)
    return {
        "initialMargin": short(used),
        "maintMargin": short(maintenance(state)),
        "walletBalance": text(state.wallet),
        "unrealizedProfit": text(equity(state) - state.wallet),
        "marginBalance": text(equity(state)),
        "positionInitialMargin": short(used - on_orders),
        "openOrderInitialMargin": short(on_orders),
        "crossWalletBalance": text(state.wallet),
        "crossUnPnl": text(equity(state) - state.wallet),
    }


def _rest(state: State) -> Json:
    return {
        "availableBalance": _free(state),
        "maxWithdrawAmount": _free(state),
        "marginAvailable": True,
        "updateTime": state.now,
    }


def _free(state: State) -> str:
    return short(max(equity(state) - margin_used(state), ZERO))


def _side(state: State, holding: Holding) -> str:
    hedged = "LONG" if holding.quantity >= 0 else "SHORT"
    return hedged if state.hedge else ONE_WAY


def _risk_row(state: State, holding: Holding) -> Json:
    mark = state.prices.get(holding.symbol, ZERO)
    return {
        "symbol": holding.symbol,
        "positionAmt": text(holding.quantity),
        "entryPrice": short(holding.entry),
        "breakEvenPrice": short(holding.entry),
        "markPrice": text(mark),
        "unRealizedProfit": text(unrealised(state, holding)),
        "liquidationPrice": "0",
        "leverage": text(leverage_of(state, holding.symbol)),
        "maxNotionalValue": "1000000",
        "marginType": "cross",
        "isolatedMargin": "0.00000000",
        "isAutoAddMargin": "false",
        "positionSide": _side(state, holding),
        "notional": text(holding.quantity * mark),
        "isolatedWallet": "0",
        "updateTime": holding.updated,
    }


def _held_row(state: State, holding: Holding) -> Json:
    value = abs(holding.quantity) * state.prices.get(holding.symbol, ZERO)
    margin = short(value / leverage_of(state, holding.symbol))
    return {
        "symbol": holding.symbol,
        "initialMargin": margin,
        "maintMargin": short(value * state.terms.maintenance_rate),
        "unrealizedProfit": text(unrealised(state, holding)),
        "positionInitialMargin": margin,
        "openOrderInitialMargin": "0",
        "leverage": text(leverage_of(state, holding.symbol)),
        "isolated": False,
        "entryPrice": short(holding.entry),
        "maxNotional": "1000000",
        "bidNotional": "0",
        "askNotional": "0",
        "positionSide": _side(state, holding),
        "positionAmt": text(holding.quantity),
        "updateTime": holding.updated,
    }
