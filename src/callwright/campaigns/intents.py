"""What the gate writes: records, dial intents with their leases and the use of consents, refusals. All of it in the transaction that decided,
in the order of locks; the INVITE may leave once that is committed.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Row

from callwright.campaigns import dispatch_store as rows
from callwright.campaigns import lease_store as leases
from callwright.campaigns.claims import Claimed
from callwright.campaigns.consequences import write_freezes
from callwright.campaigns.events import post_many
from callwright.campaigns.facts import Known, Version
from callwright.campaigns.model import Plan
from callwright.campaigns.own_numbers import OwnNumber
from callwright.campaigns.retry import Next, refused
from callwright.campaigns.terms import Terms
from callwright.campaigns.verdicts import local_day
from callwright.compliance.decision import Decision, Permit
from callwright.compliance.facts import ConsentFacts, DialFacts
from callwright.compliance.record_store import lock_end, seal
from callwright.compliance.records import Head, NewRecord
from callwright.store.crypto import TenantKeys
from callwright.store.scope import Changes, Scope
from callwright.values import quick

__all__ = [
    "Case",
    "Charge",
    "Dial",
    "Refused",
    "Veto",
    "attempt_id",
    "lead_row",
    "permitted",
    "record",
    "why",
    "write",
    "written",
]


@dataclass(frozen=True, slots=True)
class Dial:
    """A call that may be placed now. attempt: its Call-ID; variables: what the script may say; ring_s, trunk: how; zones: of the person."""

    attempt: str
    permit: Permit
    person_id: int
    owner: str
    fence: int
    script_version: int
    digest: str
    variables: Mapping[str, str] = field(repr=False)
    trunk: str
    ring_s: float
    task_id: int | None = None
    lead_id: int | None = None
    variant: str = ""
    origin: str = "task"
    record: str = ""
    zones: tuple[str, ...] = ()


@quick(frozen=True, slots=True)
class Refused:
    """A call that is not placed. reason: the first rule that refuses (`lost` = the lead was no longer ours: nothing was written), with its
    pack and what it says about this call."""

    lead_id: int | None
    person_id: int
    reason: str
    next_allowed_at: datetime | None = None
    record: str = ""
    pack: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Veto:
    """What stands against a lead besides the rules: the customer's pre-dial webhook said no. retry_at: None = not in this task."""

    reason: str
    retry_at: datetime | None = None


@dataclass(slots=True)
class Case:
    """One lead on its way through the gate. inputs: digest of the facts."""

    one: Known
    facts: DialFacts
    decision: Decision
    version: Version | None
    own: OwnNumber | None
    inputs: str
    claimed: Claimed | None = None
    veto: Veto | None = None
    attempt: str = ""
    record: str = ""

    @property
    def allowed(self) -> bool:
        return self.decision.allow and self.veto is None and self.version is not None and self.own is not None


class Charge(Protocol):
    """Who counts the calls that begin: task, line, and the state of their leads."""

    async def granted(self, want: int) -> int:
        """How many of so many calls may begin; what it looks at stays locked. Asked once the end of the chain of records is."""

    def changes(self, dialled: Sequence[int | None], stopped: int) -> Sequence[Changes]:
        """What is to be written with the intents. dialled: the leads; stopped: how many were refused."""


async def write(
    scope: Scope,
    keys: TenantKeys,
    terms: Terms,
    task: Row[Any],
    plan: Plan,
    cases: Sequence[Case],
    charge: Charge,
    now: datetime,
) -> dict[int | None, Dial | Refused]:
    """Everything that was decided, in the order of locks; the answers by lead. Of more calls than `charge` grants the last are left as they
    are: nothing is written about them, and they have no answer."""
    stopped = [case for case in cases if not case.allowed]
    settled: list[dict[str, Any]] = []
    told: list[dict[str, Any]] = []
    for case in stopped:
        following = after_refusal(plan, case, now)
        settled.append(lead_row(task.task_id, case.one.lead_id or 0, following))
        told.append(_filtered(task.task_id, case, following))
    await scope.together((rows.SET_LEADS, settled))
    due = [(case.one.number, "", freeze) for case in stopped for freeze in case.decision.due]
    await write_freezes(scope, keys, due, now)
    dialled = [case for case in cases if case.allowed]
    end = await lock_end(scope, keys)
    if (most := await charge.granted(len(dialled))) < len(dialled):
        left = {id(case) for case in dialled[most:]}
        dialled, cases = dialled[:most], [case for case in cases if id(case) not in left]
    records = await record(scope, keys, cases, task.task_id, task.company_id, now, end)
    attempts = written(dialled, task.line_id, now + terms.lease, now)
    await scope.together(*records, *attempts, *charge.changes([case.one.lead_id for case in dialled], len(stopped)))
    if told:
        await post_many(scope, keys, "lead.filtered", told, now, [case.one.index for case in stopped])
    answers: dict[int | None, Dial | Refused] = {}
    for case in dialled:
        answers[case.one.lead_id] = permitted(case, task.trunk, plan.ring_s, task.task_id)
    for case in stopped:
        answers[case.one.lead_id] = Refused(
            case.one.lead_id, case.one.person_id, why(case), case.decision.next_allowed_at, case.record
        )
    return answers


def lead_row(task: int, lead: int, following: Next, disposition: str | None = None) -> dict[str, Any]:
    """A row for SET_LEADS: what follows for a lead."""
    return {
        "of_task": task, "of_lead": lead, "new_state": following.state, "new_reason": following.reason[:64], "new_due": following.due_at,
        "new_disposition": disposition, "new_callback": following.due_at if following.reason == "callback" else None,
    }  # fmt: skip


