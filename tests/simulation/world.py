"""What one seed decides: the market, the account, the release, the ticks, the faults, the crashes and what others do.

Nothing here is random but through the seed's generator, so a seed is a whole story and its number is enough to tell it again.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np

from core.deploy.release import Release, Sleeve
from core.exchange.state import Terms
from core.market.instrument import Instrument
from core.market.panel import Panel
from core.market.timeframe import HOUR, milliseconds

VENUE = "synthetic"
START = datetime(2024, 1, 1, tzinfo=UTC)
WARM_UP = 76
"""Hours before the first tick: what the smallest release looks back on, and a few."""

SECOND, MINUTE = 1_000, 60_000

BEFORE = ("drop-before", "hang-before", "http-502-before", "http-503-before")
"""Transport faults after which the venue has seen nothing."""

AFTER = (
    *("drop-after", "hang-after", "cut-length", "cut-chunk", "half-json", "html", "empty", "null", "no-result"),
    *("http-500-after", "http-502-after", "http-503-after", "http-504-after"),
)
"""Transport faults after which the venue has done what it was asked."""

AMBIGUOUS_CODES = (10000, 10016, 10019, 5004, 170146, 170007, 170035, 10014, 110079, 424242)
LATER_CODES = (10006, 10018, 10002, 110063, 170222)
REFUSING_CODES = (110007, 110094, 10001, 110003, 110021, 33004)


@dataclass(frozen=True, slots=True)
class Fault:
    """The nth request of a kind in one tick goes wrong, and `times - 1` after it.

    Parameters
    ----------
    mode : one of `BEFORE`, `AFTER`, "refused", "late", "duplicate", "code-before", "code-after", "ban", "suspend"
    number : milliseconds of "late" and "suspend", the retCode of "code-..."
    """

    tick: int
    path: str
    nth: int
    mode: str
    number: int = 0
    times: int = 1


@dataclass(frozen=True, slots=True)
class Crash:
    """The process dies before or after the nth durable step or venue call of a tick."""

    tick: int
    nth: int
    when: str


@dataclass(frozen=True, slots=True)
class Outside:
    """Somebody else does something just before a tick."""

    tick: int
    what: str
    pick: int = 0
    size: float = 0.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """One seed, spelled out; `at` are the moments of the ticks (ms), the last `clean` of them undisturbed."""

    seed: int
    panel: Panel
    instruments: tuple[Instrument, ...]
    release: Release
    balance: Decimal
    terms: Terms
    at: tuple[int, ...]
    clean: int
    lags: dict[str, int]
    latency: int
    faults: tuple[Fault, ...]
    crashes: tuple[Crash, ...]
    outside: tuple[Outside, ...]


CLEAN = 6
"""Undisturbed ticks at the end, a minute apart, the first of them eleven minutes after the last disturbed one."""


def scenario(seed: int, *, hours: int | None = None, calm: bool = False) -> Scenario:
    """Spell a seed out; a calm market trades all its symbols all the time."""
    rng = np.random.default_rng(seed)
    ticks = int(rng.integers(8, 14))
    at = _moments(rng, ticks)
    lived = (at[-1] - milliseconds(START)) // HOUR + 3
    panel, instruments = _market(rng, hours or int(lived), calm=calm)
    wild = float(rng.choice([0.3, 1.0, 2.5]))
    return Scenario(
        seed=seed,
        panel=panel,
        instruments=instruments,
        release=_release(rng),
        balance=Decimal(int(rng.choice([2_000, 10_000, 100_000]))),
        terms=Terms(max_leverage=Decimal(int(rng.choice([2, 5, 10])))),
        at=at,
        clean=CLEAN,
        lags=_lags(rng),
        latency=int(rng.integers(5, 120)),
        faults=_faults(rng, ticks, wild),
        crashes=_crashes(rng, ticks, wild),
        outside=_outside(rng, ticks, wild),
    )


def _moments(rng: np.random.Generator, ticks: int) -> tuple[int, ...]:
    """Minutes in a row, restarts after seconds, jumps to the next hour, and now and then a day or a week of silence."""
    now = milliseconds(START) + (WARM_UP + int(rng.integers(0, 24))) * HOUR
    found = [now]
    for _ in range(ticks - 1):
        kind = rng.random()
        if kind < 0.15:
            now += int(rng.integers(1, 20)) * SECOND
        elif kind < 0.5:
            now += int(rng.integers(1, 4)) * MINUTE
        elif kind < 0.96:
            now = (now // HOUR + int(rng.integers(1, 5))) * HOUR
        else:
            now += (25 if kind < 0.99 else 8 * 24 + 1) * HOUR
        found.append(now)
    quiet = now + 11 * MINUTE
    return (*found, *(quiet + k * MINUTE for k in range(CLEAN)))


def _market(rng: np.random.Generator, hours: int, *, calm: bool) -> tuple[Panel, tuple[Instrument, ...]]:
    """Invent hourly bars with fat tails, jumps, holes; perhaps a halt, perhaps a delisting."""
    count = int(rng.integers(4, 7))
    shape = (hours, count)
    step = 0.01 * rng.standard_t(3, shape) + (rng.random(shape) < 0.01) * rng.normal(0, 0.15, shape)
    first = 10.0 ** rng.uniform(-1, 4, count)
    decimals = 5 - np.floor(np.log10(first)).astype(int)
    grain = 10.0**decimals
    close = np.maximum(np.rint(first * np.exp(np.cumsum(np.clip(step, -0.5, 0.5), axis=0)) * grain), 1.0) / grain
    before = np.vstack([close[:1], close[:-1]])
    opened = np.maximum(np.rint(before * (1 + 0.001 * rng.standard_normal(shape)) * grain), 1.0) / grain
    high, low = np.maximum(opened, close), np.minimum(opened, close)
    volume = np.rint(1e9 / close)
    dead = np.zeros(shape, dtype=bool) if calm else _dead(rng, shape)
    prices = [np.where(dead, np.nan, part) for part in (opened, high, low, close, volume)]
    open_time = milliseconds(START) + HOUR * np.arange(hours, dtype=np.int64)
    settles = ((open_time + HOUR) % (8 * HOUR) == 0)[:, None] & ~dead
    funding = np.where(settles, np.round(np.clip(rng.normal(1e-4, 3e-4, shape), -0.005, 0.005), 8), 0.0)
    names = tuple(f"SIM{number}USDT" for number in range(1, count + 1))
    panel = Panel(VENUE, "1h", names, open_time, *prices, funding)
    steps = np.ceil(np.log10(first)).astype(int)
    rules = zip(names, decimals, steps, strict=True)
    return panel, tuple(Instrument(VENUE, n, _grain(t), _grain(s), _grain(s), Decimal(5)) for n, t, s in rules)


def _dead(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Say where there is no bar: the first two symbols always trade, so that a market is left."""
    hours, count = shape
    dead = np.zeros(shape, dtype=bool)
    if rng.random() < 0.3:
        begin = int(rng.integers(WARM_UP, hours))
        dead[begin : begin + int(rng.integers(1, 6)), int(rng.integers(2, count))] = True
    if rng.random() < 0.25:
        dead[int(rng.integers(WARM_UP, hours)) :, int(rng.integers(2, count))] = True
    return dead


