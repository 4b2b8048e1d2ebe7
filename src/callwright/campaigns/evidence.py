"""The evidence of a complaint: every call to the number and every refusal to call it, why, and on what ground, in one bundle.

case.json             the complaint and its due dates
calls.json            each attempt: when, from which number, for which task, how it came out, grade, tags, what was said (summary, slots)
calls/ATTEMPT/...     call record (with its transcript), event log and recording, as they were kept
consents.json         the ledger of this person: basis, scope, wording, sha256 of each proof, every use
freezes.json          what stands or stood against the number
records/A-B.jsonl     the decision records about this person, in runs without a gap
public-key.txt, README.txt, manifest.json
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from importlib.resources import files
from typing import IO, Any, Protocol

from sqlalchemy import Row, bindparam, select

from callwright.campaigns import results
from callwright.campaigns.tables import attempt, lead, lead_list, script_version, task
from callwright.compliance import consent_store, freeze_store
from callwright.compliance.bundle import BundleWriter
from callwright.compliance.complaint_store import Case, case_of
from callwright.compliance.record_file import header_text, public_text, record_text
from callwright.compliance.record_store import Kept, find, show, vouched
from callwright.compliance.records import GENESIS, Head
from callwright.compliance.tables import complaint, person
from callwright.errors import StoreError
from callwright.store.crypto import TenantKeys
from callwright.store.metadata import TENANT
from callwright.store.scope import Scope

__all__ = ["Blobs", "write_evidence", "write_subject"]

Told = Callable[[int, int], None]
"""calls that are written, of how many"""

_MOST = 10_000
_PERSON = select(person.c.id).where(person.c.tenant_id == TENANT, person.c.number_index == bindparam("index"))
_ATTEMPTS = (
    select(
        attempt,
        task.c.name.label("task_name"),
        script_version.c.script_id,
        script_version.c.digest.label("script_digest"),
    )
    .where(attempt.c.tenant_id == TENANT, attempt.c.person_id == bindparam("person"))
    .outerjoin(task, (task.c.id == attempt.c.task_id) & (task.c.tenant_id == TENANT))
    .outerjoin(
        script_version, (script_version.c.id == attempt.c.script_version_id) & (script_version.c.tenant_id == TENANT)
    )
    .order_by(attempt.c.dialled_at.desc())
    .limit(_MOST)
)
_LEADS = (
    select(lead.c.row, lead.c.variables, lead.c.created_at, lead_list.c.name)
    .join(lead_list, (lead_list.c.id == lead.c.list_id) & (lead_list.c.tenant_id == TENANT))
    .where(lead.c.tenant_id == TENANT, lead.c.person_id == bindparam("person"))
    .order_by(lead.c.id)
)
_CASES = (
    select(complaint)
    .where(complaint.c.tenant_id == TENANT, complaint.c.number_index == bindparam("index"))
    .order_by(complaint.c.id)
)
_SHOWN = (
    "id", "task_id", "lead_id", "n", "state", "origin", "own_number", "variant", "record_seq", "dialled_at", "local_day", "answered_at",
    "ended_at", "disposition", "talk_ms", "sip_code", "cause", "reconciled", "task_name", "script_id", "script_digest",
)  # fmt: skip
_BLOBS = {"record": "record.json", "log": "events.jsonl", "recording": "recording"}


class Blobs(Protocol):
    """Where recordings, logs and call records lie, of one tenant."""

    async def size(self, name: str) -> int | None:
        """In bytes; None = there is no such blob."""

    def stream(self, name: str) -> AsyncIterator[bytes]:
        """Piece by piece."""


async def write_evidence(
    scope: Scope, keys: TenantKeys, blobs: Blobs, case: Case, out: IO[bytes], now: datetime
) -> tuple[str, ...]:
    """Write the bundle of this case; ids of the calls that it is about. A blob that is gone is named in calls.json, not passed over; of
    more than ten thousand calls or records the newest are in it, and the manifest says that it is not `complete`.

    Raises:
        StoreError: the number of the case was erased.
    """
    if not case.number:
        raise StoreError(f"the number of complaint {case.reference} was erased: there is nothing to find calls by")
    bundle = BundleWriter(out, now)
    bundle.add("case.json", _json(_case(case)))
    said = {"channel": case.channel, "complaint": case.reference}
    return await _write(scope, keys, blobs, bundle, case.number, said, now)


async def write_subject(
    scope: Scope,
    keys: TenantKeys,
    blobs: Blobs,
    number: str,
    out: IO[bytes],
    now: datetime,
    told: Told = lambda *_: None,
) -> tuple[str, ...]:
    """Everything that is kept about a person, for that person (PIPL 45, GDPR 15 and 20): as the bundle of a case, with what lists say of them
    (lists.json) and their complaints (complaints.json) instead of one case; ids of the calls.
    """
    bundle = BundleWriter(out, now)
    who = await scope.value(_PERSON, index=keys.index(number))
    lists = [] if who is None else await scope.all(_LEADS, person=who)
    known = [
        {"list": row.name, "row": row.row, "variables": json.loads(keys.open(row.variables, "lead.variables")), "since": row.created_at}
        for row in lists
        if row.variables
    ]  # fmt: skip
    bundle.add("lists.json", _json(known))
    cases = await scope.all(_CASES, index=keys.index(number))
    bundle.add("complaints.json", _json([_case(case_of(row, keys, now)) for row in cases]))
    return await _write(scope, keys, blobs, bundle, number, {"subject": 0 if who is None else int(who)}, now, told)


async def _write(
    scope: Scope,
    keys: TenantKeys,
    blobs: Blobs,
    bundle: BundleWriter,
    number: str,
    said: Mapping[str, str | int],
    now: datetime,
    told: Told = lambda *_: None,
) -> tuple[str, ...]:
    who = await scope.value(_PERSON, index=keys.index(number))
    attempts = [] if who is None else list(reversed(await scope.all(_ATTEMPTS, person=who)))
    calls = []
    for done, row in enumerate(attempts):
        told(done, len(attempts))
        calls.append(await _call(scope, keys, blobs, bundle, row))
    bundle.add("calls.json", _json(calls))
    bundle.add("consents.json", _json([] if who is None else await _consents(scope, who)))
    bundle.add("freezes.json", _json(await _freezes(scope, keys, number, now)))
    records = [] if who is None else list(reversed(await find(scope, person=who, most=_MOST)))
    for run in _runs(records):
        await _add_run(scope, keys, bundle, run, now)
    bundle.add("public-key.txt", f"{public_text(keys.signing.public_key())}\n".encode())
    bundle.add("README.txt", files("callwright.campaigns").joinpath("evidence_readme.txt").read_bytes())
    complete = max(len(calls), len(records)) < _MOST
    about = {"calls": len(calls), "complete": complete, "records": len(records), "tenant": scope.tenant}
    bundle.finish({**said, **about}, keys.signing)
    return tuple(row.id for row in attempts)


async def _call(scope: Scope, keys: TenantKeys, blobs: Blobs, bundle: BundleWriter, row: Row[Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {name: getattr(row, name) for name in _SHOWN}
    result = await results.read(scope, keys, row.id)
    if result is None:
        return shown | {"result": None, "files": []}
    kept: list[dict[str, str]] = []
    for kind, name in _BLOBS.items():
        blob = result.pop(kind)
        if blob:
            ending = f".{blob.rpartition('.')[2]}" if kind == "recording" else ""
            kept.append(await _add_blob(blobs, bundle, blob, f"calls/{_plain(row.id)}/{name}{ending}"))
    return shown | {"result": result, "files": kept}


async def _add_blob(blobs: Blobs, bundle: BundleWriter, blob: str, name: str) -> dict[str, str]:
    if await blobs.size(blob) is None:
        return {"name": name, "missing": f"the blob {blob} is not there any more"}
    await bundle.add_stream(name, blobs.stream(blob))
    return {"name": name}


async def _consents(scope: Scope, who: int) -> list[dict[str, Any]]:
    found = []
    for one in await consent_store.consents_of(scope, who):
        uses = await consent_store.uses_of(scope, one.facts.id or 0, _MOST)
        found.append(
            {
                "id": one.facts.id, "basis": one.facts.basis, "scope": sorted(one.facts.scope), "company": one.facts.company_id,
                "wording": one.facts.wording, "evidence_sha256": one.facts.evidence, "channel": one.channel, "source": one.source,
                "given_at": one.facts.given_at, "valid_until": one.facts.valid_until, "revoked_at": one.facts.revoked_at,
                "revoked_means": one.revoked_means, "honour_by": one.honour_by, "created_at": one.created_at,
                "uses": [{"attempt": use.attempt_id, "at": use.used_at} for use in uses],
            }
        )  # fmt: skip
    return found


async def _freezes(scope: Scope, keys: TenantKeys, number: str, now: datetime) -> list[dict[str, Any]]:
    found = await freeze_store.listed(scope, keys, now, number=number, lifted=True, most=_MOST)
    return [
        {
            "id": one.id, "scope": one.freeze.scope, "scope_id": one.freeze.scope_id, "reason": one.freeze.reason, "note": one.note,
            "source": one.source, "by": one.by, "frozen_at": one.freeze.frozen_at, "until": one.freeze.until,
            "lifted_at": one.lifted_at, "lifted_by": one.lifted_by, "lift_reason": one.lift_reason,
        }
        for one in found
    ]  # fmt: skip


def _runs(records: Sequence[Kept]) -> list[list[Kept]]:
    """Records in their order, parted where numbers are left out: those of other people."""
    runs: list[list[Kept]] = []
    for one in records:
        if runs and runs[-1][-1].record.seq + 1 == one.record.seq:
            runs[-1].append(one)
        else:
            runs.append([one])
    return runs


async def _add_run(scope: Scope, keys: TenantKeys, bundle: BundleWriter, run: Sequence[Kept], now: datetime) -> None:
    first, last = run[0].record, run[-1].record
    before = await show(scope, first.seq - 1) if first.seq > 1 else None
    end = Head(last.seq, last.hash)
    ours = await vouched(scope, keys.signing.public_key(), last)
    header = header_text(
        scope.tenant, first.seq, before.record.hash if before else GENESIS, end, keys.signing, now, vouched=ours
    )
    text = header + "".join(record_text(one.record) for one in run)
    bundle.add(f"records/{first.seq}-{last.seq}.jsonl", text.encode())


def _case(case: Case) -> dict[str, Any]:
    names = (
        "reference", "channel", "number", "text", "state", "received_at", "forward_by", "answer_by", "tell_by", "answered_at",
        "answer",
    )  # fmt: skip
    return {name: getattr(case, name) for name in names}


def _plain(name: str) -> str:
    """A Call-ID as a part of a file name."""
    return "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in name)


def _json(value: Mapping[str, Any] | Sequence[Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, default=str) + "\n").encode()
