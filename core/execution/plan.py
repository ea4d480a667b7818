"""From target weights to orders: what to buy and sell, exits first, in the venue's grains.

1. A quantity is sized at the price of the decision: target weight x equity / price, rounded towards zero.
2. A side is changed in two legs: a reduce-only exit of all that is held, then an entry.
3. What is not worth an order (inside the no-trade band, below the venue's minimum, dust) is named, not sent.
4. A leg that is large against what the market trades, or larger than the venue takes, is cut into slices, sent one after
   the other; closing everything in an emergency is only cut where the venue insists.
5. What is about to leave the venue is left in time, and not entered.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, Decimal

from core.execution.band import worth_trading
from core.execution.intents import Leg
from core.execution.rounding import round_quantity, stop_price, to_decimal
from core.market.instrument import Instrument
from core.market.timeframe import milliseconds
from core.risk.verdict import Verdict
from core.types import Side

DUST = Decimal(1)
"""Quote currency below which a remainder is ignored."""

PARTICIPATION = 0.01
"""Share of an hour's turnover that one slice may be: what moves a price is left to the next tick."""

NOTICE = timedelta(days=1)
"""How long before a symbol leaves the venue its position is closed."""


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    """One leg of what must be done to reach the targets."""

    symbol: str
    leg: Leg
    side: Side
    quantity: Decimal
    value: Decimal
    """Quote currency at the decision's price; 0 when there is none."""
    slice: int = 1
    stop_loss: Decimal | None = None

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
    """Where the account stands: signed quantities held, prices, equity in quote currency, trading rules, the venue's time."""

    held: Mapping[str, Decimal]
    prices: Mapping[str, float]
    equity: Decimal
    instruments: Mapping[str, Instrument]
    now: datetime | None = None
    turnover: Mapping[str, float] = field(default_factory=dict)
    """Quote currency that changes hands in an average hour; a symbol that is absent is not sliced for it."""

    def leaves(self, symbol: str) -> bool:
        """Whether the venue is about to close this symbol."""
        rules = self.instruments.get(symbol)
        if rules is None or not rules.delists_at or self.now is None:
            return False
        return rules.delists_at <= milliseconds(self.now + NOTICE)


def plan_orders(
    targets: Mapping[str, float], standing: Standing, *, band: float, verdict: Verdict, stop: float | None = None
) -> Plan:
    """Plan the way from what is held to the targets.

    Parameters
    ----------
    targets : symbol to fraction of equity; a symbol that is absent is left alone
    band : fraction of the target within which a position is left alone
    verdict : FLATTEN closes everything whatever the targets, HALT plans nothing; under REDUCE_ONLY entries are planned too, and
        wait to be sent
    stop : fraction of the price at which an entry's stop-loss lies; None is none
    """
    if verdict is Verdict.HALT:
        return Plan((), ("halted: no orders at all",))
    wanted, skipped = _wanted(targets, standing, verdict)
    legs: list[PlannedOrder] = []
    for symbol, weight in sorted(wanted.items()):
        planned, left_out = _legs(symbol, weight, standing, band)
        legs += [part for leg in planned for part in _slices(_protected(leg, standing, stop), standing, verdict)]
        skipped += left_out
    return Plan(tuple(sorted(legs, key=lambda order: (order.leg != "exit", order.slice, order.symbol))), tuple(skipped))


def _wanted(targets: Mapping[str, float], standing: Standing, verdict: Verdict) -> tuple[dict[str, float], list[str]]:
    """Return the targets as the verdict and the venue's calendar leave them, and what that changed."""
    if verdict is Verdict.FLATTEN:
        return dict.fromkeys(standing.held, 0.0), []
    leaving = [symbol for symbol in sorted({*targets, *standing.held}) if standing.leaves(symbol)]
    said = [f"{symbol}: the venue closes it soon, so it is left" for symbol in leaving if targets.get(symbol)]
    return {**targets, **{symbol: 0.0 for symbol in leaving if symbol in standing.held or symbol in targets}}, said


def _protected(leg: PlannedOrder, standing: Standing, stop: float | None) -> PlannedOrder:
    """Give an entry its stop-loss."""
    if stop is None or leg.reduce_only:
        return leg
    price, tick = to_decimal(standing.prices[leg.symbol]), standing.instruments[leg.symbol].tick
    return replace(leg, stop_loss=stop_price(price, tick, leg.side, stop))


def _slices(leg: PlannedOrder, standing: Standing, verdict: Verdict) -> list[PlannedOrder]:
    """Cut a leg into orders of at most what market and venue take at once, as equal as the step allows."""
    rules = standing.instruments.get(leg.symbol)
    if rules is None:
        return [leg]
    most = rules.max_quantity
    turnover = standing.turnover.get(leg.symbol, 0.0)
    if turnover > 0 and leg.value > 0 and verdict is not Verdict.FLATTEN:
        calm = leg.quantity * to_decimal(PARTICIPATION * turnover) / leg.value
        most = min(most or calm, max(calm, _least(leg, rules)))
    if most is None or leg.quantity <= most:
        return [leg]
    return _cut(leg, max(round_quantity(most, rules.step), rules.step), rules.step)


def _least(leg: PlannedOrder, rules: Instrument) -> Decimal:
    """Return twice the smallest quantity the venue takes: a slice, and the last one after it, must be worth an order."""
    return 2 * max(rules.min_quantity, rules.min_notional * leg.quantity / leg.value, rules.step)


def _cut(leg: PlannedOrder, most: Decimal, step: Decimal) -> list[PlannedOrder]:
    steps = int(leg.quantity / step)
    count = int((leg.quantity / most).to_integral_value(ROUND_CEILING))
    sizes = [step * (steps // count + (number < steps % count)) for number in range(count)]
    return [
        replace(leg, quantity=size, value=leg.value * size / leg.quantity, slice=number)
        for number, size in enumerate(sizes, start=1)
    ]


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
    legs = [leg for leg in _split(symbol, round_quantity(held, rules.step), target, price) if leg.quantity > 0]
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
