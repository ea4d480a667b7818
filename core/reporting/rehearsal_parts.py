"""How far the account of a rehearsal ended from the backtest of the same bars, and why, part by part.

Everything is counted at reference prices: the open of a bar for the whole of it, the last close where a symbol has none, and at
the end the prices the account was valued at. There u units held in bar t earn ``u x (price[t + 1] - price[t])``, for the model
exactly as for the account. Four books of units lie between the two:

    model     what the backtest holds
    wanted    what the account would hold if every order of any size filled whole: the model's target weights x its own equity
              / the price of its own moment, moved to only where that is worth trading; the rule of `plan_orders`, unrounded
    placed    what it traded, as if it had all been filled in the bar of its decision
    held      what it held

1. The parts sum to the whole difference, because each is the step from one of these to the next:
   ``sizing`` wanted - model; ``rounding`` and ``missed`` placed - wanted; ``timing`` held - placed; ``price``, ``fees``,
   ``funding`` what the account paid, against what the model did; ``unbooked`` what its equity has and its fills do not explain.
2. What is left of a decision is `missed` if the venue would have taken it as an order, and `rounding` if it is less than that.
   It counts until the symbol is traded again.
3. A part is 0 when its cause is absent; `unbooked` is always 0, or a fill is lost.

All three are tested in tests/core/reporting/test_rehearsal.py.
"""

from typing import NamedTuple

import numpy as np

from core.backtest.costs import BPS
from core.backtest.kernel import Paths
from core.deploy.release import Release
from core.execution.band import worth_trading
from core.execution.plan import DUST
from core.market.panel import Panel
from core.market.timeframe import DAY, milliseconds, utc
from core.portfolio import Market
from core.reporting.rehearsal import MEANINGS, Rehearsal, Rehearsed
from core.types import Array, Ints, Mask


class _Deals(NamedTuple):
    """(K,) each: the trades' column, bar of the decision, bar of the fill, signed units, price paid, fee."""

    column: Ints
    decided: Ints
    filled: Ints
    units: Array
    price: Array
    fee: Array


class _World(NamedTuple):
    """The stretch, T bars of it: their opens (ms), and (T + 1, N) reference prices; the decisions that fill in it, (D,)."""

    panel: Panel
    price: Array
    decided: Ints
    targets: Array


def compare(market: Market, release: Release, paths: Paths, books: Rehearsed) -> Rehearsal:
    """Hold an account against the backtest of its release.

    Parameters
    ----------
    market : up to the end of the rehearsal
    paths : of the release's run over the market; the account started flat with the release's book
    """
    world = _world(market, paths, books)
    start, end = int(world.panel.open_time[0]), int(world.panel.close_time[-1])
    days, balance = (end - start) / DAY, float(books.balance)
    parts = _parts(world, market, paths, release, books)
    per_day = {name: parts[name] / balance / days / BPS for name in MEANINGS}
    account = float(books.equity / books.balance) - 1.0
    return Rehearsal(
        release=release.fingerprint,
        start=utc(start),
        end=utc(end),
        days=days,
        decisions=len(world.decided),
        orders=len(books.decided_at),
        fills=sum(fill.kind == "trade" for fill in books.fills),
        verdicts=dict(books.verdicts),
        account=account,
        model=account - sum(parts.values()) / balance,
        bps_per_day=sum(per_day.values()),
        parts=per_day,
    )


def _world(market: Market, paths: Paths, books: Rehearsed) -> _World:
    panel, rows = market.panel.rows(market.first, len(market.panel)), market.rows
    last = np.array([books.prices.get(symbol, np.nan) for symbol in panel.symbols])
    price, before = np.vstack([panel.open, last]), panel.close[0]
    for t in range(1, len(price)):
        before = np.where(np.isfinite(panel.close[t - 1]), panel.close[t - 1], before)
        price[t] = np.where(np.isfinite(price[t]), price[t], before)
    filled = rows < len(market.panel) - 1
    return _World(panel, price, rows[filled] + 1 - market.first, paths.targets[filled])


def _parts(world: _World, market: Market, paths: Paths, release: Release, books: Rehearsed) -> dict[str, float]:
    """Quote currency, by name."""
    deals, moves = _deals(world, books), np.nan_to_num(np.diff(world.price, axis=0))
    held, placed = _units(deals, deals.filled, moves.shape), _units(deals, deals.decided, moves.shape)
    worth = _worth(world, deals, held, moves, books)
    wanted = _wanted(world, deals, held, worth, release.band)
    whole = _whole(world, placed - wanted, deals, books)
    left, slipped = (placed - wanted) * moves, deals.units * (deals.price - world.price[deals.filled, deals.column])
    late = world.price[deals.filled, deals.column] - world.price[deals.decided, deals.column]
    model = _model(world, market, paths, float(books.balance))
    return {
        "timing": -float((deals.units * late).sum()),
        "price": model["slippage"] - float(slipped.sum()),
        "rounding": float(left[~whole].sum()),
        "fees": model["fees"] - float(deals.fee.sum()),
        "funding": model["funding"] - float(sum(fill.fee for fill in books.fills if fill.kind == "funding")),
        "missed": float(left[whole].sum()),
        "sizing": float((wanted * moves).sum()) - model["earned"],
        "unbooked": float(books.equity) - worth[-1],
    }


