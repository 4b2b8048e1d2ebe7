"""`callwright consent`: on what ground people are called."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import anyio
import typer

from callwright.audit.model import Detail
from callwright.cli.problems import print_json
from callwright.cli.tenancy import TenantOption, working
from callwright.cli.who import ByOption, moment_of, number_of
from callwright.compliance import consent_store, freeze_store
from callwright.compliance.consent_store import Consent
from callwright.compliance.consents import NewConsent
from callwright.compliance.freezes import NewFreeze
from callwright.errors import InputError, Place, Problem
from callwright.private_files import private

__all__ = ["consent_app"]

consent_app = typer.Typer(no_args_is_help=True, help="The consent ledger: who agreed to what, the proof, every use.")

NUMBER = typer.Argument(..., metavar="NUMBER", help="With its country code: +8613900000001.")


@consent_app.command("add")
def add(
    number: str = NUMBER,
    to: Annotated[
        list[str], typer.Option("--to", help="marketing, service, survey, recording, ...; several times.")
    ] = [],  # noqa: B006
    basis: Annotated[
        str, typer.Option("--basis", help="consent, contract, legal_obligation, existing_customer.")
    ] = "consent",
    given: Annotated[str, typer.Option("--given", metavar="TIME", help="When.")] = "",
    until: Annotated[str, typer.Option("--until", metavar="TIME", help="For how long; else no end.")] = "",
    evidence: Annotated[Path | None, typer.Option("--evidence", help="The proof; its SHA-256 is kept.")] = None,
    wording: Annotated[str, typer.Option("--wording", help="Version of the text that was agreed to.")] = "",
    channel: Annotated[str, typer.Option("--channel", help="web, paper, call, sms, ...")] = "",
    source: Annotated[str, typer.Option("--source", help="Where it comes from.")] = "",
    company: Annotated[int | None, typer.Option("--company", help="Given to this company only.")] = None,
    tenant: TenantOption = "",
) -> None:
    """Write a consent, or another ground, into the ledger."""
    who = number_of(number)
    new = NewConsent(
        basis, frozenset(to), moment_of(given), company, wording, channel, source, _sha256(evidence) if evidence else "", moment_of(until)
    )  # fmt: skip

    async def run() -> int:
        async with working(tenant) as at, at.database.scope(at.tenant) as scope:
            person = await consent_store.known(scope, at.keys, who)
            made = await consent_store.add(scope, person.id, new, datetime.now(UTC))
            await at.note(scope, "consent add", "consent.add", ("consent", made), {"basis": basis})
            return made

    typer.echo(f"consent {anyio.run(run)} added")


@consent_app.command("show")
def show(
    number: str = NUMBER,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
    tenant: TenantOption = "",
) -> None:
    """What the ledger holds about a person."""
    found = _found(number_of(number), tenant, "show")
    if as_json:
        print_json([_json(one) for one in found])
        return
    for one in found:
        facts = one.facts
        ended = f"  revoked {facts.revoked_at:%Y-%m-%d %H:%M} by {one.revoked_means}" if facts.revoked_at else ""
        given = f"{facts.given_at:%Y-%m-%d}" if facts.given_at else "-"
        scope = ",".join(sorted(facts.scope)) or "-"
        typer.echo(f"{facts.id:>6}  {facts.basis:<18}  {scope:<28}  given {given}  used {one.uses} times{ended}")
    if not found:
        typer.echo("nothing")


@consent_app.command("revoke")
def revoke(
    number: str = NUMBER,
    means: Annotated[
        str, typer.Option("--means", help="How: call, key, sms, mail, letter, web, person, other, ...")
    ] = "other",
    company: Annotated[int | None, typer.Option("--company", help="What was given to this company only.")] = None,
    consent: Annotated[int | None, typer.Option("--consent", help="This one only.")] = None,
    keep_calling: Annotated[bool, typer.Option("--keep-calling", help="Do not freeze the number.")] = False,
    by: ByOption = "cli",
    tenant: TenantOption = "",
) -> None:
    """Take consent back, from now on, and freeze the number."""
    who = number_of(number)

    async def run() -> list[int]:
        now = datetime.now(UTC)
        async with working(tenant) as at, at.database.scope(at.tenant) as scope:
            person = await consent_store.known(scope, at.keys, who)
            revoked = await consent_store.revoke(scope, person.id, means, now, company_id=company, consent_id=consent)
            if not keep_calling and consent is None:
                kind = "tenant" if company is None else "company"
                new = NewFreeze(who, "opt_out", kind, company, note=f"consent revoked by {means}", source="cli")  # type: ignore[arg-type]
                await freeze_store.freeze(scope, at.keys, new, now, by)
            detail: Detail = {"consents": len(revoked), "means": means}
            await at.note(scope, "consent revoke", "consent.withdraw", ("person", person.id), detail)
            return revoked

    revoked = anyio.run(run)
    typer.echo(f"revoked: {', '.join(map(str, revoked)) or 'nothing was left to revoke'}")


@consent_app.command("export")
def export(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="JSON, written anew.")],
    number: Annotated[str, typer.Option("--number", help="Whose.")],
    tenant: TenantOption = "",
) -> None:
    """Write what the ledger holds about a person, with every use, for that person (GDPR 15, PIPL 45)."""
    import json

    found = [_json(one) for one in _found(number_of(number), tenant, "export")]
    with private(out) as part:
        part.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    typer.echo(f"{len(found)} rows -> {out}")


def _found(number: str, tenant: str, command: str) -> list[Consent]:
    async def run() -> list[Consent]:
        async with working(tenant) as at, at.database.scope(at.tenant) as scope:
            person = await consent_store.known(scope, at.keys, number)
            found = await consent_store.consents_of(scope, person.id)
            await at.note(scope, f"consent {command}", "consent.list", ("person", person.id), {"rows": len(found)})
            return found

    return anyio.run(run)


def _sha256(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise InputError(Problem("file", f"cannot be read: {error.strerror}", Place(str(file)))) from None


def _json(one: Consent) -> dict[str, object]:
    facts = one.facts
    moments = {
        "given_at": facts.given_at, "valid_until": facts.valid_until, "revoked_at": facts.revoked_at, "honour_by": one.honour_by,
        "created_at": one.created_at, "last_used_at": one.last_used_at,
    }  # fmt: skip
    return {
        "id": facts.id, "basis": facts.basis, "scope": sorted(facts.scope), "company": facts.company_id, "wording": facts.wording,
        "evidence_sha256": facts.evidence, "channel": one.channel, "source": one.source, "revoked_means": one.revoked_means,
        "uses": one.uses, **{name: moment and moment.isoformat() for name, moment in moments.items()},
    }  # fmt: skip
