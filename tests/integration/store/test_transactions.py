"""What a transaction promises on both engines: waiting, reading, and clear words when the database is not there."""

from __future__ import annotations

import asyncio
import threading
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from callwright.campaigns.tables import line, worker
from callwright.errors import InputError, LostError, ScopeError, SettingsError, StoreError
from callwright.store import wire
from callwright.store.constant import constant
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.store.metadata import TENANT
from callwright.testing.databases import PostgresServer, missing
from callwright.testing.sipp import free_port
from callwright.testing.tenants import seed

pytestmark = [pytest.mark.anyio, pytest.mark.integration]

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
ACTIVE = select(line.c.active).where(line.c.tenant_id == TENANT).with_for_update()
SEEN = constant(select(line.c.active).where(line.c.tenant_id == TENANT))
WAITS = constant(select(func.current_setting("synchronous_commit")))
RAISE = update(line).where(line.c.tenant_id == TENANT)
ADD = insert(worker)
WORKERS = select(worker.c.name).where(worker.c.tenant_id == TENANT).order_by(worker.c.name)


async def test_who_reads_and_writes_takes_turns(database: Database, keyring: Keyring) -> None:
    one = await seed(database, keyring, NOW, leads=0)

    async def raise_it() -> None:
        for _ in range(5):
            async with database.scope(one.tenant) as scope:
                active = await scope.value(ACTIVE)
                await asyncio.sleep(0)
                await scope.run(RAISE, active=active + 1)

    await asyncio.gather(*(raise_it() for _ in range(6)))
    async with database.reading(one.tenant) as scope:
        assert await scope.value(ACTIVE) == 30


async def test_an_error_undoes_all_and_a_savepoint_its_part(database: Database, keyring: Keyring) -> None:
    one = await seed(database, keyring, NOW, leads=0)
    row = {"seen_at": NOW, "started_at": NOW, "robots": 1}
    with pytest.raises(ZeroDivisionError):
        async with database.scope(one.tenant) as scope:
            await scope.run(ADD, name="lost", **row)
            raise ZeroDivisionError
    async with database.scope(one.tenant) as scope:
        await scope.run(ADD, name="kept", **row)
        with pytest.raises(ZeroDivisionError):
            async with scope.savepoint():
                await scope.run(ADD, name="undone", **row)
                raise ZeroDivisionError
        async with scope.savepoint():
            await scope.run(ADD, name="kept too", **row)
    async with database.reading(one.tenant) as scope:
        assert [found.name for found in await scope.all(WORKERS)] == ["kept", "kept too"]


async def test_who_reads_waits_for_no_writer_and_changes_nothing(database: Database, keyring: Keyring) -> None:
    one = await seed(database, keyring, NOW, leads=0)
    read = select(line.c.active).where(line.c.tenant_id == TENANT)
    async with asyncio.timeout(20), database.scope(one.tenant) as writer, database.reading(one.tenant) as reader:
        await writer.run(RAISE, active=1)
        assert await reader.value(read) == 0
        with pytest.raises(ScopeError, match="only reads"):
            await reader.run(RAISE, active=2)


async def test_a_cancelled_transaction_is_undone_and_its_connection_is_fit(database_url: str, keyring: Keyring) -> None:
    async with Database.open(database_url, connections=1) as database:
        one = await seed(database, keyring, NOW, leads=0)
        inside = asyncio.Event()

        async def halfway() -> None:
            async with database.scope(one.tenant) as scope:
                await scope.run(RAISE, active=9)
                inside.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(halfway())
        await inside.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with database.scope(one.tenant) as scope:
            assert await scope.value(ACTIVE) == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_one_that_is_cancelled_within_a_statement_locks_nobody_out(database: Database, keyring: Keyring) -> None:
    one = await seed(database, keyring, NOW, leads=0)
    reached, go = threading.Event(), threading.Event()
    kept: list[BaseException] = []  # whoever keeps it keeps the statement that was under way

    def stand() -> bool:
        reached.set()
        return go.wait(20)

    async def halfway() -> None:
        try:
            async with database.system() as connection:
                driver = (await connection.get_raw_connection()).driver_connection
                assert driver is not None
                await driver.create_function("stand", 0, stand)
                await connection.execute(text("SELECT stand() UNION ALL SELECT id FROM tenant UNION ALL SELECT 2"))
        except BaseException as error:
            kept.append(error)
            raise

    task = asyncio.create_task(halfway())
    assert await asyncio.to_thread(reached.wait, 20)
    task.cancel()
    await asyncio.sleep(0)
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(10), database.scope(one.tenant) as scope:
        await scope.run(RAISE, active=1)
    assert kept


