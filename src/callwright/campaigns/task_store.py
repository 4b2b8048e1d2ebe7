"""All SQL of tasks: the task itself, its history, its queue, and the scripts it speaks. The same statements on SQLite and PostgreSQL.

Whoever changes a task holds its row (`LOCK`) first; a claim takes the same lock, so that a pause that was committed is seen by the next claim.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)

from callwright.accounts.tables import company, own_number
from callwright.campaigns.tables import (
    attempt,
    call_result,
    lead,
    lead_list,
    line,
    script_version,
    task,
    task_event,
    task_lead,
    worker,
)
from callwright.compliance.record_store import RULES
from callwright.compliance.tables import (
    consent,
    decision_record,
    decision_rules,
    freeze,
    freeze_suspect,
    person,
    suppression,
)
from callwright.store.metadata import TENANT, Json, UtcTime

__all__ = [
    "ADD",
    "ADD_EVENT",
    "ADD_SCRIPT",
    "ATTEMPTS_OF_LEAD",
    "AUTHORS",
    "COMPANY",
    "COUNTS",
    "DUE",
    "EVENTS",
    "EXCLUDE_FROZEN",
    "EXCLUDE_NO_CONSENT",
    "EXCLUDE_SUPPRESSED",
    "FILL",
    "FIND",
    "FIND_COMPANY",
    "FIND_LINE",
    "FIND_LIST",
    "FIND_SCRIPT",
    "LAST_REFUSALS",
    "LEFT",
    "LIST",
    "LOCK",
    "LOOK",
    "NEWEST_SCRIPT",
    "NUMBERS",
    "OPEN_TASKS",
    "OUTCOMES",
    "OVER",
    "POSTPONE_FROZEN",
    "QUEUED",
    "RESULTS",
    "REVIEW_SCRIPT",
    "SCRIPTS",
    "SET",
    "SET_PLAN",
    "SET_VARIANT",
    "SUSPECTED",
    "TASK_LEAD",
    "UNSORTED",
    "WANTED",
    "WITHDRAW_SCRIPT",
    "WORKERS",
]  # fmt: skip

_TASK = bindparam("task", type_=BigInteger())
_NOW = bindparam("now", type_=UtcTime())
_LIST = bindparam("list", type_=BigInteger())
_COMPANY = bindparam("company", type_=BigInteger())
_DIGEST = bindparam("digest", type_=String())
_LEADS: BindParameter[int] = bindparam("leads", expanding=True)
OPEN_STATES = ("ready", "claimed", "dialling")

# ------------------------------------------------------------ the task

ADD = insert(task).returning(task.c.id)
FIND = select(task.c.id).where(task.c.tenant_id == TENANT, task.c.name == bindparam("name", type_=String()))
LOCK = select(task).where(task.c.tenant_id == TENANT, task.c.id == _TASK).with_for_update(key_share=True)
LOOK = (
    select(
        task, lead_list.c.name.label("list_name"), line.c.name.label("line_name"), line.c.max_calls, line.c.active.label("line_active"),
        line.c.blocked_until, line.c.blocked_reason, company.c.name.label("company_name"), company.c.vetted_at, company.c.vetted_until,
    )
    .join_from(task, lead_list, and_(lead_list.c.tenant_id == task.c.tenant_id, lead_list.c.id == task.c.list_id))
    .join(line, and_(line.c.tenant_id == task.c.tenant_id, line.c.id == task.c.line_id))
    .join(company, and_(company.c.tenant_id == task.c.tenant_id, company.c.id == task.c.company_id))
    .where(task.c.tenant_id == TENANT, task.c.id == _TASK)
)  # fmt: skip
LIST = (
    select(task.c.id, task.c.name, task.c.state, task.c.priority, task.c.active, task.c.dialled, task.c.state_reason)
    .where(task.c.tenant_id == TENANT)
    .order_by(task.c.id)
)
OPEN_TASKS = (
    select(task.c.id)
    .where(task.c.tenant_id == TENANT, task.c.state.in_(("scheduled", "running", "pausing")))
    .order_by(task.c.id)
)
WANTED = (
    select(task.c.plan, task.c.name)
    .where(task.c.tenant_id == TENANT, task.c.state.in_(("scheduled", "running")))
    .order_by(task.c.priority, task.c.id)
    .limit(100)
)
SET = (
    update(task)
    .where(task.c.tenant_id == TENANT, task.c.id == _TASK)
    .values(
        state=bindparam("new_state", type_=String()),
        state_reason=bindparam("new_reason", type_=String()),
        version=task.c.version + 1,
        approved_by=bindparam("new_approver", type_=String()),
        approved_at=bindparam("new_approved_at", type_=UtcTime()),
        opens_at=bindparam("new_opens", type_=UtcTime()),
        closes_at=bindparam("new_closes", type_=UtcTime()),
    )
)
SET_PLAN = (
    update(task)
    .where(task.c.tenant_id == TENANT, task.c.id == _TASK)
    .values(
        plan=bindparam("new_plan", type_=Json),
        priority=bindparam("new_priority", type_=Integer()),
        max_robots=bindparam("new_max", type_=Integer()),
        guaranteed_robots=bindparam("new_guaranteed", type_=Integer()),
        starts_at=bindparam("new_starts_at", type_=UtcTime()),
        not_after=bindparam("new_not_after", type_=UtcTime()),
        opens_at=bindparam("new_opens", type_=UtcTime()),
        closes_at=bindparam("new_closes", type_=UtcTime()),
        version=task.c.version + 1,
    )
)

ADD_EVENT = insert(task_event)
EVENTS = (
    select(task_event.c.at, task_event.c.by, task_event.c.change, task_event.c.detail)
    .where(task_event.c.tenant_id == TENANT, task_event.c.task_id == _TASK)
    .order_by(task_event.c.id)
)
AUTHORS = select(task_event.c.by).where(
    task_event.c.tenant_id == TENANT,
    task_event.c.task_id == _TASK,
    task_event.c.change.in_(("create", "change", "revise", "submit")),
)

# ------------------------------------------------------------ what it belongs to

FIND_COMPANY = select(company).where(
    company.c.tenant_id == TENANT, company.c.registration == bindparam("registration", type_=String())
)
COMPANY = select(company).where(company.c.tenant_id == TENANT, company.c.id == _COMPANY)
FIND_LIST = select(lead_list).where(
    lead_list.c.tenant_id == TENANT, lead_list.c.name == bindparam("name", type_=String())
)
FIND_LINE = select(line).where(line.c.tenant_id == TENANT, line.c.name == bindparam("name", type_=String()))
NUMBERS = select(func.count()).where(
    own_number.c.tenant_id == TENANT,
    own_number.c.pool == bindparam("pool", type_=String()),
    own_number.c.trunk == bindparam("trunk", type_=String()),
    own_number.c.state.in_(("active", "slowed")),
)
WORKERS = select(worker.c.name, worker.c.seen_at, worker.c.robots, worker.c.resting).where(worker.c.tenant_id == TENANT)

# ------------------------------------------------------------ scripts

ADD_SCRIPT = insert(script_version).returning(script_version.c.id)
_SCRIPT = select(script_version).where(script_version.c.tenant_id == TENANT)
FIND_SCRIPT = _SCRIPT.where(script_version.c.digest.startswith(_DIGEST))
SCRIPTS = _SCRIPT.order_by(script_version.c.script_id, script_version.c.submitted_at)
NEWEST_SCRIPT = (
    _SCRIPT.where(
        script_version.c.script_id == bindparam("script", type_=String()),
        script_version.c.reviewed_at.is_not(None),
        script_version.c.withdrawn_at.is_(None),
    )
    .order_by(
        script_version.c.reviewed_at.desc(), script_version.c.id.desc()
    )  # what was published last, be it an older text
    .limit(1)
)
REVIEW_SCRIPT = (
    update(script_version)
    .where(script_version.c.tenant_id == TENANT, script_version.c.digest == bindparam("whole", type_=String()))
    .values(reviewed_by=bindparam("reviewer", type_=String()), reviewed_at=_NOW)
)
WITHDRAW_SCRIPT = (
    update(script_version)
    .where(script_version.c.tenant_id == TENANT, script_version.c.digest == bindparam("whole", type_=String()))
    .values(withdrawn_at=_NOW, withdrawn_by=bindparam("withdrawer", type_=String()))
)

# ------------------------------------------------------------ the queue

_in_queue = exists().where(
    task_lead.c.tenant_id == TENANT, task_lead.c.task_id == _TASK, task_lead.c.lead_id == lead.c.id
)
_new: Select[tuple[object, ...]] = select(
    TENANT, _TASK, lead.c.id, lead.c.person_id, literal("ready"), literal(""), bindparam("due", type_=UtcTime()), lead.c.row, literal(0),
    bindparam("variant", type_=String()), literal(0), literal(""), null(), null(), null(),
).where(lead.c.tenant_id == TENANT, lead.c.list_id == _LIST, ~_in_queue)  # fmt: skip
FILL = insert(task_lead).from_select(
    ["tenant_id", "task_id", "lead_id", "person_id", "state", "reason", "due_at", "rank", "attempts", "variant", "fence", "last_disposition",
     "owner", "lease_until", "callback_at"],
    _new,
)  # fmt: skip

# Leads that were filled in and are not divided among the variants yet, with what the script may say about them.
UNSORTED = (
    select(task_lead.c.lead_id, lead.c.variables)
    .join_from(task_lead, lead, and_(lead.c.tenant_id == task_lead.c.tenant_id, lead.c.id == task_lead.c.lead_id))
    .where(
        task_lead.c.tenant_id == TENANT,
        task_lead.c.task_id == _TASK,
        task_lead.c.lead_id > bindparam("after", type_=BigInteger()),
        task_lead.c.variant == "",
    )
    .order_by(task_lead.c.lead_id)
    .limit(bindparam("room", type_=Integer()))
)
SET_VARIANT = (
    update(task_lead)
    .where(task_lead.c.tenant_id == TENANT, task_lead.c.task_id == _TASK, task_lead.c.lead_id.in_(_LEADS))
    .values(
        variant=bindparam("new_variant", type_=String()),
        state=bindparam("new_state", type_=String()),
        reason=bindparam("new_reason", type_=String()),
    )
)

_ready = and_(
    task_lead.c.tenant_id == TENANT,
    task_lead.c.task_id == _TASK,
    task_lead.c.state == "ready",
    task_lead.c.attempts == 0,
)
_suppressed = exists().where(
    suppression.c.tenant_id == TENANT,
    person.c.tenant_id == TENANT,
    person.c.id == task_lead.c.person_id,
    suppression.c.number_index == person.c.number_index,
)
_erased = exists().where(
    person.c.tenant_id == TENANT, person.c.id == task_lead.c.person_id, person.c.erased_at.is_not(None)
)
EXCLUDE_SUPPRESSED = (
    update(task_lead).where(_ready, or_(_suppressed, _erased)).values(state="excluded", reason="suppressed")
)
_agreed = exists().where(
    consent.c.tenant_id == TENANT,
    consent.c.person_id == task_lead.c.person_id,
    consent.c.revoked_at.is_(None),
    or_(consent.c.valid_until.is_(None), consent.c.valid_until > _NOW),
    or_(consent.c.company_id.is_(None), consent.c.company_id == _COMPANY),
    consent.c.basis.in_(bindparam("bases", expanding=True)),
)
EXCLUDE_NO_CONSENT = update(task_lead).where(_ready, ~_agreed).values(state="excluded", reason="no_consent")
_freezes = and_(
    freeze.c.tenant_id == TENANT,
    person.c.tenant_id == TENANT,
    person.c.id == task_lead.c.person_id,
    freeze.c.number_index == person.c.number_index,
    freeze.c.lifted_at.is_(None),
    or_(
        freeze.c.scope.in_(("tenant", "voice")),
        and_(freeze.c.scope == "company", freeze.c.scope_id == _COMPANY),
        and_(freeze.c.scope == "task", freeze.c.scope_id == _TASK),
    ),
)
_for_good = or_(freeze.c.until.is_(None), freeze.c.until >= bindparam("not_after", type_=UtcTime()))
EXCLUDE_FROZEN = (
    update(task_lead).where(_ready, exists().where(_freezes, _for_good)).values(state="excluded", reason="frozen")
)
_until = select(func.max(freeze.c.until)).where(_freezes, freeze.c.until > _NOW)
POSTPONE_FROZEN = (
    update(task_lead)
    .where(_ready, exists().where(_freezes, freeze.c.until > _NOW))
    .values(due_at=_until.scalar_subquery(), reason="frozen")
)

QUEUED = select(func.count()).where(task_lead.c.tenant_id == TENANT, task_lead.c.task_id == _TASK)
LEFT = QUEUED.where(task_lead.c.state.in_(OPEN_STATES))
OVER = (
    update(task_lead)
    .where(task_lead.c.tenant_id == TENANT, task_lead.c.task_id == _TASK, task_lead.c.state == "ready")
    .values(state="finished", reason="not_after")
)
COUNTS = (
    select(task_lead.c.state, task_lead.c.reason, func.count().label("n"))
    .where(task_lead.c.tenant_id == TENANT, task_lead.c.task_id == _TASK)
    .group_by(task_lead.c.state, task_lead.c.reason)
    .order_by(task_lead.c.state, func.count().desc())
)
DUE = select(
    func.count(case((task_lead.c.due_at <= _NOW, 1))).label("due"),
    func.count(case((task_lead.c.due_at > _NOW, 1))).label("later"),
    func.min(task_lead.c.due_at).label("next_due"),
).where(task_lead.c.tenant_id == TENANT, task_lead.c.task_id == _TASK, task_lead.c.state == "ready")
OUTCOMES = (
    select(attempt.c.disposition, func.count().label("n"), func.sum(attempt.c.talk_ms).label("talk_ms"))
    .where(attempt.c.tenant_id == TENANT, attempt.c.task_id == _TASK)
    .group_by(attempt.c.disposition)
    .order_by(func.count().desc())
)
RESULTS = (
    select(attempt.c.variant, attempt.c.disposition, call_result.c.grade, func.count().label("n"))
    .outerjoin_from(
        attempt,
        call_result,
        and_(call_result.c.tenant_id == attempt.c.tenant_id, call_result.c.attempt_id == attempt.c.id),
    )
    .where(attempt.c.tenant_id == TENANT, attempt.c.task_id == _TASK)
    .group_by(attempt.c.variant, attempt.c.disposition, call_result.c.grade)
)

# ------------------------------------------------------------ one lead

TASK_LEAD = (
    select(task_lead, lead.c.row)
    .join_from(task_lead, lead, and_(lead.c.tenant_id == task_lead.c.tenant_id, lead.c.id == task_lead.c.lead_id))
    .where(
        task_lead.c.tenant_id == TENANT,
        task_lead.c.task_id == _TASK,
        task_lead.c.lead_id == bindparam("lead", type_=BigInteger()),
    )
)
ATTEMPTS_OF_LEAD = (
    select(attempt.c.n, attempt.c.state, attempt.c.disposition, attempt.c.dialled_at)
    .where(
        attempt.c.tenant_id == TENANT,
        attempt.c.task_id == _TASK,
        attempt.c.lead_id == bindparam("lead", type_=BigInteger()),
    )
    .order_by(attempt.c.n)
)
LAST_REFUSALS = (
    select(decision_record.c.at, decision_record.c.body, decision_rules.c.text.label("rules"))
    .outerjoin(decision_rules, RULES)
    .where(
        decision_record.c.tenant_id == TENANT,
        decision_record.c.task_id == _TASK,
        decision_record.c.lead_id == bindparam("lead", type_=BigInteger()),
        decision_record.c.kind == "refusal",
    )
    .order_by(decision_record.c.seq.desc())
    .limit(1)
)
SUSPECTED = select(func.count()).where(
    freeze_suspect.c.tenant_id == TENANT,
    freeze_suspect.c.state == "waiting",
    freeze_suspect.c.number_index.in_(
        select(person.c.number_index).where(
            person.c.tenant_id == TENANT, person.c.id == bindparam("person", type_=BigInteger())
        )
    ),
)
