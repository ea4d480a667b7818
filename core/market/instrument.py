"""What a venue lets you trade, and in which grains."""

import re
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Instrument:
    """Trading rules of one perpetual, as the venue states them.

    Parameters
    ----------
    tick : quote currency, the price grain
    step : base coin, the quantity grain
    min_quantity : base coin
    min_notional : quote currency
    funding_minutes : minutes between settlements **today**; history may differ
    active : whether it trades now
    max_quantity : base coin, the largest market order; None when the venue does not say
    delists_at : milliseconds since 1970 UTC when the venue means to close it; 0 when it does not
    """

    venue: str
    symbol: str
    tick: Decimal
    step: Decimal
    min_quantity: Decimal
    min_notional: Decimal
    funding_minutes: int = 480
    active: bool = True
    max_quantity: Decimal | None = None
    delists_at: int = 0


_QUOTES = re.compile(r"[-_/:]?(USDT|USDC|USD|BUSD|PERP)([-_:].*)?$")
_MULTIPLES = re.compile(r"^(1M|1[0]{3,})(?=[A-Z])")


def base_coin(symbol: str) -> str:
    """Return the coin behind a symbol: ``1000PEPEUSDT`` and ``PEPEUSDC`` are both PEPE; an unknown form is its own coin.

    Examples
    --------
    >>> base_coin("1000PEPEUSDT"), base_coin("BTCUSDT"), base_coin("BTC-PERP"), base_coin("S01")
    ('PEPE', 'BTC', 'BTC', 'S01')
    """
    bare = _QUOTES.sub("", symbol)
    return _MULTIPLES.sub("", bare) or symbol
