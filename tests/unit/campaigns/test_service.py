"""Tasks as they are kept, on both databases."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from callwright.accounts.tables import company
from callwright.campaigns import service
from callwright.campaigns.plan import TaskFile
from callwright.campaigns.states import SYSTEM
from callwright.campaigns.tables import lead, script_version, task, task_lead
from callwright.compliance.tables import consent, freeze, suppression
from callwright.errors import TaskError
from callwright.script.builtin import template_path
from callwright.script.loader import loads
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.store.metadata import TENANT
from callwright.store.scope import Scope
from callwright.testing.tenants import Seeded, seed

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
STATES = select(
    task_lead.c.lead_id, task_lead.c.state, task_lead.c.reason, task_lead.c.variant, task_lead.c.due_at
).where(task_lead.c.tenant_id == TENANT)


def file(**more: Any) -> TaskFile:
    return TaskFile.model_validate({
        "format": "task/1", "name": "first", "company": "91110000000000000A", "list": "people", "line": "a",
        "scripts": [{"script": "s"}], "robots": {"max": 2},
        "calling": {"zone": "Asia/Shanghai", "windows": [{"from": "09:00", "to": "20:00"}]}, **more,
    })  # fmt: skip


async def begun(scope: Scope, who: Seeded, **more: Any) -> int:
    number = await service.create(scope, file(**more), "ann", NOW)
    await service.ask(scope, who.keys, number, "submit", "ann", NOW)
    await service.ask(scope, who.keys, number, "approve", "ben", NOW)
    await service.ask(scope, who.keys, number, "start", "ann", NOW)
    return number


async def states(scope: Scope) -> list[tuple[str, str]]:
    return [(row.state, row.reason) for row in await scope.all(STATES.order_by(task_lead.c.lead_id))]


async def codes(awaitable: Any) -> set[str]:
    with pytest.raises(TaskError) as caught:
        await awaitable
    return {problem.code for problem in caught.value.problems}


async def test_a_task_from_draft_to_done(database: Database, keyring: Keyring) -> None:
    who = await seed(database, keyring, NOW, leads=3)
    async with database.scope(who.tenant) as scope:
        number = await begun(scope, who)
        row, plan = await service.plan_of(scope, number)
        assert (row.state, row.max_robots, row.approved_by) == ("running", 2, "ben")
        assert (row.opens_at, row.closes_at) == (NOW - 3 * HOUR, NOW + 8 * HOUR)
        assert len(plan.scripts[0].digest or "") == 64
        assert await states(scope) == [("ready", "")] * 3
        moved = await service.ask(scope, who.keys, number, "pause", "ann", NOW)
        assert moved.after == "paused"
        await service.ask(scope, who.keys, number, "resume", "ann", NOW)
        await scope.run(update(task_lead).where(task_lead.c.tenant_id == TENANT).values(state="finished"))
        assert [move.after for _, move in await service.settle(scope, who.keys, NOW)] == ["done"]
        told = [(event.change, event.by) for event in await service.history(scope, number)]
        assert told == [
            ("create", "ann"), ("submit", "ann"), ("approve", "ben"), ("start", "ann"), ("pause", "ann"), ("resume", "ann"), ("finish", SYSTEM),
        ]  # fmt: skip
        assert await codes(service.ask(scope, who.keys, number, "resume", "ann", NOW)) == {"wrong-state"}


async def test_a_pause_waits_for_those_on_the_phone(database: Database, keyring: Keyring) -> None:
    who = await seed(database, keyring, NOW)
    async with database.scope(who.tenant) as scope:
        number = await begun(scope, who)
        await scope.run(update(task).where(task.c.tenant_id == TENANT).values(active=1))
        assert (await service.ask(scope, who.keys, number, "pause", "ann", NOW)).after == "pausing"
        assert await service.settle(scope, who.keys, NOW) == []
        await scope.run(update(task).where(task.c.tenant_id == TENANT).values(active=0))
        assert [move.after for _, move in await service.settle(scope, who.keys, NOW)] == ["paused"]


async def test_who_is_left_out_and_why(database: Database, keyring: Keyring) -> None:
    who = await seed(database, keyring, NOW, leads=7)
    async with database.scope(who.tenant) as scope:
        index = [who.keys.index(number) for number in who.numbers]
        frozen = {"number": b"", "scope": "tenant", "reason": "opt_out", "frozen_at": NOW, "by": "x"}
        await scope.run(
            insert(freeze),
            [
                {**frozen, "number_index": index[0], "until": None},
                {**frozen, "number_index": index[1], "until": NOW + 2 * HOUR},
                {**frozen, "number_index": index[2], "until": NOW - HOUR},
                {**frozen, "number_index": index[6], "scope": "company", "scope_id": who.company + 1, "until": None},
            ],
        )
        await scope.run(insert(suppression), number_index=index[3], reason="erased", created_at=NOW)
        revoked = update(consent).where(consent.c.tenant_id == TENANT, consent.c.id == who.consents[4])
        await scope.run(revoked.values(revoked_at=NOW))
        other = update(consent).where(consent.c.tenant_id == TENANT, consent.c.id == who.consents[5])
        await scope.run(other.values(valid_until=NOW))
        await begun(scope, who)
        assert await states(scope) == [
            ("excluded", "frozen"), ("ready", "frozen"), ("ready", ""), ("excluded", "suppressed"), ("excluded", "no_consent"),
            ("excluded", "no_consent"), ("ready", ""),
        ]  # fmt: skip
        due = [row.due_at for row in await scope.all(STATES.order_by(task_lead.c.lead_id))]
        assert due[:3] == [NOW, NOW + 2 * HOUR, NOW]


async def test_leads_without_the_variables_stay_out_and_variants_are_divided(
    database: Database, keyring: Keyring
) -> None:
    who = await seed(database, keyring, NOW, leads=40)
    text = template_path("appointment_en").read_text(encoding="utf-8")
    async with database.scope(who.tenant) as scope:
        known = {
            "script_id": "appointment_en", "digest": sha256(text.encode()).hexdigest(), "text": text, "purpose": "service", "language": "en",
            "submitted_by": "anna", "submitted_at": NOW, "reviewed_by": "bert", "reviewed_at": NOW,
        }  # fmt: skip
        await scope.run(insert(script_version), **known)
        required = {name: "x" for name, var in loads(text).script.vars.items() if var.required}
        assert required
        whole = who.keys.seal(json.dumps(required), "lead.variables")
        for number in who.leads[::2]:
            each = update(lead).where(lead.c.tenant_id == TENANT, lead.c.id == number)
            await scope.run(each.values(variables=whole))
        await begun(scope, who, scripts=[{"name": "a", "script": "s"}, {"name": "b", "script": "appointment_en"}])
        rows = await scope.all(STATES)
        assert {row.variant for row in rows} == {"a", "b"}
        for row in rows:
            lacking = row.variant == "b" and row.lead_id in who.leads[1::2]
            assert (row.state == "excluded" and row.reason.startswith("missing: ")) == lacking
        assert any(row.state == "excluded" for row in rows)


async def test_starting_again_adds_only_what_is_new_on_the_list(database: Database, keyring: Keyring) -> None:
    who = await seed(database, keyring, NOW, leads=2)
    async with database.scope(who.tenant) as scope:
        number = await begun(scope, who)
        await scope.run(update(task_lead).where(task_lead.c.tenant_id == TENANT).values(state="finished", attempts=1))
        await service.ask(scope, who.keys, number, "pause", "ann", NOW)
        later, plan = await service.plan_of(scope, number)
        wider = plan.model_copy(update={"retry": plan.retry.model_copy(update={"attempts": 5})})
        await service.change_plan(scope, who.keys, number, wider, later.version, "ann", NOW)
        await service.ask(scope, who.keys, number, "submit", "ann", NOW)
        await service.ask(scope, who.keys, number, "approve", "ben", NOW)
        await service.ask(scope, who.keys, number, "start", "ann", NOW)
        assert await states(scope) == [("finished", "")] * 2


async def test_changes_of_the_plan(database: Database, keyring: Keyring) -> None:
    who = await seed(database, keyring, NOW)
    async with database.scope(who.tenant) as scope:
        number = await begun(scope, who)
        row, plan = await service.plan_of(scope, number)
        faster = plan.model_copy(update={"calls_per_second": 5.0})
        assert await codes(service.change_plan(scope, who.keys, number, faster, row.version - 1, "cat", NOW)) == {
            "changed-meanwhile"
        }
        changed = await service.change_plan(scope, who.keys, number, faster, row.version, "cat", NOW)
        assert (changed.parts, changed.review, changed.state) == (("calls_per_second",), (), "running")
        more = faster.model_copy(update={"caps": faster.caps.model_copy(update={"per_day": 5})})
        assert await codes(service.change_plan(scope, who.keys, number, more, row.version + 1, "cat", NOW)) == {
            "wrong-state"
        }
        await service.ask(scope, who.keys, number, "pause", "ann", NOW)
        changed = await service.change_plan(scope, who.keys, number, more, row.version + 2, "cat", NOW)
        assert (changed.review, changed.state) == (("caps",), "draft")
        await service.ask(scope, who.keys, number, "submit", "ann", NOW)
        assert await codes(service.ask(scope, who.keys, number, "approve", "cat", NOW)) == {"own-work"}


async def test_a_task_is_not_started_without_papers_review_or_list(database: Database, keyring: Keyring) -> None:
    who = await seed(database, keyring, NOW)
    async with database.scope(who.tenant) as scope:
        number = await service.create(scope, file(), "ann", NOW)
        await service.ask(scope, who.keys, number, "submit", "ann", NOW)
        assert await codes(service.ask(scope, who.keys, number, "approve", "ann", NOW)) == {"own-work"}
        await service.ask(scope, who.keys, number, "approve", "ben", NOW)
        await scope.run(update(company).where(company.c.tenant_id == TENANT).values(vetted_until=NOW))
        await scope.run(update(script_version).where(script_version.c.tenant_id == TENANT).values(withdrawn_at=NOW))
        refused = await codes(service.ask(scope, who.keys, number, "start", "ann", NOW))
        assert refused == {"vetting-over", "not-reviewed"}


async def test_what_is_missing_is_said_at_once(database: Database, keyring: Keyring) -> None:
    who = await seed(database, keyring, NOW)
    async with database.scope(who.tenant) as scope:
        wrong = file(company="x", list="x", line="x", scripts=[{"script": "x"}])
        found = await codes(service.create(scope, wrong, "ann", NOW))
        assert found == {"unknown-company", "unknown-list", "unknown-line", "unknown-script"}
        assert await codes(service.create(scope, file(numbers="other"), "ann", NOW)) == {"no-own-number"}
        await service.create(scope, file(), "ann", NOW)
        assert await codes(service.create(scope, file(), "ann", NOW)) == {"name-taken"}


async def test_a_scheduled_task_begins_by_itself_or_says_why_not(database: Database, keyring: Keyring) -> None:
    who = await seed(database, keyring, NOW)
    async with database.scope(who.tenant) as scope:
        number = await service.create(scope, file(starts_at=NOW + HOUR), "ann", NOW)
        for action, by in (("submit", "ann"), ("approve", "ben"), ("schedule", "ann")):
            await service.ask(scope, who.keys, number, action, by, NOW)  # type: ignore[arg-type]
        assert await service.settle(scope, who.keys, NOW) == []
        papers = update(company).where(company.c.tenant_id == TENANT)
        await scope.run(papers.values(vetted_until=NOW))
        assert await service.settle(scope, who.keys, NOW + HOUR) == []
        row, _ = await service.plan_of(scope, number)
        assert (row.state, "papers" in row.state_reason) == ("scheduled", True)
        await scope.run(papers.values(vetted_until=NOW + 2 * HOUR))
        assert [move.after for _, move in await service.settle(scope, who.keys, NOW + HOUR)] == ["running"]


async def test_what_was_not_called_in_time_is_over(database: Database, keyring: Keyring) -> None:
    who = await seed(database, keyring, NOW)
    async with database.scope(who.tenant) as scope:
        await begun(scope, who, not_after=NOW + HOUR)
        assert [move.after for _, move in await service.settle(scope, who.keys, NOW + HOUR)] == ["done"]
        assert set(await states(scope)) == {("finished", "not_after")}
