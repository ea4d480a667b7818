"""Prefect's SQLite database: whoever waits for the write lock gives up after seconds, and whoever has it can write."""

import asyncio

import pytest
from prefect.server.database.configurations import AioSqliteConfiguration
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import create_async_engine

from tasks import prefect_sqlite
from tasks.prefect_processes import PLUGIN


def engine_as_prefects(place):
    """An engine whose owner lets every statement wait for a minute, as Prefect does."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{place}?plugin={PLUGIN}")
    event.listen(engine.sync_engine, "connect", lambda made, _: made.cursor().execute("PRAGMA busy_timeout = 60000"))
    return engine


async def waits(place):
    engine = engine_as_prefects(place)
    async with engine.connect() as one:
        first = (await one.execute(text("PRAGMA busy_timeout"))).scalar()
    async with engine.connect() as again:
        second = (await again.execute(text("PRAGMA busy_timeout"))).scalar()
    await engine.dispose()
    return first, second


def test_a_statement_waits_for_seconds_whatever_was_set_when_the_connection_was_made(tmp_path):
    assert asyncio.run(waits(tmp_path / "prefect.db")) == (prefect_sqlite.BUSY_MS, prefect_sqlite.BUSY_MS)


async def write_beside_a_writer(place):
    engine = engine_as_prefects(place)
    async with engine.connect() as holder, engine.connect() as other:
        await holder.execute(text("create table t (n integer)"))
        await holder.commit()
        await holder.exec_driver_sql("begin immediate")
        await other.execute(text("insert into t values (1)"))


def test_whoever_cannot_have_the_lock_is_told_so(tmp_path, monkeypatch):
    monkeypatch.setattr(prefect_sqlite, "BUSY_MS", 50)
    with pytest.raises(OperationalError, match="database is locked"):
        asyncio.run(asyncio.wait_for(write_beside_a_writer(tmp_path / "prefect.db"), 30))


async def count_side_by_side(place, times):
    """Read, let the others go on, and write one more, as Prefect's automations count events."""
    config = AioSqliteConfiguration(f"sqlite+aiosqlite:///{place}?plugin={PLUGIN}")
    engine = await config.engine()

    async def one_more():
        async with await config.session(engine) as session, config.begin_transaction(session):
            seen = (await session.execute(text("select n from t"))).scalar()
            await asyncio.sleep(0.02)
            await session.execute(text("update t set n = :n"), {"n": seen + 1})

    async with engine.begin() as made:
        await made.execute(text("create table t as select 0 as n"))
    await asyncio.gather(*(one_more() for _ in range(times)))
    async with engine.connect() as asked:
        return (await asked.execute(text("select n from t"))).scalar()


def test_transactions_of_prefects_that_read_before_they_write_all_write(tmp_path):
    assert asyncio.run(count_side_by_side(tmp_path / "prefect.db", 8)) == 8
