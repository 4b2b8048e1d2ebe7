"""Decision records: `/records`. Why each call was placed and each other was not, in plain words, with what proves it; and their verification."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import bindparam, select

from callwright.accounts.roles import Permission
from callwright.audit.store import note
from callwright.campaigns.tables import task
from callwright.compliance import record_store, telling
from callwright.compliance.api import verification
from callwright.compliance.api.packs_in_use import packs_in_use
from callwright.compliance.packs import Packs
from callwright.compliance.record_file import header_text, public_text, record_text
from callwright.compliance.record_search import Wanted, search
from callwright.compliance.record_store import Kept
from callwright.compliance.records import GENESIS, Head
from callwright.compliance.tables import person
from callwright.compliance.telling import Language
from callwright.errors import InputError, Place, Problem
from callwright.http.fields import Id, Moment, PathId, Subject
from callwright.http.here import Here, needs
from callwright.http.job_views import JobView, job_view
from callwright.http.jobs import jobs_of
from callwright.http.paging import Page, Paging, cursor_of
from callwright.http.problems import absent, answers
from callwright.store.crypto import TenantKeys
from callwright.store.metadata import TENANT
from callwright.store.scope import Scope

__all__ = ["TellIn", "router"]

router = APIRouter(prefix="/records")

_PEOPLE = select(person.c.id, person.c.number_index, person.c.erased_at).where(
    person.c.tenant_id == TENANT, person.c.id.in_(bindparam("ids", expanding=True))
)
_BY_INDEX = select(person.c.id).where(person.c.tenant_id == TENANT, person.c.number_index == bindparam("index"))
_TASKS = select(task.c.id, task.c.name).where(
    task.c.tenant_id == TENANT, task.c.id.in_(bindparam("ids", expanding=True))
)

TellIn = Annotated[Language, Query(description="the language of the words around what was sealed")]
Verdict = Literal["dialled", "refused", "held-back"]


class RuleName(BaseModel):
    """A rule, and what it asks."""

    pack: str = Field(examples=["cn"])
    rule: str = Field(examples=["hours"])
    title: str = Field(examples=["09:00 to 20:00 on the callee's clock"])


class RecordRow(BaseModel):
    """One record of the chain, in short."""

    seq: int = Field(examples=[1042])
    id: str = Field(description="the first half of its hash", examples=["9f2c41d0a7b35e6689012f3c4d5e6f70"])
    at: datetime
    verdict: Verdict = Field(description="held-back: every rule allowed it, and it was not dialled all the same")
    against: list[RuleName] = Field(description="rules that stood against the call")
    because: str = Field(description="of what was held back: pre_dial, script")
    next_allowed_at: datetime | None
    task: int | None
    task_name: str
    lead: int | None
    person: int | None = Field(description="under which id other records name the same person")
    subject: str | None = Field(description="stands for the number in addresses; null once the person was erased")
    call: str | None = Field(description="id of the call, of a dial")


class RecordFilter(Paging):
    """Which records."""

    verdict: Literal["dialled", "refused"] | None = None
    rule: Annotated[str, Field(max_length=129, pattern=r"^[a-z0-9][a-z0-9.-]*/[a-z0-9][a-z0-9.-]*$")] | None = Field(
        None, description="`pack/rule` that stood against the call", examples=["cn/hours"]
    )
    task: Id | None = None
    lead: Id | None = None
    subject: Subject | None = Field(None, description="of one number: POST /subjects/find tells it")
    since: Moment | None = None
    until: Moment | None = None
    language: Language = "en"


class RuleTold(RuleName):
    """A rule that was looked at. detail: as it was sealed; the citation is of the version that is loaded now."""

    version: str
    outcome: str = Field(description="ok, blocked, or unknown: a fact was missing, which is as bad as blocked")
    severity: str
    refuses: bool
    detail: str
    status: str = Field(description="law, draft, norm, contract, house; unknown = its pack is not loaded any more")
    source: str
    quote: str
    as_of: str
    doubt: str = Field(description="what nobody has verified")
    other_version: str = Field(description="loaded now, when it is not the one of the record")


class RecordTold(RecordRow):
    """One record in plain words, and what proves it."""

    summary: str
    following: str = Field(description="when the person may be called again")
    rules: list[RuleTold]
    evidence: dict[str, str | int] = Field(description="what the decision rests on: ids of rows, sha256 of proofs")
    packs: list[str]
    calendar: str
    clock: str
    software: str
    company: int | None
    script_version: int | None
    own_number: int | None
    hash: str
    signature: str = Field(description='"" = the next record that has one vouches for this one too')
    public_key: str = Field(examples=["ed25519:..."])
    proof: str = Field(description="an export of this record alone: `callwright records verify FILE --key ...`")


class RecordKey(BaseModel):
    """What records are verified with."""

    public_key: str = Field(examples=["ed25519:..."])


class VerificationBody(BaseModel):
    """Which part of the chain."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"first": 1}]})

    first: Id = Field(1, description="from this record on: an earlier part was verified before")


@router.get("")
async def list_records(
    here: Annotated[Here, needs(Permission.RECORDS_READ)], asked: Annotated[RecordFilter, Query()]
) -> Page[RecordRow]:
    """Records, newest first. A page may hold fewer than asked for and still have a next one: the search looks at a bounded stretch at a time."""
    before = asked.after(int)
    packs = await packs_in_use(here)
    async with here.reading() as scope:
        who = None
        if asked.subject is not None:
            who = await scope.value(_BY_INDEX, index=bytes.fromhex(asked.subject))
            if who is None:
                return Page(items=[], next=None)
        wanted = Wanted(asked.verdict, asked.rule, asked.task, asked.lead, who, asked.since, asked.until)
        found = await search(scope, wanted, None if before is None else before[0], asked.limit)
        rows = await _rows(scope, found.records, packs, asked.language)
    return Page(items=rows, next=None if found.next is None else cursor_of((found.next,)))


