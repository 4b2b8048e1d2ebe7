"""`callwright company`: whom we call for."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import anyio
import typer
from rich.console import Console
from rich.table import Table

from callwright.accounts import companies
from callwright.audit.model import Detail
from callwright.cli.tenancy import TenantOption, Working, working
from callwright.errors import InputError, Place, Problem

__all__ = ["company_app"]

company_app = typer.Typer(
    no_args_is_help=True, help="Companies that are called for, and whether their papers were looked at."
)

Registration = Annotated[str, typer.Argument(help="Its registration: 统一社会信用代码, EIN, company number.")]


@company_app.command("add")
def add(
    registration: Registration,
    name: Annotated[str, typer.Argument(help="Its name.")],
    country: Annotated[str, typer.Option("--country", help="Two capital letters, like CN.")],
    tenant: TenantOption = "",
) -> None:
    """Add a company. Nobody is called for it before it is vetted."""

    async def run() -> None:
        async with working(tenant) as at, at.database.scope(at.tenant) as scope:
            made = await companies.add(scope, registration, name, country, datetime.now(UTC))
            await at.note(scope, "company add", "company.add", ("company", made))
        typer.echo(f"company {registration} added: vet it next")

    anyio.run(run)


@company_app.command("vet")
def vet(
    registration: Registration,
    paper: Annotated[list[Path], typer.Option("--paper", help="A paper that was looked at; kept. Once for each.")],
    by: Annotated[str, typer.Option("--by", help="Who looked at them.")],
    until: Annotated[datetime, typer.Option("--until", formats=["%Y-%m-%d"], help="Last day (UTC) it holds.")],
    tenant: TenantOption = "",
) -> None:
    """Say that somebody looked at the company's papers, and until when that holds."""

    async def run() -> None:
        async with working(tenant) as at:
            papers = [await _keep(at, one) for one in paper]
            end = until.replace(hour=23, minute=59, second=59, tzinfo=UTC)
            async with at.database.scope(at.tenant) as scope:
                vetted = await companies.vet(scope, registration, by, datetime.now(UTC), end, papers)
                detail: Detail = {"until": end.date().isoformat(), "papers": len(papers)}
                await at.note(scope, "company vet", "company.vet", ("company", vetted), detail)
        typer.echo(f"company {registration} vetted until {until:%Y-%m-%d}: {len(papers)} paper(s) kept")

    anyio.run(run)


async def _keep(at: Working, paper: Path) -> dict[str, str]:
    """Under its own SHA-256: the same paper twice is kept once."""
    try:
        content = await anyio.Path(paper).read_bytes()
    except OSError as error:
        raise InputError(Problem("no-paper", f"cannot be read: {error.strerror}", Place(str(paper)))) from None
    blobs = at.storage.blobs.of(at.tenant)
    digest = await blobs.put(f"papers/{hashlib.sha256(content).hexdigest()}", content)
    return {"name": paper.name, "sha256": digest, "blob": f"papers/{digest}"}


@company_app.command("list")
def list_(tenant: TenantOption = "") -> None:
    """All companies."""

    async def run() -> None:
        async with working(tenant) as at, at.database.reading(at.tenant) as scope:
            found = await companies.listed(scope)
        now = datetime.now(UTC)
        table = Table("registration", "name", "country", "vetted by", "until", "papers")
        for one in found:
            until = "not vetted" if one.vetted_until is None else f"{one.vetted_until:%Y-%m-%d}"
            over = " (over)" if one.vetted_until is not None and one.vetted_until <= now else ""
            papers = ", ".join(paper["name"] for paper in one.documents)
            table.add_row(one.registration, one.name, one.country, one.vetted_by or "", until + over, papers)
        Console().print(table if found else "no companies: callwright company add REGISTRATION NAME --country CN")

    anyio.run(run)
