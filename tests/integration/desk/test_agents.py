"""The agents' desk: who is there, calls that a script sends to a person, and what is written about them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from callwright.accounts.inviting import invite
from callwright.accounts.model import Viewer
from callwright.desk import service
from callwright.desk.model import STATES, Agent, AgentState, may_change, takes
from callwright.desk.waiting import Waiting
from callwright.dialogue.values import Transfer
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.testing.api import open_api
from callwright.testing.campaigns import start_task
from callwright.testing.tenants import seed

pytestmark = [pytest.mark.anyio, pytest.mark.integration]

NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_an_agent_comes_takes_a_break_and_writes_up(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW, leads=1)
    now = NOW
    async with open_api(database, keyring, seeded.tenant, now=lambda: now) as api:
        first = await api.post("/api/v1/desk/presence", roles="agent")
        assert first.json()["me"]["state"] == "offline"
        ready = await api.put("/api/v1/desk/state", roles="agent", json={"state": "ready"})
        assert (ready.json()["state"], ready.json()["groups"]) == ("ready", [])
        wrong = await api.put("/api/v1/desk/state", roles="agent", json={"state": "wrap_up"})
        assert (wrong.status_code, wrong.json()["code"]) == (409, "agent-state")
        body = {"call": "attempt-1", "code": "interested", "note": "calls back on Monday", "follow_up": True}
        assert (await api.post("/api/v1/desk/wrap-ups", roles="agent", json=body)).status_code == 200
        written = await api.get("/api/v1/desk/calls/attempt-1/wrap-ups", roles="author")
        assert [(one["code"], one["note"]) for one in written.json()] == [("interested", body["note"])]
        known = await api.get("/api/v1/desk/agents", roles="operator")
        assert [one["state"] for one in known.json()] == ["ready"]
        now = NOW + timedelta(minutes=1)  # the browser was silent
        assert [one["state"] for one in (await api.get("/api/v1/desk/agents", roles="operator")).json()] == ["offline"]
        assert (await api.post("/api/v1/desk/presence", roles="inspector")).status_code == 403
        for whom, status in (
            ({"number": "+8613900000001"}, 404),
            ({"lead": 10**6}, 404),
            ({"call": "nobody"}, 404),
            ({}, 422),
        ):
            body = {"task": 1, "offer": "v=0", **whom}
            assert (await api.post("/api/v1/desk/calls", roles="agent", json=body)).status_code == status
        task = await start_task(database, seeded, NOW)
        click = {"task": task, "offer": "v=0", "number": seeded.numbers[0]}
        refused = await api.post("/api/v1/desk/calls", roles="agent", json=click)
        assert (refused.status_code, refused.json()["code"]) == (409, "no-worker")
        assert (await api.post("/api/v1/desk/presence", roles="agent")).json()["me"]["state"] == "ready", "as before"
        async with database.scope(seeded.tenant) as scope:
            await service.begin_call(scope, 1, "", now)  # another click of the same agent is being placed
        refused = await api.post("/api/v1/desk/calls", roles="agent", json=click)
        assert (refused.status_code, refused.json()["code"]) == (409, "agent-state")
        both = {"task": 1, "offer": "v=0", "number": "+8613900000001", "lead": 1}
        assert (await api.post("/api/v1/desk/calls", roles="agent", json=both)).status_code == 422


async def test_codes_are_the_house_s_and_what_follows_a_call_too(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW, leads=1)
    now = NOW
    async with open_api(database, keyring, seeded.tenant, now=lambda: now) as api:

        async def choose(**changes: Any) -> dict[str, Any]:
            rules = (await api.get("/api/v1/desk/settings", roles="author")).json() | changes
            answer = await api.put("/api/v1/desk/settings", json=rules)
            assert answer.status_code == 200, answer.text
            found: dict[str, Any] = answer.json()
            return found

        async def after_a_call() -> str:
            async with database.scope(seeded.tenant) as scope:
                await service.begin_call(scope, 1, "c1", now)
                await service.end_call(scope, 1, now)
            answer = await api.post("/api/v1/desk/presence", roles="agent")
            return str(answer.json()["me"]["state"])

        await api.post("/api/v1/desk/presence", roles="agent")
        won = {"code": "won", "en": "won", "zh": "成交", "archived": False}
        kept = await choose(codes=[won], required=True, work_s=30)
        assert [one["code"] for one in kept["codes"] if not one["archived"]] == ["won"]
        assert any(
            one["code"] == "interested" and one["zh"] == "有意向" for one in kept["codes"]
        )  # calls that have it are read
        assert await after_a_call() == "wrap_up"
        early = await api.put("/api/v1/desk/state", roles="agent", json={"state": "ready"})
        assert (early.status_code, early.json()["code"]) == (409, "wrap-up-first")
        now = NOW + timedelta(seconds=60)  # over time: it is still to be written
        assert (await api.post("/api/v1/desk/presence", roles="agent")).json()["me"]["state"] == "wrap_up"
        gone = {"call": "c1", "code": "interested"}
        assert (await api.post("/api/v1/desk/wrap-ups", roles="agent", json=gone)).json()["code"] == "code-gone"
        assert (await api.post("/api/v1/desk/wrap-ups", roles="agent", json=gone | {"code": "won"})).json()[
            "state"
        ] == "ready"

        await choose(required=False)
        assert await after_a_call() == "wrap_up"
        now += timedelta(seconds=31)
        assert (await api.post("/api/v1/desk/presence", roles="agent")).json()["me"]["state"] == "ready"
        refused = await api.put("/api/v1/desk/settings", roles="agent", json=kept)
        assert refused.status_code == 403


async def test_agents_are_put_into_groups(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW, leads=1)
    script = (Path(__file__).parents[2] / "fixtures" / "calls" / "visit.yaml").read_text(encoding="utf-8")
    await start_task(database, seeded, NOW, script=script, transfer={"mode": "progressive", "group": "sales"})
    viewer = Viewer.system(seeded.tenant, "test")
    ann, _ = await invite(database, keyring, viewer, "ann@example.org", "Ann", ["agent"], "en", NOW)
    async with open_api(database, keyring, seeded.tenant, now=lambda: NOW) as api:
        asked = (await api.get("/api/v1/desk/groups", roles="operator")).json()
        assert [(one["name"], one["known"]) for one in asked["items"]] == [("desk", False), ("sales", False)]
        strange = await api.put(f"/api/v1/desk/agents/{ann}/groups", roles="operator", json={"groups": ["sales"]})
        assert (strange.status_code, strange.json()["code"]) == (422, "no-group")
        rules = (await api.get("/api/v1/desk/settings", roles="operator")).json()
        rules["groups"] = [{"name": "sales", "en": "Sales", "zh": "销售组"}]
        assert (await api.put("/api/v1/desk/settings", roles="operator", json=rules)).status_code == 200
        put = await api.put(f"/api/v1/desk/agents/{ann}/groups", roles="operator", json={"groups": ["sales", "sales"]})
        assert (put.json()["name"], put.json()["groups"], put.json()["state"]) == ("Ann", ["sales"], "offline")
        nobody = await api.put("/api/v1/desk/agents/999/groups", roles="operator", json={"groups": []})
        assert nobody.status_code == 404
        items = {one["name"]: one for one in (await api.get("/api/v1/desk/groups", roles="operator")).json()["items"]}
        assert (items["sales"]["agents"], items["sales"]["tasks"]) == ([ann], ["task"])
        assert (items["desk"]["scripts"], items["desk"]["known"]) == (["appointment"], False)
        staffed = await api.put("/api/v1/desk/settings", roles="operator", json=rules | {"groups": []})
        assert (staffed.status_code, staffed.json()["code"]) == (422, "group-in-use")


def test_who_takes_calls() -> None:
    def one(state: AgentState, *groups: str, ago_s: int = 0) -> Agent:
        return Agent(1, "a", state, NOW, NOW - timedelta(seconds=ago_s), groups)

    everybody = [one("ready"), one("ready", "sales"), one("busy", "sales"), one("ready", ago_s=60), one("break")]
    assert takes(everybody, "sales", NOW) == (2, 3)
    assert takes(everybody, "service", NOW) == (1, 1)
    assert takes([one("break")], "sales", NOW) == (0, 0)
    assert not may_change("ready", "busy")
    assert all(may_change(state, state) for state in STATES)


async def test_a_call_waits_for_the_first_who_accepts() -> None:
    there = True

    async def anybody(group: str) -> bool:
        return there

    waiting = Waiting(anybody)
    leg: Any = object()
    asked = asyncio.create_task(waiting.desk(Transfer("sales", wait_s=30), "c1"))
    async with asyncio.timeout(10):
        while "c1" not in waiting:  # noqa: ASYNC110 - a few turns of the loop
            await asyncio.sleep(0)
    assert waiting.give("c1", leg)
    assert not waiting.give("c1", leg)  # the second one is too late
    assert await asked is leg
    assert await waiting.desk(Transfer("sales", wait_s=0), "c2") is None
    there = False
    assert await waiting.desk(Transfer("sales", wait_s=30), "c3") is None
    assert len(waiting) == 0
