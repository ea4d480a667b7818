"""What other people and the venue itself do between two ticks: a hand, transfers, halts, forced closes, rules."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from core.exchange.events import (
    Deleveraged,
    LeverageSet,
    LiquidityOffered,
    MoneyMoved,
    OrderSubmitted,
    PositionModeSet,
    PricesMoved,
    TradingBarred,
    VenueRestarted,
)
from core.execution.orders import OrderRequest
from core.types import Side
from tasks.venues.simulated.world import PanelWorld
from tests.simulation.world import Outside


class ChangingWorld(PanelWorld):
    """A recording whose trading rules may be changed while it is lived through."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.changed: dict[str, dict[str, Any]] = {}

    def instruments(self, now_ms: int) -> Any:
        listed = super().instruments(now_ms)
        return [replace(rules, **self.changed.get(rules.symbol, {})) for rules in listed]


def happen(life: Any, event: Outside) -> None:
    """Let it happen; an event without anything to happen to does nothing."""
    EVENTS[event.what](life, event)


def _trade(life: Any, event: Outside) -> None:
    """The owner trades by hand, under no name or one of his own."""
    state, symbol = life.exchange.state, _any(life, event)
    rules = state.instruments[symbol]
    wanted = Decimal(str(abs(event.size))) * state.wallet / state.prices[symbol]
    side: Side = "buy" if event.size > 0 else "sell"
    _order(life, OrderRequest("mine" * (event.pick % 2), symbol, side, wanted // rules.step * rules.step, reduce_only=False))


def _close(life: Any, event: Outside) -> None:
    """The owner closes one of the positions by hand."""
    if (one := _held(life, event)) is not None:
        side: Side = "sell" if one.quantity > 0 else "buy"
        _order(life, OrderRequest("", one.symbol, side, abs(one.quantity), reduce_only=True))


def _deleverage(life: Any, event: Outside) -> None:
    if (one := _held(life, event)) is not None:
        step = life.exchange.state.instruments[one.symbol].step if one.symbol in life.exchange.state.instruments else 1
        part = abs(one.quantity) * Decimal(str(abs(event.size))) // step * step
        life.exchange.apply(Deleveraged(one.symbol, max(part, min(step, abs(one.quantity)))))


def _crash(life: Any, event: Outside) -> None:
    """One price falls, or rises, so far that the account may be liquidated; the next bar has the recorded one again."""
    if (one := _held(life, event)) is not None and one.symbol in life.exchange.state.prices:
        factor = Decimal("0.2") if one.quantity > 0 else Decimal(4)
        tick = life.exchange.state.instruments[one.symbol].tick
        price = life.exchange.state.prices[one.symbol] * factor // tick * tick
        life.exchange.apply(PricesMoved(life.exchange.now_ms, {one.symbol: max(price, tick)}))


def _ruin(life: Any, _event: Outside) -> None:
    """Every position goes so wrong that the account is liquidated."""
    prices = {}
    for one in life.exchange.state.holdings.values():
        if one.quantity and one.symbol in life.exchange.state.instruments:
            tick, last = life.exchange.state.instruments[one.symbol].tick, life.exchange.state.prices[one.symbol]
            prices[one.symbol] = max(last * (Decimal("0.01") if one.quantity > 0 else 20) // tick * tick, tick)
    life.exchange.apply(PricesMoved(life.exchange.now_ms, prices))


def _rules(life: Any, event: Outside) -> None:
    """The venue makes a step ten times as large, and the tick."""
    symbol = _any(life, event)
    old = life.exchange.state.instruments[symbol]
    coarse = {"step": old.step * 10, "min_quantity": old.step * 10, "tick": old.tick * 10}
    life.exchange.world.changed = {**life.exchange.world.changed, symbol: coarse}


def _bar(life: Any, event: Outside) -> None:
    """A symbol is halted, or settles, until the story is over or it is let go."""
    life.exchange.apply(TradingBarred(_any(life, event), "halted" if event.size > 0 else "settling"))


def _thin(life: Any, event: Outside) -> None:
    """Of one symbol there is little, or nothing at all, to be had until its price moves on."""
    symbol = _any(life, event)
    step = life.exchange.state.instruments[symbol].step
    life.exchange.apply(LiquidityOffered(symbol, step * event.pick))


def _lost(life: Any, event: Outside) -> None:
    """An order of our kind rests at the venue, and our journal does not know it."""
    symbol = _any(life, event)
    rules, price = life.exchange.state.instruments[symbol], life.exchange.state.prices[symbol]
    far = max(price / 2 // rules.tick * rules.tick, rules.tick)
    quantity = (20 / far // rules.step + 1) * rules.step
    _order(life, OrderRequest("tw-lost", symbol, "buy", quantity, reduce_only=False, price=far))


def _skew(life: Any, event: Outside) -> None:
    """Our clock is off for one tick: ahead by up to six seconds, or behind."""
    life.skew = (6_000, -1_500, 900, -6_000)[event.pick % 4]


def calm(life: Any) -> None:
    """Let everything end that only an outsider can end."""
    life.skew = 0
    life.stop.unlink(missing_ok=True)
    life.exchange.apply(PositionModeSet(hedge=False))
    for symbol in tuple(life.exchange.state.barred):
        life.exchange.apply(TradingBarred(symbol, None))


EVENTS: dict[str, Callable[[Any, Outside], object]] = {
    "trade": _trade,
    "close": _close,
    "deleverage": _deleverage,
    "crash": _crash,
    "ruin": _ruin,
    "rules": _rules,
    "bar": _bar,
    "thin": _thin,
    "skew": _skew,
    "lost": _lost,
    "restart": lambda life, _: life.exchange.apply(VenueRestarted()),
    "transfer": lambda life, event: life.exchange.apply(MoneyMoved(Decimal(int(event.size * 5_000)))),
    "leverage": lambda life, event: life.exchange.apply(LeverageSet(_any(life, event), Decimal(1 + event.pick))),
    "hedge": lambda life, _: life.exchange.apply(PositionModeSet(hedge=True)),
    "stop": lambda life, _: life.stop.touch(),
    "go": lambda life, _: life.stop.unlink(missing_ok=True),
}


def _any(life: Any, event: Outside) -> str:
    live = sorted(life.exchange.state.instruments.keys() & life.exchange.state.prices.keys())
    return live[event.pick % len(live)]


def _held(life: Any, event: Outside) -> Any:
    held = [one for one in life.exchange.state.holdings.values() if one.quantity]
    return held[event.pick % len(held)] if held else None


def _order(life: Any, request: OrderRequest) -> None:
    life.exchange.apply(OrderSubmitted(request))
