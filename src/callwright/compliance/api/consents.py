"""The consent ledger: `/consents`. Added to and withdrawn, never rewritten; each with its proof and the calls that rested on it."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, File, Query, UploadFile
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import bindparam, select

from callwright.accounts.roles import Permission
from callwright.accounts.tables import company
from callwright.audit.store import note
from callwright.compliance import consent_desk, consent_store, freeze_store
from callwright.compliance.api.showing import Showing, showing
from callwright.compliance.consent_desk import LedgerRow, State, Wanted, evidence_blob
from callwright.compliance.consents import CLOCKS, NewConsent
from callwright.compliance.facts import FreezeScope
from callwright.compliance.freezes import NewFreeze
from callwright.errors import InputError, Place, Problem
from callwright.http.fields import Id, Moment, Number, PathId, Subject, Text
from callwright.http.here import Here, needs
from callwright.http.paging import Page, Paging
from callwright.http.problems import absent, answers
from callwright.store.metadata import TENANT
from callwright.store.scope import Scope

__all__ = ["router"]

router = APIRouter(prefix="/consents")

_LARGEST = 32 << 20
_USES_SHOWN = 200
_COMPANY = select(company.c.id).where(company.c.tenant_id == TENANT, company.c.id == bindparam("which"))
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Word = Annotated[str, Field(max_length=32, pattern="^[a-z_]+$")]


class ConsentRow(BaseModel):
    """A row of the ledger. `number` is masked unless the viewer may see numbers; empty once its person was erased."""

    id: int = Field(examples=[12])
    number: str = Field(examples=["+86139****0001"])
    subject: str
    basis: str = Field(examples=["consent"])
    scope: list[str] = Field(examples=[["marketing", "recording"]])
    standing: bool = Field(description="neither withdrawn nor over")
    company: int | None = Field(description="given to this company only; null = to all of the tenant's")
    wording: str = Field(description="version of what was agreed to")
    channel: str
    source: str
    evidence: str = Field(description="sha256 of the proof; empty = there is none")
    given_at: datetime | None
    valid_until: datetime | None
    revoked_at: datetime | None
    revoked_means: str
    honour_by: datetime | None = Field(description="the law's last moment for the withdrawal; we stop at once")
    created_at: datetime
    uses: int = Field(description="calls that rested on it")
    last_used_at: datetime | None


class UseRow(BaseModel):
    """A call that rested on it."""

    call: str
    at: datetime


class ConsentTold(ConsentRow):
    """One row with its use."""

    use_log: list[UseRow] = Field(description="newest first; at most 200")
    has_file: bool = Field(description="the proof itself is kept here: GET /consents/{consent}/evidence")


class ConsentFilter(Paging):
    """Which rows."""

    state: State = "any"
    subject: Subject | None = Field(None, description="of one number: POST /subjects/find tells it")
    basis: Word | None = None
    company: Id | None = None


class NewConsentBody(BaseModel):
    """What somebody agreed to, or another ground. A `consent` has a date, a scope and a proof."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "number": "+8613900000001", "basis": "consent", "scope": ["marketing"], "given_at": "2026-11-20T10:00:00+08:00",
                    "wording": "2026-01", "channel": "web", "evidence": "0" * 64,
                }
            ]
        },
    )  # fmt: skip

    number: Number
    basis: Word = "consent"
    scope: Annotated[list[Word], Field(max_length=20)] = []
    given_at: Moment | None = None
    valid_until: Moment | None = None
    company: Id | None = None
    wording: Annotated[Text, Field(max_length=64)] = ""
    channel: Annotated[Text, Field(max_length=32)] = ""
    source: Annotated[Text, Field(max_length=200)] = ""
    evidence: Sha256 | None = Field(None, description="of the proof; POST /consents/evidence keeps the file")


