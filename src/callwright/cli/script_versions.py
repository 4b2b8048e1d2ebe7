"""`callwright script submit|review|withdraw|versions`: what was reviewed is what tasks speak."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import anyio
import typer
from rich.table import Table

from callwright.campaigns import scripts
from callwright.cli.problems import console
from callwright.cli.tenancy import TenantOption, working
from callwright.errors import Problem, TaskError
from callwright.script.dialect import SCRIPT_FILE
from callwright.store.scope import Scope
from callwright.studio.recordings import store as recorded
from callwright.studio.recordings.model import unheard
from callwright.yaml_file import decode, read_bytes

__all__ = ["add_version_commands"]

ByOption = Annotated[str, typer.Option("--by", envvar="CALLWRIGHT_USER", help="Who you are; it is kept.")]
_DIGEST = typer.Argument(..., metavar="DIGEST", help="Beginning of its sha256, at least 8 digits.")


def add_version_commands(app: typer.Typer) -> None:
    """Add them to `callwright script`."""
    app.command("submit")(submit_command)
    app.command("review")(review_command)
    app.command("withdraw")(withdraw_command)
    app.command("versions")(versions_command)


def submit_command(
    file: Path = typer.Argument(..., metavar="FILE", help="A script."), by: ByOption = "", tenant: TenantOption = ""
) -> None:
    """Hand in a script for review. Its text, as it is now, becomes a version."""
    text = decode(read_bytes(file, SCRIPT_FILE), str(file), SCRIPT_FILE)

    async def hand_in(scope: Scope) -> scripts.Version:
        return await scripts.submit(scope, text, str(file), by, datetime.now(UTC))

    found = _run(tenant, "submit", ("script.submit",), hand_in)
    typer.echo(
        f"{found.script} {found.digest[:12]} handed in. Next, by somebody else: callwright script review {found.digest[:12]}"
    )


def review_command(digest: str = _DIGEST, by: ByOption = "", tenant: TenantOption = "") -> None:
    """Say that a version may be spoken. Not by who handed it in."""

    async def look(scope: Scope) -> scripts.Version:
        version = await scripts.find(scope, digest)
        doubtful = unheard(await recorded.in_version(scope, version.digest))
        if doubtful:
            message = f"nobody knows whether {len(doubtful)} recordings say their text: {', '.join(doubtful[:5])}"
            raise TaskError(Problem("recordings-unheard", message, hint="Review them in the console."))
        return await scripts.review(scope, digest, by, datetime.now(UTC))

    found = _run(tenant, "review", ("script.approve", "script.publish"), look)
    typer.echo(f"{found.script} {found.digest[:12]} reviewed by {found.reviewed_by}")


def withdraw_command(digest: str = _DIGEST, by: ByOption = "", tenant: TenantOption = "") -> None:
    """Withdraw a version: from the next dial on nobody speaks it."""

    async def take_back(scope: Scope) -> scripts.Version:
        return await scripts.withdraw(scope, digest, by, datetime.now(UTC))

    found = _run(tenant, "withdraw", ("script.withdraw",), take_back)
    typer.echo(f"{found.script} {found.digest[:12]} withdrawn")


def versions_command(tenant: TenantOption = "") -> None:
    """Versions that were handed in, and who reviewed them."""

    async def run() -> None:
        async with working(tenant) as at, at.database.reading(at.tenant) as scope:
            found = await scripts.versions(scope)
        table = Table("script", "version", "purpose", "handed in by", "reviewed by", "usable")
        for one in found:
            table.add_row(
                one.script,
                one.digest[:12],
                one.purpose,
                one.submitted_by,
                one.reviewed_by or "-",
                "yes" if one.usable else "no",
            )
        console().print(table if found else "no versions: callwright script submit FILE")

    anyio.run(run)


def _run(
    tenant: str, command: str, actions: tuple[str, ...], do: Callable[[Scope], Awaitable[scripts.Version]]
) -> scripts.Version:
    async def run() -> scripts.Version:
        async with working(tenant) as at, at.database.scope(at.tenant) as scope:
            found = await do(scope)
            for action in actions:
                await at.note(scope, f"script {command}", action, ("script", found.script), {"digest": found.digest})
            return found

    return anyio.run(run)
