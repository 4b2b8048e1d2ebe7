"""The lines and own numbers that campaigns may use, as line files say: capacity that all workers share, and numbers that are ours to show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Float, Integer, String, bindparam, insert, select, update

from callwright.accounts.model import Viewer
from callwright.accounts.tables import own_number
from callwright.audit.store import note
from callwright.campaigns.tables import line
from callwright.store.crypto import TenantKeys
from callwright.store.metadata import TENANT
from callwright.store.scope import Scope

__all__ = ["Synced", "Trunk", "sync"]


@dataclass(frozen=True, slots=True)
class Trunk:
    """A trunk of a line file. numbers: E.164; calls: at once."""

    name: str
    calls: int
    calls_per_second: float
    burst: int
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Synced:
    """How many lines and own numbers were new, and how many were changed: limits of a line, the trunk of a number."""

    lines: int = 0
    numbers: int = 0
    changed_lines: int = 0
    moved_numbers: int = 0


_LINES = select(line.c.name, line.c.id, line.c.max_calls, line.c.calls_per_second, line.c.burst).where(
    line.c.tenant_id == TENANT
)
_NUMBERS = select(own_number.c.number, own_number.c.trunk).where(own_number.c.tenant_id == TENANT)
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


async def sync(
    scope: Scope, keys: TenantKeys, viewer: Viewer, trunks: Sequence[Trunk], pool: str, now: datetime
) -> Synced:
    """Make trunks and their numbers known, or change their limits. Numbers that are known keep their pool and their state. What was changed
    stands in the audit log, in the viewer's name."""
    known = {row.name: row for row in await scope.all(_LINES)}
    over = {row.number: row.trunk for row in await scope.all(_NUMBERS)}
    new_lines = changed_lines = new_numbers = moved_numbers = 0
    for trunk in trunks:  # numbers first: a dial has its number before its line
        for number in trunk.numbers:
            if number not in over:
                await scope.run(
                    _ADD_NUMBER, number=number, trunk=trunk.name, pool=pool, verified_at=now, created_at=now
                )
                new_numbers += 1
            elif over[number] != trunk.name:
                await scope.run(_MOVE_NUMBER, which=number, over=trunk.name)
                moved_numbers += 1
            over[number] = trunk.name
    for trunk in trunks:
        found = known.get(trunk.name)
        limits = (trunk.calls, trunk.calls_per_second, trunk.burst)
        if found is None:
            max_calls, rate, burst = limits
            await scope.run(_ADD_LINE, name=trunk.name, max_calls=max_calls, calls_per_second=rate, burst=burst)
            new_lines += 1
        elif (found.max_calls, found.calls_per_second, found.burst) != limits:
            calls, rate, together = limits
            await scope.run(_SET_LINE, which=found.id, calls=calls, rate=rate, together=together)
            changed_lines += 1
    done = Synced(new_lines, new_numbers, changed_lines, moved_numbers)
    if done != Synced():
        await note(scope, keys, viewer, "line.load", ("line", ""), asdict(done), now=now)
    return done
