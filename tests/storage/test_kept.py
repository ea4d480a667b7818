"""Panels kept on disk: always equal to what DuckDB holds now, whatever happened to the files or to the bars."""

import os
import random
import shutil
import subprocess
import sys
import time
import warnings
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest
from numba import typeof

from storage.bars import DuckBars
from storage.contents import found
from storage.database import Database
from storage.kept import KeptPanels
from storage.panels import Request
from storage.store import Store
from tests.storage.minutes import FIELDS, assert_same, at, bars, settlements

ROOT = Path(__file__).parents[2]
WORKERS = Path(__file__).with_name("panel_workers.py")


class Shop:
    """A store with three symbols, its kept panels, and a look at DuckDB past them."""

    def __init__(self, home, *, most=3, worth_it=0):
        self.home, self.folder = home, home / "panels"
        self.database = Database(home / "market.duckdb", "market")
        self.kept = KeptPanels(self.folder, most=most, worth_it=worth_it)
        self.bars = DuckBars(self.database, self.kept)

    def filled(self):
        store = Store(self.home)
        halted = set(range(300)) - set(range(100, 120))
        store.bars.merge(pl.concat([bars("AUSDT", range(300)), bars("BUSDT", halted), bars("CUSDT", range(250, 300))]))
        store.funding.merge(pl.concat([settlements(name, [60, 120, 180], rate=0.001) for name in ("AUSDT", "XUSDT")]))
        store.funding.merge(settlements("BUSDT", [120], rate=0.002))
        return self

    def key(self, timeframe="1m"):
        with self.database.read() as connection:
            return found(connection, Request.of("bybit", timeframe, None, None, None)).key

    def fresh(self, timeframe="1m"):
        """The panel straight from DuckDB."""
        return DuckBars(self.database, KeptPanels(self.home / "nothing", worth_it=10**9)).panel("bybit", timeframe)

    def is_kept(self, timeframe="1m"):
        with self.database.read() as connection:
            return self.kept.get(found(connection, Request.of("bybit", timeframe, None, None, None))) is not None

    def sql(self, statement):
        with duckdb.connect(str(self.home / "market.duckdb")) as connection:
            connection.execute("set TimeZone = 'UTC'")
            connection.execute(statement)


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    home = tmp_path_factory.mktemp("filled")
    Shop(home).filled()
    return home / "market.duckdb"


@pytest.fixture
def shop(tmp_path, filled):
    shutil.copy(filled, tmp_path)
    return Shop(tmp_path)


@pytest.mark.parametrize("timeframe", ["1m", "5m", "1h"])
def test_a_kept_panel_is_the_panel_that_duckdb_gives(shop, timeframe):
    first = shop.bars.panel("bybit", timeframe)
    assert shop.is_kept(timeframe)
    again = shop.bars.panel("bybit", timeframe)
    assert_same(first, shop.fresh(timeframe))
    assert_same(again, shop.fresh(timeframe))
    assert again.rows(0, len(again)).data_hash == again.data_hash, "the hash that was kept is the hash of the numbers"


def test_a_kept_panel_is_cut_and_computed_with_like_any_other(shop):
    shop.bars.panel("bybit", "1m")
    kept, fresh = shop.bars.panel("bybit", "1m"), shop.fresh()
    assert_same(kept.rows(10, 200), fresh.rows(10, 200))
    assert_same(kept.columns([2, 0]), fresh.columns([2, 0]))
    np.testing.assert_array_equal(kept.traded_value, fresh.traded_value)
    assert kept.row_at(int(kept.open_time[7])) == 7


def test_numba_sees_ordinary_arrays(shop):
    shop.bars.panel("bybit", "1m")
    kept, fresh = shop.bars.panel("bybit", "1m"), shop.fresh()
    assert not kept.close.flags.owndata
    for name in FIELDS:
        assert type(getattr(kept, name)) is np.ndarray
        assert typeof(getattr(kept, name)) == typeof(getattr(fresh, name))


def test_what_is_written_to_a_kept_panel_stays_in_this_process(shop):
    shop.bars.panel("bybit", "1m")
    shop.bars.panel("bybit", "1m").close[:] = -1.0
    assert_same(shop.bars.panel("bybit", "1m"), shop.fresh())


