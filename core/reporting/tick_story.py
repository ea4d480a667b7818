"""A tick as a story for its run's page: what was decided, what spoke against it, and where the account stands."""

from math import isnan

from core.execution.intents import Intent
from core.reporting.tick import Tick


def is_news(tick: Tick) -> bool:
    """Whether a tick did something or was held back; a quiet minute leaves no page."""
    return tick.decided or bool(tick.reasons or tick.skipped or tick.alarms or moved(tick))


def is_turn(tick: Tick) -> bool:
    """Whether a decision was taken or a rule changed its mind: worth a picture."""
    return tick.decided or bool(tick.alarms)


def moved(tick: Tick) -> tuple[Intent, ...]:
    """Return the orders that changed their state in this tick."""
    return tuple(order for order in tick.orders if order.changed_at >= tick.at)


def story(tick: Tick) -> str:
    """Tell the tick in Markdown."""
    decision = f"decision of {tick.decision_time:%Y-%m-%d %H:%M} UTC, taken {'in this tick' if tick.decided else 'before'}"
    parts = (
        f"**{tick.verdict}**",
        f"equity {tick.equity:,.2f} USDT, {decision}, release `{tick.release[:12]}`",
        _listed("Why", tick.reasons),
        _listed("Alarms", tuple(f"{'raised' if a.raised else 'cleared'}: {a.text}" for a in tick.alarms)),
        _listed("Not ordered", tick.skipped),
        _listed("Orders that moved", tuple(map(_order, moved(tick)))),
    )
    return "\n\n".join(filter(None, parts))


def order_rows(tick: Tick) -> list[dict[str, str]]:
    """List the orders of the decision, as a table shows them."""
    return [
        {
            "symbol": order.symbol,
            "leg": order.leg,
            "side": order.side,
            "quantity": str(order.quantity),
            "state": order.state.value,
            "reason": order.reason,
        }
        for order in tick.orders
    ]


def position_rows(tick: Tick) -> list[dict[str, str]]:
    """Lay what is held beside what is wanted, as a table shows it; a symbol that is left alone has no target."""
    held = {position.symbol: position for position in tick.positions}
    rows = []
    for symbol in sorted(held.keys() | {name for name, weight in tick.targets.items() if weight and not isnan(weight)}):
        target, position = tick.targets.get(symbol), held.get(symbol)
        value = position.quantity * position.mark_price if position else 0
        rows.append(
            {
                "symbol": symbol,
                "quantity": str(position.quantity) if position else "0",
                "weight": f"{value / tick.equity:.2%}" if tick.equity > 0 else "n/a",
                "target": "left alone" if target is None or isnan(target) else f"{target:.2%}",
                "unrealised": f"{position.unrealised:+,.2f}" if position else "",
            }
        )
    return rows


def _listed(head: str, lines: tuple[str, ...]) -> str:
    return f"{head}:\n\n" + "\n".join(f"- {line}" for line in lines) if lines else ""


def _order(order: Intent) -> str:
    return f"{order.leg} {order.side} {order.quantity} {order.symbol}: {order.state.value} {order.reason}".rstrip()
