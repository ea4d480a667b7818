"""What a reader must know before believing a backtest, and the one case in which there is nothing to believe: no history."""

import numpy as np

from core.backtest.kernel import Paths
from core.backtest.metrics import Metrics
from core.deploy.release import Release
from core.errors import ConfigError
from core.market.timeframe import DAY, utc
from core.portfolio import Market

TOO_GOOD = 2.0
"""A net Sharpe ratio that real bars do not give."""
DELISTED_DAYS = 7
"""A symbol whose last bar is this far before the end of the data has left the market."""
SHORT_DAYS = 90
"""Days below which yearly figures are noise."""
LONG_ENOUGH_DAYS = 365
"""Days in which some symbol of a crypto venue is delisted."""


def require_history(market: Market, release: Release) -> None:
    """Refuse a run in which not one decision can have a signal, because everything looks back further than the data goes.

    Raises
    ------
    ConfigError
        With the bars there are and the bars needed.
    """
    quickest = min(release.sleeves, key=lambda sleeve: sleeve.history)
    listed = release.universe.min_listed_days * DAY // market.panel.bar_ms
    there, needed = int(market.rows[-1]), max(quickest.history, listed)
    if there < needed:
        reason = (
            f"{quickest.strategy} looks back that far"
            if quickest.history >= listed
            else f"a symbol is held only after {release.universe.min_listed_days} days"
        )
        raise ConfigError(
            f"{release.venue} {release.timeframe}: {there:,} bars lie before the last decision, {needed:,} are needed, because "
            f"{reason}: choose less look-back, a later end, or load older bars"
        )


def notes(market: Market, release: Release, paths: Paths, figures: Metrics, *, synthetic: bool) -> tuple[str, ...]:
    """Say what is odd about a run, one sentence each."""
    closed = int(paths.forced.sum())
    checks = (
        f"Figures a year from only {figures.days} days say nothing." if figures.days < SHORT_DAYS else None,
        _warm_up(market, release),
        _survivors(market),
        "No funding is stored for these bars, so none was paid." if not market.panel.funding[market.first :].any() else None,
        f"{closed:,} positions were closed at the last price because their symbol lost its bars." if closed else None,
        "The book never traded." if not paths.turnover.any() else None,
        f"Everything was lost on {_ruin(market, paths)}." if (paths.equity <= 0.0).any() else None,
        "A net Sharpe above 2 on real bars is a bug or a leak until proven otherwise."
        if figures.sharpe > TOO_GOOD and not synthetic
        else None,
    )
    return tuple(note for note in checks if note is not None)


def _warm_up(market: Market, release: Release) -> str | None:
    there, needed = market.first, release.warmup_bars
    if there >= needed:
        return None
    warm = utc(int(market.panel.open_time[0]) + needed * market.panel.bar_ms)
    return (
        f"{there:,} bars lie before the start and {needed:,} are looked back on: "
        f"decisions before {warm:%Y-%m-%d} rest on less history, or on none."
    )


def _survivors(market: Market) -> str | None:
    """Say so when no symbol ever leaves: then those that did leave are likely missing, which flatters any backtest."""
    priced, days = np.isfinite(market.panel.close), len(market.panel) * market.panel.bar_ms / DAY
    recent = DELISTED_DAYS * DAY // market.panel.bar_ms
    if days < LONG_ENOUGH_DAYS or (~priced[-recent:].any(axis=0)).any():
        return None
    return "No symbol in these bars was ever delisted: those that were are likely missing, which flatters the result."


def _ruin(market: Market, paths: Paths) -> str:
    return f"{utc(int(market.panel.close_time[np.argmax(paths.equity <= 0.0)])):%Y-%m-%d}"
