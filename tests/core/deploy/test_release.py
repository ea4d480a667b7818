import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.deploy.release import Release
from core.errors import ConfigError

BASE = Release(venue="bybit", sleeves=({"strategy": "xsmom"},))


def leaves(value, path=()):
    """Every scalar of a nested record, with the way to it."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if items is None:
        return [(path, value)]
    return [leaf for key, inner in items for leaf in leaves(inner, (*path, key))]


def nudged(path, value):
    """Another valid value of the same kind."""
    if value is None:
        return 0.5 if path[-1] == "protective_stop" else "a parent"
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value * 0.9 or 0.1
    return {"bybit": "paper", "1h": "4h", "xsmom": "sma_cross"}.get(value, "2022-01-01T00:00:00Z")


def changed(path, value):
    record = json.loads(BASE.canonical_json)
    inner = record
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    if path[-1] == "strategy":
        del inner["params"]
    return record


def shuffled(value, random):
    if isinstance(value, dict):
        keys = sorted(value, key=lambda _: random.random())
        return {key: shuffled(value[key], random) for key in keys}
    return [shuffled(v, random) for v in value] if isinstance(value, list) else value


LEAVES = leaves(json.loads(BASE.canonical_json))


def refused(**values):
    with pytest.raises(ConfigError) as caught:
        Release.read({"venue": "bybit", "sleeves": [{"strategy": "xsmom"}]} | values, subject="release")
    return str(caught.value)


@given(st.randoms(use_true_random=False))
def test_the_fingerprint_does_not_depend_on_the_order_of_the_keys(random):
    record = shuffled(json.loads(BASE.canonical_json), random)
    assert Release.read(record, subject="release").fingerprint == BASE.fingerprint


@pytest.mark.parametrize(("path", "value"), LEAVES, ids=[".".join(map(str, path)) for path, _ in LEAVES])
def test_the_fingerprint_notices_every_value(path, value):
    other = Release.read(changed(path, nudged(path, value)), subject="release")
    assert other.fingerprint != BASE.fingerprint


def test_a_release_survives_its_own_json():
    again = Release.model_validate_json(BASE.canonical_json)
    assert again == BASE
    assert again.fingerprint == BASE.fingerprint


def test_defaults_are_written_out_so_that_a_later_default_changes_no_release():
    assert BASE.sleeves[0].params == BASE.sleeves[0].config.model_dump()
    assert len(BASE.sleeves[0].params) == 5


def test_a_parameter_as_whole_or_as_decimal_number_is_the_same_release():
    whole, decimal = (Release(venue="bybit", sleeves=({"strategy": "xsmom", "params": {"top": n}},)) for n in (4, 4.0))
    assert whole.fingerprint == decimal.fingerprint


def test_a_release_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        BASE.band = 0.1


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"bandd": 0.1}, "release: unknown parameter bandd: did you mean band?"),
        ({"scaler": {"targetvol": 0.1}}, "release: unknown parameter scaler.targetvol"),
        (
            {"sleeves": [{"strategy": "xsmom", "params": {"lokback": 3}}]},
            "xsmom: unknown parameter lokback: did you mean lookback?",
        ),
        ({"sleeves": [{"strategy": "xsmon"}]}, "unknown strategy 'xsmon': did you mean xsmom?"),
        ({"sleeves": [{"strategy": "xsmom", "buget": 0.5}]}, "release: unknown parameter sleeves.0.buget"),
        ({"sleeves": [{}]}, "release: sleeves.0.strategy"),
        ({"timeframe": "7m"}, "timeframe '7m': known are 1m,"),
    ],
)
def test_an_unknown_name_is_refused(values, says):
    assert refused(**values).startswith(says)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"scaler": {"target_vol": 20}}, "scaler.target_vol = 20"),
        ({"caps": {"symbol": 25}}, "caps.symbol = 25"),
        ({"caps": {"asset": 25}}, "caps.asset = 25"),
        ({"caps": {"liquidity": 2}}, "caps.liquidity = 2"),
        ({"caps": {"gross": 150}}, "caps.gross = 150"),
        ({"band": 25}, "band = 25"),
        ({"risk": {"daily_loss": 4}}, "risk.daily_loss = 4"),
        ({"vol_floor": 10}, "vol_floor = 10"),
        ({"sleeves": [{"strategy": "xsmom", "budget": 50}]}, "sleeves.0.budget = 50"),
    ],
)
def test_percent_is_refused(values, field):
    assert refused(**values).startswith(f"release: {field}: ")


@pytest.mark.parametrize("field", ["band", "vol_floor"])
def test_a_number_that_is_none_is_refused(field):
    assert refused(**{field: float("nan")}).startswith(f"release: {field} = nan")


@pytest.mark.parametrize("budgets", [(), (0.6, 0.6)])
def test_budgets_that_do_not_fit_are_refused(budgets):
    assert "at least one, and at most 1" in refused(sleeves=[{"strategy": "xsmom", "budget": b} for b in budgets])


def test_a_time_without_its_zone_is_refused():
    assert refused(book_start=datetime(2024, 1, 1)).startswith("release: book_start = ")  # noqa: DTZ001


def test_the_same_moment_in_another_zone_is_the_same_moment():
    zone = timezone(timedelta(hours=2))
    here = Release(venue="bybit", sleeves=BASE.sleeves, book_start=datetime(2024, 1, 1, 2, tzinfo=zone))
    assert here.book_start == datetime(2024, 1, 1, tzinfo=UTC)


@given(st.integers(50, 1000), st.integers(1, 500), st.integers(1, 100))
def test_the_warm_up_covers_everything_that_looks_back(lookback, half_life, listed):
    release = Release(
        venue="bybit",
        sleeves=({"strategy": "xsmom", "params": {"lookback": lookback}},),
        vol_half_life=half_life,
        universe={"min_listed_days": listed},
    )
    assert release.warmup_bars > max(lookback + 1, 5 * half_life, 24 * (listed + 1), 24 * 31)


def test_stops_are_part_of_a_release_and_off_by_default():
    assert (BASE.stops.trail_atr, BASE.stops.stop_atr) == (0.0, 0.0)
    assert refused(stops={"trail": 3}).startswith("release: unknown parameter stops.trail")
    assert refused(stops={"trail_atr": -1}).startswith("release: stops.trail_atr = -1")
