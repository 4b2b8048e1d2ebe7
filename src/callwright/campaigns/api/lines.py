"""Lines and own numbers: what campaigns may use. Lines come from line files; own numbers are added, verified, registered and retired here."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Row

from callwright import audit
from callwright.accounts import own_numbers
from callwright.accounts.roles import Permission
from callwright.campaigns import number_health, task_pages
from callwright.campaigns.api.refusals import told
from callwright.campaigns.number_health import Health
from callwright.http.fields import Moment, Number, Text
from callwright.http.here import Here, needs
from callwright.http.problems import absent, answers
from callwright.store.scope import Scope

__all__ = ["router"]

router = APIRouter()

Reads = Annotated[Here, needs(Permission.LINES_READ)]
Manages = Annotated[Here, needs(Permission.LINES_MANAGE)]
NumberId = Annotated[int, Path(ge=1, le=2**63 - 1)]
_Name = Annotated[Text, Field(min_length=1, max_length=64, pattern=r"^[\w][\w.-]*$")]


class PoolRow(BaseModel):
    """Own numbers of a line. able: of them, those that may be shown."""

    pool: str
    numbers: int
    able: int


class LineRow(BaseModel):
    """A trunk as tasks share it. active: calls now; running: tasks; blocked_until: its breaker is open until then."""

    id: int
    name: str = Field(examples=["carrier-a"])
    max_calls: int
    calls_per_second: float
    burst: int
    active: int
    running: int
    blocked_until: Moment | None
    blocked_reason: str
    pools: list[PoolRow]


class LineList(BaseModel):
    """By name."""

    items: list[LineRow]


@router.get("/lines")
async def list_lines(here: Reads) -> LineList:
    """All lines with their load. Line files make them: `callwright task lines FILE`."""
    now = here.now()
    async with here.reading() as scope:
        lines = await scope.all(task_pages.LINES)
        pools = await scope.all(task_pages.POOLS)
    return LineList(items=[_line(row, pools, now) for row in lines])


def _line(row: Row[Any], pools: Any, now: datetime) -> LineRow:
    blocked = row.blocked_until is not None and row.blocked_until > now
    return LineRow(
        id=row.id, name=row.name, max_calls=row.max_calls, calls_per_second=row.calls_per_second, burst=row.burst, active=row.active,
        running=row.running, blocked_until=row.blocked_until if blocked else None, blocked_reason=row.blocked_reason if blocked else "",
        pools=[PoolRow(pool=one.pool, numbers=one.numbers, able=one.able) for one in pools if one.trunk == row.name],
    )  # fmt: skip


class HealthView(BaseModel):
    """The last week of a number. advice: what it should be, and why."""

    dialled: int
    answered: int
    short: int
    refused: int
    blocked: int
    complaints: int
    advice: str = Field(examples=["active", "slowed", "resting"])
    reason: str


class Registration(BaseModel):
    """done_at: null = not yet."""

    registry: str = Field(examples=["cnam"])
    done_at: Moment | None
    note: str


class OwnNumberRow(BaseModel):
    """A number of ours: no personal data, so it is whole. state: active, slowed, resting, retired; not shown before it is verified."""

    id: int
    number: str = Field(examples=["+861085550000"])
    line: str
    pool: str
    region: str
    state: str
    state_reason: str
    max_per_day: int | None
    verified_at: Moment | None
    registrations: list[Registration]
    health: HealthView | None


class OwnNumberList(BaseModel):
    """By pool."""

    items: list[OwnNumberRow]


@router.get("/own-numbers")
async def list_own_numbers(here: Reads) -> OwnNumberList:
    """All of them, with their registrations and their health."""
    async with here.reading() as scope:
        found = await own_numbers.listed(scope)
        health = {one.number: one for one in await number_health.look(scope, here.now())}
    return OwnNumberList(items=[_number(row, health.get(row.number)) for row in found])


def _number(row: Row[Any], health: Health | None) -> OwnNumberRow:
    done = [
        Registration(registry=name, done_at=datetime.fromisoformat(one["done_at"]), note=str(one.get("note", "")))
        for name, one in sorted(row.registrations.items())
    ]
    open_ = [
        Registration(registry=name, done_at=None, note="")
        for name in own_numbers.missing_registrations(row.number, row.registrations)
    ]
    return OwnNumberRow(
        id=row.id, number=row.number, line=row.trunk, pool=row.pool, region=row.region, state=row.state, state_reason=row.state_reason,
        max_per_day=row.max_per_day, verified_at=row.verified_at, registrations=[*done, *open_],
        health=None if health is None else _health(health),
    )  # fmt: skip


def _health(one: Health) -> HealthView:
    counts = one.counts
    return HealthView(
        dialled=counts.dialled, answered=counts.answered, short=counts.short, refused=counts.refused, blocked=counts.blocked,
        complaints=counts.complaints, advice=one.advice.state, reason=one.advice.reason,
    )  # fmt: skip


class NewOwnNumber(BaseModel):
    """line: its trunk; pool: tasks name the pool they show numbers of; company: registration of the one it belongs to, "" = of every one;
    region: where it looks local, a prefix like `+8610` or a country."""

    model_config = ConfigDict(extra="forbid")

    number: Number
    line: _Name
    pool: _Name = "default"
    company: Annotated[Text, Field(max_length=64)] = ""
    region: Annotated[Text, Field(max_length=64, pattern=r"^(\+[0-9]{1,10}|[A-Z]{2})?$", examples=["+8610", "CN"])] = ""
    max_per_day: Annotated[int, Field(ge=1, le=100_000)] | None = None


@router.post("/own-numbers", status_code=201, responses=answers(409))
async def add_own_number(here: Manages, body: NewOwnNumber) -> OwnNumberRow:
    """Add a number of ours. It is not shown before it is verified: call it, and when it rings at yours, say so."""
    now = here.now()
    async with here.keyed() as (scope, keys):
        with told():
            which = await own_numbers.add(
                scope, body.number, body.line, now, pool=body.pool, registration=body.company, region=body.region,
                max_per_day=body.max_per_day,
            )  # fmt: skip
        await audit.note(scope, keys, here.viewer, "number.add", ("own_number", which), {"pool": body.pool}, now=now)
        return _number(await _found(scope, which), None)


async def _found(scope: Scope, which: int) -> Row[Any]:
    row = next((one for one in await own_numbers.listed(scope) if one.id == which), None)
    if row is None:
        raise absent("own number")
    return row


@router.post("/own-numbers/{own_number}/verify", responses=answers(404, 409))
async def verify_own_number(here: Manages, own_number: NumberId) -> OwnNumberRow:
    """Say that it was called and rang at ours: from now on it may be shown."""
    now = here.now()
    async with here.keyed() as (scope, keys):
        row = await _found(scope, own_number)
        with told():
            await own_numbers.verify(scope, row.number, now)
        await audit.note(scope, keys, here.viewer, "number.verify", ("own_number", own_number), now=now)
        return _number(await _found(scope, own_number), None)


class RetireBody(BaseModel):
    """Why it is given back."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[Text, Field(min_length=1, max_length=200)]


