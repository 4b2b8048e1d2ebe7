"""`callwright number`: our own numbers."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import anyio
import typer
from rich.console import Console
from rich.table import Table

from callwright.accounts import own_numbers
from callwright.accounts.model import Viewer
from callwright.campaigns import number_health
from callwright.cli.problems import print_json
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
            made = await own_numbers.add(
                scope, number, trunk, now, pool=pool, registration=company, region=region, max_per_day=max_per_day
            )
            await at.note(scope, "number add", "number.add", ("own_number", made), {"pool": pool})
        typer.echo(f"{number} added: call it, and when it rings at yours: callwright number verify {number}")

    anyio.run(run)


@number_app.command("verify")
def verify(number: Number, tenant: TenantOption = "") -> None:
    """Say that it was called and rang at ours: from now on it may be shown."""

    async def run() -> None:
        async with working(tenant) as at, at.database.scope(at.tenant) as scope:
            which = await own_numbers.verify(scope, number, datetime.now(UTC))
            await at.note(scope, "number verify", "number.verify", ("own_number", which))
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
            which = await own_numbers.retire(scope, number, reason)
            await at.note(scope, "number retire", "number.retire", ("own_number", which))
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
            which = await own_numbers.register(scope, number, registry, note, datetime.now(UTC))
            detail = {"registry": registry}
            await at.note(scope, "number register", "number.register", ("own_number", which), detail)
        typer.echo(f"{number} is registered: {registry}")

    anyio.run(run)


@number_app.command("health")
def health(
    days: Annotated[int, typer.Option("--days", min=1, max=90, help="The last days that are looked at.")] = 7,
    apply: Annotated[bool, typer.Option("--apply", help="Slow down, rest, and bring back what should be.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    tenant: TenantOption = "",
) -> None:
    """How calls of each number are taken, and what it should do. Exit 1: a number should call less than it does."""
    policy = number_health.Policy(days=days)

    async def run() -> list[number_health.Health]:
        async with working(tenant) as at:
            now = datetime.now(UTC)
            if apply:
                viewer = Viewer.system(at.tenant, "callwright number health")
                async with at.database.scope(at.tenant) as scope:
                    await number_health.adjust(scope, at.keys, viewer, now, policy)
            async with at.database.reading(at.tenant) as scope:
                return await number_health.look(scope, now, policy)

    found = anyio.run(run)
    if as_json:
        print_json([_health(one) for one in found])
    else:
        table = Table("number", "state", "calls", "answered", "short", "refused", "blocked", "complaints", "should be")
        for one in found:
            counts, rate = one.counts, "-" if one.answer_rate is None else f"{one.answer_rate:.0%}"
            figures = (counts.dialled, rate, counts.short, counts.refused, counts.blocked, counts.complaints)
            advice = f"{one.advice.state}: {one.advice.reason}" if one.advice.reason else one.advice.state
            table.add_row(one.number, one.state, *map(str, figures), advice)
        Console().print(table if found else "no numbers: callwright number add +861085550000 --trunk NAME")
    if any(one.worse for one in found):
        raise typer.Exit(1)


def _health(one: number_health.Health) -> dict[str, Any]:
    return {
        "number": one.number,
        "state": one.state,
        "reason": one.state_reason,
        **asdict(one.counts),
        "answer_rate": one.answer_rate,
        "should_be": one.advice.state,
        "because": one.advice.reason,
    }


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
