"""From target weights to orders: what to buy and sell, exits first, in the venue's grains.

1. A quantity is sized at the price of the decision: target weight x equity / price, rounded towards zero.
2. A side is changed in two legs: a reduce-only exit of all that is held, then an entry.
3. What is not worth an order (inside the no-trade band, below the venue's minimum, dust) is named, not sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from core.execution.band import worth_trading
from core.execution.intents import Leg
from core.execution.rounding import round_quantity, to_decimal
from core.market.instrument import Instrument
from core.risk.verdict import Verdict
from core.types import Side

DUST = Decimal(1)
"""Quote currency below which a remainder is ignored."""


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    """One leg of what must be done to reach the targets."""

    symbol: str
    leg: Leg
    side: Side
    quantity: Decimal
    value: Decimal
    """Quote currency at the decision's price; 0 when there is none."""

    @property
    def reduce_only(self) -> bool:
        """Exits can only ever make a position smaller."""
        return self.leg == "exit"


@dataclass(frozen=True, slots=True)
class Plan:
    """Orders in the order they are sent, and what was left out, with the reason."""

    orders: tuple[PlannedOrder, ...]
    skipped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the account stands: signed quantities held, prices, equity in quote currency, trading rules."""

    held: Mapping[str, Decimal]
    prices: Mapping[str, float]
    equity: Decimal
    instruments: Mapping[str, Instrument]


def plan_orders(targets: Mapping[str, float], standing: Standing, *, band: float, verdict: Verdict) -> Plan:
    """Plan the way from what is held to the targets.

    Parameters
    ----------
    targets : symbol to fraction of equity; a symbol that is absent is left alone
    band : fraction of the target within which a position is left alone
    verdict : FLATTEN closes everything whatever the targets, HALT plans nothing, REDUCE_ONLY keeps the exits
    """
    if verdict is Verdict.HALT:
        return Plan((), ("halted: no orders at all",))
    wanted = dict.fromkeys(standing.held, 0.0) if verdict is Verdict.FLATTEN else targets
    legs, skipped = [], []
    for symbol, weight in sorted(wanted.items()):
        planned, left_out = _legs(symbol, weight, standing, band)
        legs += [leg for leg in planned if leg.reduce_only or verdict is Verdict.ALLOW]
        skipped += left_out
        skipped += [
            f"{symbol}: no entry while {verdict.name}"
            for leg in planned
            if not leg.reduce_only and verdict is not Verdict.ALLOW
        ]
    return Plan(tuple(sorted(legs, key=lambda order: (order.leg != "exit", order.symbol))), tuple(skipped))


def _legs(symbol: str, weight: float, standing: Standing, band: float) -> tuple[list[PlannedOrder], list[str]]:
    held = standing.held.get(symbol, Decimal(0))
    if symbol not in standing.instruments or symbol not in standing.prices:
        if held and not weight:  # leaving needs neither a price nor a rule
            return [_split(symbol, held, Decimal(0), Decimal(0))[0]], []
        return [], [f"{symbol}: no price or no trading rules"] if weight else []
    price, rules = to_decimal(standing.prices[symbol]), standing.instruments[symbol]
    exact = to_decimal(weight) * standing.equity / price
    if not worth_trading(float(exact), float(held), band):
        return [], []
    target = round_quantity(exact, rules.step)
    legs = [leg for leg in _split(symbol, held, target, price) if leg.quantity > 0]
    return [leg for leg in legs if not _too_small(leg, rules)], [
        f"{symbol}: {r}" for leg in legs if (r := _too_small(leg, rules))
    ]


def _split(symbol: str, held: Decimal, target: Decimal, price: Decimal) -> list[PlannedOrder]:
    """Return the exit and entry legs from one signed quantity to another."""
    kept = min(abs(held), abs(target)) if held * target > 0 else Decimal(0)
    off, on = abs(held) - kept, abs(target) - kept
    return [
        PlannedOrder(symbol, "exit", "sell" if held > 0 else "buy", off, off * price),
        PlannedOrder(symbol, "entry", "buy" if target > 0 else "sell", on, on * price),
    ]


def _too_small(leg: PlannedOrder, rules: Instrument) -> str:
    """Return why the leg is not worth sending, or an empty string."""
    if leg.value < DUST:
        return f"{leg.leg} of {leg.value:.2f} is dust"
    if leg.quantity < rules.min_quantity:
        return f"{leg.leg} of {leg.quantity} is below the venue's minimum quantity {rules.min_quantity}"
    if leg.leg == "entry" and leg.value < rules.min_notional:
        return f"entry of {leg.value:.2f} is below the venue's minimum value {rules.min_notional}"
    return ""