@router.get("/key")
async def read_record_key(here: Annotated[Here, needs(Permission.RECORDS_READ)]) -> RecordKey:
    """The public key that the records are verified with: write it down where whoever verifies can trust it."""
    async with here.reading() as scope:
        keys = await here.keys(scope)
    return RecordKey(public_key=public_text(keys.signing.public_key()))


@router.get("/{record}")
async def read_record(
    record: PathId,
    here: Annotated[Here, needs(Permission.RECORDS_READ)],
    language: TellIn = "en",
    zone: Annotated[str, Query(max_length=64, description="the reader's zone, for moments in sentences")] = "UTC",
) -> RecordTold:
    """One record, by its number, explained."""
    clock = _zone(zone)
    packs = await packs_in_use(here)
    async with here.keyed() as (scope, keys):
        kept = await record_store.show(scope, record)
        if kept is None:
            raise absent("record")
        told = await _told(scope, keys, kept, packs, language, clock, here.now())
        await note(scope, keys, here.viewer, "record.view", ("record", kept.record.seq), now=here.now())
    return told


@router.post("/verifications", status_code=202, responses=answers(404))
async def verify_records(body: VerificationBody, here: Annotated[Here, needs(Permission.RECORDS_READ)]) -> JobView:
    """Verify the chain where it lies: numbers, hashes, signatures. A job; its result holds `checked`, `problems` and `findings`."""
    work = await verification.begin(here, body.first)
    return job_view(
        jobs_of(here).start(here.viewer, "records.verify", f"{body.first}-", Permission.RECORDS_READ, work.run)
    )


async def _rows(scope: Scope, records: tuple[Kept, ...], packs: Packs, language: Language) -> list[RecordRow]:
    people = {row.id: row for row in await scope.all(_PEOPLE, ids=list({one.person_id for one in records} - {None}))}
    tasks = {row.id: row.name for row in await scope.all(_TASKS, ids=list({one.task_id for one in records} - {None}))}
    rows = []
    for kept in records:
        body = telling.parsed(kept.record.body, kept.record.rules)
        against = []
        for pack, rule in telling.refusing_rules(body):
            title = telling.title_of(pack, rule, language, telling.newest(packs, pack, rule))
            against.append(RuleName(pack=pack, rule=rule, title=title))
        whose = people.get(kept.person_id)
        rows.append(
            RecordRow(
                seq=kept.record.seq, id=kept.record.id, at=kept.at, verdict=telling.verdict_of(body), against=against,
                because=str(body.get("because") or ""), next_allowed_at=body.get("next_allowed_at"), task=kept.task_id,
                task_name=tasks.get(kept.task_id, ""), lead=kept.lead_id, person=kept.person_id,
                subject=bytes(whose.number_index).hex() if whose is not None and whose.erased_at is None else None,
                call=kept.attempt_id,
            )
        )  # fmt: skip
    return rows


async def _told(
    scope: Scope, keys: TenantKeys, kept: Kept, packs: Packs, language: Language, zone: ZoneInfo, now: datetime
) -> RecordTold:
    (row,) = await _rows(scope, (kept,), packs, language)
    sealed, body = kept.record, telling.parsed(kept.record.body, kept.record.rules)
    when = "" if row.next_allowed_at is None else f"{row.next_allowed_at.astimezone(zone):%Y-%m-%d %H:%M}"
    told = telling.tell(body, packs, language, when) if body else None
    before = await record_store.show(scope, sealed.seq - 1) if sealed.seq > 1 else None
    previous = before.record.hash if before else GENESIS
    ours = await record_store.vouched(scope, keys.signing.public_key(), sealed)
    end = Head(sealed.seq, sealed.hash)
    header = header_text(scope.tenant, sealed.seq, previous, end, keys.signing, now, vouched=ours)
    names: dict[str, Any] = {name: body.get(name) for name in ("company", "script_version", "own_number")}
    return RecordTold(
        **row.model_dump(), **names,
        summary=told.summary if told else "", following=told.following if told else "",
        rules=[_rule(one) for one in told.rules] if told else [],
        evidence=body.get("evidence") or {}, packs=body.get("packs") or [], calendar=str(body.get("calendar") or ""),
        clock=str(body.get("clock") or ""), software=str(body.get("software") or ""),
        hash=sealed.hash.hex(), signature=sealed.signature.hex(), public_key=public_text(keys.signing.public_key()),
        proof=header + record_text(sealed),
    )  # fmt: skip


def _rule(one: telling.ToldRule) -> RuleTold:
    return RuleTold(
        pack=one.pack, rule=one.rule, title=one.title, version=one.version, outcome=one.outcome, severity=one.severity,
        refuses=one.refuses, detail=one.detail, status=one.status, source=one.source, quote=one.quote, as_of=one.as_of, doubt=one.doubt,
        other_version=one.other_version,
    )  # fmt: skip


def _zone(name: str) -> ZoneInfo:
    """Raises InputError: there is no such zone."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        place = Place(field="query.zone")
        raise InputError(Problem("zone", "there is no such zone", place, "Like Asia/Shanghai.")) from None
