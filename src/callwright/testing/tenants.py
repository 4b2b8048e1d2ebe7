"""A tenant that is fit to call, for tests: keys, vetted company, line, own number, reviewed script, and a list of people who agreed.

seeded = await seed(database, keyring, now, leads=10)
async with database.scope(seeded.tenant) as scope: ...
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, insert

from callwright.accounts.tables import company, own_number, tenant
from callwright.campaigns.tables import lead, lead_list, line, script_version
from callwright.compliance.tables import chain_head, consent, person
from callwright.store.crypto import Keyring, TenantKeys
from callwright.store.database import Database
from callwright.store.scope import Scope

__all__ = ["OWN_NUMBER", "Seeded", "numbers", "seed"]

OWN_NUMBER = "+861085550000"


@dataclass(frozen=True, slots=True)
class Seeded:
    """What was made: ids of rows. leads, persons, consents and numbers stand in one order."""

    tenant: int
    keys: TenantKeys
    company: int
    own_number: int
    line: int
    script_version: int
    list: int
    leads: tuple[int, ...]
    persons: tuple[int, ...]
    consents: tuple[int, ...]
    numbers: tuple[str, ...]


def numbers(count: int, first: int = 0) -> tuple[str, ...]:
    """Mobile numbers of mainland China that nobody has been given."""
    return tuple(f"+86139{first + n:08}" for n in range(count))


async def seed(
    database: Database,
    keyring: Keyring,
    now: datetime,
    *,
    slug: str = "acme",
    name: str = "",
    leads: int = 3,
    first: int = 0,
    max_calls: int = 10,
    calls_per_second: float = 10.0,
    burst: int = 1,
) -> Seeded:
    """A new tenant. first: where its numbers begin; tenants with the same one know the same people."""
    async with database.system() as connection:
        row = (
            await connection.execute(
                insert(tenant).returning(tenant.c.id), {"slug": slug, "name": name or slug, "created_at": now}
            )
        ).one()
    async with database.scope(int(row.id)) as scope:
        keys = await keyring.create(scope, now)
        (house,) = await _add(scope, company, [_vetted(now)])
        shown = {
            "number": OWN_NUMBER,
            "trunk": "a",
            "company_id": house,
            "region": "CN",
            "verified_at": now,
            "created_at": now,
        }
        (own,) = await _add(scope, own_number, [shown])
        limits = {"name": "a", "max_calls": max_calls, "calls_per_second": calls_per_second, "burst": burst}
        (trunk,) = await _add(scope, line, [limits])
        (script,) = await _add(scope, script_version, [_reviewed(now)])
        (names,) = await _add(
            scope,
            lead_list,
            [{"name": "people", "state": "ready", "rows": leads, "imported": leads, "created_at": now}],
        )
        await scope.run(insert(chain_head), seq=0, hash=bytes(32))
        known = numbers(leads, first)
        persons = await _add(scope, person, [_person(keys, number, now) for number in known])
        agreed = await _add(scope, consent, [_agreed(who, house, now) for who in persons])
        on_list = [
            {"list_id": names, "person_id": who, "row": n, "variables": keys.seal("{}", "lead.variables"),
             "consent_id": why, "created_at": now}
            for n, (who, why) in enumerate(zip(persons, agreed, strict=True), start=2)
        ]  # fmt: skip
        ids = await _add(scope, lead, on_list)
    return Seeded(int(row.id), keys, house, own, trunk, script, names, ids, persons, agreed, known)


async def _add(scope: Scope, table: Table, rows: Sequence[dict[str, Any]]) -> tuple[int, ...]:
    """Their ids, in the order of the rows."""
    statement = insert(table).returning(table.c.id, sort_by_parameter_order=True)
    return tuple(int(row.id) for row in await scope.add(statement, rows))


def _vetted(now: datetime) -> dict[str, Any]:
    return {
        "name": "Acme", "registration": "91110000000000000A", "country": "CN", "documents": [], "vetted_by": "anna",
        "vetted_at": now, "vetted_until": now + timedelta(days=365), "created_at": now,
    }  # fmt: skip


def _reviewed(now: datetime) -> dict[str, Any]:
    text = "format: script/1\n"
    return {
        "script_id": "s", "digest": hashlib.sha256(text.encode()).hexdigest(), "text": text, "purpose": "service",
        "language": "zh", "submitted_by": "anna", "submitted_at": now, "reviewed_by": "bert", "reviewed_at": now,
    }  # fmt: skip


def _person(keys: TenantKeys, number: str, now: datetime) -> dict[str, Any]:
    index, sealed = keys.seal_number(number)
    return {
        "number_index": index, "number": sealed, "country": "CN", "zones": ["Asia/Shanghai"], "line_type": "mobile",
        "created_at": now,
    }  # fmt: skip


def _agreed(who: int, house: int, now: datetime) -> dict[str, Any]:
    return {
        "person_id": who, "company_id": house, "basis": "consent", "scope": ["marketing", "service", "synthetic_voice", "recording"],
        "wording": "2026-01", "channel": "web", "source": "form", "given_at": now - timedelta(days=1), "created_at": now,
    }  # fmt: skip
