"""An export is a copy that can be believed: whole, of one moment, and the same panels again in another store."""

import json
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from core.errors import ConfigError, DataError
from core.market.synthetic import synthetic_market
from tasks.exporting import export, import_export
from tasks.places import Place
from tasks.settings import settings
from tasks.stores import store
from tests.flows.recorded import bar_frame, funding_frame
from tests.flows.terminal import answer, refusal

START = datetime(2023, 12, 1, tzinfo=UTC)
YEAR = datetime(2024, 1, 1, tzinfo=UTC)
AWS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "sesame", "AWS_REGION": "us-east-1", "NO_PROXY": "127.0.0.1"}


@pytest.fixture(scope="session")
def s3():
    """Start a server that speaks S3; return its address."""
    server = pytest.importorskip("moto.server", reason="moto stands in for S3").ThreadedMotoServer(
        "127.0.0.1", 0, verbose=False
    )
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def folder(tmp_path):
    return str(tmp_path / "copy")


@pytest.fixture(params=["folder", "s3"])
def target(request, monkeypatch):
    """Both kinds of place."""
    if request.param == "folder":
        return request.getfixturevalue("folder")
    import boto3

    for name, value in (AWS | {"AWS_ENDPOINT_URL": request.getfixturevalue("s3")}).items():
        monkeypatch.setenv(name, value)
    bucket = f"bars-{abs(hash(request.node.name)):x}"
    boto3.client("s3").create_bucket(Bucket=bucket)
    return f"s3://{bucket}/trade/wind"


@pytest.fixture
def at(tmp_path, monkeypatch):
    """Go to one home or another."""

    def go(name):
        monkeypatch.setenv("TRADEWIND_HOME", str(tmp_path / name))
        settings.cache_clear()
        store.cache_clear()
        return store()

    monkeypatch.chdir(tmp_path)
    yield go
    settings.cache_clear()
    store.cache_clear()


@pytest.fixture(scope="module")
def frames():
    panel = synthetic_market(np.random.default_rng(3), days=60, symbols=3, start=START, edge=0.0).panel
    return bar_frame(panel).with_columns(symbol=pl.col("symbol") + "/USDT:USDT"), funding_frame(panel).with_columns(
        symbol=pl.col("symbol") + "/USDT:USDT"
    )


def fill(frames, until=None):
    bars, funding = frames
    stored = store()
    stored.bars.merge(bars if until is None else bars.filter(pl.col("open_time") < until))
    stored.funding.merge(funding if until is None else funding.filter(pl.col("settled_at") < until))


def data_hash():
    return store().bars.panel("synthetic", "1h").data_hash


def test_what_is_exported_comes_back_as_the_same_panel(at, frames, target):
    at("one")
    fill(frames)
    done, before = export(target), data_hash()
    assert (done.parts, done.written, done.rows) == (12, 12, frames[0].height + frames[1].height)

    at("two")
    bars, funding = import_export(target, None)
    assert (bars.kind, bars.new, funding.kind, funding.new) == ("bars", frames[0].height, "funding", frames[1].height)
    assert data_hash() == before
    again = import_export(target, None)
    assert [(each.new, each.differing) for each in again] == [(0, 0), (0, 0)]
    assert export(target).written == 0  # a store that was made of the export has nothing to add to it


def test_an_export_takes_only_what_is_new(at, frames, target):
    at("one")
    fill(frames, until=YEAR)
    assert export(target).written == 6
    assert export(target).written == 0
    fill(frames)
    done = export(target)
    assert (done.parts, done.written) == (12, 6)  # last year is left alone
    names = Place(target).names()
    assert len(names) == 13  # and nothing else lies about
    assert "bars/venue=synthetic/timeframe=1h/symbol=" in names[0]


def test_contents_that_no_manifest_names_are_swept_away(at, frames, folder):
    """An export that was killed before its manifest: the one before still stands, the next one cleans up."""
    at("one")
    fill(frames, until=YEAR)
    export(folder)
    Place(folder).write("bars/venue=synthetic/timeframe=1h/symbol=X/2024-dead.parquet", b"half a fi")
    at("two")
    assert import_export(folder, None)[0].new == frames[0].filter(pl.col("open_time") < YEAR).height
    at("one")
    export(folder)
    assert not [name for name in Place(folder).names() if "dead" in name]


def test_a_file_that_is_not_what_was_written_is_refused(at, frames, folder):
    at("one")
    fill(frames, until=YEAR)
    export(folder)
    place = Place(folder)
    name = place.names()[0]
    content = place.read(name)
    place.write(name, content[:-1] + b"x")
    at("two")
    with pytest.raises(DataError, match=f"{name}: not what was exported"):
        import_export(folder, None)
    place.remove(name)
    with pytest.raises(DataError, match=f"{name}: missing"):
        import_export(folder, None)


def test_a_store_with_less_never_thins_an_export_out(at, frames, folder):
    at("one")
    fill(frames)
    export(folder)
    at("two")
    fill(frames, until=datetime(2023, 12, 5, tzinfo=UTC))
    with pytest.raises(ConfigError, match=r"holds 744 rows of synthetic .* in 2023, the store only 96; import it first"):
        export(folder)
    at("three")
    assert (export(folder).parts, export(folder).written) == (12, 0)


def test_only_the_venue_asked_for_is_taken(at, frames, folder):
    at("one")
    fill(frames, until=YEAR)
    export(folder)
    at("two")
    with pytest.raises(ConfigError, match="no export of venue 'bybit' there"):
        import_export(folder, "bybit")
    assert import_export(folder, "synthetic")[0].new > 0


def test_a_place_that_is_something_else_is_refused(at, frames, folder):
    at("one")
    fill(frames, until=YEAR)
    with pytest.raises(ConfigError, match="no export there"):
        import_export(folder, None)
    Place(folder).write("manifest.json", json.dumps({"name": "a web page"}).encode())
    with pytest.raises(ConfigError, match="not an export's manifest"):
        export(folder)


def test_a_bucket_that_is_not_there_is_one_line_without_a_key(at, frames, s3, monkeypatch):
    for name, value in (AWS | {"AWS_ENDPOINT_URL": s3}).items():
        monkeypatch.setenv(name, value)
    at("one")
    fill(frames, until=YEAR)
    with pytest.raises(ConfigError, match="s3://nobody/x: .*check the address, and AWS_") as refused:
        export("s3://nobody/x")
    assert "sesame" not in str(refused.value)
    assert "\n" not in str(refused.value)
    with pytest.raises(ConfigError, match="nonsense://x"):
        export("nonsense://x")


def test_the_terminal_takes_a_folder_as_it_takes_a_file(at, frames, folder, tmp_path):
    at("one")
    fill(frames, until=YEAR)
    (tmp_path / "two").mkdir()
    assert answer("export", folder, home=tmp_path / "one")["written"] == 6
    done = answer("import", folder, home=tmp_path / "two")["imported"]
    assert [(each["kind"], each["new"] > 0) for each in done] == [("bars", True), ("funding", True)]
    assert "--skip-bad is for files" in refusal("import", folder, "--skip-bad", home=tmp_path / "two")
