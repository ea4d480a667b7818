"""Exposure: how much of the account is at stake now, and how much would be if whatever is in flight filled.

An order whose fate is unknown may fill at any moment or never, so each symbol's position lies somewhere between two bounds,
and the worst case takes, symbol by symbol, the bound further from flat. An order that may only reduce never leads across
zero; but it may get a position out of the way of an entry that then takes the other side in full.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from math import copysign, fsum, inf, isfinite, isinf
from typing import Literal, Protocol

from core.market.instrument import base_coin
from core.risk.limits import RiskConfig
from core.types import Side


class Order(Protocol):
    """What may still fill: an intent, a planned order, or one in the venue's book."""

    @property
    def symbol(self) -> str:
        """The venue's symbol."""
        ...

    @property
    def side(self) -> Side:
        """Whether it buys or sells."""
        ...

    @property
    def quantity(self) -> Decimal:
        """Base coin, positive; what has filled and is already held counts again, on the safe side."""
        ...

    @property
    def reduce_only(self) -> bool:
        """Whether the venue cuts it at zero."""
        ...


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What quantities are measured by.

    Parameters
    ----------
    prices : quote currency per base coin
    equity : quote currency; when there is none left, or it is not a number, anything held is infinitely much
    turnover : quote currency a day; a symbol that is absent has none, so any position in it is infinitely much
    """

    prices: Mapping[str, float]
    equity: Decimal
    turnover: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Exposure:
    """What is at stake, in multiples of equity.

    Parameters
    ----------
    gross : sum of the absolute values of all positions
    net : signed, negative is short; of a worst case, the side further from zero
    by_symbol, by_asset : absolute values, per symbol and summed per coin
    volume_share : absolute value of a position over the symbol's daily turnover, a fraction
    unpriced : symbols that are, or may be, held and have no price; in none of the sums
    """

    gross: float = 0.0
    net: float = 0.0
    by_symbol: Mapping[str, float] = field(default_factory=dict)
    by_asset: Mapping[str, float] = field(default_factory=dict)
    volume_share: Mapping[str, float] = field(default_factory=dict)
    unpriced: tuple[str, ...] = ()


LimitName = Literal["max_gross", "max_net", "max_symbol", "max_asset", "max_volume_share"]


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of an exposure beside its limit."""

    limited_by: LimitName
    subject: str
    value: float
    limit: float

    @property
    def is_breached(self) -> bool:
        """Whether the value has reached the limit; one that cannot be compared counts as having."""
        return not self.value < self.limit

    def __str__(self) -> str:
        return f"{self.subject} is {self.value:.4g}, {self.limited_by} is {self.limit:g}"


def exposure_if_filled(held: Mapping[str, Decimal], orders: Iterable[Order], yardstick: Yardstick) -> Exposure:
    """Measure the worst that can come of what is held and these orders, whichever of them fill, in whatever order.

    Every field is at least what it would be, in absolute value, after any such sequence of fills at these prices.
    """
    reach = {symbol: bounds for symbol, bounds in _reach(held, tuple(orders)).items() if any(bounds)}
    priced = {symbol: price for symbol in sorted(reach) if (price := _price(symbol, yardstick)) is not None}
    low, high = ({symbol: float(reach[symbol][end]) * priced[symbol] for symbol in priced} for end in (0, 1))
    worst = {symbol: max(abs(low[symbol]), abs(high[symbol])) for symbol in priced}
    equity = float(yardstick.equity)
    return Exposure(
        gross=_share(fsum(worst.values()), equity),
        net=_share(max(fsum(high.values()), fsum(low.values()), key=abs), equity),
        by_symbol={symbol: _share(value, equity) for symbol, value in worst.items()},
        by_asset={coin: _share(value, equity) for coin, value in _summed_by_asset(worst).items()},
        volume_share={symbol: _share(value, yardstick.turnover.get(symbol, 0.0)) for symbol, value in worst.items()},
        unpriced=tuple(symbol for symbol in sorted(reach) if symbol not in priced),
    )


def measures(seen: Exposure, limits: RiskConfig) -> tuple[Measure, ...]:
    """Lay every number of an exposure beside its limit."""
    return (
        Measure("max_gross", "gross exposure", seen.gross, limits.max_gross),
        Measure("max_net", "net exposure", abs(seen.net), limits.max_net),
        *(Measure("max_symbol", symbol, value, limits.max_symbol) for symbol, value in seen.by_symbol.items()),
        *(Measure("max_asset", f"all of {coin}", value, limits.max_asset) for coin, value in seen.by_asset.items()),
        *(
            Measure("max_volume_share", f"{symbol} against its daily turnover", value, limits.max_volume_share)
            for symbol, value in seen.volume_share.items()
        ),
    )


def too_much(before: Exposure, after: Exposure, limits: RiskConfig) -> str:
    """Return why an entry must not be sent; empty when it may.

    Only what the entry itself makes worse can stop it: a limit that is breached elsewhere is the verdict's business. An exit is
    never asked about: it is sent whatever the exposure.

    Parameters
    ----------
    before, after : worst cases without and with the entry, of everything that is held and in flight
    """
    for symbol in after.unpriced:
        if symbol not in before.unpriced:
            return f"{symbol} has no price"
    earlier = {(was.limited_by, was.subject): was.value for was in measures(before, limits)}
    for now in measures(after, limits):
        # Infinite is what could not be measured: more of it does not show.
        worse = now.value > earlier.get((now.limited_by, now.subject), 0.0) or isinf(now.value)
        if worse and now.is_breached:
            return str(now)
    return ""


def _reach(held: Mapping[str, Decimal], orders: tuple[Order, ...]) -> dict[str, tuple[Decimal, Decimal]]:
    """Return the lowest and the highest quantity that each symbol may come to."""
    total: dict[tuple[str, Side, bool], Decimal] = defaultdict(Decimal)
    for order in orders:
        total[order.symbol, order.side, order.reduce_only] += order.quantity
    return {
        symbol: (
            _furthest(held.get(symbol, Decimal(0)), total[symbol, "sell", True], total[symbol, "sell", False]),
            -_furthest(-held.get(symbol, Decimal(0)), total[symbol, "buy", True], total[symbol, "buy", False]),
        )
        for symbol in {*held, *(order.symbol for order in orders)}
    }


def _furthest(held: Decimal, exits: Decimal, entries: Decimal) -> Decimal:
    """Return the lowest that sells can make of a quantity: the exits first, which stop at zero, then the entries."""
    return held - min(exits, max(held, Decimal(0))) - entries


def _price(symbol: str, yardstick: Yardstick) -> float | None:
    price = yardstick.prices.get(symbol, 0.0)
    return price if isfinite(price) and price > 0 else None


def _summed_by_asset(values: Mapping[str, float]) -> dict[str, float]:
    coins: dict[str, list[float]] = defaultdict(list)
    for symbol, value in values.items():
        coins[base_coin(symbol)].append(value)
    return {coin: fsum(parts) for coin, parts in coins.items()}


def _share(value: float, whole: float) -> float:
    if whole > 0:
        return value / whole
    return copysign(inf, value) if value else 0.0
