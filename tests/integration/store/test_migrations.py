"""From an empty database to head, on both engines; and what tells a developer that the revision must be written again."""

from __future__ import annotations

import filecmp
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import text

from callwright.errors import StoreError
from callwright.store import migrating, revising, revision
from callwright.store.database import Database
from callwright.store.metadata import TENANT_TABLES
from callwright.testing.databases import PostgresServer

pytestmark = [pytest.mark.integration]


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/empty.db"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.empty()


@pytest.mark.anyio
async def test_empty_to_head_is_what_the_code_says(empty_url: str) -> None:
    async with Database.open(empty_url) as database:
        assert await revision.current(database) is None
        with pytest.raises(StoreError, match="is empty: run `callwright db upgrade`"):
            await revision.require_head(database)
        assert await migrating.upgrade(database) == (None, revision.HEAD)
        wrong = await migrating.differences(database)
        assert not wrong, f"{wrong}: tables were changed; run: python -m callwright.store.revising first"
        assert await migrating.upgrade(database) == (revision.HEAD, revision.HEAD)
        await revision.require_head(database)


def test_the_revision_is_as_it_would_be_written_now(tmp_path: Path) -> None:
    """Also what a comparison of databases does not see (the order of columns, protected tables)."""
    made = revising.write_first(tmp_path)
    for command in (["format", "-q"], ["check", "-q", "--fix"]):
        subprocess.run([sys.executable, "-m", "ruff", *command, "--config", ROOT / "pyproject.toml", made], check=True)
    (kept,) = revising.VERSIONS.glob("0001_*.py")
    assert filecmp.cmp(made, kept, shallow=False), "tables were changed: python -m callwright.store.revising first"


def test_head_is_the_last_revision() -> None:
    assert ScriptDirectory.from_config(migrating.config()).get_heads() == [revision.HEAD]


@pytest.mark.anyio
async def test_what_the_fixture_makes_is_the_same(database: Database) -> None:
    assert await migrating.differences(database) == []


@pytest.mark.anyio
async def test_differences_are_told(empty_url: str) -> None:
    async with Database.open(empty_url) as database:
        await migrating.upgrade(database)
        async with database.system() as connection:
            await connection.execute(text("ALTER TABLE worker ADD COLUMN mood VARCHAR(9)"))
            await connection.execute(text("DROP INDEX ix_task_lead_due"))
            if database.dialect == "postgresql":
                await connection.execute(text("ALTER TABLE lead NO FORCE ROW LEVEL SECURITY"))
                await connection.execute(text("ALTER TABLE person DISABLE ROW LEVEL SECURITY"))
                await connection.execute(text("DROP POLICY tenant_rows ON task"))
        told = "\n".join(await migrating.differences(database))
    assert "remove_column: worker, mood" in told
    assert "add_index: ix_task_lead_due" in told
    if database.dialect == "postgresql":
        for table in ("lead", "person", "task"):
            assert f"row-level security is off: {table}\n" in f"{told}\n"


@pytest.mark.anyio
@pytest.mark.parametrize(("found", "message"), [("9999", "newer than this version"), ("0000", "back it up")])
async def test_another_version_is_refused(database: Database, found: str, message: str) -> None:
    async with database.system() as connection:
        await connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        await connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": found})
    with pytest.raises(StoreError, match=message):
        await revision.require_head(database)
    if found > revision.HEAD:
        with pytest.raises(StoreError, match=message):
            await migrating.upgrade(database)


@pytest.mark.anyio
async def test_tables_of_another_program_are_left_alone(database: Database) -> None:
    with pytest.raises(StoreError, match="another program"):
        await migrating.upgrade(database)


def test_the_next_revision_protects_new_tables(tmp_path: Path) -> None:
    """A database that lacks a table gets it, with its protection."""
    folder = tmp_path / "versions"
    folder.mkdir()
    (kept,) = revising.VERSIONS.glob("0001_*.py")
    text_of = kept.read_text()
    begin = text_of.index('    op.create_table(\n        "worker"')
    end = text_of.index("    op.create_table", begin + 10)
    (folder / kept.name).write_text((text_of[:begin] + text_of[end:]).replace('            "worker",\n', ""))
    made = revising.write_next("Workers", folder)
    written = made.read_text()
    assert made.name == "0002_workers.py"
    assert "op.create_table('worker'" in written and '"worker",\n' in written and "protecting([" in written
    assert all(f'"{table.name}",\n' not in written for table in TENANT_TABLES if table.name != "worker")


ROOT = Path(__file__).resolve().parents[3]
