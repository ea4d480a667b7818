"""The rehearsal: the live flow in a home of its own, its account beside the backtest, and the operator's books untouched."""

from datetime import timedelta

import pytest

from core.errors import ConfigError, DataError
from core.portfolio import run
from core.reporting.rehearsal import MEANINGS
from flows.rehearse import rehearse
from tasks.rehearsing import FOLDER, require_bars
from tasks.research import load_market
from tasks.settings import settings
from tasks.stores import store
from tests.flows.recorded import DAYS, RELEASE, START
from tests.flows.terminal import refusal

pytestmark = pytest.mark.flow

FIRST = START + timedelta(days=40)
FROM_THERE = RELEASE.model_copy(update={"book_start": FIRST})
BACKTEST = {"timing", "missed", "unbooked"}
"""Parts that nothing causes while the exchange answers and fills whole."""


def agrees(done):
    """Whether the parts are the difference, and nothing was refused, late or lost."""
    assert set(done.parts) == set(MEANINGS)
    assert sum(done.parts.values()) == pytest.approx((done.account - done.model) / done.days * 1e4)
    assert {name: done.parts[name] for name in BACKTEST} == pytest.approx(dict.fromkeys(BACKTEST, 0.0), abs=1e-6)
    assert abs(done.bps_per_day - done.parts["price"]) < 1.0
    return True


@pytest.mark.usefixtures("prefect_server")
def test_a_rehearsal_ends_where_the_backtest_does_and_touches_nothing_of_the_operators(stored):
    before = settings()
    end = FIRST + timedelta(hours=12)
    done = rehearse(FIRST, end, balance=5_000)

    assert agrees(done)
    assert (done.start, done.end, done.days, done.decisions) == (FIRST, end, 0.5, 1)
    assert done.orders == done.fills > 0
    market = load_market(FROM_THERE, end)
    assert done.model == pytest.approx(run(market, FROM_THERE).equity[-1] - 1.0, abs=1e-3)
    assert settings() == before
    assert (store().fills.all(), store().equity.all("paper"), store().intents.open()) == ((), (), ())
    assert [path.name[:13] for path in sorted((stored / FOLDER).glob("*/"))] == ["20240210T0000"]


@pytest.mark.long
@pytest.mark.usefixtures("prefect_server", "stored")
def test_a_rehearsal_over_days_is_the_same_the_second_time_and_decides_what_the_backtest_does():
    end = FIRST + timedelta(days=2)
    first = rehearse(FIRST, end)
    assert agrees(first)
    assert rehearse(FIRST, end) == first
    assert first.decisions == 5


@pytest.mark.parametrize(
    ("start", "end", "line"),
    [
        (
            START + timedelta(days=1),
            FIRST,
            "bars begin at 2024-01-01 00:00, and the release looks back on 505 of them",
        ),
        (FIRST, START + timedelta(days=DAYS + 1), "bars end at 2024-03-01 00:00: end there or earlier, or load more bars"),
    ],
)
@pytest.mark.usefixtures("stored")
def test_a_stretch_without_its_bars_is_refused_with_what_there_is(start, end, line):
    with pytest.raises(DataError, match=line):
        require_bars(RELEASE.model_copy(update={"book_start": start}), end)


@pytest.mark.usefixtures("stored")
def test_bars_that_are_not_stored_are_asked_for():
    with pytest.raises(DataError, match="synthetic 4h: no such bars: run `tradewind import FILE`"):
        require_bars(FROM_THERE.model_copy(update={"timeframe": "4h"}), FIRST + timedelta(days=1))


def test_a_stretch_that_ends_within_a_bar_is_refused():
    with pytest.raises(ConfigError, match="2024-02-10 00:30 is not the open of a 1h bar: begin and end on one"):
        require_bars(FROM_THERE, FIRST + timedelta(minutes=30))


def test_a_stretch_that_ends_before_it_starts_is_one_line(tmp_path):
    line = refusal("rehearse", "--start", "2024-03-08", "--end", "2024-03-01", home=tmp_path)
    assert "start 2024-03-08 00:00 is not before end 2024-03-01 00:00" in line
