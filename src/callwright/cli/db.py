"""`callwright db upgrade|check|current|key`: the database that CALLWRIGHT_DATABASE_URL names."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import typer

from callwright.errors import Problem, SettingsError
from callwright.settings import Settings
from callwright.storage import open_database, set_up
from callwright.store import migrating, revision
from callwright.store.crypto import Keyring
from callwright.store.database import Database

__all__ = ["db_app"]

db_app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="The database: make it, upgrade it, look whether it is right."
)

Answer = TypeVar("Answer")


@db_app.callback()
def group() -> None:
    """The database: make it, upgrade it, look whether it is right."""


@db_app.command("upgrade")
def upgrade_command() -> None:
    """Make the tables, or bring them to what this version needs; wholly or not at all. Back up an old database before."""
    before, after = asyncio.run(set_up(Settings.from_environment()))
    typer.echo(f"revision {after}" if before == after else f"{before or 'empty'} -> revision {after}")


@db_app.command("check")
def check_command() -> None:
    """Compare the database with what this version needs: revision, tables, columns, row-level security; exit 1 when it differs."""
    found, wrong = _with_database(_look)
    for line in wrong:
        typer.echo(line)
    if found != revision.HEAD:
        typer.echo(f"at revision {found or 'none'}, this version needs {revision.HEAD}: run `callwright db upgrade`")
    if wrong or found != revision.HEAD:
        raise typer.Exit(1)
    typer.echo(f"revision {found}, as it should be")


@db_app.command("current")
def current_command() -> None:
    """Print the revision of the database, `none` for an empty one."""
    typer.echo(_with_database(revision.current) or "none")


@db_app.command("key")
def key_command(file: Path = typer.Argument(..., help="Where to write it; it must not be there yet.")) -> None:
    """Make a master key for CALLWRIGHT_KEY_FILE. Whoever loses it loses every phone number in the database."""
    if file.exists():
        raise SettingsError(
            Problem("key-file", f"{file} is there: it may be the key of a database", hint="name another file")
        )
    Keyring.from_file(file, create=True)
    typer.echo(f"{file}: keep a copy of it, away from the database and its backups")


async def _look(database: Database) -> tuple[str | None, list[str]]:
    found = await revision.current(database)
    return found, await migrating.differences(database) if found == revision.HEAD else []


def _with_database(do: Callable[[Database], Awaitable[Answer]]) -> Answer:
    async def main() -> Answer:
        async with open_database(Settings.from_environment(), connections=1) as database:
            return await do(database)

    return asyncio.run(main())
