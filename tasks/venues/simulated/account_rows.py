"""What the account holds and is worth, as Bybit's rows: same keys, same JSON types, numbers as strings."""

from decimal import Decimal

from core.exchange.money import leverage_of, maintenance, margin_used, orders_margin, rounded, unrealised
from core.exchange.protection import protections
from core.exchange.state import ZERO, Holding, State
from tasks.venues.simulated.rows import SIDES
from tasks.venues.simulated.wire import Json, short, text

_POSITION: Json = {
    "riskId": 1,
    "riskLimitValue": "",
    "tradeMode": 0,
    "positionStatus": "Normal",
    "autoAddMargin": 0,
    "adlRankIndicator": 0,
    "positionBalance": "0",
    "liqPrice": "",
    "bustPrice": "",
    "tpslMode": "Full",
    "trailingStop": "0",
    "sessionAvgPrice": "",
    "isReduceOnly": False,
    "mmrSysUpdatedTime": "",
    "leverageSysUpdatedTime": "",
}


def position_row(state: State, holding: Holding) -> Json:
    """Row of /v5/position/list; a flat position has no side."""
    mark, leverage = state.prices.get(holding.symbol, ZERO), leverage_of(state, holding.symbol)
    value = abs(holding.quantity) * mark
    side = SIDES["buy" if holding.quantity > 0 else "sell"] if holding.quantity else ""
    return {
        **_POSITION,
        **_protection(state, holding.symbol),
        "positionIdx": (1 if holding.quantity >= 0 else 2) if state.hedge else 0,
        "symbol": holding.symbol,
        "side": side,
        "size": text(abs(holding.quantity)),
        "avgPrice": short(holding.entry),
        "positionValue": text(value),
        "leverage": text(leverage),
        "markPrice": text(mark),
        "positionIM": short(value / leverage),
        "positionMM": short(value * state.terms.maintenance_rate),
        "unrealisedPnl": text(unrealised(state, holding)),
        "curRealisedPnl": text(holding.realised),
        "cumRealisedPnl": text(holding.realised),
        "seq": holding.sequence,
        "createdTime": str(holding.created),
        "updatedTime": str(holding.updated),
    }


def _protection(state: State, symbol: str) -> Json:
    prices = {order.origin: text(order.trigger) for order in protections(state, symbol) if order.trigger is not None}
    return {"stopLoss": prices.get("stop-loss", ""), "takeProfit": prices.get("take-profit", "")}


_COIN: Json = {
    "coin": "USDT",
    "availableToWithdraw": "",
    "availableToBorrow": "",
    "borrowAmount": "0",
    "spotBorrow": "0",
    "accruedInterest": "0",
    "bonus": "0",
    "locked": "0",
    "spotHedgingQty": "0",
    "collateralSwitch": True,
    "marginCollateral": True,
}


def wallet_row(state: State) -> Json:
    """Row of /v5/account/wallet-balance: one coin, whose dollar is a dollar."""
    open_profit = sum((unrealised(state, holding) for holding in state.holdings.values()), ZERO)
    worth, margin = state.wallet + open_profit, margin_used(state)
    return {
        "accountType": "UNIFIED",
        "totalEquity": text(worth),
        "totalWalletBalance": text(state.wallet),
        "totalMarginBalance": text(worth),
        "totalAvailableBalance": short(max(worth - margin, ZERO)),
        "totalPerpUPL": text(open_profit),
        "totalInitialMargin": short(margin),
        "totalMaintenanceMargin": short(maintenance(state)),
        "accountIMRate": short(rounded(margin / worth)) if worth > 0 else "0",
        "accountMMRate": short(rounded(maintenance(state) / worth)) if worth > 0 else "0",
        "accountLTV": "0",
        "coin": [_coin(state, worth, open_profit)],
    }


def _coin(state: State, worth: Decimal, open_profit: Decimal) -> Json:
    on_orders = orders_margin(state)
    return {
        **_COIN,
        "equity": text(worth),
        "usdValue": text(worth),
        "walletBalance": text(state.wallet),
        "unrealisedPnl": text(open_profit),
        "cumRealisedPnl": text(state.realised - state.fees - state.funding),
        "totalPositionMM": short(maintenance(state)),
        "totalPositionIM": short(margin_used(state) - on_orders),
        "totalOrderIM": short(on_orders),
    }
