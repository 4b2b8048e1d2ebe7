"""From a task/1 file to a checked plan: read safely, validate strictly, and report every problem at once with file:line:column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from callwright.campaigns.model import PLAN_FORMAT, Name, Plan, Text
from callwright.campaigns.schedule import HORIZON_DAYS, opening
from callwright.errors import Place, Problem, TaskError
from callwright.yaml_file import Kind, check_head, decode, nearest_place, read, read_bytes
from callwright.yaml_problems import Dialect, explain

__all__ = ["LoadedPlan", "TaskFile", "check_plan", "load_plan", "loads_plan"]

PLAN_FILE = Kind(
    TaskError,
    "task file",
    PLAN_FORMAT,
    "Start from the example in docs/reference/task-plan.md.",
    "One file holds one task.",
)


class TaskFile(Plan):
    """A whole task/1 file: a plan, and what it belongs to. company: its registration number; list: name of the lead list; line: trunk."""

    format: Literal["task/1"]
    name: Text
    company: Text
    list_: Text = Field(alias="list")
    line: Name

    @property
    def plan(self) -> Plan:
        """The plan alone, as it is kept."""
        return Plan.model_validate({name: getattr(self, name) for name in Plan.model_fields})


_DIALECT = Dialect(
    TaskFile,
    "the task",
    "See docs/reference/task-plan.md.",
    {
        r"^[\w][\w.-]*$": "may hold only letters, digits, `_`, `-` and `.`",
        r"^[0-9a-f]{8,64}$": "must be the beginning of a sha256: at least 8 hexadecimal digits in quotes",
        r"^[A-Z]{3}$": "must be three capital letters, like CNY",
        r"^[^\x00-\x1f\x7f]+$": "may hold no control characters",
    },
    {
        "script": "scripts",
        "windows": "calling",
        "zone": "calling",
        "time_zone": "calling",
        "concurrency": "robots",
        "cps": "calls_per_second",
        "leads": "list",
        "trunk": "line",
    },
)


@dataclass(frozen=True)
class LoadedPlan:
    """A valid task file, where its values stand, and what is doubtful (warnings)."""

    task: TaskFile
    places: Mapping[str, Place]
    warnings: tuple[Problem, ...] = ()


def load_plan(path: Path, now: datetime) -> LoadedPlan:
    """The task file in `path`. Raises TaskError with every problem: unreadable, not YAML, not valid, never open."""
    return loads_plan(decode(read_bytes(path, PLAN_FILE), str(path), PLAN_FILE), now, str(path))


def loads_plan(text: str, now: datetime, file: str = "<text>") -> LoadedPlan:
    """As `load_plan`, from text."""
    source = read(text, file, PLAN_FILE)
    check_head(source, PLAN_FILE)
    problems = list(source.problems)
    task = None
    try:
        task = TaskFile.model_validate(source.value)
    except ValidationError as error:
        problems += explain(error, source, _DIALECT)
    found = [] if task is None else list(check_plan(task.plan, now, source.places))
    problems += [problem for problem in found if problem.severity == "error"]
    if problems or task is None:
        raise TaskError(sorted(problems, key=lambda problem: (problem.place.line, problem.place.column)))
    return LoadedPlan(task, source.places, tuple(found))


def check_plan(plan: Plan, now: datetime, places: Mapping[str, Place]) -> Iterator[Problem]:
    """What its parts do not agree on, or what it probably does not mean."""
    calling = nearest_place(places, "calling")
    if opening(plan, now) is None:
        message = (
            f"the task would never call: no window is open in the next {HORIZON_DAYS} days, or none before `not_after`"
        )
        yield Problem("never-open", message, calling, "Look at windows, breaks, forbidden days and `not_after`.")
    for at, span in enumerate(plan.calling.windows):
        if span.from_ < 9 * 60 or span.to > 20 * 60:
            place = nearest_place(places, f"calling.windows[{at}]")
            message = "nobody is called before 9 or after 20 o'clock of their own clock, whatever the plan says"
            yield Problem("outside-house-hours", message, place, "Keep to 09:00-20:00.", severity="warning")
    if plan.calls_per_second > plan.robots.max:
        place = nearest_place(places, "calls_per_second")
        message = f"{plan.calls_per_second:g} calls a second are more than {plan.robots.max} robots ever begin"
        yield Problem("too-fast", message, place, severity="warning")
    if plan.retry.attempts > 1 and plan.not_after is None:
        place = nearest_place(places, "retry")
        message = "without `not_after` a retry may come weeks later"
        yield Problem("no-end", message, place, "Say until when the call makes sense: `not_after`.", severity="warning")
