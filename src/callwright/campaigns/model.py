"""What a task is told to do: its plan. Strict, frozen values; every number has a unit in its name.

Built by `callwright.campaigns.plan` from a task/1 file (which adds file:line:column to every error), or from the JSON kept in the table `task`.
Specification: docs/reference/task-plan.md.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from callwright.calls.disposition import FACTS, Disposition
from callwright.errors import Problem, TaskError

__all__ = [
    "DAYS",
    "PLAN_FORMAT",
    "Breaker",
    "Budget",
    "Caps",
    "Day",
    "Plan",
    "Retry",
    "RetryRule",
    "Robots",
    "ScriptShare",
    "Span",
    "TaskState",
    "Transfer",
    "Windows",
    "plan_from",
]

PLAN_FORMAT = "task/1"

TaskState = Literal[
    "draft", "in_review", "approved", "scheduled", "running", "pausing", "paused", "done", "cancelled", "failed"
]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = get_args(Day)

MINUTES_A_DAY = 1440
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")
_HOLIDAYS = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")


def _text(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        raise ValueError("expected text; put it in quotes (YAML reads bare yes/no/on/off/null as something else)")
    return str(value) if isinstance(value, int | float) else value


def _minute(value: Any) -> Any:
    """`09:30` as minutes since midnight; `24:00` is the end of the day."""
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool) and ":" in str(value)):
        text = str(value)
        if not _CLOCK.fullmatch(text):
            raise ValueError(f"`{text}` is no time of day: write 09:30, or 24:00 for the end of the day")
        hours, minutes = text.split(":")
        return int(hours) * 60 + int(minutes)
    raise ValueError("write a time of day like 09:30")


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"`{value}` is no time zone: write an IANA name like Asia/Shanghai") from None
    return value


def _moment(value: Any) -> Any:
    """An ISO time with its zone, kept in UTC."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(f"`{value}` is no time: write 2026-12-01T09:00:00+08:00") from None
    if not isinstance(value, datetime):
        raise ValueError("write a time like 2026-12-01T09:00:00+08:00")  # noqa: TRY004 -- for pydantic
    if value.tzinfo is None:
        raise ValueError("a time needs its zone: 2026-12-01T09:00:00+08:00")
    if not 1970 < value.year < 2200:  # zones and windows are reckoned with beyond it
        raise ValueError("a time lies between 1971 and 2199")
    return value.astimezone(UTC)


def _calendar(value: str) -> str:
    country, _, part = value.partition("-")
    known = holidays.list_supported_countries()
    if not _HOLIDAYS.fullmatch(value) or country not in known or (part and part not in known[country]):
        raise ValueError(
            f"there is no calendar of holidays `{value}`: write a country or a part of it: CN, US-CA, DE-BY"
        )
    return value


def _some(value: tuple[Any, ...]) -> tuple[Any, ...]:
    if not value:
        raise ValueError("name at least one")
    return value


