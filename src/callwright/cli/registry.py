"""`callwright registry`: do-not-call registries, loaded from their files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import anyio
import typer

from callwright.accounts.model import Viewer
from callwright.campaigns.registries import Order, Report, forget, import_registry, look_through, of_path
from callwright.cli.problems import print_json, show_problems
from callwright.cli.tenancy import TenantOption, Working, working
from callwright.cli.who import ByOption, moment_of
from callwright.compliance import registry_store
from callwright.compliance.pack_file import load_packs
from callwright.compliance.registries import KINDS, Copy
from callwright.compliance.registry_rules import Asking, asked, asking_for, fresh_until, newest
from callwright.errors import InputError, Place, Problem
from callwright.settings import Settings

__all__ = ["registry_app"]

registry_app = typer.Typer(
    no_args_is_help=True, help="Do-not-call registries: load them from their files, and how fresh they are."
)

_LARGEST = 8 << 30  # the whole list of the United States has about 3 GB


@registry_app.command("import")
def import_(
    registry: Annotated[str, typer.Argument(metavar="REGISTRY", help="As the rule pack calls it: us-national-dnc.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Text or CSV in UTF-8, unpacked: one number a line.")],
    as_of: Annotated[str, typer.Option("--as-of", metavar="DAY", help="The day on which you fetched it.")],
    kind: Annotated[
        str, typer.Option("--kind", help="full, change (lines end with A or D), or checked (with Y or N).")
    ] = "full",
    since: Annotated[
        str, typer.Option("--since", metavar="DAY", help="Of a change: it holds everything since that day.")
    ] = "",
    area: Annotated[
        list[str] | None,
        typer.Option("--area", metavar="CODE", help="Area code that the file reaches, for each one; else those in it."),
    ] = None,
    version: Annotated[str, typer.Option("--version-id", metavar="ID", help="Of the file, as the registry says.")] = "",
    account: Annotated[str, typer.Option("--account", metavar="ID", help="Of your subscription.")] = "",
    skip: Annotated[bool, typer.Option("--skip-unusable", help="Leave out lines that cannot be read.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Only look whether the file can be read.")] = False,
    by: ByOption = "cli",
    tenant: TenantOption = "",
) -> None:
    """Load a registry. Exit 2: the file cannot be used, and nothing was changed."""
    day = moment_of(as_of)
    if day is None:
        raise InputError(Problem("as-of", "say of which day the file is", hint="--as-of 2026-11-20"))
    if kind not in KINDS:
        raise InputError(Problem("kind", f"there is no kind {kind[:20]!r}", hint=f"one of {', '.join(KINDS)}"))
    order = Order(registry, kind, day, version, account, tuple(area or ()), moment_of(since), skip)
    asking = asking_for(load_packs(Settings.from_environment().packs), registry)
    _readable(file)
    if check:
        found = look_through(of_path(file), order)
        typer.echo(f"{found.listed + found.others} numbers, {found.unusable} lines not usable; nothing was changed")
        return

    async def run() -> Report:
        async with working(tenant) as at:
            return await import_registry(
                at.database, at.keys, asking, order, of_path(file), _viewer(at, by), lambda: datetime.now(UTC)
            )

    report = anyio.run(run)
    _tell(report, asking, datetime.now(UTC))
    if report.problems:
        show_problems({file.name: list(report.problems)})


def _readable(file: Path) -> None:
    try:
        if file.stat().st_size > _LARGEST:
            raise InputError(
                Problem("too-large", "this is larger than 8 GB", Place(str(file)), "import it by area codes")
            )
        file.open("rb").close()
    except OSError as error:
        raise InputError(Problem("file", f"cannot be read: {error.strerror}", Place(str(file)))) from None


def _viewer(at: Working, by: str) -> Viewer:
    return Viewer.system(at.tenant, by)


def _tell(report: Report, asking: Sequence[Asking], now: datetime) -> None:
    changed = f"{report.added} added"
    if report.kind == "change":
        changed += f", {report.deleted} deleted"
    typer.echo(f"copy {report.copy} of {report.name}: {changed}; it holds {report.held} numbers{_reach(report.areas)}")
    until = fresh_until(report.as_of, asking)
    if until is not None:
        typer.echo(f"fresh until {until:%Y-%m-%d}" if until >= now else "it is too old already: fetch a newer one")
    if report.unusable:
        typer.echo(f"{report.unusable} lines could not be read and were left out")
    if report.replaced:
        typer.echo(f"{report.replaced} older copies were taken away")
    if report.again:
        typer.echo(f"{report.again} people who waited for it are due again")


def _reach(areas: tuple[str, ...]) -> str:
    if not areas:
        return ""
    shown = ", ".join(areas[:5]) + (", ..." if len(areas) > 5 else "")
    return f" of {len(areas)} area codes ({shown})"


@registry_app.command("list")
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="Print them as JSON.")] = False, tenant: TenantOption = ""
) -> None:
    """What is loaded, until when it is fresh enough, and what the rule packs ask for besides."""
    now = datetime.now(UTC)
    rules = asked(load_packs(Settings.from_environment().packs))

    async def run() -> list[Copy]:
        async with working(tenant) as at, at.database.reading(at.tenant) as scope:
            return await registry_store.copies(scope)

    found = anyio.run(run)
    missing = [name for name in rules if newest(found, name) is None]
    if as_json:
        print_json({"copies": [_json(one, rules.get(one.name, ()), now) for one in found], "missing": missing})
        return
    for one in found:
        until = fresh_until(one.as_of, rules.get(one.name, ()))
        fresh = (
            "no rule asks"
            if until is None
            else f"{'fresh until' if until >= now else 'TOO OLD since'} {until:%Y-%m-%d}"
        )
        typer.echo(
            f"{one.id:>6}  {one.name:<18}  {one.kind:<7}  of {one.as_of:%Y-%m-%d}  {fresh:<24}  {one.numbers} numbers"
            f"{_reach(one.areas)}"
        )
    for name in missing:
        asks = ", ".join(f"{one.pack}/{one.rule}" for one in rules[name])
        typer.echo(f"     -  {name:<18}  not loaded; asked for by {asks}")


def _json(one: Copy, rules: Sequence[Asking], now: datetime) -> dict[str, object]:
    until = fresh_until(one.as_of, rules)
    return {
        "id": one.id, "registry": one.name, "kind": one.kind, "as_of": one.as_of.isoformat(), "areas": list(one.areas),
        "version": one.version, "account": one.account, "numbers": one.numbers, "source": one.source, "by": one.by,
        "loaded_at": one.loaded_at.isoformat(), "fresh_until": until and until.isoformat(), "fresh": until is not None and until >= now,
    }  # fmt: skip


@registry_app.command("forget")
def forget_(
    copy: Annotated[int, typer.Argument(metavar="ID", help="Of the copy.")],
    by: ByOption = "cli",
    tenant: TenantOption = "",
) -> None:
    """Take a copy out of use and its numbers away."""

    async def run() -> Copy:
        async with working(tenant) as at:
            return await forget(at.database, at.keys, copy, _viewer(at, by), lambda: datetime.now(UTC))

    gone = anyio.run(run)
    typer.echo(f"copy {gone.id} of {gone.name} forgotten: {gone.numbers} numbers")
