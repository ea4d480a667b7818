"""Which rows of market data are fit to compute and trade on.

1. A row is judged by a tuple of rules; the first it breaks names its fault. Rows that break none are then compared with each
   other: of several with one key (venue, symbol, time) the first in the file stays, the others are faulty.
2. `refuse_bad` and `drop_bad` judge alike: what the one refuses for is exactly what the other leaves out.
3. Order does not matter: the result is sorted by venue, symbol and time (tests/core/market/test_checks.py).
"""

from dataclasses import dataclass

import polars as pl

from core.errors import DataError
from core.market.columns import PRICES
from core.market.timeframe import TIMEFRAMES

TOLERANCE = 1e-9
"""Relative: how far open and close may stand outside ``[low, high]``, for the sake of float rounding."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What must hold for a row.

    Parameters
    ----------
    says : the rule in words
    shows : columns to quote when it is broken
    broken : true where it is broken; null counts as not broken, the rules on missing values come first
    """

    says: str
    shows: tuple[str, ...]
    broken: pl.Expr


@dataclass(frozen=True, slots=True)
class Checklist:
    """The rules for one kind of row, and the name of its time column."""

    moment: str
    rules: tuple[Rule, ...]


def refuse_bad(frame: pl.DataFrame, checklist: Checklist) -> pl.DataFrame:
    """Return the rows sorted, or refuse all of them for the first bad one.

    Raises
    ------
    DataError
        One line: symbol, time, column, value, how many rows are bad, and that ``--skip-bad`` leaves them out.
    """
    good, faults = _split(frame, checklist)
    if faults:
        bad = len(frame) - len(good)
        raise DataError(
            f"{faults[0].first}; {bad:,} of {len(frame):,} rows {'is' if bad == 1 else 'are'} bad: "
            f"correct the file, or leave them out with --skip-bad"
        )
    return good


def drop_bad(frame: pl.DataFrame, checklist: Checklist) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return the good rows sorted, and one line for each kind of fault that was left out.

    Raises
    ------
    DataError
        When no good row remains.
    """
    good, faults = _split(frame, checklist)
    if good.is_empty():
        raise DataError(f"not one of {len(frame):,} rows is good; {faults[0].first}")
    return good, tuple(fault.line for fault in faults)


def require_good(frame: pl.DataFrame, checklist: Checklist, subject: str) -> None:
    """Refuse rows from anywhere for the first that breaks a rule; repeats are not looked for.

    Raises
    ------
    DataError
        One line: subject, symbol, time, column, value, and how many rows are bad.
    """
    if not frame.select(pl.any_horizontal(rule.broken for rule in checklist.rules).any()).item():
        return
    good, faults = _judge(frame, checklist.moment, checklist.rules)
    bad = len(frame) - len(good)
    raise DataError(f"{subject}: {faults[0].first}; {bad:,} of {len(frame):,} rows bad, none stored")


@dataclass(frozen=True, slots=True)
class _Fault:
    count: int
    first: str

    @property
    def line(self) -> str:
        return f"left out {self.count:,} {'row' if self.count == 1 else 'rows'}, the first is {self.first}"


def _split(frame: pl.DataFrame, checklist: Checklist) -> tuple[pl.DataFrame, tuple[_Fault, ...]]:
    ordered = frame.sort("venue", "symbol", checklist.moment, maintain_order=True)
    sound, faults = _judge(ordered, checklist.moment, checklist.rules)
    good, repeats = _judge(sound, checklist.moment, (_once(checklist.moment),))
    return good, faults + repeats


def _judge(frame: pl.DataFrame, moment: str, rules: tuple[Rule, ...]) -> tuple[pl.DataFrame, tuple[_Fault, ...]]:
    """Part the sound rows from the faulty ones, in the rules' order."""
    broken = pl.coalesce(pl.when(rule.broken).then(pl.lit(number)) for number, rule in enumerate(rules))
    judged = frame.with_columns(_rule=broken)
    groups = judged.filter(pl.col("_rule").is_not_null()).partition_by("_rule", maintain_order=True)
    faults = [_fault(rows, moment, rules) for rows in sorted(groups, key=lambda rows: int(rows["_rule"][0]))]
    return judged.filter(pl.col("_rule").is_null()).drop("_rule"), tuple(faults)


def _fault(rows: pl.DataFrame, moment: str, rules: tuple[Rule, ...]) -> _Fault:
    first = rows.row(0, named=True)
    rule = rules[first["_rule"]]
    when = f"{first[moment]:%Y-%m-%d %H:%M} UTC" if first[moment] else "at no time"
    shown = ", ".join(f"{name} = {first[name]}" for name in rule.shows)
    found = f"{shown}, but {rule.says}" if shown else rule.says
    return _Fault(len(rows), f"{first['venue']} {first['symbol']} {when}: {found}")


def _once(moment: str) -> Rule:
    key = ("venue", "symbol", moment)
    return Rule(f"{moment} may not appear twice", (), pl.all_horizontal(pl.col(name) == pl.col(name).shift() for name in key))


def _present(*names: str) -> tuple[Rule, ...]:
    return tuple(Rule(f"{name} may not be missing", (name,), pl.col(name).is_null()) for name in names)


def _finite(*names: str) -> tuple[Rule, ...]:
    return tuple(
        Rule(f"{name} must be a finite number", (name,), pl.col(name).is_null() | ~pl.col(name).is_finite()) for name in names
    )


def _positive(*names: str) -> tuple[Rule, ...]:
    return tuple(Rule(f"{name} must be positive", (name,), pl.col(name) <= 0) for name in names)


def _within_range(name: str) -> Rule:
    above = pl.col(name) > pl.col("high") * (1 + TOLERANCE)
    below = pl.col(name) < pl.col("low") * (1 - TOLERANCE)
    return Rule(f"{name} must lie between low and high", (name, "low", "high"), above | below)


_OFF_GRID = pl.col("open_time").dt.epoch("ms") % pl.col("timeframe").replace_strict(TIMEFRAMES, return_dtype=pl.Int64) != 0

BARS = Checklist(
    "open_time",
    (
        *_present("venue", "symbol", "open_time"),
        *_finite(*PRICES, "volume"),
        *_positive(*PRICES),
        Rule("volume may not be negative", ("volume",), pl.col("volume") < 0),
        Rule("high may not be below low", ("high", "low"), pl.col("high") < pl.col("low")),
        _within_range("open"),
        _within_range("close"),
        Rule("a bar must open on the grid of its timeframe", ("timeframe",), _OFF_GRID),
    ),
)
"""Rows venue, symbol, timeframe, open_time, open, high, low, close, volume."""

FUNDING = Checklist("settled_at", (*_present("venue", "symbol", "settled_at"), *_finite("rate")))
"""Rows venue, symbol, settled_at, rate."""
