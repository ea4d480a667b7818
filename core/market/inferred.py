"""Trading rules guessed from prices, for archives that come without them. Good enough for paper, never for real orders."""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal

from core.execution.rounding import to_decimal
from core.market.instrument import Instrument

STEP_VALUE = Decimal("0.1")
"""Quote currency that one step of quantity is worth at most."""
MIN_NOTIONAL = Decimal(5)


def inferred_instrument(venue: str, symbol: str, closes: Sequence[float]) -> Instrument:
    """Guess the rules of a symbol from some of its closes: the finest decimal seen is the tick."""
    exponents = (to_decimal(close).normalize().as_tuple().exponent for close in closes)
    tick = Decimal(1).scaleb(min(0, *(e for e in exponents if isinstance(e, int))))
    step = _power_of_ten_below(STEP_VALUE / to_decimal(closes[-1]))
    return Instrument(venue, symbol, tick, step, step, MIN_NOTIONAL)


def _power_of_ten_below(value: Decimal) -> Decimal:
    return Decimal(1).scaleb(int(value.log10().to_integral_value(ROUND_FLOOR)))
