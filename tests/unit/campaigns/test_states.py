"""Who may move a task where."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from callwright.campaigns.model import TaskState
from callwright.campaigns.states import ACTIONS, ENDS, SYSTEM, Action, Guard, move, possible
from callwright.errors import TaskError

NOW = datetime(2026, 11, 26, 2, tzinfo=UTC)
FIT = Guard(frozenset({"ann"}), NOW + timedelta(days=9), True, 0, 5, None, NOW + timedelta(hours=1))


def test_the_way_of_a_task() -> None:
    state: TaskState = "draft"
    for action, by, guard in (
        ("submit", "ann", FIT),
        ("approve", "ben", FIT),
        ("schedule", "ann", FIT),
        ("start", SYSTEM, FIT),
        ("pause", "ann", replace(FIT, active=2)),
        ("drained", SYSTEM, FIT),
        ("resume", "ann", FIT),
        ("finish", SYSTEM, replace(FIT, left=0)),
    ):
        state = move(state, action, by, NOW, guard).after  # type: ignore[arg-type]
    assert state == "done"


def test_a_pause_with_nobody_on_the_phone_is_whole_at_once() -> None:
    assert move("running", "pause", "ann", NOW, FIT).after == "paused"
    assert move("running", "pause", "ann", NOW, replace(FIT, active=1)).after == "pausing"
    assert move("running", "pause", "ann", NOW, replace(FIT, active=None)).after == "pausing"


@pytest.mark.parametrize("state", sorted(ENDS))
@pytest.mark.parametrize("action", ACTIONS)
def test_nothing_leaves_an_end(state: TaskState, action: Action) -> None:
    with pytest.raises(TaskError, match="cannot"):
        move(state, action, "ann", NOW, FIT, "why")
    assert possible(state) == ()


def test_only_running_is_reached_by_start_and_resume_and_both_look_at_the_guards() -> None:
    for state in get_args(TaskState):
        for action in possible(state):
            if action in ("start", "resume"):
                with pytest.raises(TaskError):
                    move(state, action, "ann", NOW, Guard())


@pytest.mark.parametrize(
    ("state", "action", "by", "guard", "code"),
    [
        ("in_review", "approve", "ann", FIT, "own-work"),
        ("in_review", "approve", "ben", replace(FIT, authors=frozenset()), "unknown-author"),
        ("in_review", "approve", SYSTEM, FIT, "no-person"),
        ("in_review", "reject", "ben", FIT, "no-reason"),
        ("approved", "start", "ann", replace(FIT, vetted_until=None), "not-vetted"),
        ("approved", "start", "ann", replace(FIT, vetted_until=NOW), "vetting-over"),
        ("approved", "start", "ann", replace(FIT, reviewed=None), "not-reviewed"),
        ("paused", "resume", "ann", replace(FIT, reviewed=False), "not-reviewed"),
        ("paused", "resume", "ann", replace(FIT, not_after=NOW), "too-late"),
        ("approved", "schedule", "ann", replace(FIT, starts_at=None), "no-start"),
        ("pausing", "drained", SYSTEM, replace(FIT, active=None), "calls-under-way"),
        ("pausing", "drained", "ann", FIT, "not-yours"),
        ("running", "finish", SYSTEM, FIT, "leads-left"),
        ("draft", "start", "ann", FIT, "wrong-state"),
        ("draft", "submit", " ", FIT, "nobody"),
    ],
)
def test_guards(state: TaskState, action: Action, by: str, guard: Guard, code: str) -> None:
    with pytest.raises(TaskError) as caught:
        move(state, action, by, NOW, guard)
    assert code in [problem.code for problem in caught.value.problems]