def _days(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Text = Annotated[str, BeforeValidator(_text), Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Name = Annotated[str, BeforeValidator(_text), Field(min_length=1, max_length=64, pattern=r"^[\w][\w.-]*$")]
Variant = Annotated[str, BeforeValidator(_text), Field(min_length=1, max_length=16, pattern=r"^[\w][\w.-]*$")]
Digest = Annotated[str, BeforeValidator(_text), Field(pattern=r"^[0-9a-f]{8,64}$")]
_WALL = {"type": "string", "pattern": r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", "examples": ["09:30"]}
Minute = Annotated[int, BeforeValidator(_minute), PlainSerializer(_clock, return_type=str), WithJsonSchema(_WALL)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Zone = Annotated[str, BeforeValidator(_text), AfterValidator(_zone)]
Calendar = Annotated[str, BeforeValidator(_text), AfterValidator(_calendar)]
Days = Annotated[tuple[Day, ...], BeforeValidator(_days), Field(max_length=7), AfterValidator(_some)]
Count = Annotated[int, Field(strict=True, ge=1)]
Share = Annotated[float, Field(gt=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, serialize_by_alias=True)


class ScriptShare(_Strict):
    """A version of a script that the task speaks. name: of the variant, in results; script: its id; digest: sha256 of the reviewed text (the
    beginning is enough in a file; None there = the newest reviewed one; always whole in a task); weight: its share of the leads."""

    name: Variant = "a"
    script: Name
    digest: Digest | None = None
    weight: Annotated[int, Field(strict=True, ge=1, le=1000)] = 1


class Span(_Strict):
    """A part of some days of the week: wall-clock times of the plan's zone, the end not included."""

    days: Days = DAYS
    from_: Minute = Field(alias="from")
    to: Minute

    @model_validator(mode="after")
    def _forwards(self) -> Span:
        if self.from_ >= self.to:
            raise ValueError(
                f"{_clock(self.from_)}-{_clock(self.to)} has no length: a span ends later on the same day (at most 24:00)"
            )
        return self


class Windows(_Strict):
    """When the task calls. It never widens the law: the callee's own clock is looked at for each dial besides.

    forbidden: days without calls; holidays: calendars whose days are left out (`CN`, `US-CA`).
    """

    zone: Zone
    windows: Annotated[tuple[Span, ...], Field(max_length=50), AfterValidator(_some)]
    breaks: Annotated[tuple[Span, ...], Field(max_length=50)] = ()
    forbidden: Annotated[tuple[date, ...], Field(max_length=1000)] = ()
    holidays: Annotated[tuple[Calendar, ...], Field(max_length=10)] = ()


class Robots(_Strict):
    """How many calls at once: `guaranteed` are kept for the task before others get any, never more than `max`."""

    guaranteed: Annotated[int, Field(strict=True, ge=0, le=100_000)] = 0
    max: Annotated[int, Field(strict=True, ge=1, le=100_000)]

    @model_validator(mode="after")
    def _in_order(self) -> Robots:
        if self.guaranteed > self.max:
            raise ValueError(
                f"{self.guaranteed} robots are guaranteed and {self.max} allowed: guarantee no more than `max`"
            )
        return self


def _retryable(value: Disposition) -> Disposition:
    if FACTS[value].retry == "never":
        raise ValueError(f"after `{value}` nobody is called again; no rule can change that")
    if value in ("unknown", "not_allowed"):
        raise ValueError(f"`{value}` is no outcome to retry after: what happened is not known, or nothing was dialled")
    return value


class RetryRule(_Strict):
    """What to do after an outcome: `after` (dispositions) or `tag` (of the conversation), one of them.

    wait_min: call again no sooner; None with `stop`: not again. attempts: not once so many attempts were made (within the budget).
    """

    after: Annotated[tuple[Annotated[Disposition, AfterValidator(_retryable)], ...], BeforeValidator(_days)] = ()
    tag: Text | None = None
    wait_min: Annotated[int, Field(strict=True, ge=1, le=60 * 24 * 90)] | None = None
    stop: Literal[True] | None = None
    attempts: Annotated[int, Field(strict=True, ge=1, le=20)] | None = None

    @model_validator(mode="after")
    def _whole(self) -> RetryRule:
        if bool(self.after) == (self.tag is not None):
            raise ValueError("a rule says either `after: [busy, ...]` or `tag: ...`")
        if (self.wait_min is None) == (self.stop is None):
            raise ValueError("a rule says either `wait_min: 30` or `stop: true`")
        if self.stop and self.attempts is not None:
            raise ValueError("`attempts` belongs to a rule that calls again")
        return self


class Retry(_Strict):
    """One budget for all reasons: every attempt counts, whatever came of it, callbacks too.

    gap_min: at least between the end of an attempt and the next one, also for callbacks; rules: the first one that fits, those with a
    tag before those with an outcome; an outcome without a rule goes by its class (docs/reference/dispositions.md).
    """

    attempts: Annotated[int, Field(strict=True, ge=1, le=20)] = 3
    gap_min: Annotated[int, Field(strict=True, ge=1, le=60 * 24 * 30)] = 15
    minutes_min: Annotated[int, Field(strict=True, ge=1, le=600)] = 15
    hours_min: Annotated[int, Field(strict=True, ge=1, le=60 * 24)] = 180
    days_min: Annotated[int, Field(strict=True, ge=60, le=60 * 24 * 30)] = 60 * 24
    rules: Annotated[tuple[RetryRule, ...], Field(max_length=100)] = ()


class Caps(_Strict):
    """At most so many calls to one person by this task. The law's own caps count over all tasks and hold besides."""

    per_day: Annotated[int, Field(strict=True, ge=1, le=20)] = 2
    per_7_days: Annotated[int, Field(strict=True, ge=1, le=50)] | None = None
    per_30_days: Annotated[int, Field(strict=True, ge=1, le=100)] | None = None


class Budget(_Strict):
    """What the task may spend, in its currency; costs are taken in thousandths. Calls under way when it is spent go on."""

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    total: Annotated[float, Field(gt=0, le=1e12)]
    per_attempt: Annotated[float, Field(ge=0, le=1e6)] = 0.0
    per_minute: Annotated[float, Field(ge=0, le=1e6)] = 0.0
    minute_step_s: Annotated[int, Field(strict=True, ge=1, le=60)] = 60


class Transfer(_Strict):
    """How calls are paced when people of ours take over. Robots answer everybody, so only those who wait for a person can be abandoned.

    mode: `robots` (no pacing), `progressive` (never more calls than free people), `predictive` (more, as long as the share of abandoned
    calls stays below `abandonment`). An abandoned call waited longer than `threshold_s`; `denominator`: of all `answered` calls, or of those
    that reached the queue (`queued`); window_h: over that time; min_calls: progressive until so many are known.
    """

    mode: Literal["robots", "progressive", "predictive"] = "robots"
    group: Name = "default"
    abandonment: Annotated[float, Field(gt=0, le=0.1)] = 0.03
    threshold_s: Annotated[float, Field(ge=0.5, le=60)] = 2.0
    window_h: Annotated[int, Field(strict=True, ge=1, le=24 * 31)] = 24
    denominator: Literal["answered", "queued"] = "answered"
    min_calls: Annotated[int, Field(strict=True, ge=1, le=100_000)] = 50


class Breaker(_Strict):
    """The task pauses when, of the last `attempts` (at least `at_least`), the share that failed through the line or was blocked by the carrier
    reaches `failures`, or when the share of answered calls ended in a complaint, an opt-out or abuse reaches `refusals`."""

    attempts: Annotated[int, Field(strict=True, ge=5, le=1000)] = 50
    at_least: Annotated[int, Field(strict=True, ge=3, le=1000)] = 20
    failures: Share = 0.5
    refusals: Share = 0.5

    @model_validator(mode="after")
    def _in_order(self) -> Breaker:
        if self.at_least > self.attempts:
            raise ValueError(f"`at_least` {self.at_least} is more than the {self.attempts} attempts looked at")
        return self


class Plan(_Strict):
    """The plan of a task. priority: 1 goes first, 5 last; ring_s: how long it rings; numbers: pool of own numbers, local ones first;
    not_after: no dial from then on, for all leads; not_after of a single attempt is the end of its window."""

    scripts: Annotated[tuple[ScriptShare, ...], Field(max_length=10), AfterValidator(_some)]
    calling: Windows
    robots: Robots
    calls_per_second: Annotated[float, Field(gt=0, le=1000)] = 1.0
    burst: Annotated[int, Field(strict=True, ge=1, le=100)] = 1
    ring_s: Annotated[int, Field(strict=True, ge=15, le=120)] = 30
    priority: Annotated[int, Field(strict=True, ge=1, le=5)] = 3
    numbers: Name = "default"
    local_first: bool = True
    starts_at: Moment | None = None
    not_after: Moment | None = None
    retry: Retry = Retry()
    caps: Caps = Caps()
    budget: Budget | None = None
    transfer: Transfer = Transfer()
    breaker: Breaker = Breaker()

    @model_validator(mode="after")
    def _whole(self) -> Plan:
        names = [share.name for share in self.scripts]
        if len(set(names)) < len(names):
            raise ValueError("two `scripts` have the same name: name them a, b, ...")
        if self.starts_at is not None and self.not_after is not None and self.starts_at >= self.not_after:
            raise ValueError("`not_after` is not later than `starts_at`: the task would never call")
        return self


def plan_from(value: Any) -> Plan:
    """The plan kept in the table `task` (JSON values).

    Raises:
        TaskError: it is no valid plan: nothing is dialled by it.
    """
    try:
        return Plan.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        hint = "Write the plan anew: docs/reference/task-plan.md."
        raise TaskError(
            Problem("bad-plan", f"the plan of the task cannot be read: {where}: {first['msg']}", hint=hint)
        ) from None
