"""`callwright user`: who may sign in; for the first start, and when nobody can sign in any more."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import anyio
import typer
from rich.console import Console
from rich.table import Table

from callwright.accounts import inviting, letters, setup, signing_in, users
from callwright.accounts.doors import Door
from callwright.accounts.model import Viewer
from callwright.cli.tenancy import TenantOption, working
from callwright.errors import InputError, Problem
from callwright.settings import Settings
from callwright.storage import open_storage
from callwright.store.scope import Scope

__all__ = ["user_app"]

user_app = typer.Typer(no_args_is_help=True, help="Users: who may sign in, and a way in when nobody can.")

EmailArgument = Annotated[str, typer.Argument(metavar="EMAIL", help="Their mail address.")]


@user_app.command("list")
def list_(tenant: TenantOption = "") -> None:
    """Everybody who may sign in."""

    async def run() -> list[users.User]:
        async with working(tenant) as at, at.database.reading(at.tenant) as scope:
            return await users.listed(scope, most=10_000)

    table = Table("id", "mail address", "name", "roles", "state", "second factor")
    found = anyio.run(run)
    for one in found:
        roles = ", ".join(sorted(role.value for role in one.roles))
        table.add_row(str(one.id), one.email, one.name, roles, one.state, "yes" if one.totp else "no")
    Console().print(table if found else "no users: callwright user set-up")


@user_app.command("set-up")
def set_up() -> None:
    """Print the link of the first start, as long as nobody can sign in; earlier ones work no more."""

    async def run() -> tuple[Door | None, Settings]:
        settings = Settings.from_environment()
        async with open_storage(settings) as storage:
            return await setup.link_if_first(storage.database, datetime.now(UTC)), settings

    door, settings = anyio.run(run)
    if door is None:
        hint = "callwright user link EMAIL makes a link for somebody who is there"
        raise InputError(Problem("set-up", "somebody can sign in already", hint=hint))
    typer.echo(f"{settings.public_url}/setup#{door.text}")


@user_app.command("add")
def add(
    email: EmailArgument,
    name: Annotated[str, typer.Option("--name", help="How people call them.")],
    roles: Annotated[list[str], typer.Option("--role", metavar="ROLE", help="What they are; may be repeated.")],
    language: Annotated[str, typer.Option("--language", help="en or zh-CN.")] = "en",
    tenant: TenantOption = "",
) -> None:
    """Add somebody, and print the link by which they choose their password."""

    async def run() -> tuple[Door, Settings]:
        async with working(tenant) as at:
            viewer = Viewer.system(at.tenant, "callwright user add")
            now = datetime.now(UTC)
            _, door = await inviting.invite(at.database, at.storage.keyring, viewer, email, name, roles, language, now)
            return door, at.settings

    door, settings = anyio.run(run)
    typer.echo(f"{settings.public_url}{letters.path_of(door)}")


@user_app.command("link")
def link(email: EmailArgument, tenant: TenantOption = "") -> None:
    """Print a link by which somebody chooses a new password; earlier ones work no more."""

    async def run() -> tuple[Door, Settings]:
        async with working(tenant) as at, at.database.scope(at.tenant) as scope:
            user = await _found(scope, email)
            purpose = "invite" if user.state == "invited" else "reset"
            viewer = Viewer.system(at.tenant, "callwright user link")
            door = await users.link_for(scope, at.keys, viewer, user.id, datetime.now(UTC), purpose=purpose)
            return door, at.settings

    door, settings = anyio.run(run)
    typer.echo(f"{settings.public_url}{letters.path_of(door)}")


@user_app.command("change")
def change(
    email: EmailArgument,
    roles: Annotated[
        list[str] | None, typer.Option("--role", metavar="ROLE", help="What they are from now on; may be repeated.")
    ] = None,
    state: Annotated[str | None, typer.Option("--state", help="active or disabled.")] = None,
    no_totp: Annotated[bool, typer.Option("--no-totp", help="Take their second factor away.")] = False,
    tenant: TenantOption = "",
) -> None:
    """Change somebody's roles or state, or take their second factor away. Their sessions end."""

    async def run() -> None:
        async with working(tenant) as at, at.database.scope(at.tenant) as scope:
            user = await _found(scope, email)
            viewer, now = Viewer.system(at.tenant, "callwright user change"), datetime.now(UTC)
            if no_totp:
                await signing_in.drop_totp(scope, at.keys, viewer, user.id, now)
            await users.change(scope, at.keys, viewer, user.id, now, roles=roles, state=state)

    anyio.run(run)
    typer.echo("changed")


async def _found(scope: Scope, email: str) -> users.User:
    user = await users.find_by_email(scope, users.tidy_email(email))
    if user is None:
        raise InputError(Problem("unknown-user", "nobody here has this mail address", hint="callwright user list"))
    return user