ROW = "symbol = 'AUSDT' and open_time = timestamptz '2024-01-01 00:07:00+00'"
EXCHANGED = """
    update bars set volume = o.volume from bars o
    where o.symbol = 'AUSDT' and bars.symbol = 'AUSDT' and epoch_ms(o.open_time) + epoch_ms(bars.open_time) = 2 * 1704067500000
      and abs(epoch_ms(o.open_time) - epoch_ms(bars.open_time)) = 120000
"""


@pytest.mark.parametrize(
    "repair",
    [
        f"update bars set close = close + 1e-9 where {ROW}",
        f"update bars set volume = volume * 2 where {ROW}",
        f"update bars set open = close, close = open where {ROW}",
        f"delete from bars where {ROW}",
        f"update bars set symbol = 'DUSDT' where {ROW}",
        "update bars set symbol = 'DUSDT' where symbol = 'CUSDT'",
        "delete from bars where open_time = (select max(open_time) from bars)",
        "delete from bars where open_time = (select min(open_time) from bars)",
        EXCHANGED,
        "update bars set symbol = case symbol when 'AUSDT' then 'BUSDT' else 'AUSDT' end where symbol <> 'CUSDT'",
        "update funding set rate = -rate where symbol = 'BUSDT'",
        "update funding set rate = 0.003 - rate where symbol <> 'XUSDT' and settled_at = timestamptz '2024-01-01 02:00:00+00'",
        "update funding set settled_at = settled_at + interval 1 minute where symbol = 'BUSDT'",
        "delete from funding where symbol = 'BUSDT'",
    ],
)
def test_what_was_repaired_by_hand_is_what_is_read(shop, repair):
    before, key = shop.bars.panel("bybit", "1m"), shop.key()
    shop.sql(repair)
    assert shop.key() != key
    after = shop.bars.panel("bybit", "1m")
    assert_same(after, shop.fresh())
    assert after.data_hash != before.data_hash


@pytest.mark.parametrize(
    "change",
    [
        lambda store: store.bars.merge(bars("AUSDT", [300])),
        lambda store: store.bars.merge(bars("BUSDT", [110])),
        lambda store: store.bars.merge(bars("DUSDT", [5])),
        lambda store: store.funding.merge(settlements("CUSDT", [299])),
    ],
)
def test_what_was_merged_is_what_is_read(shop, change):
    before = shop.bars.panel("bybit", "1m")
    change(Store(shop.home))
    after = shop.bars.panel("bybit", "1m")
    assert_same(after, shop.fresh())
    assert after.data_hash != before.data_hash


@pytest.mark.parametrize(
    "change",
    [
        lambda store: store.bars.merge(bars("AUSDT", range(9), venue="okx")),
        lambda store: store.bars.merge(bars("AUSDT", [0], timeframe="1h")),
        lambda store: store.funding.merge(settlements("AUSDT", [0, 301])),
        lambda store: store.funding.merge(settlements("XUSDT", [200])),
    ],
)
def test_what_is_in_another_panel_does_not_make_this_one_again(shop, change):
    shop.bars.panel("bybit", "1m")
    change(Store(shop.home))
    assert shop.is_kept()
    assert_same(shop.bars.panel("bybit", "1m"), shop.fresh())


def test_one_panel_serves_every_range_that_holds_the_same_bars(shop):
    shop.bars.panel("bybit", "1m")
    shop.bars.panel("bybit", "1m", at(-5), at(300))
    shop.bars.panel("bybit", "1m", None, None, ("CUSDT", "BUSDT", "AUSDT", "NOUSDT"))
    assert len(list(shop.folder.iterdir())) == 1


def cut(path):
    path.write_bytes(path.read_bytes()[:-9])


def empty(path):
    path.write_bytes(b"")


def grow(path):
    path.write_bytes(path.read_bytes() + b"\0")


def blank(path):
    """What a power cut may leave: the right length, and nothing in it."""
    path.write_bytes(bytes(path.stat().st_size))


def flip(path):
    content, chance = bytearray(path.read_bytes()), random.Random(path.name)
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def babble(path):
    path.write_bytes(b"\xff\x00 this is not it")


