"""What is done with tasks: make one, have it approved, start, pause, change and end it. Each function runs within the caller's transaction.

Every change locks the task first, goes through `states.move`, raises the version, and is written into the history. Nothing here dials.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from callwright.campaigns import events, hints, queueing
from callwright.campaigns import task_store as rows
from callwright.campaigns.model import Plan, ScriptShare, TaskState, plan_from
from callwright.campaigns.plan import TaskFile
from callwright.campaigns.schedule import opening
from callwright.campaigns.scripts import Version, find
from callwright.campaigns.states import ENDS, SYSTEM, Action, Guard, Move, move
from callwright.errors import Problem, TaskError
from callwright.store.crypto import TenantKeys
from callwright.store.scope import Scope

__all__ = [
    "FREELY_CHANGED", "Changed", "ask", "change_plan", "create", "history", "listing", "named", "pinned", "plan_of", "settle",
]  # fmt: skip

FREELY_CHANGED = frozenset(
    (
        "robots",
        "calls_per_second",
        "burst",
        "priority",
        "ring_s",
        "numbers",
        "local_first",
        "budget",
        "transfer",
        "breaker",
    )
)
"""Parts of a plan that say how fast a task calls, not whom, when, how often or with which words: changing them needs no new approval."""


@dataclass(frozen=True, slots=True)
class Changed:
    """parts: what is different now; review: those of them that need a new approval; state: of the task after the change."""

    parts: tuple[str, ...]
    review: tuple[str, ...]
    state: TaskState


async def create(scope: Scope, file: TaskFile, by: str, now: datetime) -> int:
    """A new task in the state `draft`. Its scripts are pinned: to the named version, or to the newest reviewed one.

    Raises:
        TaskError: the name is taken, or company, list, line, own numbers or scripts are missing: every reason.
    """
    _somebody(by)
    problems: list[Problem] = []
    if await scope.value(rows.FIND, name=file.name) is not None:
        problems.append(
            Problem("name-taken", f"there is a task `{file.name}` already", hint="Give this one another name.")
        )
    company = await scope.first(rows.FIND_COMPANY, registration=file.company)
    if company is None:
        hint = "Write its registration number as in: callwright company list."
        problems.append(Problem("unknown-company", f"no company has the registration number {file.company}", hint=hint))
    people = await scope.first(rows.FIND_LIST, name=file.list_)
    problems += _list_problems(file.list_, people)
    line = await scope.first(rows.FIND_LINE, name=file.line)
    problems += await _line_problems(scope, file, line)
    plan, missing = await _pin(scope, file.plan)
    problems += missing
    if problems or company is None or people is None or line is None:
        raise TaskError(problems)
    task = await scope.value(
        rows.ADD, name=file.name, state="draft", state_reason="", company_id=company.id, list_id=people.id, line_id=line.id,
        created_by=by, created_at=now, version=1, **_columns(plan),
    )  # fmt: skip
    await _note(scope, task, now, by, "create", {"list": file.list_, "scripts": _digests(plan)})
    return int(task)


async def ask(
    scope: Scope,
    keys: TenantKeys,
    task: int,
    action: Action,
    by: str,
    now: datetime,
    *,
    why: str = "",
    version: int | None = None,
) -> Move:
    """Move a task. `start` fills the queue from the list first; `pause` holds from the next claim on.

    Args:
        version: the one that was looked at, None = whatever it is now.

    Raises:
        TaskError: not possible now, with each reason; or somebody else changed the task meanwhile.
    """
    row = await _locked(scope, task)
    _same(row, version)
    plan = plan_from(row.plan)
    done = move(row.state, action, by, now, await _guard(scope, row, plan, now), why)
    if action == "start":
        people = await scope.first(rows.FIND_LIST, name=await _list_name(scope, task))
        problems = _list_problems("of the task", people)
        if problems:
            raise TaskError(problems)
        await queueing.fill(scope, keys, row, plan, await pinned(scope, plan), now)
    await _moved(scope, keys, row, plan, done, now)
    return done


async def change_plan(
    scope: Scope, keys: TenantKeys, task: int, plan: Plan, version: int, by: str, now: datetime
) -> Changed:
    """Give a task another plan. What needs approval (see FREELY_CHANGED) takes it back to `draft`; the rest holds from the next claim on.

    Raises:
        TaskError: changed meanwhile, over, no such script, or it calls now and the change needs approval (pause it first).
    """
    _somebody(by)
    row = await _locked(scope, task)
    _same(row, version)
    if row.state in ENDS:
        raise TaskError(Problem("wrong-state", f"a task that is {row.state} is not changed", hint="Make a new one."))
    old = plan_from(row.plan)
    pinned_plan, problems = await _pin(scope, plan)
    if problems:
        raise TaskError(problems)
    parts = tuple(name for name in Plan.model_fields if getattr(old, name) != getattr(pinned_plan, name))
    if not parts:
        return Changed((), (), row.state)
    review = tuple(name for name in parts if name not in FREELY_CHANGED)
    if review:
        done = move(row.state, "revise", by, now, await _guard(scope, row, old, now))
    found = opening(pinned_plan, now)
    await scope.run(
        rows.SET_PLAN, task=task, new_opens=found and found.opens_at, new_closes=found and found.closes_at,
        **{_NEW[name]: value for name, value in _columns(pinned_plan).items()},
    )  # fmt: skip
    await _note(scope, task, now, by, "change", {"parts": parts, "scripts": _digests(pinned_plan)})
    await hints.tell(scope)
    if review and row.state != "draft":
        await _moved(scope, keys, row, pinned_plan, done, now)
    return Changed(parts, review, "draft" if review else row.state)


async def settle(scope: Scope, keys: TenantKeys, now: datetime) -> Sequence[tuple[int, Move]]:
    """What happens by itself: a scheduled task begins, a pausing one with no call under way is paused, one with nothing left is done.

    Workers call it every few seconds; it may run at several places at once.
    """
    moves = []
    for each in await scope.all(rows.OPEN_TASKS):
        row = await _locked(scope, each.id)
        action, why = await _by_itself(scope, row, now)
        if action is None:
            continue
        try:
            moves.append((each.id, await ask(scope, keys, each.id, action, SYSTEM, now, why=why)))
        except TaskError as error:
            reason = "; ".join(problem.message for problem in error.problems)[:300]
            if reason != row.state_reason:
                await _set(scope, row, row.state, reason, (row.opens_at, row.closes_at))
                await _note(scope, each.id, now, SYSTEM, "held", {"why": reason})
    return moves


async def _by_itself(scope: Scope, row: Row[Any], now: datetime) -> tuple[Action | None, str]:
    if row.state == "scheduled" and row.starts_at is not None and row.starts_at <= now:
        return "start", "its time has come"
    if row.state == "pausing" and row.active == 0:
        return "drained", row.state_reason
    if row.state == "running" and row.active == 0:
        if row.not_after is not None and row.not_after <= now:
            await scope.run(rows.OVER, task=row.id)
            return "finish", "not_after is over"
        if await scope.value(rows.LEFT, task=row.id) == 0:
            return "finish", "nothing is left"
    return None, ""


# ------------------------------------------------------------ looking


async def named(scope: Scope, name: str) -> int:
    """The id of a task by its name, or by its number.

    Raises:
        TaskError: there is no such task.
    """
    found = await scope.value(rows.FIND, name=name)
    if found is None and name.isdigit():
        row = await scope.first(rows.LOOK, task=int(name))
        found = None if row is None else row.id
    if found is None:
        raise TaskError(Problem("unknown-task", f"there is no task `{name}`", hint="See them: callwright task list."))
    return int(found)


async def listing(scope: Scope) -> Sequence[Row[Any]]:
    """id, name, state, state_reason, priority, active, dialled of every task."""
    return await scope.all(rows.LIST)


async def history(scope: Scope, task: int) -> Sequence[Row[Any]]:
    """at, by, change, detail: everything that was done with a task, oldest first."""
    return await scope.all(rows.EVENTS, task=task)


async def plan_of(scope: Scope, task: int) -> tuple[Row[Any], Plan]:
    """The task with the names of what it belongs to, and its plan.

    Raises:
        TaskError: no such task, or its plan cannot be read.
    """
    row = await scope.first(rows.LOOK, task=task)
    if row is None:
        raise TaskError(Problem("unknown-task", f"there is no task {task}", hint="See them: callwright task list."))
    return row, plan_from(row.plan)


async def pinned(scope: Scope, plan: Plan) -> Mapping[str, Version]:
    """The script version of each variant, as it stands now; a variant whose version is gone is missing."""
    found = {}
    for share in plan.scripts:
        try:
            found[share.name] = await find(scope, share.digest or "")
        except TaskError:
            continue
    return found


# ------------------------------------------------------------ parts


async def _locked(scope: Scope, task: int) -> Row[Any]:
    row = await scope.first(rows.LOCK, task=task)
    if row is None:
        raise TaskError(Problem("unknown-task", f"there is no task {task}", hint="See them: callwright task list."))
    return row


def _same(row: Row[Any], version: int | None) -> None:
    if version is not None and row.version != version:
        hint = "Look at it again: callwright task show."
        message = f"somebody changed the task meanwhile: it is version {row.version}, not {version}"
        raise TaskError(Problem("changed-meanwhile", message, hint=hint))


async def _guard(scope: Scope, row: Row[Any], plan: Plan, now: datetime) -> Guard:
    company = await scope.first(rows.COMPANY, company=row.company_id)
    vetted = company is not None and company.vetted_at is not None
    versions = await pinned(scope, plan)
    return Guard(
        authors=frozenset(one.by for one in await scope.all(rows.AUTHORS, task=row.id)),
        vetted_until=company.vetted_until if company is not None and vetted else None,
        reviewed=len(versions) == len(plan.scripts) and all(one.usable for one in versions.values()),
        active=row.active,
        left=await scope.value(rows.LEFT, task=row.id),
        not_after=plan.not_after,
        starts_at=plan.starts_at,
    )


async def _moved(scope: Scope, keys: TenantKeys, row: Row[Any], plan: Plan, done: Move, now: datetime) -> None:
    found = opening(plan, now)
    approved = (row.approved_by, row.approved_at)
    if done.action == "approve":
        approved = (done.by, now)
    elif done.after in ("draft", "in_review"):
        approved = (None, None)
    span = (found.opens_at, found.closes_at) if found is not None else (None, None)
    await _set(scope, row, done.after, done.why[:300], span, approved)
    await _note(scope, row.id, now, done.by, done.action, {"from": done.before, "to": done.after, "why": done.why})
    if done.before != done.after:
        body = {"task": row.id, "name": row.name, "from": done.before, "to": done.after, "by": done.by, "why": done.why}
        await events.post(scope, keys, "task.state", body, now)
        await hints.tell(scope)


async def _set(
    scope: Scope,
    row: Row[Any],
    state: str,
    reason: str,
    span: tuple[datetime | None, datetime | None],
    approved: tuple[str | None, datetime | None] | None = None,
) -> None:
    by, at = approved if approved is not None else (row.approved_by, row.approved_at)
    await scope.run(
        rows.SET, task=row.id, new_state=state, new_reason=reason, new_approver=by, new_approved_at=at, new_opens=span[0], new_closes=span[1]
    )  # fmt: skip


async def _note(scope: Scope, task: int, now: datetime, by: str, change: str, detail: Mapping[str, Any]) -> None:
    await scope.run(rows.ADD_EVENT, task_id=task, at=now, by=by, change=change, detail=dict(detail))


async def _pin(scope: Scope, plan: Plan) -> tuple[Plan, list[Problem]]:
    """The plan with the whole digest of each script."""
    shares: list[ScriptShare] = []
    problems: list[Problem] = []
    for share in plan.scripts:
        if share.digest is None:
            row = await scope.first(rows.NEWEST_SCRIPT, script=share.script)
            digest, script = (None, None) if row is None else (row.digest, row.script_id)
        else:
            found = await scope.all(rows.FIND_SCRIPT, digest=share.digest)
            digest, script = (found[0].digest, found[0].script_id) if len(found) == 1 else (None, None)
        if digest is None or script != share.script:
            which = f"version {share.digest}" if share.digest else "reviewed version"
            hint = "Hand it in: callwright script submit FILE; then somebody else: callwright script review."
            problems.append(Problem("unknown-script", f"there is no {which} of the script `{share.script}`", hint=hint))
        else:
            shares.append(share.model_copy(update={"digest": digest}))
    return plan.model_copy(update={"scripts": tuple(shares)}) if not problems else plan, problems


def _list_problems(name: str, row: Row[Any] | None) -> list[Problem]:
    if row is None:
        return [Problem("unknown-list", f"there is no list {name}", hint="Import it: callwright leads import.")]
    if row.state != "ready":
        return [Problem("list-not-ready", f"the list {row.name} is {row.state}", hint="Import it to its end first.")]
    return []


async def _line_problems(scope: Scope, file: TaskFile, row: Row[Any] | None) -> list[Problem]:
    if row is None:
        hint = "Make it known with its limits: callwright task lines FILE."
        return [Problem("unknown-line", f"there is no line {file.line}", hint=hint)]
    if not await scope.value(rows.NUMBERS, pool=file.numbers, trunk=file.line):
        message = f"the line {file.line} has no own number in the pool {file.numbers}"
        return [Problem("no-own-number", message, hint="Make one known: callwright task lines FILE.")]
    return []


async def _list_name(scope: Scope, task: int) -> str:
    row, _ = await plan_of(scope, task)
    return str(row.list_name)


def _columns(plan: Plan) -> dict[str, Any]:
    return {
        "plan": plan.model_dump(mode="json"),
        "priority": plan.priority,
        "max_robots": plan.robots.max,
        "guaranteed_robots": plan.robots.guaranteed,
        "starts_at": plan.starts_at,
        "not_after": plan.not_after,
    }


_NEW = {
    "plan": "new_plan", "priority": "new_priority", "max_robots": "new_max", "guaranteed_robots": "new_guaranteed",
    "starts_at": "new_starts_at", "not_after": "new_not_after",
}  # fmt: skip


def _digests(plan: Plan) -> dict[str, str]:
    return {share.name: share.digest or "" for share in plan.scripts}


def _somebody(by: str) -> None:
    if not by.strip():
        raise TaskError(Problem("nobody", "it is not said who asks for it", hint="Say who you are: --by NAME."))