def _release(rng: np.random.Generator) -> Release:
    """Draw a tiny release that changes its mind often."""
    fast = int(rng.integers(2, 6))
    parts: dict[str, object] = {
        "venue": VENUE,
        "sleeves": [Sleeve(strategy="sma_cross", params={"fast": fast, "slow": fast + int(rng.integers(2, 12))})],
        "universe": {"top": int(rng.integers(3, 7)), "min_listed_days": 1, "liquidity_days": 1},
        "rebalance": int(rng.choice([1, 1, 2, 4])),
        "vol_half_life": int(rng.integers(2, 6)),
        "scaler": {"vol_half_life": 12, "kelly_half_life": 48, "target_vol": float(rng.choice([0.2, 0.6, 1.0]))},
        "band": float(rng.choice([0.0, 0.1, 0.25])),
        "risk": {
            "daily_loss": float(rng.choice([0.04, 0.5])),
            "drawdown_reduce": 0.3,
            "drawdown_flatten": 0.6,
            "max_gross": float(rng.choice([0.6, 1.2, 4.0])),
            "missing_bars": 0.5,
        },
        "book_start": START + timedelta(hours=WARM_UP - 3),
    }
    return Release.model_validate(parts)


def _lags(rng: np.random.Generator) -> dict[str, int]:
    """Draw how long each list may not show what has happened, milliseconds."""
    if rng.random() < 0.4:
        return {}
    paths = ("realtime", "history", "executions", "positions", "wallet")
    return {path: int(rng.choice([0, 200, 1_000, 5_000])) for path in paths}