@pytest.mark.parametrize("damage", [cut, empty, grow, blank, flip, babble, Path.unlink])
def test_a_damaged_entry_is_never_believed_but_made_again(shop, damage):
    truth = shop.bars.panel("bybit", "1m")
    for name in (*(f"{name}.npy" for name in FIELDS), "seal"):
        damage(shop.folder / shop.key() / name)
        assert not shop.is_kept(), name
        assert_same(shop.bars.panel("bybit", "1m"), truth)
        assert shop.is_kept(), name


def test_two_files_of_one_entry_that_changed_places_are_not_believed(shop):
    shop.bars.panel("bybit", "1m")
    entry = shop.folder / shop.key()
    (entry / "high.npy").rename(entry / "x")
    (entry / "low.npy").rename(entry / "high.npy")
    (entry / "x").rename(entry / "low.npy")
    assert not shop.is_kept()


def test_the_panels_used_last_are_kept_and_leftovers_age_out(shop):
    shop.folder.mkdir()
    (shop.folder / "draft-of-a-dead-process").mkdir()
    for timeframe in ("1m", "3m"):
        shop.bars.panel("bybit", timeframe)
    assert (shop.folder / "draft-of-a-dead-process").exists()
    shop.bars.panel("bybit", "1m")
    for timeframe in ("5m", "15m"):
        shop.bars.panel("bybit", timeframe)
    assert sorted(path.name for path in shop.folder.iterdir()) == sorted(map(shop.key, ("1m", "5m", "15m")))


def test_a_panel_that_was_thrown_away_stays_with_whoever_has_it(shop):
    shop.bars.panel("bybit", "1m")
    kept = shop.bars.panel("bybit", "1m")
    shutil.rmtree(shop.folder)
    assert_same(kept, shop.fresh())
    assert kept.rows(0, len(kept)).data_hash == kept.data_hash


def test_a_panel_of_few_bars_is_not_kept(tmp_path):
    shop = Shop(tmp_path, worth_it=631).filled()  # there are 630
    shop.bars.panel("bybit", "1m")
    assert not shop.folder.exists()
    Shop(tmp_path, worth_it=630).bars.panel("bybit", "1m")
    assert shop.is_kept()


def test_a_folder_that_cannot_be_written_costs_a_warning_and_nothing_else(shop):
    shop.folder.write_text("no folder")
    with pytest.warns(UserWarning, match="panels: panel not kept, the next load takes longer"):
        panel = shop.bars.panel("bybit", "1m")
    assert_same(panel, shop.fresh())


def test_a_full_disk_leaves_no_half_a_panel(shop):
    limited = f"""
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))
from tests.storage.test_kept import Shop
from pathlib import Path
print(Shop(Path({str(shop.home)!r})).bars.panel("bybit", "1m").data_hash)
"""
    # -B: the limit would cut the byte code that Python keeps of this very file, and the next run would stumble over it.
    ran = subprocess.run([sys.executable, "-B", "-c", limited], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.stdout.strip() == shop.fresh().data_hash
    assert "panel not kept" in ran.stderr
    assert list(shop.folder.iterdir()) == []


def start(role, home, seconds):
    command = [sys.executable, str(WORKERS), role, str(home), str(seconds)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def test_processes_that_keep_read_and_throw_away_at_once_all_read_the_truth(shop):
    workers = [start(role, shop.home, 3) for role in ("load", "load", "throw", "damage")]
    outcomes = [worker.communicate(timeout=60) for worker in workers]
    for worker, (_, complaint) in zip(workers, outcomes, strict=True):
        assert worker.returncode == 0, complaint
    loads = [int(out) for out, _ in outcomes[:2]]
    assert min(loads) > 5
    assert_same(shop.bars.panel("bybit", "1m"), shop.fresh())


def test_a_kill_while_a_panel_is_kept_leaves_nothing_that_is_believed_wrongly(shop):
    chance = random.Random(1)
    for _ in range(6):
        worker = start("keep", shop.home, 60)
        assert worker.stdout.readline() == "keeping\n"
        time.sleep(chance.uniform(0, 0.05))
        worker.kill()
        assert worker.communicate()[0] is not None
        assert len(list(shop.folder.iterdir())) <= 5, "three, and what was being made and moved in"
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for timeframe in ("1m", "3m", "5m"):
                assert_same(shop.bars.panel("bybit", timeframe), shop.fresh(timeframe))
