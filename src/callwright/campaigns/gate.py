"""The gate: one transaction that looks at everything again and writes the dial, or its refusal, before anything rings.

In this order, and locked in this order: task (running, open?), leads (still ours?), persons, their facts, the decision, our own number, the
record, the attempt, the counters. The INVITE may leave once this transaction is committed, by the Permit that comes out of it; whoever crashes
in between leaves an attempt that is never repeated by itself.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from callwright.campaigns import dispatch_store as rows
from callwright.campaigns import lease_store as leases
from callwright.campaigns.claims import Claimed
from callwright.campaigns.consequences import write_freezes
from callwright.campaigns.events import post_many
from callwright.campaigns.facts import Concern, Known, Version, dial_facts, gather_all, house_facts
from callwright.campaigns.model import Plan
from callwright.campaigns.own_numbers import OwnNumber, pick
from callwright.campaigns.retry import Next, refused
from callwright.campaigns.terms import Terms
from callwright.campaigns.variants import assign, share_of
from callwright.campaigns.verdicts import Alike, judged_alike, local_day, refused_because
from callwright.compliance.decision import Decision, Permit
from callwright.compliance.facts import ConsentFacts, DialFacts
from callwright.compliance.record_store import seal
from callwright.compliance.records import NewRecord
from callwright.store.crypto import TenantKeys
from callwright.store.scope import Changes, Scope
from callwright.values import quick

__all__ = ["Dial", "Refused", "Veto", "attempt_id", "dial", "own_numbers"]

_NO_NUMBER_WAIT = timedelta(minutes=5)


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


async def dial(
    scope: Scope,
    keys: TenantKeys,
    terms: Terms,
    claimed: Sequence[Claimed],
    now: datetime,
    vetoes: Mapping[int, Veto] | None = None,
) -> list[Dial | Refused]:
    """Decide about leads that were claimed (of one task, by one worker) and write it down; in their order. vetoes: by lead.

    Raises:
        ValueError: the leads are of different tasks or workers, or a record would tell a number; nobody is dialled.
        DamagedError: a number cannot be opened.
    """
    if not claimed:
        return []
    first = claimed[0]
    if any((one.task_id, one.owner) != (first.task_id, first.owner) for one in claimed):
        raise ValueError("one batch is of one task and one worker")
    leads = [one.lead_id for one in claimed]
    who = await scope.all(rows.LOCK_CLAIMED, task=first.task_id, leads=leads, owner=first.owner)
    fences = {one.lead_id: one for one in claimed}
    mine = [row for row in who if row.fence == fences[row.lead_id].fence]
    answers: dict[int | None, Dial | Refused] = {}
    if mine:
        task = mine[0]
        closed = _closed(task, now)
        if closed is not None:
            await _give_back(scope, task, [row.lead_id for row in mine], closed)
            answers = {row.lead_id: Refused(row.lead_id, row.person_id, closed) for row in mine}
        else:
            plan = await terms.plans.of(scope, first.task_id, task.version)
            cases = await _cases(scope, keys, terms, task, plan, mine, fences, vetoes or {}, now)
            answers = await _write(scope, keys, terms, task, plan, cases, now)
    return [answers.get(one.lead_id) or Refused(one.lead_id, one.person_id, "lost") for one in claimed]


def _closed(task: Row[Any], now: datetime) -> str | None:
    """Why the task may not dial now, None = it may."""
    if task.suspended:
        return "suspended"
    if task.state != "running":
        return "not_running"
    if task.opens_at is None or task.closes_at is None or not task.opens_at <= now < task.closes_at:
        return "closed"
    if (task.not_after is not None and now >= task.not_after) or (task.starts_at is not None and now < task.starts_at):
        return "closed"
    return "line_blocked" if task.blocked_until is not None and now < task.blocked_until else None


async def _give_back(scope: Scope, task: Row[Any], leads: Sequence[int], reason: str) -> None:
    """Nothing was decided about these leads: they are due as before."""
    each = [_lead_row(task.task_id, lead, Next("ready", reason)) for lead in leads]
    await scope.run(rows.SET_LEADS, each)
    await _release(scope, task.task_id, task.line_id, len(leads))


async def _release(scope: Scope, task: int, line: int, fewer: int) -> None:
    """The counters of what was claimed."""
    if fewer:
        await scope.together(
            (rows.MOVE_TASK, [_moved(task, fewer)]), (rows.RELEASE_LINE, [{"line": line, "fewer": fewer}])
        )


def _moved(task: int, fewer: int, dialled: int = 0) -> dict[str, Any]:
    return {"task": task, "fewer": fewer, "dialled_more": dialled, "cost": 0}


def _lead_row(task: int, lead: int, following: Next, disposition: str | None = None) -> dict[str, Any]:
    return {
        "of_task": task, "of_lead": lead, "new_state": following.state, "new_reason": following.reason[:64], "new_due": following.due_at,
        "new_disposition": disposition, "new_callback": following.due_at if following.reason == "callback" else None,
    }  # fmt: skip


# ------------------------------------------------------------ deciding


async def _cases(
    scope: Scope,
    keys: TenantKeys,
    terms: Terms,
    task: Row[Any],
    plan: Plan,
    mine: Sequence[Row[Any]],
    fences: Mapping[int, Claimed],
    vetoes: Mapping[int, Veto],
    now: datetime,
) -> list[Case]:
    digests = [share.digest for share in plan.scripts if share.digest]
    found = await gather_all(scope, keys, mine, now, digests, plan.numbers, task.trunk)
    scripts, numbers = found.scripts, await with_use(scope, found.numbers, now)
    concern = Concern(
        house_facts(task),
        plan.ring_s,
        {"robots": "robot"}.get(plan.transfer.mode, plan.transfer.mode),
        task.task_id,
        frozenset(number.number for number in numbers if number.verified),
    )
    begun = terms.monotonic()
    alike: dict[object, Alike] = {}
    cases = []
    for one in found.known:
        claimed = fences[one.lead_id or 0]
        share = share_of(plan, claimed.variant) or share_of(plan, assign(plan, str(task.task_id), claimed.lead_id))
        version = scripts.get(share.digest or "") if share is not None else None
        case = decided(terms, concern, one, version, numbers, now, plan, begun, alike)
        case.claimed, case.veto = claimed, vetoes.get(claimed.lead_id)
        if case.allowed and case.own is not None:
            case.own.used(now)
        cases.append(case)
    return cases


def decided(
    terms: Terms,
    concern: Concern,
    one: Known,
    version: Version | None,
    numbers: Sequence[OwnNumber],
    now: datetime,
    plan: Plan | None,
    begun: float,
    alike: dict[object, Alike] | None = None,
) -> Case:
    """The decision about one person. alike: see `judged_alike`. Pure but for the watch that tells how long it takes."""
    local_first = plan is None or plan.local_first
    own = pick(numbers, one.number, one.country, concern.company.id, now, local_first=local_first)
    facts = dial_facts(concern, one, version, own.number if own is not None else "")
    per_30_days = version.spoken.per_30_days if version is not None and version.spoken is not None else None
    inputs = ""
    if own is None:
        decision = refused_because(facts, "own-number", "no number of ours may be shown now", now, _NO_NUMBER_WAIT)
    else:
        decision, inputs = judged_alike(
            terms.decide, terms.packs, facts, one, plan.caps if plan is not None else None, per_30_days, now,
            {} if alike is None else alike,
        )  # fmt: skip
    if terms.monotonic() - begun > terms.patience_s:
        decision = refused_because(facts, "rules-slow", "the rules took too long", now, _NO_NUMBER_WAIT)
    return Case(one, facts, decision, version, own, inputs or facts.digest())


async def own_numbers(scope: Scope, pool: str, trunk: str, now: datetime) -> list[OwnNumber]:
    """The numbers of a pool that this trunk may show."""
    return await with_use(scope, await scope.all(rows.OWN_NUMBERS, pool=pool, trunk=trunk), now)


async def with_use(scope: Scope, found: Sequence[Row[Any]], now: datetime) -> list[OwnNumber]:
    """Rows of OWN_NUMBERS, with the calls of today of those that have a limit (these are locked)."""
    numbers = [
        OwnNumber(
            row.id, row.number, row.region, row.state, row.company_id, row.max_per_day, row.verified_at is not None
        )
        for row in found
    ]
    counted = [number for number in numbers if number.counted]
    if counted:
        await scope.all(rows.LOCK_OWN_NUMBERS, ids=[number.id for number in counted])
        use = await scope.all(
            rows.OWN_NUMBER_USE, numbers=[number.number for number in counted], since=now - timedelta(days=1)
        )
        by_number = {row.own_number: row for row in use}
        for number in counted:
            row = by_number.get(number.number)
            if row is not None:
                number.calls, number.last_at = int(row.calls), row.last_at
    return numbers


# ------------------------------------------------------------ writing


async def _write(
    scope: Scope, keys: TenantKeys, terms: Terms, task: Row[Any], plan: Plan, cases: Sequence[Case], now: datetime
) -> dict[int | None, Dial | Refused]:
    """Everything that was decided, in the order of locks."""
    dialled = [case for case in cases if case.allowed]
    stopped = [case for case in cases if not case.allowed]
    answers: dict[int | None, Dial | Refused] = {}
    settled: list[dict[str, Any]] = []
    told: list[dict[str, Any]] = []
    for case in stopped:
        following = after_refusal(plan, case, now)
        settled.append(_lead_row(task.task_id, case.one.lead_id or 0, following))
        told.append(_filtered(task.task_id, case, following))
    await scope.together((rows.SET_LEADS, settled))
    due = [(case.one.number, "", freeze) for case in stopped for freeze in case.decision.due]
    await write_freezes(scope, keys, due, now)
    records = await record(scope, keys, cases, task.task_id, task.company_id, now)
    attempts = written(dialled, task.line_id, now + terms.lease, now)
    begun = [case.one.lead_id for case in dialled]
    await scope.together(
        *records,
        *attempts,
        (rows.DIALLING, [{"task": task.task_id, "leads": begun}] if dialled else ()),
        (rows.MOVE_TASK, [_moved(task.task_id, len(stopped), len(dialled))]),
        (rows.RELEASE_LINE, [{"line": task.line_id, "fewer": len(stopped)}] if stopped else ()),
    )
    if told:
        await post_many(scope, keys, "lead.filtered", told, now, [case.one.index for case in stopped])
    for case in dialled:
        answers[case.one.lead_id] = permitted(case, task.trunk, plan.ring_s, task.task_id)
    for case in stopped:
        answers[case.one.lead_id] = Refused(
            case.one.lead_id, case.one.person_id, why(case), case.decision.next_allowed_at, case.record
        )
    return answers


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
    scope: Scope, keys: TenantKeys, cases: Sequence[Case], task: int | None, company: int | None, now: datetime
) -> Sequence[Changes]:
    """Decision records of all cases, still to be written; each case that may dial gets its attempt's name, each its record's."""
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
    sealed, changes = await seal(scope, keys, entries)
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
