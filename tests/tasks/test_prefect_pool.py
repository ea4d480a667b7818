"""The pool of Prefect's SQLite database: nobody waits for a connection that waits for him."""

import asyncio

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tasks.prefect_processes import ROOMY

WAITING = 40


async def read_while_all_wait(place):
    """One holds the only write lock, forty wait for it on connections of their own, and he opens another one to read."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{place}?plugin={ROOMY}")
    async with engine.connect() as holder:
        await holder.execute(text("create table t (n integer)"))
        await holder.commit()
        begun = [await engine.connect() for _ in range(WAITING)]
        async with engine.connect() as another:
            seen = (await another.execute(text("select count(*) from t"))).scalar()
        for connection in begun:
            await connection.close()
    await engine.dispose()
    return seen


def test_whoever_holds_the_lock_can_read_while_everybody_waits_for_it(tmp_path):
    assert asyncio.run(asyncio.wait_for(read_while_all_wait(tmp_path / "prefect.db"), 20)) == 0
