"""A rehearsal: what the account did, how far it ended from the backtest of the same bars, and the page that says why.

The parts are defined, and counted, in core/reporting/rehearsal_parts.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from core.execution.orders import Fill
from core.market.instrument import Instrument

MEANINGS = {
    "timing": "fills after the bar of their decision, at the prices then",
    "price": "fills off their bar's open by more than the model's spread and impact",
    "rounding": "less than an order: the quantity's grain, the least value, dust",
    "fees": "fees beyond the model's",
    "funding": "funding beyond the model's",
    "missed": "whole orders decided and not filled: refused, held back, lost",
    "sizing": "other sizes: the account counts with its own equity at the open, the model with its own at the close",
    "unbooked": "what no fill explains",
}
"""Every part, in the order of the page; negative where the account earned less than the model."""


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What an account did.

    Parameters
    ----------
    balance, equity : quote currency, at the start, where it was flat, and at the end
    fills : all of its bookings
    decided_at : link id of every order to the moment of its decision
    prices : symbol to price, quote currency, at the end
    verdicts : how often the risk rules said what
    """

    balance: Decimal
    equity: Decimal
    fills: tuple[Fill, ...]
    decided_at: Mapping[str, datetime]
    prices: Mapping[str, float]
    instruments: Mapping[str, Instrument]
    verdicts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The difference between an account and its backtest.

    Parameters
    ----------
    account, model : profit, fraction of the starting equity
    bps_per_day : account - model, basis points of the starting equity a day
    parts : by name, see `MEANINGS`; they sum to `bps_per_day`
    """

    release: str
    start: datetime
    end: datetime
    days: float
    decisions: int
    orders: int
    fills: int
    verdicts: dict[str, int]
    account: float
    model: float
    bps_per_day: float
    parts: dict[str, float]


def page(done: Rehearsal) -> tuple[str, ...]:
    """Return the lines a person reads."""
    stretch = f"{done.start:%Y-%m-%d %H:%M} to {done.end:%Y-%m-%d %H:%M} UTC, {done.days:.1f} days"
    width, said = max(map(len, MEANINGS)), ", ".join(f"{count} {name}" for name, count in done.verdicts.items())
    return (
        f"Rehearsal of {done.release[:12]}, {stretch}: {done.decisions} decisions, {done.orders} orders, {done.fills} fills",
        f"verdicts of its ticks: {said}",
        f"account {done.account:+.3%}, backtest {done.model:+.3%}: {done.bps_per_day:+.2f} bps of equity a day, of which",
        *(f"  {name:{width}} {round(done.parts[name], 2) + 0.0:+7.2f}  {meaning}" for name, meaning in MEANINGS.items()),
    )