def why(case: Case) -> str:
    """The first thing that stands against the call."""
    refusals = case.decision.refusals
    if refusals:
        return refusals[0].rule
    return case.veto.reason if case.veto is not None else "script"


def after_refusal(plan: Plan, case: Case, now: datetime) -> Next:
    """What becomes of a lead that was not dialled."""
    if not case.decision.allow:
        return refused(plan, case.decision.next_allowed_at, why(case), now)
    if case.veto is not None:
        return refused(plan, case.veto.retry_at, "pre_dial", now)
    return refused(plan, None, "script", now)


def _filtered(task: int, case: Case, following: Next) -> dict[str, Any]:
    return {
        "task": task, "lead": case.one.lead_id, "reason": why(case), "state": following.state,
        "next_allowed_at": None if following.due_at is None else following.due_at.isoformat(),
    }  # fmt: skip


def attempt_id(now: datetime, random: bytes) -> str:
    """The id of an attempt, 32 hex digits: milliseconds since 1970 (48 bits), then 80 bits that nobody can guess, as its INVITE bears it as
    Call-ID (RFC 3261, 8.1.1.4). Ids that come in the order of time are added at the end of an index, and not all over it."""
    return f"{int(now.timestamp() * 1000):012x}{random.hex()}"


async def record(
    scope: Scope,
    keys: TenantKeys,
    cases: Sequence[Case],
    task: int | None,
    company: int | None,
    now: datetime,
    end: Head | None = None,
) -> Sequence[Changes]:
    """Decision records of all cases, still to be written; each case that may dial gets its attempt's name, each its record's. end: where the
    chain ends, when this transaction has locked it (`lock_end`)."""
    entries = []
    for case in cases:
        if case.allowed:
            case.attempt = attempt_id(now, secrets.token_bytes(10))
        because = "" if not case.decision.allow or case.allowed else "pre_dial" if case.veto is not None else "script"
        entries.append(
            NewRecord(
                "dial" if case.allowed else "refusal",
                now,
                case.decision,
                case.inputs,
                case.one.person_id,
                task,
                case.one.lead_id,
                case.attempt or None,
                company,
                case.version.id if case.version is not None else None,
                case.own.id if case.own is not None else None,
                evidence(case.one.consents, now),
                because,
            )
        )
    sealed, changes = await seal(scope, keys, entries, end)
    for case, kept in zip(cases, sealed, strict=True):
        case.record = f"{kept.seq}"
    return changes


def evidence(consents: Sequence[ConsentFacts], now: datetime) -> dict[str, str | int]:
    """What the decision rests on: the consents that are in force, with their proofs."""
    found: dict[str, str | int] = {}
    for at, consent in enumerate(in_force(consents, now), start=1):
        found[f"consent_{at}"] = consent.id or 0
        if consent.evidence:
            found[f"proof_{at}"] = consent.evidence
    return found


def in_force(consents: Sequence[ConsentFacts], now: datetime) -> list[ConsentFacts]:
    """Those that are neither revoked nor over."""
    return [
        consent
        for consent in consents
        if (consent.revoked_at is None or consent.revoked_at > now)
        and (consent.valid_until is None or consent.valid_until > now)
    ]


def written(
    cases: Sequence[Case],
    line: int,
    lease_until: datetime,
    now: datetime,
    origin: str = "",
    owner: str = "",
) -> Sequence[Changes]:
    """The dial intents of one worker and one task (or none), that it is at them, and the use of the consents they rest on, still to be
    written."""
    attempts, held, uses = [], [], []
    holders = {owner if case.claimed is None else case.claimed.owner for case in cases}
    for case in cases:
        claimed = case.claimed
        attempts.append(
            {
                "id": case.attempt, "lead_id": case.one.lead_id, "person_id": case.one.person_id,
                "n": claimed.attempts + 1 if claimed is not None else 1,
                "origin": origin or ("callback" if claimed is not None and claimed.callback else "task"),
                "own_number": case.facts.caller, "script_version_id": case.version.id if case.version is not None else None,
                "variant": claimed.variant if claimed is not None else "", "record_seq": int(case.record),
                "fence": claimed.fence if claimed is not None else 0, "local_day": local_day(case.one.zones, now),
            }
        )  # fmt: skip
        held.append({"attempt_id": case.attempt})
        uses += [
            {"consent_id": consent.id, "attempt_id": case.attempt}
            for consent in in_force(case.one.consents, now)
            if consent.id is not None
        ]
    if not cases:
        return ()
    (holder,) = holders
    same = {
        "task_id": cases[0].facts.task_id, "state": "dialling", "line_id": line, "owner": holder, "dialled_at": now, "disposition": "",
        "counts": True, "talk_ms": 0, "cause": "", "reconciled": "",
    }  # fmt: skip
    return (
        (rows.ADD_ATTEMPTS, attempts, same),
        (leases.ADD_LEASES, held, {"owner": holder, "until": lease_until}),
        (rows.ADD_USES, uses, {"used_at": now}),
    )


def permitted(case: Case, trunk: str, ring_s: float, task: int | None, origin: str = "task", owner: str = "") -> Dial:
    """What the worker gets: only an allowing decision makes a permit."""
    claimed, version = case.claimed, case.version
    assert version is not None
    return Dial(
        case.attempt,
        case.decision.permit(),
        case.one.person_id,
        claimed.owner if claimed is not None else owner,
        claimed.fence if claimed is not None else 0,
        version.id,
        version.digest,
        case.one.variables,
        trunk,
        ring_s,
        task,
        case.one.lead_id,
        claimed.variant if claimed is not None else "",
        "callback" if claimed is not None and claimed.callback else origin,
        case.record,
        tuple(case.one.zones or ()),
    )
