"""`callwright freeze`: the freeze library (冻结库)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, cast

import anyio
import typer

from callwright.campaigns.freeze_lists import Brought, Counts, freeze_list, read_freezes
from callwright.campaigns.sources import open_list
from callwright.cli.leads import Language, country
from callwright.cli.problems import print_json, show_problems
from callwright.cli.tenancy import TenantOption, working
from callwright.cli.who import ByOption, moment_of, number_of
from callwright.compliance import freeze_store
from callwright.compliance.facts import FreezeScope
from callwright.compliance.freeze_store import Frozen
from callwright.compliance.freezes import NewFreeze, masked, period_end, write_freezes
from callwright.errors import InputError, Problem
from callwright.private_files import private
from callwright.store.crypto import TenantKeys
from callwright.store.scope import Scope

__all__ = ["freeze_app"]

freeze_app = typer.Typer(
    no_args_is_help=True, help="The freeze library: numbers nobody calls, robots and people alike."
)

_PAGE = 1000
_BROUGHT = {
    "en": "{frozen} frozen, {before} were frozen before, {unusable} not usable",
    "zh": "冻结 {frozen} 个，之前已冻结 {before} 个，不可用 {unusable} 行",
}
NUMBER = typer.Argument(..., metavar="NUMBER", help="With its country code: +8613900000001.")
UNTIL = typer.Option("", "--until", metavar="TIME", help="Until then; else as long as the reason says.")


@freeze_app.command("add")
def add(
    number: str = NUMBER,
    reason: Annotated[str, typer.Option("--reason", help="opt_out, complaint, wrong_person, manual, ...")] = "manual",
    kind: Annotated[str, typer.Option("--scope", help="tenant, company, task, or voice (robots only).")] = "tenant",
    scope_id: Annotated[int | None, typer.Option("--scope-id", help="The company or task.")] = None,
    until: str = UNTIL,
    note: Annotated[str, typer.Option("--note", help="For whoever looks at it later.")] = "",
    by: ByOption = "cli",
    tenant: TenantOption = "",
) -> None:
    """Freeze a number. Freezing it twice changes nothing."""
    now = datetime.now(UTC)
    end = _end(until, now)
    new = NewFreeze(number_of(number), reason, cast("FreezeScope", kind), scope_id, end, note[:500], "cli")
    if new.until is None:
        new = NewFreeze(new.number, reason, new.scope, scope_id, period_end(reason, now), new.note, "cli")

    async def run() -> tuple[int, bool]:
        async with working(tenant) as at, at.database.scope(at.tenant) as scope:
            (wrong,) = await freeze_store.unplaced(scope, [new])
            if wrong is not None:
                raise InputError(wrong)
            made, fresh = await freeze_store.freeze(scope, at.keys, new, now, by)
            if fresh:
                detail = {"reason": new.reason, "scope": new.scope, "scope_id": new.scope_id}
                await at.note(scope, "freeze add", "freeze.add", ("freeze", made), detail)
            return made, fresh

    made, fresh = anyio.run(run)
    typer.echo(f"freeze {made} {'added' if fresh else 'stands already'}: {_until(new.until)}")


@freeze_app.command("list")
def list_(
    number: Annotated[str, typer.Option("--number", help="Of this number only.")] = "",
    reason: Annotated[str | None, typer.Option("--reason", help="For this reason only.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Also those that were lifted or are over.")] = False,
    after: Annotated[int, typer.Option("--after", help="From after this id on.")] = 0,
    most: Annotated[int, typer.Option("--most", min=1, max=10_000, help="At most so many.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print them as JSON.")] = False,
    tenant: TenantOption = "",
) -> None:
    """What is frozen; numbers are masked."""
    wanted = number_of(number) if number else None

    async def run() -> list[Frozen]:
        async with working(tenant) as at, at.database.reading(at.tenant) as scope:
            return await freeze_store.listed(
                scope, at.keys, datetime.now(UTC), number=wanted, reason=reason, lifted=every, after=after, most=most
            )

    found = anyio.run(run)
    if as_json:
        print_json([_json(one) for one in found])
        return
    for one in found:
        ended = f"  lifted by {one.lifted_by}: {one.lift_reason}" if one.lifted_at else ""
        what = f"{one.freeze.scope}{f' {one.freeze.scope_id}' if one.freeze.scope_id else ''}"
        typer.echo(
            f"{one.id:>6}  {masked(one.number):<16}  {what:<12}  {one.freeze.reason:<14}  {_until(one.freeze.until)}{ended}"
        )
    if not found:
        typer.echo("nothing is frozen")


@freeze_app.command("lift")
def lift(
    freeze: Annotated[int, typer.Argument(metavar="ID", help="Of the freeze.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept.")],
    by: ByOption = "cli",
    tenant: TenantOption = "",
) -> None:
    """Unfreeze."""

    async def run() -> None:
        async with working(tenant) as at, at.database.scope(at.tenant) as scope:
            await freeze_store.lift(scope, freeze, by, reason, datetime.now(UTC))
            await at.note(scope, "freeze lift", "freeze.lift", ("freeze", freeze))

    anyio.run(run)
    typer.echo(f"freeze {freeze} lifted")


@freeze_app.command("import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV, XLSX or JSON with a column number; scope, scope_id, reason, until, note if you like."
        ),
    ],
    region: Annotated[
        str,
        typer.Option(
            "--region", metavar="CC", help="Country of numbers without +, for example CN; else that of the companies."
        ),
    ] = "",
    encoding: Annotated[str, typer.Option("--encoding", help="Of a CSV; found out by itself.")] = "",
    sheet: Annotated[str, typer.Option("--sheet", help="Of a workbook; else the first.")] = "",
    by: ByOption = "cli",
    lang: Annotated[Language, typer.Option("--lang", help="Language of messages.")] = Language.en,
    tenant: TenantOption = "",
) -> None:
    """Freeze every number of a list. Exit 2: some rows could not be used; the others are frozen."""
    now, told_region = datetime.now(UTC), country(region)
    source = replace(open_list(file, lang.value, encoding=encoding, sheet=sheet), name=file.name[:100])

    async def run() -> Brought:
        async with working(tenant) as at:

            @asynccontextmanager
            async def keyed() -> AsyncIterator[tuple[Scope, TenantKeys]]:
                async with at.database.scope(at.tenant) as scope:
                    yield scope, at.keys

            async def note(scope: Scope, _: TenantKeys, counts: Counts) -> None:
                detail: dict[str, str | int] = {"sha256": source.sha256, **counts}
                await at.note(scope, "freeze import", "freeze.import", ("freeze", 0), detail)

            async with at.database.reading(at.tenant) as scope:
                where = told_region or await freeze_store.home(scope)
            reading = read_freezes(source, now, where, sheet, lang.value)
            return await freeze_list(keyed, reading, now, by, note, lang.value)

    done = anyio.run(run)
    before = done.rows - done.frozen
    typer.echo(_BROUGHT[lang.value].format(frozen=done.frozen, before=before, unusable=len(done.problems)))
    if done.problems:
        show_problems({source.name: done.problems})
        raise typer.Exit(2)


@freeze_app.command("export")
def export(
    out: Annotated[
        Path, typer.Argument(metavar="FILE", help="Written anew, for its owner's eyes only: whole numbers.")
    ],
    tenant: TenantOption = "",
) -> None:
    """Write what is frozen as CSV, safe to open in a spreadsheet."""

    async def run() -> list[NewFreeze]:
        found: list[NewFreeze] = []
        async with working(tenant) as at:
            async with at.database.reading(at.tenant) as scope:  # a large library must not hold up whoever dials
                last = 0
                while page := await freeze_store.listed(scope, at.keys, datetime.now(UTC), after=last, most=_PAGE):
                    last = page[-1].id
                    found += [_again(one) for one in page if one.number]
            async with at.database.scope(at.tenant) as scope:
                await at.note(scope, "freeze export", "freeze.export", ("freeze", 0), {"rows": len(found)})
        return found

    found = anyio.run(run)
    with private(out) as part:
        part.write_text("".join(write_freezes(found)), encoding="utf-8", newline="")
    typer.echo(f"{len(found)} freezes -> {out}")


@freeze_app.command("suspects")
def suspects(
    most: Annotated[int, typer.Option("--most", min=1, max=10_000, help="At most so many.")] = 50,
    tenant: TenantOption = "",
) -> None:
    """Words that may be a refusal, and wait for somebody to judge them. Until then these numbers are not called."""

    async def run() -> list[freeze_store.Suspect]:
        async with working(tenant) as at, at.database.reading(at.tenant) as scope:
            return await freeze_store.suspects(scope, at.keys, most=most)

    found = anyio.run(run)
    for one in found:
        typer.echo(
            f"{one.id:>6}  {masked(one.number):<16}  {one.found_at:%Y-%m-%d %H:%M}  call {one.call_id}  {one.words}"
        )
    if not found:
        typer.echo("nothing waits")


@freeze_app.command("confirm")
def confirm(
    suspect: Annotated[int, typer.Argument(metavar="ID", help="Of the suspect.")],
    until: str = UNTIL,
    note: Annotated[str, typer.Option("--note", help="For whoever looks at it later.")] = "",
    by: ByOption = "cli",
    tenant: TenantOption = "",
) -> None:
    """It was a refusal: freeze the number (90 days, or --until)."""

    async def run() -> int:
        async with working(tenant) as at, at.database.scope(at.tenant) as scope:
            now = datetime.now(UTC)
            made = await freeze_store.confirm(scope, at.keys, suspect, by, now, _end(until, now), note)
            await at.note(scope, "freeze confirm", "suspect.confirm", ("suspect", suspect), {"freeze": made})
            return made

    typer.echo(f"freeze {anyio.run(run)} added")


@freeze_app.command("dismiss")
def dismiss(
    suspect: Annotated[int, typer.Argument(metavar="ID", help="Of the suspect.")],
    reason: Annotated[str, typer.Option("--reason", help="Why it was none; it is kept.")],
    by: ByOption = "cli",
    tenant: TenantOption = "",
) -> None:
    """It was no refusal."""

    async def run() -> None:
        async with working(tenant) as at, at.database.scope(at.tenant) as scope:
            await freeze_store.dismiss(scope, suspect, by, reason, datetime.now(UTC))
            await at.note(scope, "freeze dismiss", "suspect.dismiss", ("suspect", suspect))

    anyio.run(run)
    typer.echo(f"suspect {suspect} dismissed")


def _again(one: Frozen) -> NewFreeze:
    freeze = one.freeze
    return NewFreeze(one.number, freeze.reason, freeze.scope, freeze.scope_id, freeze.until, one.note, one.source)


def _end(until: str, now: datetime) -> datetime | None:
    """Of a freeze; None = as the reason says. Raises InputError: it is no moment to come."""
    end = moment_of(until)
    if end is not None and end <= now:
        raise InputError(
            Problem("over", "this freeze would be over already", hint="give --until a later end, or leave it out")
        )
    return end


def _until(moment: datetime | None) -> str:
    return "for good" if moment is None else f"until {moment:%Y-%m-%d %H:%M} UTC"


def _json(one: Frozen) -> dict[str, object]:
    return {
        "id": one.id, "number": masked(one.number), "scope": one.freeze.scope, "scope_id": one.freeze.scope_id,
        "reason": one.freeze.reason, "until": one.freeze.until and one.freeze.until.isoformat(), "note": one.note, "source": one.source,
        "by": one.by, "frozen_at": one.freeze.frozen_at.isoformat(), "lifted_at": one.lifted_at and one.lifted_at.isoformat(),
        "lifted_by": one.lifted_by, "lift_reason": one.lift_reason,
    }  # fmt: skip
