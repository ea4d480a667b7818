"""What an account lived through at a stage, measured beside what its release predicted."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.backtest.kernel import Paths
from core.backtest.metrics import daily_returns, deviation
from core.backtest.tails import expected_shortfall
from core.deploy.cusum import claimed, cusum, standardised
from core.deploy.release import Release
from core.deploy.sequence import e_value
from core.deploy.shadow import Marks, apart, between, execution, midnights, shadow
from core.execution.orders import Fill
from core.ledger.fifo import Book, apply_fills
from core.market.timeframe import DAY, milliseconds
from core.portfolio import Market
from core.types import Array, Ints

SHORTEST_HISTORY = 60
"""Days of the model's own history below which they predict no tail."""
TAIL = 0.95
"""Level of expected shortfall: the worst twentieth of the days."""


@dataclass(frozen=True, slots=True)
class Lived:
    """What an account lived through at its stage, beside what its release predicted; None where one of the two is not known.

    Fractions are of the account's equity, and what was predicted is scaled to the stage's share of it. Basis points are of that
    share (`tracking_bps`, `drift_bps`, per day: what they would be at full capital) or of the value traded (`slippage_bps`,
    `fee_bps`, both *beyond the model*).

    Parameters
    ----------
    days : whole UTC days since the stage's first decision
    unseen : midnights of these without a look at the account within the hour
    due, taken : decisions
    fills, priced : of trades; for those that came too late after their bar's open, or without a bar, the model has no price
    drawdown, drawdown_1_in_20, drawdown_1_in_100 : negative
    shortfall : mean loss of the worst twentieth of the days, positive
    gross, symbol : largest exposure seen, and its caps
    claim : Sharpe that the release is held to
    cusum : highest so far, see core/deploy/cusum.py
    e_value : of the release's life, see core/deploy/sequence.py
    """

    days: int
    unseen: int = 0
    due: int = 0
    taken: int = 0
    tracking_bps: float | None = None
    drift_bps: float | None = None
    fills: int = 0
    priced: int = 0
    liquidations: int = 0
    slippage_bps: float | None = None
    fee_bps: float | None = None
    drawdown: float = 0.0
    drawdown_1_in_20: float | None = None
    drawdown_1_in_100: float | None = None
    shortfall: float | None = None
    predicted_shortfall: float | None = None
    gross: float = 0.0
    gross_cap: float = 1.0
    symbol: float = 0.0
    symbol_cap: float = 1.0
    claim: float | None = None
    cusum: float | None = None
    e_value: float | None = None


@dataclass(frozen=True, slots=True)
class Looks:
    """Every look at the account, oldest first, (S,) each: milliseconds, quote currency, fraction of equity."""

    at: Ints
    equity: Array
    gross: Array


@dataclass(frozen=True, slots=True)
class Claims:
    """What the release's evidence says of it: annual Sharpe, a year's drawdowns (negative); None where it says nothing."""

    sharpe: float | None = None
    drawdown_1_in_20: float | None = None
    drawdown_1_in_100: float | None = None


