"""Health of our own numbers: `/number-health`. A number that is refused calls less; it is not swapped for a fresh one.
The numbers themselves are kept at `/own-numbers`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from callwright.accounts import own_numbers
from callwright.accounts.roles import Permission
from callwright.campaigns import number_health
from callwright.campaigns.number_health import Counts, Health, Policy
from callwright.http.here import Here, needs
from callwright.http.problems import answers

__all__ = ["router"]

router = APIRouter(prefix="/number-health")


class Registered(BaseModel):
    """One line of the checklist."""

    registry: str = Field(examples=["carrier-contract"])
    done_at: datetime | None = Field(description="null = not yet")
    note: str


class NumberHealthRow(BaseModel):
    """A number of ours, and its last days."""

    id: int
    number: str = Field(examples=["+861085550000"])
    trunk: str
    pool: str
    state: str = Field(examples=["active", "slowed", "resting", "retired"])
    state_reason: str
    verified_at: datetime | None
    registrations: list[Registered] = Field(description="where it is registered, and where it usually should be")
    dialled: int
    answered: int
    short: int = Field(description="answered and over within 15 s")
    refused: int
    blocked: int = Field(description="by the carrier or its analytics")
    complaints: int
    advice: str = Field(description="what it should be: active, slowed, resting")
    advice_reason: str


class NumberHealthList(BaseModel):
    """All of them, by pool."""

    items: list[NumberHealthRow]
    days: int = Field(description="the span that is counted")
    rest_days: int = Field(description="how long a slowed number stays so at least")
    least: int = Field(description="dials below which nothing but complaints is judged")


class HealthChanged(BaseModel):
    """Numbers whose state changed."""

    numbers: list[str]


@router.get("")
async def list_number_health(here: Annotated[Here, needs(Permission.COMPLIANCE_READ)]) -> NumberHealthList:
    """Every number of ours, how its calls were taken, and what should become of it."""
    policy = Policy()
    async with here.reading() as scope:
        rows = await own_numbers.listed(scope)
        health = {one.number: one for one in await number_health.look(scope, here.now(), policy)}
    items = [_row(row, health.get(row.number)) for row in rows]
    return NumberHealthList(items=items, days=policy.days, rest_days=policy.rest_days, least=policy.least)


@router.post("/slow", responses=answers(409))
async def slow_own_numbers(here: Annotated[Here, needs(Permission.LINES_MANAGE)]) -> HealthChanged:
    """Slow down or rest the numbers that need it now, as workers do by themselves every now and then."""
    async with here.keyed() as (scope, keys):
        changed = await number_health.slow(scope, keys, here.now())
        await number_health.note_each(scope, keys, here.viewer, "number.slow", changed, here.now())
    return HealthChanged(numbers=[one.number for one in changed])


@router.post("/recover", responses=answers(409))
async def recover_own_numbers(here: Annotated[Here, needs(Permission.LINES_MANAGE)]) -> HealthChanged:
    """Numbers whose rest is over and whose last days look well again become active."""
    async with here.keyed() as (scope, keys):
        back = await number_health.recover(scope, here.now())
        await number_health.note_each(scope, keys, here.viewer, "number.recover", back, here.now())
    return HealthChanged(numbers=[one.number for one in back])


def _row(row: Any, health: Health | None) -> NumberHealthRow:
    counts = health.counts if health is not None else Counts()
    done = [
        Registered(registry=name, done_at=one.get("done_at"), note=str(one.get("note", "")))
        for name, one in sorted(row.registrations.items())
    ]
    missing = own_numbers.missing_registrations(row.number, row.registrations)
    return NumberHealthRow(
        id=row.id, number=row.number, trunk=row.trunk, pool=row.pool, state=row.state, state_reason=row.state_reason,
        verified_at=row.verified_at, registrations=[*done, *(Registered(registry=one, done_at=None, note="") for one in missing)],
        dialled=counts.dialled, answered=counts.answered, short=counts.short, refused=counts.refused, blocked=counts.blocked,
        complaints=counts.complaints, advice=health.advice.state if health else row.state,
        advice_reason=health.advice.reason if health else "",
    )  # fmt: skip
