"""Shared fixtures: the shared data folder, fresh databases on both engines, and loud skips when something is not there."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.testing.databases import PostgresServer, missing, sqlite_template

ROOT = Path(__file__).resolve().parent.parent

# Processes that tests start have working folders of their own.
os.environ["CALLWRIGHT_SHARED"] = str(Path(os.environ.get("CALLWRIGHT_SHARED", ROOT / ".." / "shared")).resolve())

# How long an example takes says how busy the machine is: speed is measured by `callwright bench`, not here. A change is judged
# by the same examples every time; HYPOTHESIS_SEARCH=1 looks for new ones.
settings.register_profile("search", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.register_profile("callwright", settings.get_profile("search"), derandomize=True)
settings.load_profile("search" if os.environ.get("HYPOTHESIS_SEARCH") else "callwright")


gc.disable()  # until everything is imported


def pytest_collection_finish() -> None:
    """What is imported stays: no collection between tests goes through all of it again."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The shared data folder (CALLWRIGHT_SHARED, default ../shared); skips loudly without it."""
    folder = Path(os.environ["CALLWRIGHT_SHARED"])
    if not (folder / "formats").is_dir():
        pytest.skip(f"no shared data at {folder}: set CALLWRIGHT_SHARED")
    return folder


@pytest.fixture(scope="session")
def espeak() -> str:
    """Path of espeak-ng; skips loudly without it."""
    path = shutil.which("espeak-ng")
    if path is None:
        pytest.skip("espeak-ng is not installed (apt-get install espeak-ng)")
    return path


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A private PostgreSQL for the whole session; skips loudly where none is installed."""
    why = missing()
    if why:
        pytest.skip(why)
    with PostgresServer.start() as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template of SQLite databases: every table, no row."""
    return sqlite_template(tmp_path_factory.mktemp("databases"))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh database with every table: the test runs once on SQLite, once on PostgreSQL. Only one of them:
    `@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)`."""
    if request.param == "sqlite":
        path = tmp_path / "callwright.db"
        shutil.copyfile(request.getfixturevalue("sqlite_file"), path)
        yield f"sqlite:///{path}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.fresh()
    yield url
    server.drop(url)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The fresh database, open: for tests marked `anyio`."""
    async with Database.open(database_url) as opened:
        yield opened


@pytest.fixture
def keyring() -> Keyring:
    """A master key of one test's own."""
    return Keyring.new()