@dataclass(frozen=True, slots=True)
class Stay:
    """A release's stay at a stage, up to the midnight at which its market ends, with everything it is measured by.

    Parameters
    ----------
    paths : the release's own run over the market
    began : moment of the stay's first decision, milliseconds; one of the market's
    capital : share of the targets that each stage held, by the moment (ms) it began: the release's life, this stay last
    taken : moments of all decisions taken
    fills : of the account, before the market's end
    """

    release: Release
    market: Market
    paths: Paths
    claims: Claims
    began: int
    capital: dict[int, float]
    looks: Looks
    taken: frozenset[int]
    fills: tuple[Fill, ...]

    @property
    def share(self) -> float:
        """The stage's share of the targets."""
        return list(self.capital.values())[-1]

    @property
    def decisions(self) -> Ints:
        """Moments of the market's decisions, milliseconds."""
        return self.market.panel.close_time[self.market.rows]

    @property
    def first_day(self) -> int:
        """Number of the day that begins at the first midnight of the stay."""
        return -(-self.began // DAY)

    @property
    def last_day(self) -> int:
        """Number of the day that begins at the last midnight."""
        return int(self.market.panel.close_time[-1]) // DAY

    @property
    def marks(self) -> Marks:
        """The account at the stay's midnights."""
        return midnights(self.looks.at, self.looks.equity, self.first_day, self.last_day)

    @property
    def model_days(self) -> Array:
        """Daily returns of the release's own book before the stay, at the stage's share."""
        before = slice(self.market.first, self.market.panel.row_at(self.began))
        return self.share * daily_returns(self.paths.net[before], self.market.panel.open_time[before])


def lived(stay: Stay) -> Lived:
    """Measure a stay."""
    days = stay.last_day - stay.first_day
    if days < 1:
        return Lived(days=0)
    return Lived(days=days, **{name: value for part in _PARTS for name, value in part(stay).items()})


def _decided(stay: Stay) -> dict[str, Any]:
    due = [int(moment) for moment in stay.decisions if stay.began <= moment < stay.last_day * DAY]
    return {"due": len(due), "taken": sum(moment in stay.taken for moment in due)}


def _tracked(stay: Stay) -> dict[str, Any]:
    marks, panel = stay.marks, stay.market.panel
    unseen = {"unseen": stay.last_day - stay.first_day + 1 - len(marks.day)}
    if len(marks.day) < 2:
        return unseen
    first = int(np.searchsorted(stay.decisions, stay.began))
    net = shadow(stay.market, stay.release, stay.paths, first, stay.share)
    off, drift = apart(marks.returns, between(net, panel.open_time, marks.day), int(marks.day[-1] - marks.day[0]))
    return {**unseen, "tracking_bps": off / stay.share, "drift_bps": drift / stay.share}


def _filled(stay: Stay) -> dict[str, Any]:
    mine = [fill for fill in stay.fills if milliseconds(fill.at) >= stay.began]
    done = execution(stay.market, stay.release.costs, [fill for fill in mine if fill.kind == "trade"])
    return {**done._asdict(), "liquidations": sum(fill.kind == "liquidation" for fill in mine)}


def _fallen(stay: Stay) -> dict[str, Any]:
    inside = (stay.looks.at >= stay.first_day * DAY) & (stay.looks.at <= stay.last_day * DAY)
    equity, claims = stay.looks.equity[inside], stay.claims
    scaled = {name: getattr(claims, name) for name in ("drawdown_1_in_20", "drawdown_1_in_100")}
    return {
        "drawdown": float((equity / np.maximum.accumulate(equity)).min(initial=1.0)) - 1.0,
        **{name: None if depth is None else stay.share * depth for name, depth in scaled.items()},
    }


def _worst_days(stay: Stay) -> dict[str, Any]:
    earned, model = stay.marks.returns, stay.model_days
    return {
        "shortfall": expected_shortfall(-earned, level=TAIL) if len(earned) else None,
        "predicted_shortfall": expected_shortfall(-model, level=TAIL) if len(model) >= SHORTEST_HISTORY else None,
    }


def _exposed(stay: Stay) -> dict[str, Any]:
    inside = (stay.looks.at >= stay.first_day * DAY) & (stay.looks.at <= stay.last_day * DAY)
    caps, held = stay.release.caps, apply_fills(Book(), stay.fills).quantities
    prices = dict(zip(stay.market.panel.symbols, np.nan_to_num(stay.market.panel.close[-1]), strict=True))
    values = [abs(float(quantity)) * prices.get(symbol, 0.0) for symbol, quantity in held.items()]
    worth = stay.marks.equity[-1:]
    return {
        "gross": float(stay.looks.gross[inside].max(initial=0.0)),
        "gross_cap": stay.share * caps.gross,
        "symbol": float(max(values, default=0.0) / worth[0]) if len(worth) and worth[0] > 0 else 0.0,
        "symbol_cap": stay.share * min(caps.symbol, caps.asset),
    }


def _earned(stay: Stay) -> dict[str, Any]:
    evidence = {"e_value": e_value(_per_capital(stay))}
    vol, sharpe, earned = deviation(stay.model_days, ddof=1), stay.claims.sharpe, stay.marks.returns
    if sharpe is None or vol <= 0 or not len(earned):
        return evidence
    claim = claimed(sharpe)
    return {**evidence, "claim": claim, "cusum": float(cusum(standardised(earned, vol), claim).max())}


def _per_capital(stay: Stay) -> Array:
    """Return the account's days since the release went live, as if every stage had held all of the targets."""
    sinces = np.array(list(stay.capital), dtype=np.int64)
    marks = midnights(stay.looks.at, stay.looks.equity, -(-int(sinces[0]) // DAY), stay.last_day)
    held = np.array(list(stay.capital.values()))[np.searchsorted(sinces, marks.day * DAY, side="right") - 1]
    return marks.returns / held[:-1]


_PARTS: tuple[Callable[[Stay], dict[str, Any]], ...] = (
    *(_decided, _tracked, _filled, _fallen),
    *(_worst_days, _exposed, _earned),
)
