"""From books to findings: each over the whole time, by calendar year and by market regime; and what is left after luck."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.evidence.books import BASKET, BITCOIN, LEVELS, Book, Case, books
from benchmarks.evidence.inference import (
    DRAWS,
    MEAN_BLOCK,
    SEED,
    Ahead,
    Best,
    Judged,
    ahead,
    best,
    judged,
    resampled,
    stationary_days,
)
from core.backtest.metrics import DAYS_PER_YEAR, daily_returns, deviation, max_drawdown, sharpe
from core.deploy.guard import GuardLimits
from core.deploy.sequence import Arming, in_force, key_one
from core.market.features import day_of
from core.regimes import Regime, RegimeConfig, benchmark, regimes
from core.types import Array, Ints
from core.validation.family import FAMILY_SIZE, family_stream, hypothesis, standardised

WHOLE = "all"


@dataclass(frozen=True, slots=True)
class Line:
    """What a book did in some of its days.

    `annual` is the mean daily return times 365, not compounded; `drawdown` is negative, over those days joined end to end;
    `turnover` is a day's; `cost` and `funding` are a year's, positive when paid.
    """

    days: int
    sharpe: float
    annual: float
    drawdown: float
    turnover: float
    cost: float
    funding: float


@dataclass(frozen=True, slots=True)
class Family:
    """The crowd of sets that nobody chose, gross, with funding: annual Sharpe, t of its mean, and key 1 of the gate."""

    members: int
    sharpe: float
    t: float
    z: float
    boundary: float


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that was found. Keys: level, book, then `WHOLE`, a year or a regime.

    `judged` and `best` are per level; `ahead` is of the net books, over Bitcoin and over the basket.
    """

    lines: dict[str, dict[str, dict[str, Line]]]
    judged: dict[str, dict[str, Judged]]
    best: dict[str, Best]
    ahead: dict[str, dict[str, Ahead]]
    family: Family | None


def findings(case: Case, *, family: bool) -> Findings:
    """Run everything and sum it up; the family only where its look-backs make sense."""
    run, time = books(case), case.open_time
    labels = (years(time), regime_days(case))
    lines = {level: {name: dict(split(book, time, labels)) for name, book in run[level].items()} for level in LEVELS}
    daily = {level: {name: daily_returns(book.net, time) for name, book in run[level].items()} for level in LEVELS}
    count = len(daily[LEVELS[0]][BITCOIN])
    drawn = _drawn(daily, stationary_days(count, DRAWS, MEAN_BLOCK, np.random.default_rng(SEED)))
    return Findings(
        lines=lines,
        judged={level: {name: judged(daily[level][name], drawn[level][name]) for name in run[level]} for level in LEVELS},
        best={level: _best(daily[level], drawn[level]) for level in LEVELS},
        ahead=_ahead(daily[LEVELS[-1]], drawn[LEVELS[-1]]),
        family=_family(case) if family else None,
    )


def split(book: Book, open_time: Ints, labels: tuple[Array, ...]) -> Iterator[tuple[str, Line]]:
    """Sum up a book as a whole, and each part that a labelling, (T,) of names constant within a UTC day, makes of it."""
    yield WHOLE, line(book, open_time, np.ones(len(open_time), dtype=np.bool_))
    for of_bar in labels:
        for name in np.unique(of_bar):
            yield str(name), line(book, open_time, of_bar == name)


def line(book: Book, open_time: Ints, inside: Array) -> Line:
    """Sum up the bars `inside`, (T,) bool, whole UTC days."""
    daily = daily_returns(book.net[inside], open_time[inside])
    year = len(daily) / DAYS_PER_YEAR
    return Line(
        days=len(daily),
        sharpe=sharpe(daily),
        annual=float(daily.mean()) * DAYS_PER_YEAR,
        drawdown=max_drawdown(book.net[inside]),
        turnover=float(book.turnover[inside].sum()) / len(daily),
        cost=float(book.cost[inside].sum()) / year,
        funding=float(book.funding[inside].sum()) / year,
    )


def years(open_time: Ints) -> Array:
    """(T,) the calendar year (UTC) each bar opens in, as a name."""
    return open_time.astype("datetime64[ms]").astype("datetime64[Y]").astype(str)


def regime_days(case: Case) -> Array:
    """(T,) the regime of each bar's day: the one its last bar names, as in `core.regimes.by_regime`."""
    panel, first = case.market.panel, case.market.first
    labels = regimes(benchmark(panel), panel.close_time, RegimeConfig())[first:]
    day = day_of(case.open_time)
    last = np.searchsorted(day, day, side="right") - 1
    return np.array([Regime(code).title for code in labels[last]])


def _drawn(daily: dict[str, dict[str, Array]], days: Ints) -> dict[str, dict[str, Array]]:
    def columns(of: dict[str, Array]) -> dict[str, Array]:
        return dict(zip(of, resampled(np.array(list(of.values())), days).T, strict=True))

    return {level: columns(of) for level, of in daily.items()}


def _best(daily: dict[str, Array], drawn: dict[str, Array]) -> Best:
    names = tuple(name for name in daily if name not in {BITCOIN, BASKET})
    return best(names, np.array([daily[name] for name in names]), np.stack([drawn[name] for name in names], axis=1))


def _ahead(daily: dict[str, Array], drawn: dict[str, Array]) -> dict[str, dict[str, Ahead]]:
    pairs = {name: (daily[name], drawn[name]) for name in daily}
    tried = [name for name in daily if name not in {BITCOIN, BASKET}]
    return {name: {rival: ahead(pairs[name], pairs[rival]) for rival in (BITCOIN, BASKET)} for name in tried}


def _family(case: Case) -> Family:
    stream, limits = family_stream(case.market, case.release, "xsmom"), GuardLimits()
    t = float(stream.mean() / deviation(stream, ddof=1) * np.sqrt(len(stream)))
    x, name = standardised(stream), hypothesis(case.release, "xsmom")
    armed = in_force((), Arming(name, 1, case.release.book_start, len(x), limits.horizon_days, limits.error))
    return Family(FAMILY_SIZE, sharpe(stream), t, key_one(x, armed).z, armed.boundary)
