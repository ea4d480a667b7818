import shutil
from datetime import UTC, datetime

import duckdb
import pytest

from core.errors import StoreError
from storage import migrations
from storage.activations import Activation
from storage.database import Database
from storage.migrations import Migration
from storage.store import Store

NOW = datetime(2024, 1, 1, tzinfo=UTC)


def test_every_family_is_numbered_from_one_without_a_hole():
    for family in ("market", "trading", "research"):
        numbers = [step.number for step in migrations.known(family)]
        assert numbers == list(range(1, len(numbers) + 1))
        assert numbers


def test_migrating_twice_is_migrating_once(tmp_path):
    Store(tmp_path).activations.append(Activation("a", "paper", NOW, "me", ""))
    assert len(Store(tmp_path).activations.all()) == 1
    with Database(tmp_path / "trading.duckdb", "trading").read() as connection:
        rows = connection.execute("select number, family, name from migrations").fetchall()
    assert rows == [(s.number, s.family, s.name) for s in migrations.known("trading")]


def test_an_older_database_is_brought_up_to_date_and_keeps_its_rows(tmp_path, monkeypatch):
    store = Store(tmp_path)
    store.activations.append(Activation("a", "paper", NOW, "me", ""))
    known = migrations.known("trading")
    more = Migration("trading", len(known) + 1, "trading_later.sql", "create table later (x integer)")
    monkeypatch.setattr(migrations, "known", lambda _: (*known, more))
    with Database(tmp_path / "trading.duckdb", "trading").read() as connection:
        assert connection.execute("select count(*) from later").fetchall() == [(0,)]
        assert connection.execute("select count(*) from activations").fetchall() == [(1,)]


def test_a_change_that_fails_half_way_leaves_no_trace(tmp_path, monkeypatch):
    Store(tmp_path).activations.live()
    known = migrations.known("trading")
    broken = Migration("trading", len(known) + 1, "broken.sql", "create table half (x integer); select * from nowhere;")
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "known", lambda _: (*known, broken))
        with pytest.raises(duckdb.CatalogException):
            Store(tmp_path).activations.live()
    with Database(tmp_path / "trading.duckdb", "trading").read() as connection:
        tables = [row[0] for row in connection.execute("select table_name from duckdb_tables()").fetchall()]
        assert "half" not in tables
        assert connection.execute("select max(number) from migrations").fetchall() == [(len(known),)]


def test_a_database_of_a_newer_tradewind_is_refused_untouched(tmp_path):
    Store(tmp_path).activations.live()
    path = tmp_path / "trading.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("insert into migrations values (99, 'trading', 'trading_0099_future.sql')")
    refuses(tmp_path, r"newer Tradewind.*this one knows \d.*update Tradewind")


def test_a_file_that_is_not_duckdb_is_refused_untouched(tmp_path):
    (tmp_path / "trading.duckdb").write_bytes(b"hello" * 5000)
    refuses(tmp_path, "not a DuckDB file; move it away")


def test_an_empty_file_is_refused_untouched(tmp_path):
    (tmp_path / "trading.duckdb").touch()
    refuses(tmp_path, "not a DuckDB file; move it away")


def test_somebody_elses_database_is_refused_untouched(tmp_path):
    with duckdb.connect(str(tmp_path / "trading.duckdb")) as connection:
        connection.execute("create table holidays as select 1 as x")
    refuses(tmp_path, r"not Tradewind's \(it holds holidays\); move it away")


def test_a_database_in_the_wrong_place_is_refused_untouched(tmp_path):
    Store(tmp_path).runs.all(None, 1)
    shutil.move(tmp_path / "research.duckdb", tmp_path / "trading.duckdb")
    refuses(tmp_path, "research tables, expected trading")


@pytest.mark.parametrize("size", [100, 5000, 20000])
def test_a_database_that_is_cut_short_is_refused_untouched(tmp_path, size):
    path = written(tmp_path)
    path.write_bytes(path.read_bytes()[:size])
    refuses(tmp_path, "move it away and restore a backup|not a DuckDB file")


@pytest.mark.parametrize("block", [0, 4096, 8192, 12288])
def test_a_database_with_a_damaged_block_is_refused_untouched(tmp_path, block):
    path = written(tmp_path)
    content = bytearray(path.read_bytes())
    content[block : block + 4096] = b"\xa5" * 4096
    if block in (4096, 8192):  # two headers take turns: damage both
        content[4096:12288] = b"\xa5" * 8192
    path.write_bytes(content)
    refuses(tmp_path, "damaged; move it away and restore a backup|not a DuckDB file")


def test_a_lost_database_whose_log_is_still_there_is_not_replaced_by_an_empty_one(tmp_path):
    written(tmp_path).unlink()
    (tmp_path / "trading.duckdb.wal").write_bytes(b"x")
    with pytest.raises(StoreError, match=r"missing, but trading\.duckdb.wal is there"):
        Store(tmp_path).activations.all()


def test_the_sql_files_are_next_to_the_code_that_ships(tmp_path):
    # hatch packs every file below the packages it is told about; what is read through importlib.resources is what it packs
    names = {step.name for family in ("market", "trading", "research") for step in migrations.known(family)}
    assert {"market_0001_bars.sql", "trading_0001_books.sql", "research_0001_runs.sql"} <= names


def written(home):
    Store(home).activations.append(Activation("a", "paper", NOW, "me", ""))
    return home / "trading.duckdb"


def refuses(home, complaint):
    path = home / "trading.duckdb"
    before = path.read_bytes()
    for use in (Store(home).activations.all, lambda: Store(home).paper.save("demo", "{}")):
        with pytest.raises(StoreError, match=complaint) as caught:
            use()
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
    assert path.read_bytes() == before