@pytest.mark.parametrize("url", ["", "mysql://x/y", "sqlite://", "sqlite:///:memory:", "callwright.db"])
async def test_an_address_that_names_no_database(url: str) -> None:
    with pytest.raises(SettingsError, match="CALLWRIGHT_DATABASE_URL"):
        async with Database.open(url):
            pass


async def test_a_database_that_cannot_be_reached(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database " * 100)
    urls = [
        f"sqlite:///{tmp_path}/nowhere/x.db",
        f"sqlite:///{tmp_path}/text",
        f"postgresql://u:secret@127.0.0.1:{free_port()}/x",
    ]
    for url in urls:
        async with Database.open(url) as database:
            with pytest.raises(StoreError, match="cannot connect to") as told:
                async with database.system():
                    pass
            assert "secret" not in str(told.value)


@pytest.mark.parametrize("name", ["no_such_database", "no_such_role"])
async def test_a_server_that_does_not_let_us_in(postgres: PostgresServer, name: str) -> None:
    url = postgres.url("postgres", "nobody") if name == "no_such_role" else postgres.url(name)
    async with Database.open(url) as database:
        with pytest.raises(StoreError, match=r"cannot connect to 127.0.0.1:.*does not exist"):
            async with database.system():
                pass


async def test_who_waits_gets_the_only_connection_next(
    database_url: str, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callwright.store.database._BUSY_S", 2.0)  # who is forgotten learns it soon
    async with Database.open(database_url, connections=1) as database:
        one = await seed(database, keyring, NOW, leads=0)

        async def outside() -> int | None:
            async with database.system() as connection:
                return (await connection.execute(text("SELECT 1"))).scalar()

        async def inside() -> Any:
            async with database.scope(one.tenant) as scope:
                return await scope.value(ACTIVE)

        for wanted, told in ((outside, 1), (inside, 0)):
            async with database.scope(one.tenant, keyed=True) as scope:
                assert await scope.value(SEEN) == 0
                waiting = asyncio.create_task(wanted())
                for _ in range(20):  # it is in the queue by now
                    await asyncio.sleep(0)
            assert await waiting == told
        for _ in range(2):
            assert (await inside(), await outside()) == (0, 1)


async def test_no_connection_is_free(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callwright.store.database._BUSY_S", 0.1)
    async with Database.open(database_url, connections=1) as database, database.system():
        with pytest.raises(StoreError, match="were in use for"):
            async with database.system():
                pass


async def test_a_locked_sqlite_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callwright.store.database._BUSY_S", 0.1)
    async with Database.open(f"sqlite:///{tmp_path}/x.db") as database, database.system():
        with pytest.raises(StoreError, match="locked by another program"):
            async with database.system() as second:
                await second.execute(text("CREATE TABLE x (y)"))


async def test_sqlite_is_as_durable_as_we_say(tmp_path: Path) -> None:
    async with Database.open(f"sqlite:///{tmp_path}/x.db") as database, database.system() as connection:
        for pragma, value in (("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)):
            assert (await connection.execute(text(f"PRAGMA {pragma}"))).scalar() == value


@pytest.mark.skipif(bool(missing()), reason=missing())
async def test_a_server_that_dies_is_told_and_found_again_with_all_that_was_committed(keyring: Keyring) -> None:
    with PostgresServer.start() as server:
        async with Database.open(server.fresh()) as database:
            one = await seed(database, keyring, NOW, leads=0)
            async with database.scope(one.tenant) as scope:
                await scope.run(RAISE, active=4)
            with pytest.raises(LostError):
                async with database.scope(one.tenant) as scope:
                    await scope.run(RAISE, active=5)
                    await asyncio.to_thread(server.kill)
                    await scope.value(ACTIVE)
            with pytest.raises(StoreError):
                async with database.scope(one.tenant) as scope:
                    await scope.value(ACTIVE)
            await asyncio.to_thread(server.boot)
            async with database.scope(one.tenant) as scope:
                assert await scope.value(ACTIVE) == 4


async def test_a_connection_that_the_server_ends_is_lost_whatever_of_that_was_read(
    postgres: PostgresServer, keyring: Keyring
) -> None:
    url = postgres.fresh()
    async with Database.open(url, connections=1) as database, Database.open(url, connections=1) as other:
        one = await seed(database, keyring, NOW, leads=0)
        for turns in range(60):  # the goodbye is read in one of them, the end of the connection in a later one
            async with database.scope(one.tenant) as scope:
                which = (await scope.connection.execute(text("SELECT pg_backend_pid()"))).scalar()
                assert await scope.value(SEEN) == 0
            async with database.scope(one.tenant) as scope:
                assert await scope.value(SEEN) == 0  # it is kept
            async with other.system() as connection:
                await connection.execute(text(f"SELECT pg_terminate_backend({which})"))
            for _ in range(turns // 2):
                await asyncio.sleep(0)
            with suppress(LostError):
                if turns % 2:
                    async with database.system() as connection:
                        await connection.execute(text("SELECT 1"))
                else:
                    async with database.scope(one.tenant) as scope:
                        await scope.value(SEEN)
            async with database.scope(one.tenant) as scope:
                assert await scope.value(SEEN) == 0


async def test_a_number_that_no_column_holds(database: Database, keyring: Keyring) -> None:
    one = await seed(database, keyring, NOW, leads=0)
    found = select(line.c.id).where(line.c.tenant_id == TENANT, line.c.id == bindparam("which"))
    for statement in (found, constant(found)):
        with pytest.raises(InputError, match="larger than anything here"):
            async with database.scope(one.tenant) as scope:
                await scope.value(statement, which=2**64)


async def test_an_error_does_not_tell_what_was_asked(database: Database) -> None:
    wrong = text("SELECT no_such_column FROM tenant WHERE slug = CAST(:who AS VARCHAR)")
    with pytest.raises(SQLAlchemyError) as caught:
        async with database.system() as connection:
            await connection.execute(wrong, {"who": "+8613900000001"})
    assert "no_such_column" in str(caught.value)
    assert "+86139" not in str(caught.value)


@pytest.mark.parametrize("how", ["constant", "by SQLAlchemy", "outside of tenants"])
async def test_an_error_does_not_quote_rows(database: Database, keyring: Keyring, how: str) -> None:
    """PostgreSQL says which key is there already, with its value."""
    name = "person-13900000001"
    one = await seed(database, keyring, NOW, leads=0, slug=name)
    row = {"name": name, "seen_at": NOW, "robots": 1, "started_at": NOW, "live_address": "", "live_secret": b""}
    again = insert(worker)
    with pytest.raises(IntegrityError) as caught:
        if how == "outside of tenants":
            async with database.system() as connection:
                copy = text("INSERT INTO tenant SELECT * FROM tenant")
                await connection.execute(copy)
        else:
            async with database.scope(one.tenant) as scope:
                for _ in range(2):
                    await scope.run(constant(again) if how == "constant" else again, [row])
    told = "".join(traceback.format_exception(caught.value))
    assert "worker" in told or "tenant" in told
    assert "DETAIL" not in told
    assert "139000" not in told


@pytest.mark.parametrize("said", ["before", "within"])
async def test_what_need_not_last_is_not_waited_for(
    postgres: PostgresServer, keyring: Keyring, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    tell = wire._Postgres._told

    async def listen(self: Any, text: str) -> str:
        told.append(text)
        return await tell(self, text)

    async with Database.open(postgres.fresh(), connections=1) as database:
        one = await seed(database, keyring, NOW, leads=0)
        monkeypatch.setattr(wire._Postgres, "_told", listen)
        for lasting in (True, False, True):
            async with database.scope(one.tenant, keyed=True, lasting=lasting or said == "within") as scope:
                assert await scope.run(RAISE, active=7) == 1
                scope.lasting = lasting
            assert told[-1] == ("COMMIT" if lasting else "SET LOCAL synchronous_commit = off; COMMIT")
            async with database.reading(one.tenant) as scope:
                assert await scope.value(ACTIVE) == 7
                assert await scope.value(WAITS) == "on"


async def test_what_need_not_last_and_failed_is_not_committed(postgres: PostgresServer, keyring: Keyring) -> None:
    async with Database.open(postgres.fresh(), connections=1) as database:
        one = await seed(database, keyring, NOW, leads=0)
        with pytest.raises(DBAPIError):
            async with database.scope(one.tenant, lasting=False) as scope:
                assert await scope.run(RAISE, active=7) == 1
                with pytest.raises(DBAPIError):
                    await scope.value(constant(select(func.set_config("synchronous_commit", "no such", True))))
        async with database.reading(one.tenant) as scope:
            assert await scope.value(ACTIVE) != 7
