"""Row-level security: PostgreSQL itself lets a transaction see and write the rows of `app.tenant` only; of nobody when that is not set.

FORCE: it holds for the owner of the tables as well (not for superusers and roles with BYPASSRLS: callwright must not be one).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

__all__ = ["POLICY", "protecting"]

POLICY = "tenant_rows"
_MINE = "tenant_id = nullif(current_setting('app.tenant', true), '')::bigint"


def protecting(tables: Iterable[str]) -> Iterator[str]:
    """The statements that protect these tables."""
    for table in tables:
        yield f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY'
        yield f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY'
        yield f'CREATE POLICY {POLICY} ON "{table}" USING ({_MINE}) WITH CHECK ({_MINE})'
