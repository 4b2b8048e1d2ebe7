"""What dispatch writes again and again must not be written into indexes each time (docs/adr/0016)."""

from __future__ import annotations

from itertools import chain

import pytest
from sqlalchemy import Table, Update
from sqlalchemy.schema import ColumnCollectionConstraint

from callwright.campaigns import dispatch_store, finish_store, lease_store
from callwright.campaigns.tables import attempt, attempt_lease

STEPS = [
    pytest.param(value, id=f"{module.__name__.rpartition('.')[2]}.{name}")
    for module in (dispatch_store, finish_store, lease_store)
    for name, value in vars(module).items()
    if isinstance(value, Update) and value.table in {attempt, attempt_lease}
]


def indexed(table: Table) -> set[str]:
    keys = [index.columns.keys() for index in table.indexes]
    keys += [each.columns.keys() for each in table.constraints if isinstance(each, ColumnCollectionConstraint)]
    return set(chain.from_iterable(keys))


@pytest.mark.parametrize("statement", STEPS)
def test_a_step_of_a_call_changes_no_column_that_is_in_an_index(statement: Update) -> None:
    changed = {str(getattr(column, "name", column)) for column in statement._values or {}}
    assert changed
    assert isinstance(statement.table, Table)
    assert indexed(statement.table) >= {"tenant_id"}
    assert not changed & indexed(statement.table)


def test_all_steps_are_looked_at() -> None:
    names = {step.id for step in STEPS}
    assert {"dispatch_store.ADVANCE", "finish_store.END_ATTEMPTS", "lease_store.RENEW_LEASES"} <= names
