"""`callwright complaint`: complaints as cases with due dates."""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import anyio
import typer

from callwright.campaigns import events
from callwright.campaigns.bundling import Bundled, bundle_case
from callwright.cli.tenancy import TenantOption, working
from callwright.cli.who import ByOption, moment_of, number_of
from callwright.compliance import complaint_store
from callwright.compliance.complaint_store import Case, NewComplaint
from callwright.compliance.complaints import CHANNELS, with_answer_days
from callwright.compliance.freezes import masked
from callwright.private_files import private

__all__ = ["complaint_app"]

complaint_app = typer.Typer(
    no_args_is_help=True, help="Complaints: frozen at once, answered in time, with the evidence."
)

REFERENCE = typer.Argument(..., metavar="REFERENCE", help="The ticket's number.")


@complaint_app.command("open")
def open_(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="Who complains: +8613900000001.")],
    channel: Annotated[str, typer.Option("--channel", help="12321, carrier, regulator, own.")] = "own",
    reference: Annotated[str, typer.Option("--reference", help="The ticket's number; else one is made.")] = "",
    text: Annotated[str, typer.Option("--text", help="What they say.")] = "",
    received: Annotated[str, typer.Option("--received", metavar="TIME", help="When it came; else now.")] = "",
    answer_days: Annotated[
        int | None, typer.Option("--answer-days", help="Days to answer; else the channel's.")
    ] = None,
    country: Annotated[str | None, typer.Option("--country", help="Whose working days (CN, US, ...).")] = None,
    by: ByOption = "cli",
    tenant: TenantOption = "",
) -> None:
    """Open a case. The number is frozen and its consents are taken back, in the same moment."""
    clock = with_answer_days(CHANNELS[channel], answer_days, country) if channel in CHANNELS else None
    new = NewComplaint(number_of(number), channel, reference, text, moment_of(received), clock)

    async def run() -> Case:
        now = datetime.now(UTC)
        async with working(tenant) as at, at.database.scope(at.tenant) as scope:
            case = await complaint_store.open_case(scope, at.keys, new, now, by)
            told = {"complaint": case.reference, "channel": case.channel, "answer_by": case.answer_by.isoformat()}
            await events.post(
                scope, at.keys, "complaint.opened", told | {"number": masked(case.number)}, now, case.subject
            )
            await at.note(scope, "complaint open", "complaint.open", ("complaint", case.id), {"channel": case.channel})
            return case

    typer.echo(_line(anyio.run(run)))


@complaint_app.command("list")
def list_(
    overdue: Annotated[
        bool, typer.Option("--overdue", help="Those with a step that is late; exit 1 when there are any.")
    ] = False,
    every: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    tenant: TenantOption = "",
) -> None:
    """Cases that are not closed, most urgent first."""

    async def run() -> list[Case]:
        which = "overdue" if overdue else "all" if every else "open"
        async with working(tenant) as at, at.database.reading(at.tenant) as scope:
            return await complaint_store.listed(scope, at.keys, datetime.now(UTC), which)

    found = anyio.run(run)
    for case in found:
        typer.echo(_line(case))
    if not found:
        typer.echo("no complaints")
    elif overdue:
        raise typer.Exit(1)


@complaint_app.command("bundle")
def bundle(
    reference: str = REFERENCE,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write it here too.")] = None,
    tenant: TenantOption = "",
) -> None:
    """Put the evidence into one file: calls, recordings, records, consents; kept with the case."""

    async def run() -> Bundled:
        async with working(tenant) as at:
            blobs = at.storage.blobs.of(at.tenant)
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / "bundle.zip"
                made = await bundle_case(at.database, at.tenant, at.keys, blobs, reference, file, datetime.now(UTC))
                async with at.database.scope(at.tenant) as scope:
                    case = await complaint_store.find(scope, at.keys, reference, datetime.now(UTC))
                    detail = {"sha256": made.sha256}
                    await at.note(scope, "complaint bundle", "complaint.bundle", ("complaint", case.id), detail)
                if out is not None:
                    _copy(file, out)
        return made

    made = anyio.run(run)
    typer.echo(f"{len(made.calls)} calls -> {out or made.place}\nsha256 {made.sha256}")


@complaint_app.command("answer")
def answer(
    reference: str = REFERENCE,
    text: Annotated[str, typer.Option("--text", help="What was answered.")] = "",
    tenant: TenantOption = "",
) -> None:
    """Write down the answer; from now on the person must be told in time."""

    async def run() -> Case:
        now = datetime.now(UTC)
        async with working(tenant) as at, at.database.scope(at.tenant) as scope:
            await complaint_store.answer(scope, at.keys, reference, text, now)
            case = await complaint_store.find(scope, at.keys, reference, now)
            await at.note(scope, "complaint answer", "complaint.answer", ("complaint", case.id))
            return case

    typer.echo(_line(anyio.run(run)))


@complaint_app.command("close")
def close(reference: str = REFERENCE, tenant: TenantOption = "") -> None:
    """The person was told. The number stays frozen until somebody lifts it."""

    async def run() -> None:
        async with working(tenant) as at, at.database.scope(at.tenant) as scope:
            await complaint_store.close(scope, reference)
            case = await complaint_store.find(scope, at.keys, reference, datetime.now(UTC))
            await at.note(scope, "complaint close", "complaint.close", ("complaint", case.id))

    anyio.run(run)
    typer.echo(f"complaint {reference} closed")


def _copy(file: Path, out: Path) -> None:
    with private(out) as part:
        shutil.copyfile(file, part)


def _line(case: Case) -> str:
    due = {"open": ("answer", case.answer_by), "answered": ("tell", case.tell_by)}.get(case.state, ("", None))
    until = f"  {due[0]} before {due[1]:%Y-%m-%d %H:%M} UTC" if due[1] else ""
    late = "  OVERDUE" if case.late else ""
    return f"{case.reference:<20}  {case.channel:<9}  {masked(case.number):<16}  {case.state:<8}{until}{late}"
