"""Where a run's profit came from: by symbol, by sleeve, by long and short, and by what earned and what cost.

1. Nothing compounds: every part is a sum over bars of fractions of the equity before the bar, so each of the four ways to cut
   the profit sums to that of `Paths.net`. In the bar of ruin more than everything can be lost; there all parts are scaled to
   the one equity there was to lose.
2. A bar belongs to the side held at its close, or the one held into it where it ends flat, or (opened and stopped within the
   bar) the one that was ordered. So the opening gap of a position that changes sides falls to its new side.
3. A symbol's profit is split by its sleeves' shares of the raw target weight at the decision that governs the bar. Shares sum
   to 1 and have signs: of +3 and -1 the shares are 1.5 and -0.5, because the sleeve that wanted the other side lost what its
   part of the position would have lost. Only the book is run, so each sleeve's part includes what the others saved it by
   trading the other way.
4. Where the raw weights sum to 0 (or the symbol has no bar) no sleeve holds anything, and what is still earned or paid, such
   as the cost of leaving, belongs to the shares of the last decision at which they did not. So a symbol on which sleeves
   offset to nothing is earned by none of them.
5. In the bar in which orders fill, the gap at its open was earned by the old position, and what the price did from there by
   the new one. The costs of the trade (and what a stop took in that very bar) go to both decisions, weighted by what was held
   before and what is wanted after.

Tested in tests/core/reporting/test_attribution.py.
"""

from dataclasses import dataclass

import numpy as np

from core.backtest.kernel import Paths
from core.deploy.release import Release, Sleeve
from core.market.panel import Panel
from core.portfolio import Market, raw_weights
from core.types import Array, Ints

