"""`callwright records`: the decision records of every dial and every refusal."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import anyio
import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from callwright.campaigns.recorded import unrecorded
from callwright.cli.problems import print_json
from callwright.cli.tenancy import TenantOption, working
from callwright.compliance import record_file, record_store
from callwright.compliance.bundle import verify_bundle
from callwright.compliance.record_store import Kept
from callwright.compliance.telling import parsed
from callwright.errors import InputError, Place, Problem
from callwright.private_files import private

__all__ = ["records_app"]

records_app = typer.Typer(
    no_args_is_help=True, help="Decision records: why each call was made, and why others were not."
)

KeyOption = Annotated[
    str, typer.Option("--key", metavar="KEY", help="The tenant's public key (ed25519:...), or a file that holds it.")
]
AnchorOption = Annotated[
    list[Path] | None, typer.Option("--anchor", metavar="FILE", help="An anchor that was kept elsewhere.")
]


@records_app.command("list")
def list_(
    task: Annotated[int | None, typer.Option("--task", help="Of this task.")] = None,
    lead: Annotated[int | None, typer.Option("--lead", help="Of this lead.")] = None,
    person: Annotated[int | None, typer.Option("--person", help="Of this person (id).")] = None,
    refused: Annotated[bool, typer.Option("--refused", help="Refusals only.")] = False,
    most: Annotated[int, typer.Option("--most", min=1, max=10_000, help="At most so many.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print them as JSON.")] = False,
    tenant: TenantOption = "",
) -> None:
    """The newest records."""

    async def run() -> list[Kept]:
        async with working(tenant) as at, at.database.reading(at.tenant) as scope:
            kind = "refusal" if refused else None
            return await record_store.find(scope, task=task, lead=lead, person=person, kind=kind, most=most)

    found = anyio.run(run)
    if as_json:
        print_json([_json(kept) for kept in found])
        return
    for kept in found:
        typer.echo(_line(kept))
    if not found:
        typer.echo("no records")


@records_app.command("show")
def show(
    record: Annotated[int, typer.Argument(metavar="RECORD", min=1, max=2**62, help="Its number.")],
    tenant: TenantOption = "",
) -> None:
    """One record, as it was sealed."""

    async def run() -> Kept | None:
        async with working(tenant) as at, at.database.reading(at.tenant) as scope:
            return await record_store.show(scope, record)

    kept = anyio.run(run)
    if kept is None:
        raise InputError(Problem("record", f"there is no record {record}"))
    print_json(_json(kept))


@records_app.command("export")
def export(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="Written anew.")],
    first: Annotated[int, typer.Option("--first", min=1, help="Number of the first record.")] = 1,
    last: Annotated[int | None, typer.Option("--last", min=1, help="Number of the last one; else the newest.")] = None,
    tenant: TenantOption = "",
) -> None:
    """Write records to a file that can be verified anywhere."""

    async def run() -> int:
        lines = 0
        async with working(tenant) as at, at.database.reading(at.tenant) as scope:
            records = record_store.export(scope, at.keys, datetime.now(UTC), first, last)
            head = await anext(records)
            with private(out) as part, part.open("w", encoding="utf-8", newline="\n") as file:
                file.write(head)
                async for line in records:
                    file.write(line)
                    lines += 1
        return lines

    typer.echo(f"{anyio.run(run)} records -> {out}")


@records_app.command("key")
def key(tenant: TenantOption = "") -> None:
    """The tenant's public key: write it down where whoever verifies can trust it."""

    async def run() -> str:
        async with working(tenant) as at:
            return record_file.public_text(at.keys.signing.public_key())

    typer.echo(anyio.run(run))


@records_app.command("anchor")
def anchor(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="Written anew. Keep it where nobody here can change it.")],
    tenant: TenantOption = "",
) -> None:
    """Write the signed end of the chain: what was recorded until now cannot be cut off or written anew unseen."""

    async def run() -> int:
        async with working(tenant) as at, at.database.reading(at.tenant) as scope:
            end = await record_store.checked_head(scope, at.keys)
            text = record_file.anchor_text(at.tenant, end, at.keys.signing, datetime.now(UTC))
        with private(out) as part:
            part.write_text(text, encoding="utf-8")
        return end.seq

    typer.echo(f"anchored at record {anyio.run(run)} -> {out}")


