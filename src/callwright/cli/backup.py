"""`callwright backup` and `callwright restore`: everything that is kept, in one file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import anyio
import typer

from callwright.backing_up import BackedUp, back_up
from callwright.backing_up import restore as put_back
from callwright.settings import Settings

__all__ = ["backup", "restore"]


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Written anew, for its owner's eyes only.")],
    without_key: Annotated[
        bool, typer.Option("--without-key", help="Leave the master key out: keep it somewhere else.")
    ] = False,
) -> None:
    """Write database, key and blobs to one file, while everything goes on working. Overwrites nothing."""

    async def run() -> BackedUp:
        now = datetime.now(UTC)
        return await back_up(Settings.from_environment(), file, now, with_key=not without_key)

    made = anyio.run(run)
    typer.echo(f"{made.files} files, {made.bytes} bytes -> {file}")
    if not made.key:
        typer.echo("the master key is not in it: without the key it is noise")
    if made.blobs_left:
        typer.echo(f"blobs are not in it: they lie in {made.blobs_left}")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `callwright backup` wrote.")],
) -> None:
    """Put a backup back: into a database, a key file and a folder that are not there yet. Every digest is checked first."""

    async def run() -> BackedUp:
        return await put_back(Settings.from_environment(), file)

    made = anyio.run(run)
    typer.echo(f"{made.files} files, {made.bytes} bytes restored")
    if made.blobs_left:
        typer.echo(f"blobs were not in it: they should lie in {made.blobs_left}")
    typer.echo("now verify it, for each tenant: callwright records verify --database")
