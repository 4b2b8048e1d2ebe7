"""`callwright tenant`: who uses this installation."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import anyio
import typer
from rich.console import Console
from rich.table import Table

from callwright.accounts import tenants
from callwright.settings import Settings
from callwright.storage import open_storage

__all__ = ["tenant_app"]

tenant_app = typer.Typer(no_args_is_help=True, help="Tenants: whose people, numbers and companies they are.")


@tenant_app.command("add")
def add(
    slug: Annotated[str, typer.Argument(help="How commands call it: small letters, digits and -.")],
    name: Annotated[str, typer.Option("--name", help="How people call it.")] = "",
) -> None:
    """Add a tenant, with keys of its own."""

    async def run() -> None:
        async with open_storage(Settings.from_environment()) as storage:
            now, by = datetime.now(UTC), "callwright tenant add"
            await tenants.add(storage.database, storage.keyring, slug, name, now, by=by)
        typer.echo(f"tenant {slug} added")

    anyio.run(run)


@tenant_app.command("list")
def list_() -> None:
    """All tenants."""

    async def run() -> None:
        async with open_storage(Settings.from_environment()) as storage:
            found = await tenants.listed(storage.database)
        table = Table("tenant", "name", "since", "state")
        for one in found:
            table.add_row(one.slug, one.name, f"{one.created_at:%Y-%m-%d}", "suspended" if one.suspended else "active")
        Console().print(table if found else "no tenants: callwright tenant add NAME")

    anyio.run(run)


@tenant_app.command("suspend")
def suspend(
    slug: Annotated[str, typer.Argument(help="Which.")],
    off: Annotated[bool, typer.Option("--off", help="Let it go on.")] = False,
) -> None:
    """Stop a tenant: nobody is called for it until it may go on (`--off`)."""

    async def run() -> None:
        async with open_storage(Settings.from_environment()) as storage:
            now, by = datetime.now(UTC), "callwright tenant suspend"
            await tenants.suspend(storage.database, storage.keyring, slug, not off, now, by=by)
        typer.echo(f"tenant {slug} {'goes on' if off else 'suspended'}")

    anyio.run(run)
