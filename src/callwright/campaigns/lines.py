"""The lines and own numbers that campaigns may use, as line files say: capacity that all workers share, and numbers that are ours to show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Float, Integer, String, bindparam, insert, select, update

from callwright.accounts.tables import own_number
from callwright.campaigns.tables import line
from callwright.store.database import Scope
from callwright.store.metadata import TENANT

__all__ = ["Trunk", "sync"]


@dataclass(frozen=True, slots=True)
class Trunk:
    """A trunk of a line file. numbers: E.164; calls: at once."""

    name: str
    calls: int
    calls_per_second: float
    burst: int
    numbers: tuple[str, ...]


_LINES = select(line.c.name, line.c.id).where(line.c.tenant_id == TENANT)
_NUMBERS = select(own_number.c.number).where(own_number.c.tenant_id == TENANT)
_ADD_LINE = insert(line)
_ADD_NUMBER = insert(own_number)
_SET_LINE = (
    update(line)
    .where(line.c.tenant_id == TENANT, line.c.id == bindparam("which", type_=BigInteger()))
    .values(
        max_calls=bindparam("calls", type_=Integer()),
        calls_per_second=bindparam("rate", type_=Float()),
        burst=bindparam("together", type_=Integer()),
    )
)
_MOVE_NUMBER = (
    update(own_number)
    .where(own_number.c.tenant_id == TENANT, own_number.c.number == bindparam("which", type_=String()))
    .values(trunk=bindparam("over", type_=String()))
)


async def sync(scope: Scope, trunks: Sequence[Trunk], pool: str, now: datetime) -> tuple[int, int]:
    """Make trunks and their numbers known, or change their limits; how many trunks and numbers are new. Numbers that are known keep their pool
    and their state."""
    known = {row.name: row.id for row in await scope.all(_LINES)}
    shown = {row.number for row in await scope.all(_NUMBERS)}
    new_lines = new_numbers = 0
    for trunk in trunks:
        limits = {"calls": trunk.calls, "rate": trunk.calls_per_second, "together": trunk.burst}
        if trunk.name in known:
            await scope.run(_SET_LINE, which=known[trunk.name], **limits)
        else:
            await scope.run(
                _ADD_LINE,
                name=trunk.name,
                max_calls=trunk.calls,
                calls_per_second=trunk.calls_per_second,
                burst=trunk.burst,
            )
            new_lines += 1
        for number in trunk.numbers:
            if number in shown:
                await scope.run(_MOVE_NUMBER, which=number, over=trunk.name)
                continue
            await scope.run(_ADD_NUMBER, number=number, trunk=trunk.name, pool=pool, verified_at=now, created_at=now)
            shown.add(number)
            new_numbers += 1
    return new_lines, new_numbers
