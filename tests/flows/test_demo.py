"""The main job, shortened: every step of the cycle really happens, in a folder that was empty."""

import pytest

from core.errors import ConfigError
from flows import demo
from flows.demo_home import MARK, fresh_home
from tasks.stores import store


@pytest.mark.flow
@pytest.mark.usefixtures("prefect_server")
def test_the_demo_goes_from_an_empty_home_to_a_report(home, monkeypatch):
    for name, value in {"DAYS": 420, "TRADED_DAYS": 1, "HISTORY_PARTS": 3, "TRIALS": 2, "FOLDS": 2, "EDGE": 8e-4}.items():
        monkeypatch.setattr(demo, name, value)
    done = demo.run_demo(seed=7)

    assert done.night.decision == "deploy"
    assert store().activations.live().fingerprint == done.night.release
    assert done.orders == len({fill.link for fill in store().fills.all() if fill.kind == "trade"}) > 0
    assert done.reported.report.synthetic
    page = (home / "reports" / "2025-02-24.html").read_text()
    assert "Synthetic market: nothing here is a real price or a real profit." in page
    lives = {(series.first, series.last) for series in store().bars.series()}
    assert len(lives) > 1, "some symbols were listed later, and one is gone"


def test_the_demo_takes_an_empty_folder_or_its_own(tmp_path):
    place = fresh_home(tmp_path / "new")
    (place / "left-over").touch()
    assert [path.name for path in fresh_home(place).iterdir()] == [MARK]


def test_the_demo_refuses_a_folder_with_anything_of_an_operators(tmp_path):
    (tmp_path / "market.duckdb").touch()
    with pytest.raises(ConfigError, match="is not empty: the demo starts from an empty folder"):
        fresh_home(tmp_path)
    assert (tmp_path / "market.duckdb").exists()
