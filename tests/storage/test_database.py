import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import pytest

from core.errors import StoreError
from storage import turnstile
from storage.database import Database
from storage.store import Store

ROOT = Path(__file__).parents[2]


@pytest.fixture
def database(tmp_path):
    return Database(tmp_path / "deep" / "trading.duckdb", "trading", patience=0.3)


def accounts(database):
    with database.read() as connection:
        return [row[0] for row in connection.execute("select account from paper order by account").fetchall()]


def save(connection, account):
    connection.execute("insert into paper values ($account, '{}')", {"account": account})


def test_no_file_exists_before_the_first_use(tmp_path):
    store = Store(tmp_path / "var")
    assert not (tmp_path / "var").exists()
    store.paper.load("demo")
    assert sorted(p.name for p in (tmp_path / "var").iterdir() if p.suffix == ".duckdb") == ["trading.duckdb"]


def test_a_database_that_does_not_exist_yet_reads_as_empty(database):
    assert accounts(database) == []


def test_a_database_that_was_deleted_meanwhile_is_made_again(database):
    assert accounts(database) == []
    database.path.unlink()
    assert accounts(database) == []


def test_a_creation_that_was_killed_half_way_does_no_harm(database):
    database.path.parent.mkdir(parents=True)
    for leftover in (".new", ".new.wal"):
        database.path.with_name(database.path.name + leftover).write_bytes(b"half")
    assert accounts(database) == []


def test_a_write_that_ends_well_is_kept(database):
    with database.write() as connection:
        save(connection, "a")
    assert accounts(database) == ["a"]


def test_an_exception_leaves_the_file_as_it_was(database):
    with pytest.raises(ZeroDivisionError), database.write() as connection:  # noqa: PT012 - the body is the subject
        save(connection, "a")
        _ = 1 / 0
    assert accounts(database) == []


def test_a_reader_cannot_write(database):
    with pytest.raises(duckdb.InvalidInputException, match="read-only"), database.read() as connection:
        save(connection, "a")


def test_many_threads_read_while_others_write(database):
    database._patience = 30

    def use(name):
        with database.write() as connection:
            save(connection, name)
        assert name in accounts(database)

    threads = [threading.Thread(target=use, args=(f"t{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert accounts(database) == [f"t{n}" for n in range(6)]


def test_a_wait_is_bounded_and_says_who_wrote_last(database):
    accounts(database)
    with turnstile.exclusive(database.path, 1), pytest.raises(StoreError) as caught:
        accounts(database)
    message = str(caught.value)
    assert "still in use after 0.3 s" in message
    assert f"process {os.getpid()}" in message
    assert f"fuser {database.path}.lock" in message


def test_a_waiting_writer_is_not_starved_by_readers(database):
    accounts(database)
    stop = threading.Event()
    database._patience = 10

    def keep_reading():
        while not stop.is_set():
            accounts(database)

    readers = [threading.Thread(target=keep_reading) for _ in range(3)]
    for reader in readers:
        reader.start()
    began = time.monotonic()
    with database.write() as connection:
        save(connection, "a")
    waited = time.monotonic() - began
    stop.set()
    for reader in readers:
        reader.join()
    assert waited < 5


def test_a_file_held_by_another_program_is_named_with_the_remedy(database):
    accounts(database)
    hold = f"import duckdb, sys; c = duckdb.connect({str(database.path)!r}); print('held', flush=True); sys.stdin.read()"
    holder = subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StoreError, match="another program holds it open; close that program"):
            accounts(database)
    finally:
        holder.communicate("")
    assert accounts(database) == []


FULL_DISK = """
import resource, sys
from pathlib import Path
from core.errors import StoreError
from storage.store import Store

store = Store(Path(sys.argv[1]))
store.paper.load("before")
size = (Path(sys.argv[1]) / "trading.duckdb").stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 65536, size + 65536))
for n in range(100):
    try:
        store.paper.save(f"big {n}", "".join(chr(33 + (i * i * 7 + n) % 90) for i in range(200_000)))
    except StoreError as error:
        print(n, error)
        sys.exit(3)
"""


def test_a_full_disk_is_one_clear_line_and_the_old_content_stays(tmp_path):
    store = Store(tmp_path)
    store.paper.save("before", "precious")
    run = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 3, run.stdout + run.stderr
    (line,) = run.stdout.splitlines()
    refused = int(line.split()[0])
    assert "nothing was written" in line
    assert str(tmp_path / "trading.duckdb") in line
    assert store.paper.load("before") == "precious"
    assert [store.paper.load(f"big {n}") is not None for n in range(refused + 1)] == [True] * refused + [False]
    store.paper.save("after", "room again")
    assert store.paper.load("after") == "room again"


def test_a_home_that_cannot_be_made_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"trading\.duckdb"):
        Store(tmp_path / "file" / "var").paper.load("demo")


def test_operations_inside_a_write_are_one_transaction_and_see_each_other(tmp_path):
    store = Store(tmp_path / "var")
    with store.trading.write():
        store.paper.save("a", "{}")
        assert store.paper.load("a") == "{}"
    assert store.paper.load("a") == "{}"
    with pytest.raises(ZeroDivisionError), store.trading.write():  # noqa: PT012 - the body is the subject
        store.paper.save("a", "changed")
        store.paper.save("b", "{}")
        _ = 1 / 0
    assert (store.paper.load("a"), store.paper.load("b")) == ("{}", None)


def test_operations_inside_a_read_share_its_connection_and_cannot_write(tmp_path):
    store = Store(tmp_path / "var")
    store.paper.save("a", "{}")
    with store.trading.read() as connection:
        assert store.paper.load("a") == "{}"
        with store.trading.read() as same:
            assert same is connection
        with pytest.raises(StoreError, match="asked to write while reading; end the read first"):
            store.paper.save("b", "{}")
    store.paper.save("b", "{}")


def test_another_thread_does_not_share_the_connection(database):
    with database.write() as connection:
        save(connection, "a")
        seen = []
        thread = threading.Thread(target=lambda: seen.append(_error_of(lambda: accounts(database))))
        thread.start()
        thread.join()
    assert isinstance(seen[0], StoreError)


def _error_of(call):
    try:
        return call()
    except StoreError as error:
        return error


def test_what_is_done_while_the_file_is_held_is_done_as_ever_and_others_wait(tmp_path):
    store, other = Store(tmp_path / "var"), Store(tmp_path / "var", patience=0.1)
    with store.trading.held():
        store.paper.save("a", "{}")
        with pytest.raises(ZeroDivisionError), store.trading.write():  # noqa: PT012 - the body is the subject
            store.paper.save("b", "{}")
            _ = 1 / 0
        assert (store.paper.load("a"), store.paper.load("b")) == ("{}", None)
        with pytest.raises(StoreError, match="still in use"):
            other.paper.load("a")
    assert other.paper.load("a") == "{}"
