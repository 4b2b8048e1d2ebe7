"""Our own numbers: those that were allotted to us, that we verified, and that may be called back. Only these are ever shown.

Where a number should be registered before it calls, so that it is not taken for spam, stands in `REGISTRIES`. That does not free a number from
labels: they come from how it calls (campaigns/number_health.py). We do not swap numbers, nor have labels removed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import BigInteger, Row, String, bindparam, insert, select, update

from callwright.accounts.tables import company, own_number
from callwright.errors import InputError, Problem
from callwright.store.metadata import TENANT, Json, UtcTime
from callwright.store.scope import Scope

__all__ = ["REGISTRIES", "add", "listed", "missing_registrations", "register", "retire", "verify"]

REGISTRIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "+1": ("stir-shaken", "cnam", "free-caller-registry"),
        "+86": ("carrier-contract", "number-label-platforms"),
    }
)
"""By prefix: where such a number is usually registered. Others may be added to a number by name."""

_E164 = re.compile(r"\+[1-9][0-9]{5,14}")
_REGION = re.compile(r"\+[1-9][0-9]{0,14}|[A-Z]{2}")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")

_BY_NUMBER = select(own_number).where(
    own_number.c.tenant_id == TENANT, own_number.c.number == bindparam("which", type_=String())
)
_ALL = select(own_number).where(own_number.c.tenant_id == TENANT).order_by(own_number.c.pool, own_number.c.number)
_COMPANY = select(company.c.id).where(
    company.c.tenant_id == TENANT, company.c.registration == bindparam("which", type_=String())
)
_ADD = insert(own_number).returning(own_number.c.id)
_CHANGE = update(own_number).where(
    own_number.c.tenant_id == TENANT, own_number.c.id == bindparam("which", type_=BigInteger())
)
_VERIFY = _CHANGE.values(verified_at=bindparam("at", type_=UtcTime()))
_RETIRE = _CHANGE.values(state="retired", state_reason=bindparam("why", type_=String()))
_REGISTER = _CHANGE.values(registrations=bindparam("done", type_=Json))


async def add(
    scope: Scope,
    number: str,
    trunk: str,
    now: datetime,
    *,
    pool: str = "default",
    registration: str = "",
    region: str = "",
    max_per_day: int | None = None,
) -> int:
    """A number of ours, not verified yet: it is not shown until it is. trunk: its name in the line file; registration: of the company it
    belongs to, "" = of every one; region: where it looks local (`+8610`, `CN`); max_per_day: calls that may show it.

    Raises:
        InputError: it is no E.164 number, known already, has no trunk, or the company or region is none.
    """
    problems = []
    if not _E164.fullmatch(number):
        hint = "write it with + and country code, like +861085550000"
        problems.append(Problem("bad-number", f"`{number}` is no phone number", hint=hint))
    elif await scope.first(_BY_NUMBER, which=number) is not None:
        problems.append(Problem("known-number", f"{number} is one of our numbers already"))
    if max_per_day is not None and max_per_day < 1:
        problems.append(Problem("bad-limit", "a number that calls nobody a day: leave the limit out, or retire it"))
    if not trunk.strip():
        problems.append(Problem("no-trunk", "no trunk is named", hint="its name in the line file"))
    if region and not _REGION.fullmatch(region):
        hint = "a prefix like +8610, or two capital letters like CN"
        problems.append(Problem("bad-region", f"`{region[:20]}` is no region", hint=hint))
    house = await scope.value(_COMPANY, which=registration) if registration else None
    if registration and house is None:
        problems.append(Problem("unknown-company", f"there is no company {registration}", hint="Add it first."))
    if problems:
        raise InputError(problems)
    values = {"number": number, "trunk": trunk, "pool": pool, "company_id": house, "region": region}
    return int(await scope.value(_ADD, **values, max_per_day=max_per_day, created_at=now))


async def verify(scope: Scope, number: str, now: datetime) -> int:
    """Somebody called it and it rang at ours: it may be shown. Its id.

    Raises:
        InputError: it is none of ours, or retired.
    """
    row = await _known(scope, number)
    if row.state == "retired":
        raise InputError(Problem("retired-number", f"{number} is retired and stays so", hint="Add another number."))
    await scope.run(_VERIFY, which=row.id, at=now)
    return int(row.id)


async def retire(scope: Scope, number: str, reason: str) -> int:
    """It is given back, and never shown again. The row stays: old calls name it. Its id.

    Raises:
        InputError: it is none of ours.
    """
    row = await _known(scope, number)
    await scope.run(_RETIRE, which=row.id, why=reason[:200])
    return int(row.id)


async def register(scope: Scope, number: str, registry: str, note: str, now: datetime) -> int:
    """Tick one off: the number is registered there. note: where the proof lies, or the case number. Its id.

    Raises:
        InputError: it is none of ours, or the registry's name is none.
    """
    if not _NAME.fullmatch(registry):
        hint = "small letters, digits and -, like cnam"
        raise InputError(Problem("bad-registry", f"`{registry}` cannot be the name of a registry", hint=hint))
    row = await _known(scope, number)
    done = {**row.registrations, registry: {"done_at": now.isoformat(), "note": note}}
    await scope.run(_REGISTER, which=row.id, done=done)
    return int(row.id)


async def listed(scope: Scope) -> Sequence[Row[Any]]:
    """All of them, by pool."""
    return await scope.all(_ALL)


def missing_registrations(number: str, done: Mapping[str, Any]) -> tuple[str, ...]:
    """Where a number like this is usually registered and this one is not yet."""
    usual = next((names for prefix, names in REGISTRIES.items() if number.startswith(prefix)), ())
    return tuple(name for name in usual if name not in done)


async def _known(scope: Scope, number: str) -> Row[Any]:
    row = await scope.first(_BY_NUMBER, which=number)
    if row is None:
        raise InputError(Problem("unknown-number", f"{number} is none of our numbers", hint="callwright number list"))
    return row