@router.post("/own-numbers/{own_number}/retire", responses=answers(404, 409))
async def retire_own_number(here: Manages, own_number: NumberId, body: RetireBody) -> OwnNumberRow:
    """It is given back, and never shown again."""
    async with here.keyed() as (scope, keys):
        row = await _found(scope, own_number)
        await own_numbers.retire(scope, row.number, body.reason)
        await audit.note(scope, keys, here.viewer, "number.retire", ("own_number", own_number), now=here.now())
        return _number(await _found(scope, own_number), None)


class RegistrationBody(BaseModel):
    """registry: where, like `cnam`; note: case number, or where the proof lies."""

    model_config = ConfigDict(extra="forbid")

    registry: Annotated[Text, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$", examples=["cnam"])]
    note: Annotated[Text, Field(max_length=200)] = ""


@router.post("/own-numbers/{own_number}/registrations", responses=answers(404))
async def register_own_number(here: Manages, own_number: NumberId, body: RegistrationBody) -> OwnNumberRow:
    """Tick off that it is registered there."""
    now = here.now()
    async with here.keyed() as (scope, keys):
        row = await _found(scope, own_number)
        await own_numbers.register(scope, row.number, body.registry, body.note, now)
        detail = {"registry": body.registry}
        await audit.note(scope, keys, here.viewer, "number.register", ("own_number", own_number), detail, now=now)
        return _number(await _found(scope, own_number), None)