def _model(world: _World, market: Market, paths: Paths, balance: float) -> dict[str, float]:
    """Return what the backtest earned by price, up to the account's last prices, and what it paid; quote currency."""
    before = balance * np.concatenate([[1.0], paths.equity[:-1]])
    units = np.nan_to_num(balance * paths.weights[-1] * paths.equity[-1] / market.panel.close[-1])
    after = float((units * np.nan_to_num(world.price[-1] - market.panel.close[-1])).sum())
    paid = {
        "slippage": float(((paths.spread + paths.impact) * before).sum()),
        "fees": float((paths.fees * before).sum()),
        "funding": float((paths.funding * before).sum()),
    }
    return {**paid, "earned": float(balance * (paths.equity[-1] - 1.0)) + after + sum(paid.values())}


def _deals(world: _World, books: Rehearsed) -> _Deals:
    column = {symbol: i for i, symbol in enumerate(world.panel.symbols)}
    deals = [fill for fill in books.fills if fill.kind not in {"funding", "transfer"} and fill.symbol in column]
    at = np.array([milliseconds(fill.at) for fill in deals], dtype=np.int64)
    due = np.array([milliseconds(books.decided_at.get(fill.link, fill.at)) for fill in deals], dtype=np.int64)
    return _Deals(
        column=np.array([column[fill.symbol] for fill in deals], dtype=np.int64),
        decided=_bar_at(world.panel, due),
        filled=_bar_at(world.panel, at),
        units=np.array([float(fill.quantity if fill.side == "buy" else -fill.quantity) for fill in deals]),
        price=np.array([float(fill.price) for fill in deals]),
        fee=np.array([float(fill.fee) for fill in deals]),
    )


def _bar_at(panel: Panel, moments: Ints) -> Ints:
    """Return the bar that contains each moment, the first or last one beyond them."""
    rows: Ints = np.searchsorted(panel.open_time, moments, side="right") - 1
    return np.clip(rows, 0, len(panel) - 1)


def _units(deals: _Deals, rows: Ints, shape: tuple[int, ...]) -> Array:
    """(T, N) what was held in each bar, had every deal been filled in its row."""
    traded = np.zeros(shape)
    np.add.at(traded, (rows, deals.column), deals.units)
    return np.cumsum(traded, axis=0)


def _worth(world: _World, deals: _Deals, held: Array, moves: Array, books: Rehearsed) -> Array:
    """(T + 1,) the account's equity at every open and at the end, by its fills: after what settles then, before what fills."""
    charged = np.zeros(len(world.price))
    reference = world.price[deals.filled, deals.column]
    np.add.at(charged, deals.filled + 1, deals.units * (deals.price - reference) + deals.fee)
    for fill in books.fills:
        if fill.kind == "funding":
            charged[min(world.panel.row_at(milliseconds(fill.at)), len(charged) - 1)] += float(fill.fee)
    return float(books.balance) + np.concatenate([[0.0], np.cumsum((held * moves).sum(axis=1))]) - np.cumsum(charged)


def _wanted(world: _World, deals: _Deals, held: Array, worth: Array, band: float) -> Array:
    """(T, N) what the account would hold without grains and refusals; it moves where it traded, or it was worth it."""
    traded = np.zeros(held.shape, dtype=np.bool_)
    traded[deals.decided, deals.column] = True
    out, now, exists = np.zeros_like(held), np.zeros(held.shape[1]), np.isfinite(world.panel.open)
    decision = {int(row): d for d, row in enumerate(world.decided)}
    for t in range(len(held)):
        if t in decision:
            exact = world.targets[decision[t]] * worth[t] / world.price[t]
            before = held[t - 1] if t else np.zeros_like(now)
            pairs = zip(exact, before, strict=True)
            due = np.array([worth_trading(to, of, band) for to, of in pairs]) | traded[t]
            now = np.where(due & exists[t] & np.isfinite(exact), exact, now)
        out[t] = now
    return out


def _whole(world: _World, left: Array, deals: _Deals, books: Rehearsed) -> Mask:
    """(T, N) whether what is left of the last decision would have been an order of its own."""
    rules = [books.instruments.get(symbol) for symbol in world.panel.symbols]
    units = np.array([float(max(r.step, r.min_quantity)) if r else 0.0 for r in rules])
    value = np.array([float(max(r.min_notional, DUST)) if r else 0.0 for r in rules])
    out, judged = np.zeros(left.shape, dtype=np.bool_), {*world.decided.tolist(), *deals.filled.tolist()}
    for t in range(len(left)):
        least = np.maximum(units, value / world.price[t])
        out[t] = np.abs(left[t]) >= least if t in judged else out[max(t - 1, 0)]
    return out