class WithdrawBody(BaseModel):
    """Whose, or which one; `means` is any way at all."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"number": "+8613900000001", "means": "sms"}]}
    )

    number: Number | None = None
    consent: Id | None = Field(None, description="this one only, instead of all of a number's")
    means: Word = "other"
    company: Id | None = Field(None, description="only what was given to this company")
    freeze: bool = Field(True, description="freeze the number too; not for a single consent")

    @model_validator(mode="after")
    def _one(self) -> WithdrawBody:
        if (self.number is None) == (self.consent is None):
            raise ValueError("name a number, or one consent")
        return self


class Withdrawn(BaseModel):
    """What was withdrawn, and by when the law would have had it."""

    consents: list[int]
    honour_by: datetime | None
    clock: str = Field(description="where the time stands; empty = at once everywhere we know")
    freeze: int | None


class Evidence(BaseModel):
    """A proof that is kept."""

    sha256: str
    bytes: int


@router.get("")
async def list_consents(
    here: Annotated[Here, needs(Permission.COMPLIANCE_READ)], asked: Annotated[ConsentFilter, Query()]
) -> Page[ConsentRow]:
    """The ledger, newest first."""
    before = asked.after(int)
    wanted = Wanted(asked.state, bytes.fromhex(asked.subject) if asked.subject else None, asked.basis, asked.company)
    async with showing(here) as at:
        last = None if before is None else before[0]
        found = await consent_desk.page(at.scope, at.keys, wanted, here.now(), last, asked.limit + 1)
        await at.looked("consent.list", "consent", [one.row.id for one in found[: asked.limit]])
    return Page.of(found, asked, lambda one: ConsentRow(**_row(one, at)), lambda one: (one.row.id,))


@router.get("/{consent}")
async def read_consent(consent: PathId, here: Annotated[Here, needs(Permission.COMPLIANCE_READ)]) -> ConsentTold:
    """One row, with the calls that rested on it."""
    async with here.keyed() as (scope, keys):
        at = Showing(here, scope, keys, here.may(Permission.NUMBERS_UNMASKED))
        one = await _known(at, consent)
        uses = await consent_store.uses_of(scope, consent, _USES_SHOWN)
        kept = await _blobs(here).size(evidence_blob(one.row.evidence)) if one.row.evidence else None
        await note(scope, keys, here.viewer, "consent.view", ("consent", consent), now=here.now())
    log = [UseRow(call=use.attempt_id, at=use.used_at) for use in uses]
    return ConsentTold(**_row(one, at), use_log=log, has_file=kept is not None)


@router.get("/{consent}/evidence", response_class=StreamingResponse, responses=_FILE | answers(404))
async def read_consent_evidence(
    consent: PathId, here: Annotated[Here, needs(Permission.COMPLIANCE_READ)]
) -> StreamingResponse:
    """The proof itself, where it is kept here."""
    here.require(Permission.NUMBERS_UNMASKED)  # a form names its person
    async with here.keyed() as (scope, keys):
        one = await _known(Showing(here, scope, keys, True), consent)
        name = evidence_blob(one.row.evidence) if one.row.evidence else ""
        if not name or await _blobs(here).size(name) is None:
            raise absent("proof here", "Only its sha256 is in the ledger; the file was kept elsewhere.")
        await note(scope, keys, here.viewer, "consent.evidence", ("consent", consent), now=here.now())
    headers = {
        "Content-Disposition": f'attachment; filename="evidence-{consent}"', "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }  # fmt: skip
    return StreamingResponse(_blobs(here).stream(name), media_type="application/octet-stream", headers=headers)


@router.post("/evidence", status_code=201)
async def add_consent_evidence(
    file: Annotated[UploadFile, File(description="form, recording, mail: what proves a consent")],
    here: Annotated[Here, needs(Permission.COMPLIANCE_WRITE)],
) -> Evidence:
    """Keep a proof; its sha256 goes into the consent."""
    content = await file.read(_LARGEST + 1)
    if not content or len(content) > _LARGEST:
        raise InputError(Problem("too-large", "a proof has from 1 byte to 32 MB", Place(field="body.file")))
    digest = hashlib.sha256(content).hexdigest()
    await _blobs(here).put(evidence_blob(digest), content)
    async with here.keyed() as (scope, keys):
        detail: dict[str, Any] = {"sha256": digest, "bytes": len(content)}
        await note(scope, keys, here.viewer, "consent.keep-evidence", ("evidence", digest[:16]), detail, now=here.now())
    return Evidence(sha256=digest, bytes=len(content))


@router.post("", status_code=201)
async def add_consent(body: NewConsentBody, here: Annotated[Here, needs(Permission.COMPLIANCE_WRITE)]) -> ConsentRow:
    """Write a consent, or another ground, into the ledger."""
    new = NewConsent(
        body.basis, frozenset(body.scope), body.given_at, body.company, body.wording, body.channel, body.source, body.evidence or "",
        body.valid_until,
    )  # fmt: skip
    async with here.keyed() as (scope, keys):
        await _company(scope, body.company)
        person = await consent_store.known(scope, keys, body.number)
        if person.erased:
            raise InputError(Problem("person", "this person was erased", Place(field="body.number")))
        made = await consent_store.add(scope, person.id, new, here.now())
        at = Showing(here, scope, keys, here.may(Permission.NUMBERS_UNMASKED))
        one = await _known(at, made)
        detail: dict[str, Any] = {"basis": new.basis, "scope": sorted(new.scope), "person": person.id}
        await note(scope, keys, here.viewer, "consent.add", ("consent", made), detail, now=here.now())
    return ConsentRow(**_row(one, at))


@router.post("/withdraw", responses=answers(404))
async def withdraw_consents(body: WithdrawBody, here: Annotated[Here, needs(Permission.COMPLIANCE_WRITE)]) -> Withdrawn:
    """Take back what a person agreed to, by whatever means they said so. It holds from now on; the law's last moment is kept beside it."""
    now, by = here.now(), here.viewer.name[:100]
    made = None
    async with here.keyed() as (scope, keys):
        at = Showing(here, scope, keys, here.may(Permission.NUMBERS_UNMASKED))
        if body.consent is not None:
            one = await _known(at, body.consent)
            person_id, country = int(one.row.person_id), one.country
        else:
            known = await consent_store.known(scope, keys, body.number or "")
            person_id, country = known.id, known.country
        revoked = await consent_store.revoke(
            scope, person_id, body.means, now, company_id=body.company, consent_id=body.consent
        )
        if body.freeze and body.number is not None:
            kind: FreezeScope = "tenant" if body.company is None else "company"
            why = f"consent withdrawn by {body.means}"
            new = NewFreeze(body.number, "opt_out", kind, body.company, note=why, source="desk")
            made, _ = await freeze_store.freeze(scope, keys, new, now, by)
        detail: dict[str, Any] = {"means": body.means, "consents": revoked[:100], "freeze": made}
        await note(scope, keys, here.viewer, "consent.withdraw", ("person", person_id), detail, now=now)
        first = await consent_desk.find(scope, keys, revoked[0]) if revoked else None
    clock = CLOCKS.get(country)
    return Withdrawn(
        consents=revoked, honour_by=first.row.honour_by if first else None, clock=clock.source if clock else "", freeze=made
    )  # fmt: skip


