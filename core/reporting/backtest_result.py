"""From the paths of a run to its result."""

import numpy as np

from core.backtest.benchmarks import bitcoin_column, buy_and_hold, equal_weight
from core.backtest.kernel import Paths
from core.backtest.metrics import metrics
from core.backtest.tearsheet import tear_sheet
from core.deploy.release import Release
from core.market.features import day_of
from core.market.panel import Panel
from core.market.synthetic import VENUE as SYNTHETIC_VENUE
from core.market.timeframe import DAY, HOUR, utc
from core.portfolio import Market
from core.regimes import by_regime, regime_spells
from core.reporting.backtest_detail import curve, monthly_sums, symbol_lines
from core.reporting.backtested import Backtested, Benchmark, Detail, Stretch
from core.reporting.cost_report import cost_report
from core.reporting.notes import notes
from core.reporting.periods import Period
from core.reporting.regime_labels import regime_labels
from core.reporting.round_trips import RoundTrips, extremes, round_trips, told, trip_stats
from core.types import Array, Ints

PER_BAR = ("equity", "net", "fees", "spread", "impact", "funding", "turnover", "weights", "contribution")
"""Fields of `Paths` that have a row per bar."""
MOST_TRIPS = 20
"""Best and worst round trips that are told."""


def backtested(market: Market, release: Release, paths: Paths, history: Panel) -> Backtested:
    """Sum up a run of the release's book from its start to the last bar.

    Parameters
    ----------
    history : bars that tell the regimes, from `HISTORY_DAYS` before the start on where there are so many
    """
    panel, own = market.panel, since_start(market, paths)
    labels = regime_labels(history, panel.close_time[market.first :])
    open_time, trips = panel.open_time[market.first :], round_trips(own.weights, own.contribution)
    sheet, rivals = tear_sheet(own.net, own.turnover, own.weights, open_time), benchmark_nets(market)
    synthetic = release.venue == SYNTHETIC_VENUE
    return Backtested(
        release=release.fingerprint,
        strategy=", ".join(dict.fromkeys(sleeve.strategy for sleeve in release.sleeves)),
        venue=release.venue,
        timeframe=release.timeframe,
        start=utc(int(open_time[0])),
        end=utc(int(panel.close_time[-1])),
        bars=len(open_time),
        symbols=int(np.isfinite(panel.close[market.first :]).any(axis=0).sum()),
        data_hash=panel.data_hash,
        regime_hash=history.data_hash,
        synthetic=synthetic,
        sheet=sheet,
        total=compounded(own.net),
        costs=cost_report(own, open_time, panel.bar_ms),
        forced_exits=int(paths.forced.sum()),
        stopped=int(paths.stopped.sum()),
        regimes=by_regime(own.net, open_time, labels),
        benchmarks=tuple(_benchmark(name, net, open_time, labels) for name, net in rivals.items()),
        trades=trip_stats(trips, len(open_time), panel.bar_ms / HOUR),
        notes=notes(market, release, paths, sheet.metrics, synthetic=synthetic),
        detail=_detail({"strategy": own.net, **rivals}, own.turnover, trips, panel.symbols, open_time, labels),
    )


def stretch(period: Period, market: Market, paths: Paths) -> Stretch:
    """Sum up a run over one period."""
    own, open_time = since_start(market, paths), market.panel.open_time[market.first :]
    return Stretch(
        name=period.name,
        start=utc(int(open_time[0])),
        end=utc(int(market.panel.close_time[-1])),
        shortened=period.shortened,
        bars=len(open_time),
        metrics=metrics(own.net, own.turnover, open_time),
        total=compounded(own.net),
        costs=cost_report(own, open_time, market.panel.bar_ms).totals,
    )


def benchmark_nets(market: Market) -> dict[str, Array]:
    """Return what the yardsticks earned per bar from the start of the book on, by name; Bitcoin only where it is quoted."""
    close, bitcoin = market.panel.close, bitcoin_column(market.panel.symbols)
    nets = {} if bitcoin is None else {"BTC, held": buy_and_hold(close[:, bitcoin], market.first)}
    nets["equal weights"] = equal_weight(close, market.rows, market.eligible)
    return {name: net[market.first :] for name, net in nets.items()}


def since_start(market: Market, paths: Paths) -> Paths:
    """Return the paths with their series cut to the bars from the start of the book on."""
    return paths._replace(**{name: getattr(paths, name)[market.first :] for name in PER_BAR})


def compounded(net: Array) -> float:
    """Total return of returns per bar."""
    return float(np.prod(1.0 + net) - 1.0)


def _benchmark(name: str, net: Array, open_time: Ints, labels: Ints) -> Benchmark:
    figures = metrics(net, np.zeros_like(net), open_time)
    return Benchmark(name, figures, compounded(net), by_regime(net, open_time, labels))


def _detail(
    nets: dict[str, Array], turnover: Array, trips: RoundTrips, symbols: tuple[str, ...], open_time: Ints, labels: Ints
) -> Detail:
    best, worst = extremes(trips, MOST_TRIPS)
    return Detail(
        days=tuple(utc(int(day) * DAY) for day in np.unique(day_of(open_time))),
        curves=tuple(curve(name, net, open_time) for name, net in nets.items()),
        spells=regime_spells(labels, open_time),
        months=monthly_sums(turnover, open_time),
        symbols=symbol_lines(trips, symbols),
        best=told(trips, best, symbols, open_time),
        worst=told(trips, worst, symbols, open_time),
    )
