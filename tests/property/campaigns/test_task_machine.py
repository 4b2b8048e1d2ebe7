"""The task state machine against a model of it, on both databases: whatever is asked in whatever order, both say the same."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from tests.unit.campaigns.test_service import NOW, file

from callwright.accounts.tables import company
from callwright.campaigns import service
from callwright.campaigns.states import ACTIONS, SYSTEM
from callwright.campaigns.tables import script_version, task, task_lead
from callwright.errors import TaskError
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.store.metadata import TENANT
from callwright.store.scope import Scope
from callwright.testing.tenants import Seeded, seed

ASKED = tuple(action for action in ACTIONS if action not in ("drained", "finish", "revise", "schedule", "unschedule"))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.sampled_from(ASKED), st.sampled_from(["ann", "ben"])),
        st.tuples(st.just("calls"), st.sampled_from([0, 2]), st.just("")),
        st.tuples(st.just("left"), st.booleans(), st.just("")),
        st.tuples(st.just("vetted"), st.booleans(), st.just("")),
        st.tuples(st.just("withdrawn"), st.booleans(), st.just("")),
        st.tuples(st.just("settle"), st.just(0), st.just("")),
    ),
    min_size=4,
    max_size=12,
)
WAY = [("ask", "submit", "ann"), ("ask", "approve", "ben"), ("ask", "start", "ann")]
NUMBERS = itertools.count()


class Model:
    """What the documentation says (docs/reference/task-states.md), written a second time."""

    def __init__(self) -> None:
        self.state, self.calls, self.vetted, self.withdrawn, self.queued, self.left = (
            "draft",
            0,
            True,
            False,
            False,
            True,
        )
        self.authors = {"ann"}

    def ask(self, action: str, by: str) -> bool:
        """Whether it is allowed; then it is so."""
        fit = self.vetted and not self.withdrawn
        end = self.state in ("done", "cancelled", "failed")
        to = {
            "submit": "in_review" if self.state == "draft" else "",
            "reject": "draft" if self.state == "in_review" else "",
            "approve": "approved" if self.state == "in_review" and by not in self.authors else "",
            "start": "running" if self.state == "approved" and fit else "",
            "pause": ("pausing" if self.calls else "paused") if self.state == "running" else "",
            "resume": "running" if self.state in ("pausing", "paused") and fit else "",
            "cancel": "" if end else "cancelled",
            "fail": "" if end else "failed",
        }[action]
        if to and action == "submit":
            self.authors.add(by)
        if to and action == "start":
            self.queued = True
        self.state = to or self.state
        return bool(to)

    def settle(self) -> None:
        if self.calls == 0 and self.state == "pausing":
            self.state = "paused"
        elif self.calls == 0 and self.state == "running" and not self.left:
            self.state = "done"


async def step(scope: Scope, who: Seeded, number: int, model: Model, what: tuple[Any, Any, str]) -> None:
    kind, value, by = what
    if kind == "ask":
        try:
            await service.ask(scope, who.keys, number, value, by, NOW, why="w")
            allowed = True
        except TaskError:
            allowed = False
        assert allowed == model.ask(value, by), what
    elif kind == "settle":
        for _, move in await service.settle(scope, who.keys, NOW):
            assert move.by == SYSTEM
        model.settle()
    elif kind == "calls":
        model.calls = value
        await scope.run(update(task).where(task.c.tenant_id == TENANT).values(active=value))
    elif kind == "left":
        state = "ready" if value else "finished"
        changed = await scope.run(update(task_lead).where(task_lead.c.tenant_id == TENANT).values(state=state))
        model.left = value if changed else True
    elif kind == "vetted":
        model.vetted = value
        until = NOW + timedelta(days=1) if value else NOW
        await scope.run(update(company).where(company.c.tenant_id == TENANT).values(vetted_until=until))
    else:
        model.withdrawn = value
        at = NOW if value else None
        await scope.run(update(script_version).where(script_version.c.tenant_id == TENANT).values(withdrawn_at=at))


@given(st.booleans(), STEPS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_task_does_what_the_model_says(
    database_url: str, keyring: Keyring, begun: bool, steps: list[tuple[Any, Any, str]]
) -> None:
    async def body() -> None:
        async with Database.open(database_url) as database:
            who = await seed(database, keyring, NOW, slug=f"m{next(NUMBERS)}", leads=2)
            model = Model()
            async with database.scope(who.tenant) as scope:
                number = await service.create(scope, file(), "ann", NOW)
            versions = [1]
            for what in [*(WAY if begun else []), *steps]:
                async with database.scope(who.tenant) as scope:
                    await step(scope, who, number, model, what)
                    row = await scope.first(select(task.c.state, task.c.version).where(task.c.tenant_id == TENANT))
                    assert row is not None
                    assert row.state == model.state, what
                    assert row.version >= versions[-1]
                    versions.append(row.version)

    asyncio.run(body())


def test_the_model_knows_every_state_it_can_reach() -> None:
    assert datetime(2026, 11, 26, 4, 0, tzinfo=UTC) == NOW
    model = Model()
    assert [model.ask(action, by) for _, action, by in WAY] == [True, True, True]
    assert model.state == "running"