def _blobs(here: Here) -> Any:
    return here.kept.blobs.of(here.viewer.tenant)


async def _company(scope: Scope, which: int | None) -> None:
    if which is not None and await scope.value(_COMPANY, which=which) is None:
        raise InputError(Problem("unknown-company", f"there is no company {which}", Place(field="body.company")))


async def _known(at: Showing, consent: int) -> LedgerRow:
    """Raises ApiError: 404."""
    found = await consent_desk.find(at.scope, at.keys, consent)
    if found is None:
        raise absent("consent")
    return found


def _row(one: LedgerRow, at: Showing) -> dict[str, Any]:
    row = one.row
    over = row.valid_until is not None and row.valid_until <= at.here.now()
    return {
        "id": row.id, "number": at.number(one.number), "subject": one.subject.hex(), "basis": row.basis, "scope": sorted(row.scope),
        "standing": row.revoked_at is None and not over, "company": row.company_id, "wording": row.wording, "channel": row.channel,
        "source": row.source, "evidence": row.evidence, "given_at": row.given_at, "valid_until": row.valid_until,
        "revoked_at": row.revoked_at, "revoked_means": row.revoked_means, "honour_by": row.honour_by, "created_at": row.created_at,
        "uses": one.uses, "last_used_at": one.last_used_at,
    }  # fmt: skip