def _faults(rng: np.random.Generator, ticks: int, wild: float) -> tuple[Fault, ...]:
    return tuple(_fault(rng, int(rng.integers(0, ticks))) for _ in range(rng.poisson(4 * wild)))


def _fault(rng: np.random.Generator, tick: int) -> Fault:
    if rng.random() < 0.65:
        return _order_fault(rng, tick)
    path = str(rng.choice(["time", "realtime", "history", "executions", "positions", "wallet", "tickers", "*"]))
    kind, nth, times = rng.random(), int(rng.integers(1, 6)), int(rng.choice([1, 1, 1, 3, 50]))
    if kind < 0.05:
        return Fault(tick, path, nth, "ban")
    if kind < 0.15:
        return Fault(tick, path, nth, "suspend", int(rng.choice([20 * SECOND, 10 * MINUTE])))
    if kind < 0.3:
        return Fault(tick, path, nth, "code-before", int(rng.choice([10016, 10006, 10002, 10000, 33004])), times)
    return Fault(tick, path, nth, str(rng.choice(["refused", *BEFORE, *AFTER])), 0, times)


def _order_fault(rng: np.random.Generator, tick: int) -> Fault:
    kind, nth, times = rng.random(), int(rng.integers(1, 5)), int(rng.choice([1, 1, 2, 50]))
    if kind < 0.2:
        return Fault(tick, "create", nth, str(rng.choice(AFTER)), 0, times)
    if kind < 0.35:
        return Fault(tick, "create", nth, str(rng.choice(["refused", *BEFORE])), 0, times)
    if kind < 0.6:
        return Fault(tick, "create", nth, "late", int(rng.choice([300, 1_500, 4_500, 4_900, 5_500, 20_000, 70_000])), times)
    if kind < 0.7:
        return Fault(tick, "create", nth, "duplicate", int(rng.integers(0, 2)), times)
    if kind < 0.75:
        return Fault(tick, "create", nth, "suspend", int(rng.choice([20 * SECOND, 10 * MINUTE])))
    codes = rng.choice([*AMBIGUOUS_CODES, *LATER_CODES, *REFUSING_CODES])
    placed = int(codes) in AMBIGUOUS_CODES and rng.random() < 0.5
    return Fault(tick, "create", nth, "code-after" if placed else "code-before", int(codes), times)


def _crashes(rng: np.random.Generator, ticks: int, wild: float) -> tuple[Crash, ...]:
    count = rng.poisson(1.5 * wild)
    return tuple(
        Crash(int(rng.integers(0, ticks)), int(rng.integers(1, 45)), str(rng.choice(["before", "after"]))) for _ in range(count)
    )


def _outside(rng: np.random.Generator, ticks: int, wild: float) -> tuple[Outside, ...]:
    kinds = ("trade", "close", "restart", "stop", "go", "skew", "transfer", "deleverage", "crash", "thin", "bar", "leverage")
    kinds = (*kinds, "rules", "trade", "thin", "hedge")
    return tuple(
        Outside(int(rng.integers(1, ticks)), str(rng.choice(kinds)), int(rng.integers(0, 6)), float(rng.uniform(-0.2, 0.2)))
        for _ in range(rng.poisson(wild))
    )


def _grain(decimals: int) -> Decimal:
    return Decimal(10) ** -int(decimals)