COSTS = ("funding", "fees", "spread", "impact")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a profit; `earned` is a sum of fractions of equity, not compounded, negative where it was lost."""

    name: str
    earned: float


@dataclass(frozen=True, slots=True)
class Attribution:
    """A run's profit, cut four ways; the parts of each sum to the same total.

    Parameters
    ----------
    by_symbol : the symbols that were held, most profitable first
    by_sleeve : in the release's order, named by the parameters in which they differ
    by_side : long, short
    by_source : price, then funding, fees, spread, impact, negative where they were paid
    """

    by_symbol: tuple[Part, ...]
    by_sleeve: tuple[Part, ...]
    by_side: tuple[Part, ...]
    by_source: tuple[Part, ...]

    @property
    def total(self) -> float:
        """What all parts sum to."""
        return sum(part.earned for part in self.by_source)


def attribution(market: Market, release: Release, paths: Paths) -> Attribution:
    """Cut the profit of a run of the release's book over the market.

    Parameters
    ----------
    paths : what `core.portfolio.run` says about them
    """
    left = _scale(paths)
    earned = paths.contribution * left[:, None]
    return Attribution(
        by_symbol=_by_symbol(market.panel.symbols, earned),
        by_sleeve=_by_sleeve(market, release, paths, earned),
        by_side=_by_side(market.rows, paths, earned),
        by_source=_by_source(paths, left),
    )


def _scale(paths: Paths) -> Array:
    """(T,) 1, and in the bar of ruin what there was to lose over what its contributions say was lost."""
    scale = np.ones(len(paths.net))
    if (paths.equity <= 0.0).any():
        lost = int(np.argmax(paths.equity <= 0.0))
        scale[lost] = paths.net[lost] / paths.contribution[lost].sum()
    return scale


def _by_symbol(symbols: tuple[str, ...], earned: Array) -> tuple[Part, ...]:
    total, held = earned.sum(axis=0), (earned != 0.0).any(axis=0)
    return tuple(Part(symbols[i], float(total[i])) for i in np.argsort(-total, kind="stable") if held[i])


def _by_source(paths: Paths, scale: Array) -> tuple[Part, ...]:
    paid = {name: float((getattr(paths, name) * scale).sum()) for name in COSTS}
    price = float(paths.net.sum()) + sum(paid.values())
    return (Part("price", price), *(Part(name, 0.0 - total) for name, total in paid.items()))


def _by_side(rows: Ints, paths: Paths, earned: Array) -> tuple[Part, ...]:
    before = np.vstack([np.zeros_like(paths.weights[:1]), paths.weights[:-1]])
    sign = np.sign(np.where(paths.weights != 0.0, paths.weights, before))
    ordered = np.nan_to_num(paths.targets)[np.maximum(np.searchsorted(rows, np.arange(len(sign))) - 1, 0)]
    sign = np.where(sign != 0.0, sign, np.sign(ordered))
    return tuple(Part(name, float(earned[sign == side].sum())) for name, side in (("long", 1.0), ("short", -1.0)))


def _by_sleeve(market: Market, release: Release, paths: Paths, earned: Array) -> tuple[Part, ...]:
    panel, filled = market.panel, market.rows[market.rows < len(market.panel) - 1]

    def raw(sleeves: tuple[Sleeve, ...]) -> Array:
        return np.nan_to_num(raw_weights(market, sleeves, vol_floor=release.vol_floor))[: len(filled)]

    price = per_weight(raw(release.sleeves), panel, filled, paths, earned)
    names = _names(release.sleeves)
    return tuple(Part(name, float((raw((one,)) * price).sum())) for name, one in zip(names, release.sleeves, strict=True))


def per_weight(total: Array, panel: Panel, rows: Ints, paths: Paths, earned: Array) -> Array:
    """Price the raw weights of every decision: a sleeve earned the sum of its raw weights times these.

    Parameters
    ----------
    total : (D, N) raw weights of all sleeves together, 0 where the symbol has no bar
    rows : (D,) decision bars that have a bar after them
    earned : (T, N) what is to be split, fraction of equity

    Returns
    -------
    (D, N) profit per unit of raw weight; 0 where the weights sum to 0
    """
    last = np.maximum.accumulate(np.where(total != 0.0, np.arange(len(total))[:, None], 0), axis=0)
    gathered = np.zeros_like(total)
    np.add.at(gathered, (last, np.arange(total.shape[1])), _governed(panel, rows, paths, earned))
    return np.divide(gathered, total, out=np.zeros_like(total), where=total != 0.0)


def _governed(panel: Panel, rows: Ints, paths: Paths, earned: Array) -> Array:
    """(D, N) profit that falls to each decision: its block's, less what the decision before is owed of the first bar."""
    first = rows + 1  # both products are exactly what the kernel booked there, from weights instead of units
    gap = np.nan_to_num(paths.weights[rows] * (panel.open[first] / panel.close[rows] - 1.0))
    kept = paths.weights[first] * (1.0 + paths.net[first])[:, None]
    kept = np.nan_to_num(kept * (1.0 - panel.open[first] / panel.close[first] - panel.funding[first]))
    held, wanted = np.abs(paths.weights[rows]), np.abs(np.nan_to_num(paths.targets[: len(rows)]))
    share = np.divide(held, held + wanted, out=np.zeros_like(held), where=held > 0.0)
    owed = gap + share * (earned[first] - gap - kept)
    return np.add.reduceat(earned, first, axis=0) - owed + np.vstack([owed[1:], np.zeros_like(owed[:1])])


def _names(sleeves: tuple[Sleeve, ...]) -> list[str]:
    """Name each sleeve by its strategy and by the parameters in which the sleeves of that strategy differ."""
    return [_name(sleeve, [other for other in sleeves if other.strategy == sleeve.strategy]) for sleeve in sleeves]


def _name(sleeve: Sleeve, alike: list[Sleeve]) -> str:
    telling = [key for key in sleeve.params if len({str(other.params[key]) for other in alike}) > 1]
    words = (f"{key} {_brief(sleeve.params[key])}" for key in telling)
    return " ".join([sleeve.strategy, ", ".join(words)]).strip()


def _brief(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
