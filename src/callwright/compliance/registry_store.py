"""All SQL of do-not-call registries: copies that are loaded, batch by batch, put in use at once, and taken away again.

The same statements on SQLite and PostgreSQL. A number stands here as the tenant's blind index and as nothing else. A copy that is `loading` is
looked at by nobody; the transaction that makes it `ready` makes those it replaces `leaving`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Integer,
    LargeBinary,
    Row,
    Table,
    bindparam,
    delete,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from callwright.compliance.registries import Copy
from callwright.compliance.tables import registry_copy, registry_number
from callwright.store.metadata import TENANT, UtcTime, temporary
from callwright.store.scope import Scope
from callwright.store.staging import analyze, stage

__all__ = ["abandoned", "add", "begin", "copies", "erase", "find", "hold", "leave", "put_in_use", "renew", "take"]

_row = Table(
    "registry_row",
    temporary,
    Column("number_index", LargeBinary(16), nullable=False),
    Column("listed", Boolean, nullable=False),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DROP",
)
_COPY = bindparam("copy", type_=BigInteger())
_THIS = (registry_copy.c.tenant_id == TENANT, registry_copy.c.id == _COPY)

_BEGIN = insert(registry_copy).returning(registry_copy.c.id)
_FIND = select(registry_copy).where(*_THIS)
_HOLD = select(registry_copy).where(*_THIS, registry_copy.c.state.in_(["loading", "ready"])).with_for_update()
_READY = (
    select(registry_copy)
    .where(registry_copy.c.tenant_id == TENANT, registry_copy.c.state == "ready")
    .order_by(registry_copy.c.name, registry_copy.c.as_of, registry_copy.c.id)
)
_COUNT = (
    update(registry_copy).where(*_THIS).values(numbers=registry_copy.c.numbers + bindparam("more", type_=BigInteger()))
)
_STATE = update(registry_copy).where(*_THIS).values(state=bindparam("to"))
_RENEW = (
    update(registry_copy)
    .where(*_THIS)
    .values(
        as_of=bindparam("new_as_of", type_=UtcTime()), version=bindparam("new_version"), source=bindparam("file"),
        sha256=bindparam("digest"), by=bindparam("who"), loaded_at=bindparam("at", type_=UtcTime()),
    )
)  # fmt: skip
_LEAVING = select(registry_copy.c.id).where(
    registry_copy.c.tenant_id == TENANT,
    or_(
        registry_copy.c.state == "leaving",
        (registry_copy.c.state == "loading") & (registry_copy.c.loaded_at < bindparam("before", type_=UtcTime())),
    ),
)
_ADD = (
    upsert(registry_number)
    .from_select(
        ["tenant_id", "copy_id", "number_index", "listed"],
        select(TENANT, _COPY, _row.c.number_index, _row.c.listed)
        .where(_row.c.listed.is_(True) | bindparam("all", type_=Boolean()))
        .order_by(_row.c.number_index),
        include_defaults=False,
    )
    .on_conflict_do_nothing(index_elements=["tenant_id", "number_index", "copy_id"])
)
_OF_COPY = (registry_number.c.tenant_id == TENANT, registry_number.c.copy_id == _COPY)
_LIST_AFTER_ALL = (
    update(registry_number)
    .where(
        *_OF_COPY,
        registry_number.c.listed.is_(False),
        registry_number.c.number_index.in_(select(_row.c.number_index).where(_row.c.listed.is_(True))),
    )
    .values(listed=True)
)
_TAKE = delete(registry_number).where(
    *_OF_COPY, registry_number.c.number_index.in_(select(_row.c.number_index).where(_row.c.listed.is_(False)))
)
_STRETCH = (
    select(registry_number.c.number_index)
    .where(
        registry_number.c.tenant_id == TENANT, registry_number.c.number_index > bindparam("after", type_=LargeBinary())
    )
    .order_by(registry_number.c.number_index)
    .offset(bindparam("most", type_=Integer()))
    .limit(1)
)
_ERASE = delete(registry_number).where(
    *_OF_COPY, registry_number.c.number_index > bindparam("after", type_=LargeBinary())
)
_ERASE_STRETCH = _ERASE.where(registry_number.c.number_index <= bindparam("last", type_=LargeBinary()))
_GONE = delete(registry_copy).where(*_THIS)


async def begin(scope: Scope, values: Mapping[str, Any]) -> int:
    """A copy to be loaded; its id. values: of its columns but `state` and `numbers`."""
    return int(await scope.value(_BEGIN, state="loading", numbers=0, **values))


async def find(scope: Scope, copy_id: int) -> Row[Any] | None:
    """The copy, in whatever state."""
    return await scope.first(_FIND, copy=copy_id)


async def hold(scope: Scope, copy_id: int) -> Row[Any] | None:
    """Lock a copy that is loading or in use, so that nobody else changes it; None = it is there no more."""
    return await scope.first(_HOLD, copy=copy_id)


async def copies(scope: Scope) -> list[Copy]:
    """Every copy in use, by name and moment."""
    return [
        Copy(
            row.id, row.name, row.kind, row.as_of, tuple(row.areas), row.version, row.account, row.numbers, row.source, row.by,
            row.loaded_at,
        )
        for row in await scope.all(_READY)
    ]  # fmt: skip


async def add(scope: Scope, copy_id: int, numbers: Mapping[bytes, bool]) -> int:
    """Put numbers into a copy that is held; how many are new. Of a number with two answers, that it is listed counts."""
    await stage(scope, _row, ("number_index", "listed"), numbers.items())
    made = await scope.run(_ADD, copy=copy_id, all=True)
    if made < len(numbers):
        await scope.run(_LIST_AFTER_ALL, copy=copy_id)
    await scope.run(_COUNT, copy=copy_id, more=made)
    return made


async def take(scope: Scope, copy_id: int, numbers: Mapping[bytes, bool]) -> tuple[int, int]:
    """Change a copy that is held: True = the number is added, False = it is deleted; how many were."""
    await stage(scope, _row, ("number_index", "listed"), numbers.items())
    added = await scope.run(_ADD, copy=copy_id, all=False)
    deleted = await scope.run(_TAKE, copy=copy_id)
    await scope.run(_COUNT, copy=copy_id, more=added - deleted)
    return added, deleted


async def put_in_use(scope: Scope, copy_id: int) -> None:
    """From now on it is looked at."""
    await analyze(scope, registry_number, "number_index", "copy_id")
    await scope.run(_STATE, copy=copy_id, to="ready")


async def renew(scope: Scope, copy_id: int, values: Mapping[str, Any]) -> None:
    """A change was taken over whole. values: new_as_of, new_version, file, digest, who, at."""
    await scope.run(_RENEW, copy=copy_id, **values)


async def leave(scope: Scope, copy_ids: Sequence[int]) -> None:
    """From now on they are looked at by nobody."""
    for copy_id in copy_ids:
        await scope.run(_STATE, copy=copy_id, to="leaving")


async def abandoned(scope: Scope, before: datetime) -> list[int]:
    """Copies whose rows are to be taken away: replaced ones, and those that began to load before that moment and never came to an end."""
    return [int(row.id) for row in await scope.all(_LEAVING, before=before)]


async def erase(scope: Scope, copy_id: int, after: bytes, most: int) -> bytes | None:
    """Take away the numbers of a copy that is left, along the key: behind `after` (b"" = from the beginning), among the next `most` rows of all
    copies. Behind which to go on; None = that was all, and the copy is gone too."""
    last = await scope.value(_STRETCH, after=after, most=most)
    if last is not None:
        await scope.run(_ERASE_STRETCH, copy=copy_id, after=after, last=last)
        return bytes(last)
    await scope.run(_ERASE, copy=copy_id, after=after)
    await scope.run(_GONE, copy=copy_id)
    return None
