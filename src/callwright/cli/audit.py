"""`callwright audit`: who changed what, and who looked at personal data."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import anyio
import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from callwright.audit import file as audit_file
from callwright.audit import service, store
from callwright.audit.store import Kept, Wanted
from callwright.cli.problems import print_json
from callwright.cli.tenancy import TenantOption, working
from callwright.compliance.record_file import LONGEST_LINE, Report, public_key
from callwright.errors import InputError, Place, Problem
from callwright.private_files import private

__all__ = ["audit_app"]

audit_app = typer.Typer(no_args_is_help=True, help="The audit log: who changed what, and who looked at personal data.")

AnchorOption = Annotated[
    list[Path] | None, typer.Option("--anchor", metavar="FILE", help="An anchor that was kept elsewhere.")
]


@audit_app.command("list")
def list_(
    user: Annotated[int | None, typer.Option("--user", help="By this user (id).")] = None,
    action: Annotated[
        str, typer.Option("--action", metavar="NAME", help="This action (task.start), or a room of them (task.).")
    ] = "",
    kind: Annotated[str, typer.Option("--kind", help="Done to this kind of thing: task, user, recording.")] = "",
    object_: Annotated[str, typer.Option("--object", metavar="ID", help="Done to the one with this id.")] = "",
    most: Annotated[int, typer.Option("--most", min=1, max=10_000, help="At most so many.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print them as JSON.")] = False,
    tenant: TenantOption = "",
) -> None:
    """The newest entries."""

    async def run() -> list[Kept]:
        async with working(tenant) as at, at.database.reading(at.tenant) as scope:
            return await store.find(scope, Wanted(user=user, action=action, kind=kind, object=object_), most)

    found = anyio.run(run)
    if as_json:
        print_json([{**kept.body, "hash": kept.sealed.hash.hex()} for kept in found])
        return
    for kept in found:
        typer.echo(_line(kept))
    if not found:
        typer.echo("no entries")


@audit_app.command("export")
def export(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="Written anew.")], tenant: TenantOption = ""
) -> None:
    """Write the log to a file that can be verified anywhere."""

    async def run() -> int:
        lines = 0
        async with working(tenant) as at, at.database.reading(at.tenant) as scope:
            entries = service.export(scope, at.keys, datetime.now(UTC))
            head = await anext(entries)
            with private(out) as part, part.open("w", encoding="utf-8", newline="\n") as file:
                file.write(head)
                async for line in entries:
                    file.write(line)
                    lines += 1
        return lines

    typer.echo(f"{anyio.run(run)} entries -> {out}")


@audit_app.command("anchor")
def anchor(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="Written anew. Keep it where nobody here can change it.")],
    tenant: TenantOption = "",
) -> None:
    """Write the signed end of the log: what was written until now cannot be cut off or written anew unseen."""

    async def run() -> int:
        async with working(tenant) as at, at.database.reading(at.tenant) as scope:
            end = (await store.ends(scope)).last
        with private(out) as part:
            part.write_text(
                audit_file.anchor_text(at.tenant, end, at.keys.signing, datetime.now(UTC)), encoding="utf-8"
            )
        return end.seq

    typer.echo(f"anchored at entry {anyio.run(run)} -> {out}")


@audit_app.command("verify")
def verify(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="An export; without one, the database.")] = None,
    public: Annotated[
        str, typer.Option("--key", metavar="KEY", help="The tenant's public key: `callwright records key`.")
    ] = "",
    anchors: AnchorOption = None,
    tenant: TenantOption = "",
) -> None:
    """Verify the log; exit 1 when anything in it was changed, is missing or was added."""
    if file is None:
        report = anyio.run(_verify_database, public, anchors or [], tenant)
    else:
        if not public:
            hint = "--key with what `callwright records key` printed; a key in the file proves nothing"
            raise InputError(Problem("public-key", "a file is verified with a key from somewhere else", hint=hint))
        key = public_key(public)
        report = _verify_file(file, key, anchors or [])
    for finding in report.findings:
        where = f"entry {finding.seq}" if finding.seq else "the log"
        typer.echo(f"{where}: {finding.detail} [{finding.found}]")
    what = f"{report.records} entries of tenant {report.tenant}, number {report.first} to {report.last}"
    typer.echo(f"{report.count} findings: {what}" if report.count else f"whole: {what}")
    if report.count:
        raise typer.Exit(1)


async def _verify_database(public: str, anchors: list[Path], tenant: str) -> Report:
    async with working(tenant) as at, at.database.reading(at.tenant) as scope:
        key = public_key(public) if public else at.keys.signing.public_key()
        known = [audit_file.read_anchor(_bytes(path), key) for path in anchors]
        return await service.verify_kept(scope, key, known)


def _verify_file(file: Path, key: Ed25519PublicKey, anchors: list[Path]) -> Report:
    known = [audit_file.read_anchor(_bytes(path), key) for path in anchors]
    try:
        with file.open("rb") as opened:
            return audit_file.verify(iter(lambda: opened.readline(LONGEST_LINE + 1), b""), key, known)
    except OSError as error:
        raise InputError(Problem("file", f"cannot be read: {error.strerror}", Place(str(file)))) from None


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LONGEST_LINE)
    except OSError as error:
        raise InputError(Problem("file", f"cannot be read: {error.strerror}", Place(str(path)))) from None


def _line(kept: Kept) -> str:
    by = f"user {kept.user}" if kept.user is not None else kept.body["by"] or "-"
    token = f" (token {kept.token})" if kept.token is not None else ""
    told = " ".join(f"{name}={value}" for name, value in kept.body["detail"].items())
    return f"{kept.sealed.seq:>8}  {kept.at:%Y-%m-%d %H:%M:%S}  {by}{token}  {kept.action}  {kept.kind} {kept.object}  {told}".rstrip()
