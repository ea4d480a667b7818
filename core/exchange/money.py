"""What the account is worth and what it may still do, read off a state.

Every amount charged is rounded to 1e-8 quote currency, so decimals stay short however long the exchange runs.
"""

from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from core.exchange.state import ZERO, Holding, State
from core.types import Side

_GRAIN = Decimal("0.00000001")
_BPS = Decimal(10_000)


def rounded(amount: Decimal) -> Decimal:
    """Return the amount on the grain of money, half to even."""
    return amount.quantize(_GRAIN, rounding=ROUND_HALF_EVEN)


def signed(side: Side, quantity: Decimal) -> Decimal:
    """Quantity with its direction: negative sells."""
    return quantity if side == "buy" else -quantity


def against(quantity: Decimal) -> Side:
    """Side that reduces a signed position."""
    return "sell" if quantity > 0 else "buy"


def on_tick(price: Decimal, tick: Decimal, rounding: str = ROUND_HALF_EVEN) -> Decimal:
    """Return the price on the grid of ticks, at least one tick."""
    return max((price / tick).to_integral_value(rounding=rounding) * tick, tick)


def taker_price(state: State, symbol: str, side: Side) -> Decimal:
    """Last price worsened by the slippage and rounded to tick, both against the taker."""
    return worsened(state, symbol, side, state.terms.slippage_bps)


def worsened(state: State, symbol: str, side: Side, bps: Decimal) -> Decimal:
    """Last price made worse for whoever trades on this side, then rounded to tick against him."""
    tick, last = state.instruments[symbol].tick, state.prices[symbol]
    if side == "buy":
        return on_tick(last * (1 + bps / _BPS), tick, ROUND_CEILING)
    return on_tick(last * (1 - bps / _BPS), tick, ROUND_FLOOR)


def fee_rate(state: State, *, maker: bool) -> Decimal:
    """Fee as a fraction of notional."""
    return (state.terms.maker_bps if maker else state.terms.taker_bps) / _BPS


def held(state: State, symbol: str) -> Decimal:
    """Signed position, 0 when there is none."""
    holding = state.holdings.get(symbol)
    return holding.quantity if holding else ZERO


def held_at(state: State, symbol: str, moment: int) -> Decimal:
    """Signed position at a past moment (ms), from the position now and what was executed after it."""
    quantity = held(state, symbol)
    for row in reversed(state.executions):
        if row.at <= moment:
            break
        if row.symbol == symbol and row.kind != "funding":
            quantity -= signed(row.side, row.quantity)
    return quantity


def unrealised(state: State, holding: Holding) -> Decimal:
    """Profit of the open position at the last price, before fees."""
    return holding.quantity * state.prices[holding.symbol] - holding.cost if holding.quantity else ZERO


def equity(state: State) -> Decimal:
    """Wallet plus unrealised profit."""
    return state.wallet + sum((unrealised(state, holding) for holding in state.holdings.values()), ZERO)


def leverage_of(state: State, symbol: str) -> Decimal:
    """Leverage of a symbol; the account's maximum until it is set."""
    return state.leverage.get(symbol, state.terms.max_leverage)


def maintenance(state: State) -> Decimal:
    """Sum the maintenance margins of all positions; equity at or below it is liquidated."""
    return state.terms.maintenance_rate * sum((notional for _, notional in _notionals(state)), ZERO)


def margin_used(state: State) -> Decimal:
    """Sum the initial margins, notional over leverage, of positions and of open orders that could add to them."""
    positions = sum((notional / leverage_of(state, symbol) for symbol, notional in _notionals(state)), ZERO)
    return positions + orders_margin(state)


def orders_margin(state: State) -> Decimal:
    """Sum the initial margins of open orders that are awake and not reduce-only."""
    return sum(
        (
            order.leaves * order.price / leverage_of(state, order.symbol)
            for order in state.orders.open.values()
            if not order.asleep and not order.reduce_only and order.price is not None
        ),
        ZERO,
    )


def is_affordable(state: State, symbol: str, change: Decimal, price: Decimal) -> bool:
    """Whether equity covers the initial margin after a position has changed by this signed quantity at this price.

    What does not grow a position is always affordable.
    """
    before = held(state, symbol)
    growth = abs(before + change) - abs(before)
    return growth <= 0 or margin_used(state) + growth * price / leverage_of(state, symbol) <= equity(state)


def _notionals(state: State) -> Iterator[tuple[str, Decimal]]:
    return ((name, abs(h.quantity) * state.prices[name]) for name, h in state.holdings.items() if h.quantity)
