"""`callwright number`: our own numbers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import anyio
import typer
from rich.console import Console
from rich.table import Table

from callwright.accounts import own_numbers
from callwright.cli.tenancy import TenantOption, working

__all__ = ["number_app"]

number_app = typer.Typer(
    no_args_is_help=True, help="Our own numbers: which may be shown, and where they are registered."
)

Number = Annotated[str, typer.Argument(help="With + and country code.")]


@number_app.command("add")
def add(
    number: Number,
    trunk: Annotated[str, typer.Option("--trunk", help="Name of its trunk in the line file.")],
    pool: Annotated[str, typer.Option("--pool", help="Tasks name the pool they show numbers of.")] = "default",
    company: Annotated[str, typer.Option("--company", help="Registration of the company it belongs to.")] = "",
    region: Annotated[str, typer.Option("--region", help="Where it looks local: a prefix like +8610, or CN.")] = "",
    max_per_day: Annotated[int | None, typer.Option("--max-per-day", help="Calls a day that may show it.")] = None,
    tenant: TenantOption = "",
) -> None:
    """Add a number of ours. It is not shown before it is verified."""

    async def run() -> None:
        async with working(tenant) as at, at.database.scope(at.tenant) as scope:
            now = datetime.now(UTC)
            await own_numbers.add(
                scope, number, trunk, now, pool=pool, registration=company, region=region, max_per_day=max_per_day
            )
        typer.echo(f"{number} added: call it, and when it rings at yours: callwright number verify {number}")

    anyio.run(run)


@number_app.command("verify")
def verify(number: Number, tenant: TenantOption = "") -> None:
    """Say that it was called and rang at ours: from now on it may be shown."""

    async def run() -> None:
        async with working(tenant) as at, at.database.scope(at.tenant) as scope:
            await own_numbers.verify(scope, number, datetime.now(UTC))
        typer.echo(f"{number} verified")

    anyio.run(run)


@number_app.command("retire")
def retire(
    number: Number,
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    tenant: TenantOption = "",
) -> None:
    """Give it back: it is never shown again."""

    async def run() -> None:
        async with working(tenant) as at, at.database.scope(at.tenant) as scope:
            await own_numbers.retire(scope, number, reason)
        typer.echo(f"{number} retired")

    anyio.run(run)


@number_app.command("register")
def register(
    number: Number,
    registry: Annotated[str, typer.Argument(help="Where, like cnam.")],
    note: Annotated[str, typer.Option("--note", help="Case number, or where the proof lies.")] = "",
    tenant: TenantOption = "",
) -> None:
    """Tick off that it is registered there."""

    async def run() -> None:
        async with working(tenant) as at, at.database.scope(at.tenant) as scope:
            await own_numbers.register(scope, number, registry, note, datetime.now(UTC))
        typer.echo(f"{number} is registered: {registry}")

    anyio.run(run)


@number_app.command("list")
def list_(tenant: TenantOption = "") -> None:
    """All numbers, with where they are registered and where not yet."""

    async def run() -> None:
        async with working(tenant) as at, at.database.reading(at.tenant) as scope:
            found = await own_numbers.listed(scope)
        table = Table("number", "trunk", "pool", "region", "state", "verified", "registered", "not yet")
        for one in found:
            state = f"{one.state}: {one.state_reason}" if one.state_reason else one.state
            verified = "no" if one.verified_at is None else f"{one.verified_at:%Y-%m-%d}"
            missing = ", ".join(own_numbers.missing_registrations(one.number, one.registrations))
            done = ", ".join(sorted(one.registrations))
            table.add_row(one.number, one.trunk, one.pool, one.region, state, verified, done, missing)
        Console().print(table if found else "no numbers: callwright number add +861085550000 --trunk NAME")

    anyio.run(run)
