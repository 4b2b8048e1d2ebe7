"""`callwright subject`: what a person may ask of whoever calls them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import anyio
import typer

from callwright.campaigns import erasure
from callwright.cli.tenancy import TenantOption, working
from callwright.cli.who import number_of

__all__ = ["subject_app"]

subject_app = typer.Typer(no_args_is_help=True, help="A person's rights: to be forgotten.")


@subject_app.callback()
def group() -> None:
    """A person's rights: to be forgotten."""


@subject_app.command("erase")
def erase(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="Whose: +8613900000001.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,
    tenant: TenantOption = "",
) -> None:
    """Erase a person: what is left is a keyed hash that keeps the number from ever being called again. There is no way back."""
    who = number_of(number)
    if not yes:
        typer.confirm("Everything that names this person will be gone. Go on?", abort=True)

    async def run() -> erasure.Erased:
        async with working(tenant) as at:
            async with at.database.scope(at.tenant) as scope:
                erased = await erasure.erase(scope, at.keys, who, datetime.now(UTC))
                detail = {"files": len(erased.blobs)}
                await at.note(scope, "subject erase", "subject.erase", ("person", erased.person_id), detail)
            await erasure.delete_blobs(erased, at.storage.blobs.of(at.tenant).delete)
            return erased

    erased = anyio.run(run)
    typer.echo(f"erased: person {erased.person_id}, {len(erased.blobs)} files deleted")
