"""The agents' desk: who is there, calls that a script sends to a person, and what is written about them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from callwright.desk.model import STATES, Agent, AgentState, may_change, takes
from callwright.desk.waiting import Waiting
from callwright.dialogue.values import Transfer
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.testing.api import open_api
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
        ready = await api.put("/api/v1/desk/state", roles="agent", json={"state": "ready", "groups": ["sales"]})
        assert (ready.json()["state"], ready.json()["groups"]) == ("ready", ["sales"])
        wrong = await api.put("/api/v1/desk/state", roles="agent", json={"state": "wrap_up"})
        assert (wrong.status_code, wrong.json()["code"]) == (409, "agent-state")
        body = {"call": "attempt-1", "code": "interested", "note": "calls back on Monday", "follow_up": True}
        assert (await api.post("/api/v1/desk/wrap-ups", roles="agent", json=body)).status_code == 200
        known = await api.get("/api/v1/desk/agents", roles="operator")
        assert [one["state"] for one in known.json()] == ["ready"]
        now = NOW + timedelta(minutes=1)  # the browser was silent
        assert [one["state"] for one in (await api.get("/api/v1/desk/agents", roles="operator")).json()] == ["offline"]
        assert (await api.post("/api/v1/desk/presence", roles="inspector")).status_code == 403
        no_worker = {"number": "+8613900000001", "task": 1, "offer": "v=0"}
        assert (await api.post("/api/v1/desk/calls", roles="agent", json=no_worker)).status_code == 404


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