@records_app.command("verify")
def verify(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="An export, or the bundle of a complaint (.zip).")
    ] = None,
    public: KeyOption = "",
    anchors: AnchorOption = None,
    database: Annotated[bool, typer.Option("--database", help="Verify what lies in the database instead.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
    tenant: TenantOption = "",
) -> None:
    """Find any edit, removal or reordering. Needs no database for a file. Exit 1: something was tampered with."""
    if (file is None) != database:
        hint = "callwright records verify FILE --key KEY, or callwright records verify --database"
        raise InputError(Problem("verify", "name a file, or --database", hint=hint))
    if file is None:
        summary, findings, count = anyio.run(_verify_database, public, anchors or [], tenant)
    else:
        summary, findings, count = _verify_file(file, _key(public), anchors or [])
    if as_json:
        found = [{"found": one.found, "seq": one.seq, "line": one.line, "detail": one.detail} for one in findings]
        print_json({"ok": not count, "verified": summary, "findings": found, "count": count})
    else:
        for one in findings:
            typer.echo(f"{one.found}: {f'record {one.seq}: ' if one.seq else ''}{one.detail}")
        rest = f" (the first {len(findings)} are shown)" if count > len(findings) else ""
        typer.echo(f"{count} finding(s){rest}: do not trust {summary}" if count else f"whole: {summary}")
    if count:
        raise typer.Exit(1)


Verified = tuple[str, list[record_file.Finding], int]


def _verify_file(file: Path, public: Ed25519PublicKey, anchors: list[Path]) -> Verified:
    known = [record_file.read_anchor(_bytes(path), public) for path in anchors]
    try:
        with file.open("rb") as opened:
            if opened.read(2) == b"PK":
                about, findings = verify_bundle(opened, public)
                what = f"bundle of complaint {about.get('complaint', '?')}, {about.get('calls', '?')} calls"
                return what, findings, len(findings)
            opened.seek(0)
            return _summary(
                record_file.verify(iter(lambda: opened.readline(record_file.LONGEST_LINE + 1), b""), public, known)
            )
    except OSError as error:
        raise InputError(Problem("file", f"cannot be read: {error.strerror}", Place(str(file)))) from None


async def _verify_database(public: str, anchors: list[Path], tenant: str) -> Verified:
    async with working(tenant) as at, at.database.reading(at.tenant) as scope:
        own = at.keys.signing.public_key()
        trusted = _key(public) if public else own
        known = [record_file.read_anchor(_bytes(path), trusted) for path in anchors]
        what, findings, count = _summary(await record_store.verify_kept(scope, trusted, known))
        without = await unrecorded(scope)
        return what, [*findings, *without], count + len(without)


def _summary(report: record_file.Report) -> Verified:
    what = f"{report.records} records of tenant {report.tenant}, number {report.first} to {report.last}"
    return what, list(report.findings), report.count


def _key(text: str) -> Ed25519PublicKey:
    if not text:
        hint = "--key with what `callwright records key` printed when the tenant was set up; a key in the file proves nothing"
        raise InputError(Problem("public-key", "a file is verified with a key from somewhere else", hint=hint))
    if text.startswith("ed25519:"):
        return record_file.public_key(text)
    return record_file.public_key(_bytes(Path(text)).decode("ascii", "replace"))


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(record_file.LONGEST_LINE)
    except OSError as error:
        raise InputError(Problem("file", f"cannot be read: {error.strerror}", Place(str(path)))) from None


def _line(kept: Kept) -> str:
    body = parsed(kept.record.body, kept.record.rules)
    if not body:
        return f"{kept.record.seq:>8}  it is no record any more: callwright records verify --database"
    against = [rule["rule"] for rule in body["rules"] if not rule["ok"]]
    why = f"  {', '.join(against) or body['because']}" if kept.kind == "refusal" else ""
    later = f"  next {body['next_allowed_at']}" if body["next_allowed_at"] else ""
    who = f"task {kept.task_id or '-'} lead {kept.lead_id or '-'}"
    return f"{kept.record.seq:>8}  {kept.at:%Y-%m-%d %H:%M:%S}  {kept.kind:<7}  {who}{why}{later}"


def _read(text: str) -> object:
    """JSON, or the text as it lies there: somebody changed it (callwright records verify --database)."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _json(kept: Kept) -> dict[str, object]:
    return {
        "seq": kept.record.seq, "id": kept.record.id, "hash": kept.record.hash.hex(), "signature": kept.record.signature.hex(),
        "body": _read(kept.record.body), "rules": _read(kept.record.rules),
    }  # fmt: skip
