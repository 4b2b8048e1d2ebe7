"""The states of a task and who may move it from one to another. Pure: facts in, the next state out.

    draft -> in_review -> approved -> scheduled -> running -> pausing -> paused -> done
    every state that is no end -> cancelled | failed

Only `running` lets anybody be called; whoever claims looks at it under a lock. docs/reference/task-states.md draws the machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from callwright.campaigns.model import TaskState
from callwright.errors import Problem, TaskError

__all__ = ["ACTIONS", "APPROVED", "ENDS", "SYSTEM", "Action", "Guard", "Move", "move", "possible"]

Action = Literal[
    "submit",
    "reject",
    "approve",
    "schedule",
    "unschedule",
    "start",
    "pause",
    "drained",
    "resume",
    "revise",
    "finish",
    "cancel",
    "fail",
]
ACTIONS: tuple[Action, ...] = get_args(Action)
ENDS: frozenset[TaskState] = frozenset(("done", "cancelled", "failed"))
APPROVED: frozenset[TaskState] = frozenset(("approved", "scheduled", "running", "pausing", "paused", "done"))
"""Two people stand behind the plan: somebody may be called by hand in its frame, whether or not it is dialling."""
SYSTEM = "system"
"""Who moves a task when nobody does: the clock, the breaker, an empty queue."""

_OPEN: tuple[TaskState, ...] = ("draft", "in_review", "approved", "scheduled", "running", "pausing", "paused")
_FROM: dict[Action, tuple[TaskState, ...]] = {
    "submit": ("draft",),
    "reject": ("in_review",),
    "approve": ("in_review",),
    "schedule": ("approved",),
    "unschedule": ("scheduled",),
    "start": ("approved", "scheduled"),
    "pause": ("running",),
    "drained": ("pausing",),
    "resume": ("pausing", "paused"),
    "revise": ("draft", "in_review", "approved", "scheduled", "paused"),
    "finish": ("running", "paused"),
    "cancel": _OPEN,
    "fail": _OPEN,
}
_TO: dict[Action, TaskState] = {
    "submit": "in_review",
    "reject": "draft",
    "approve": "approved",
    "schedule": "scheduled",
    "unschedule": "approved",
    "start": "running",
    "pause": "pausing",
    "drained": "paused",
    "resume": "running",
    "revise": "draft",
    "finish": "done",
    "cancel": "cancelled",
    "fail": "failed",
}
_NEEDS_WHY: frozenset[Action] = frozenset(("reject", "fail"))
_CALLS: frozenset[Action] = frozenset(("schedule", "start", "resume"))
_SYSTEM_ONLY: frozenset[Action] = frozenset(("drained", "finish"))


@dataclass(frozen=True, slots=True)
class Guard:
    """What a move looks at. None = not known, and then it is not allowed.

    authors: who wrote the plan or changed it since the last approval, and who handed it in; vetted_until: until when the company's papers are
    good; reviewed: every script version of the plan was reviewed by somebody else than its author and is not withdrawn; active: attempts
    under way; left: leads that may still be called.
    """

    authors: frozenset[str] = frozenset()
    vetted_until: datetime | None = None
    reviewed: bool | None = None
    active: int | None = None
    left: int | None = None
    not_after: datetime | None = None
    starts_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """An allowed change of state: for the task's history."""

    action: Action
    before: TaskState
    after: TaskState
    by: str
    why: str


def possible(state: TaskState) -> tuple[Action, ...]:
    """What may be asked of a task in this state, guards aside."""
    return tuple(action for action in ACTIONS if state in _FROM[action])


def move(state: TaskState, action: Action, by: str, now: datetime, guard: Guard, why: str = "") -> Move:
    """The move `action` asks for at `now`.

    Args:
        by: who asks; `SYSTEM` = nobody.

    Raises:
        TaskError: with each reason why not.
    """
    if state not in _FROM[action]:
        can = ", ".join(item for item in possible(state) if item not in _SYSTEM_ONLY) or "nothing: that is an end"
        raise TaskError(
            Problem(
                "wrong-state", f"a task that is {_said(state)} cannot {_said(action)}", hint=f"Possible now: {can}."
            )
        )
    problems = _problems(action, by, now, guard, why)
    if problems:
        raise TaskError(problems)
    after = _TO[action]
    if action == "pause" and guard.active == 0:
        after = "paused"
    return Move(action, state, after, by, why)


def _problems(action: Action, by: str, now: datetime, guard: Guard, why: str) -> list[Problem]:
    problems = []
    if not by.strip():
        problems.append(Problem("nobody", "it is not said who asks for it", hint="Say who you are: --by NAME."))
    if action in _NEEDS_WHY and not why.strip():
        problems.append(Problem("no-reason", f"it is not said why to {action} the task", hint="Say it: --why TEXT."))
    if action in _SYSTEM_ONLY and by != SYSTEM:
        problems.append(
            Problem("not-yours", f"nobody can ask a task to be {_said(_TO[action])}: it becomes so by itself")
        )
    if action == "approve":
        problems += _four_eyes(by, guard)
    if action in _CALLS:
        problems += _fit_to_call(action, now, guard)
    if action in ("drained", "finish") and guard.active != 0:
        problems.append(Problem("calls-under-way", f"{_amount(guard.active)} attempts are under way"))
    if action == "finish" and guard.left != 0:
        problems.append(Problem("leads-left", f"{_amount(guard.left)} leads may still be called"))
    return problems


def _four_eyes(by: str, guard: Guard) -> list[Problem]:
    if by == SYSTEM:
        return [Problem("no-person", "a plan is approved by a person")]
    if not guard.authors:
        return [Problem("unknown-author", "it is not known who wrote the plan, so nobody can approve it")]
    if by in guard.authors:
        hint = "Somebody else has to look at it and approve it."
        return [Problem("own-work", f"{by} wrote, changed or handed in this plan and cannot approve it", hint=hint)]
    return []


def _fit_to_call(action: Action, now: datetime, guard: Guard) -> list[Problem]:
    problems = []
    if guard.vetted_until is None:
        hint = "Have its papers looked at: callwright company vet."
        problems.append(Problem("not-vetted", "the company's papers were not looked at", hint=hint))
    elif guard.vetted_until <= now:
        message = f"the company's papers were good until {guard.vetted_until:%Y-%m-%d} only"
        problems.append(Problem("vetting-over", message, hint="Look at its papers again: callwright company vet."))
    if guard.reviewed is not True:
        hint = "Have it reviewed by somebody else: callwright script review."
        problems.append(Problem("not-reviewed", "a script of the plan is not reviewed, or was withdrawn", hint=hint))
    if guard.not_after is not None and guard.not_after <= now:
        message = f"the plan ends at {guard.not_after:%Y-%m-%d %H:%M} UTC, which is over"
        problems.append(Problem("too-late", message, hint="Change `not_after`; the plan then needs a new approval."))
    if action == "schedule" and (guard.starts_at is None or guard.starts_at <= now):
        problems.append(
            Problem("no-start", "the plan says no `starts_at` ahead of now", hint="Start the task instead.")
        )
    return problems


def _said(word: str) -> str:
    return word.replace("_", " ")


def _amount(number: int | None) -> str:
    return "it is not known how many" if number is None else str(number)
