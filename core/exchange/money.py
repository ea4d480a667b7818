"""What the account is worth and what it may still do, read off a state.

Every amount charged is rounded to 1e-8 quote currency, so decimals stay short however long the exchange runs.
"""

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


def on_tick(price: Decimal, tick: Decimal, rounding: str = ROUND_HALF_EVEN) -> Decimal:
    """Return the price on the grid of ticks, at least one tick."""
    return max((price / tick).to_integral_value(rounding=rounding) * tick, tick)


def taker_price(state: State, symbol: str, side: Side) -> Decimal:
    """Last price worsened by the slippage and rounded to tick, both against the taker."""
    slip = state.terms.slippage_bps / _BPS
    tick, last = state.instruments[symbol].tick, state.prices[symbol]
    if side == "buy":
        return on_tick(last * (1 + slip), tick, ROUND_CEILING)
    return on_tick(last * (1 - slip), tick, ROUND_FLOOR)


def fee_rate(state: State, *, maker: bool) -> Decimal:
    """Fee as a fraction of notional."""
    return (state.terms.maker_bps if maker else state.terms.taker_bps) / _BPS


def held(state: State, symbol: str) -> Decimal:
    """Signed position, 0 when there is none."""
    holding = state.holdings.get(symbol)
    return holding.quantity if holding else ZERO


def held_at(state: State, symbol: str, moment: int) -> Decimal:
    """Signed position at a past moment (ms), from the position now and what was executed after it."""
    later = (e for e in state.executions if e.symbol == symbol and e.kind != "funding" and e.at > moment)
    return held(state, symbol) - sum((signed(e.side, e.quantity) for e in later), ZERO)


def unrealised(state: State, holding: Holding) -> Decimal:
    """Profit of the open position at the last price, before fees."""
    return holding.quantity * state.prices[holding.symbol] - holding.cost if holding.quantity else ZERO


def equity(state: State) -> Decimal:
    """Wallet plus unrealised profit."""
    return state.wallet + sum((unrealised(state, holding) for holding in state.holdings.values()), ZERO)


def leverage_of(state: State, symbol: str) -> Decimal:
    """Leverage of a symbol; the account's maximum until it is set."""
    return state.leverage.get(symbol, state.terms.max_leverage)


def margin_used(state: State) -> Decimal:
    """Sum the initial margins, notional over leverage, of positions and of open orders that could add to them."""
    positions = sum(
        (abs(h.quantity) * state.prices[s] / leverage_of(state, s) for s, h in state.holdings.items() if h.quantity),
        ZERO,
    )
    return positions + orders_margin(state)


def orders_margin(state: State) -> Decimal:
    """Sum the initial margins of open orders that are not reduce-only."""
    return sum(
        (
            (order.quantity - order.filled) * order.price / leverage_of(state, order.symbol)
            for order in state.orders.values()
            if order.status == "open" and not order.reduce_only and order.price is not None
        ),
        ZERO,
    )
