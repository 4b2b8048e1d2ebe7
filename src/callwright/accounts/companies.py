"""Companies that are called for. Nobody is called for one whose papers no person has looked at, or whose vetting is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Row, String, bindparam, insert, select, update

from callwright.accounts.tables import company
from callwright.errors import InputError, Problem
from callwright.store.metadata import TENANT, Json, UtcTime
from callwright.store.scope import Scope

__all__ = ["add", "find", "listed", "vet"]

_BY_REGISTRATION = select(company).where(
    company.c.tenant_id == TENANT, company.c.registration == bindparam("registration", type_=String())
)
_ALL = select(company).where(company.c.tenant_id == TENANT).order_by(company.c.id)
_ADD = insert(company).returning(company.c.id)
_VET = (
    update(company)
    .where(company.c.tenant_id == TENANT, company.c.id == bindparam("which", type_=BigInteger()))
    .values(
        vetted_at=bindparam("now", type_=UtcTime()),
        vetted_by=bindparam("who", type_=String()),
        vetted_until=bindparam("end", type_=UtcTime()),
        documents=bindparam("papers", type_=Json),
    )
)


async def add(scope: Scope, registration: str, name: str, country: str, now: datetime) -> int:
    """A company, not vetted yet. registration: 统一社会信用代码, EIN, company number.

    Raises:
        InputError: it is known already, has no name, or the country is no two letters.
    """
    if len(country) != 2 or not country.isalpha() or not country.isupper():
        raise InputError(Problem("bad-country", f"`{country}` is no country", hint="Two capital letters, like CN."))
    if not registration.strip() or not name.strip():
        raise InputError(Problem("no-name", "a company has a registration and a name"))
    if await scope.first(_BY_REGISTRATION, registration=registration) is not None:
        raise InputError(Problem("known-company", f"the company {registration} is known already"))
    row = await scope.first(_ADD, registration=registration, name=name, country=country, documents=[], created_at=now)
    assert row is not None
    return int(row.id)


async def vet(
    scope: Scope, registration: str, by: str, now: datetime, until: datetime, papers: Sequence[Mapping[str, str]]
) -> int:
    """Say that somebody looked at the company's papers. papers: `{"name", "sha256"}` of each. The company's id.

    Raises:
        InputError: no such company, nobody named, no paper, or an end that is over.
    """
    row = await scope.first(_BY_REGISTRATION, registration=registration)
    problems = []
    if row is None:
        problems.append(Problem("unknown-company", f"there is no company {registration}", hint="Add it first."))
    if not by.strip():
        problems.append(Problem("nobody", "it is not said who looked at the papers", hint="Say it: --by NAME."))
    if not papers:
        problems.append(Problem("no-papers", "no paper was looked at", hint="Name the files, like the licence."))
    if until <= now:
        problems.append(Problem("vetting-over", "the end of the vetting is over already", hint="Name a later day."))
    if problems or row is None:
        raise InputError(problems)
    await scope.run(_VET, which=row.id, now=now, who=by, end=until, papers=[dict(paper) for paper in papers])
    return int(row.id)


async def find(scope: Scope, registration: str) -> int:
    """Its id.

    Raises:
        InputError: there is no such company.
    """
    row = await scope.first(_BY_REGISTRATION, registration=registration)
    if row is None:
        hint = "See them: callwright company list."
        raise InputError(Problem("unknown-company", f"there is no company {registration}", hint=hint))
    return int(row.id)


async def listed(scope: Scope) -> Sequence[Row[Any]]:
    """Every company."""
    return await scope.all(_ALL)
