"""Requests with an Idempotency-Key are done once, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import anyio
import httpx
import pytest
from fastapi import APIRouter

from callwright.accounts.roles import Permission
from callwright.api.app import create_app
from callwright.http.here import Here, needs
from callwright.http.once import KEPT
from callwright.http.problems import ApiError
from callwright.settings import Settings
from callwright.storage import Storage
from callwright.store.blobs import Blobs
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.testing.api import FakeViewers
from callwright.testing.tenants import seed

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)


class Counter:
    """A route that counts how often it was done, and may be told to fail or to wait."""

    def __init__(self) -> None:
        self.done = 0
        self.fails = 0
        self.gate = anyio.Event()
        self.gate.set()
        self.entered = anyio.Event()
        self.router = APIRouter()
        self.router.add_api_route("/count", self.count, methods=["POST"])

    async def count(self, here: Annotated[Here, needs(Permission.TASKS_RUN)], body: dict[str, Any]) -> dict[str, int]:
        self.entered.set()
        await self.gate.wait()
        if self.fails:
            self.fails -= 1
            raise ApiError(503, "store", "not now")
        self.done += 1
        return {"done": self.done}


class Rig:
    def __init__(self, client: httpx.AsyncClient, counter: Counter) -> None:
        self.client, self.counter, self.now = client, counter, NOW

    async def post(self, key: str | None, body: object = None, roles: str = "operator") -> httpx.Response:
        headers = {"x-fake-roles": roles, "X-Callwright": "1"} | ({} if key is None else {"Idempotency-Key": key})
        return await self.client.post("/api/v1/count", json=body or {}, headers=headers)


@pytest.fixture
async def rig(database: Database, keyring: Keyring, tmp_path: Path) -> Any:
    seeded = await seed(database, keyring, NOW)
    counter = Counter()
    async with Blobs.open(tmp_path.as_uri()) as blobs:
        made: list[Rig] = []
        app = create_app(
            Storage(database, keyring, blobs),
            Settings.from_environment({"HOME": str(tmp_path)}),
            FakeViewers(seeded.tenant),
            now=lambda: made[0].now,
            routers={"count": counter.router},
        )
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://once.test") as client:
            made.append(Rig(client, counter))
            yield made[0]


async def test_the_same_request_again_gets_the_first_answer(rig: Rig) -> None:
    first = await rig.post("a")
    again = await rig.post("a")
    assert (first.json(), again.json()) == ({"done": 1}, {"done": 1})
    assert again.headers["idempotency-replayed"] == "true"
    assert rig.counter.done == 1
    assert (await rig.post(None)).json() == {"done": 2}
    assert (await rig.post("b")).json() == {"done": 3}


async def test_another_request_under_the_same_key_is_refused(rig: Rig) -> None:
    await rig.post("a", {"n": 1})
    other = await rig.post("a", {"n": 2})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-reused")
    assert rig.counter.done == 1


async def test_a_fault_of_ours_may_be_sent_again_a_refusal_is_kept(rig: Rig) -> None:
    rig.counter.fails = 1
    assert (await rig.post("a")).status_code == 503
    assert (await rig.post("a")).json() == {"done": 1}
    refused = await rig.post("c", roles="auditor")
    assert (refused.status_code, (await rig.post("c", roles="auditor")).status_code) == (403, 403)


async def test_while_it_is_being_done_it_is_not_done_again(rig: Rig) -> None:
    rig.counter.gate = anyio.Event()
    answers: list[httpx.Response] = []

    async def first() -> None:
        answers.append(await rig.post("a"))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(first)
        await rig.counter.entered.wait()
        assert (await rig.post("a")).json()["code"] == "idempotency-running"
        rig.counter.gate.set()
    assert answers[0].json() == {"done": 1}


async def test_keys_are_forgotten_after_a_day(rig: Rig) -> None:
    await rig.post("a")
    rig.now += KEPT + timedelta(seconds=1)
    assert (await rig.post("a")).json() == {"done": 2}
    assert (await rig.post("x" * 256)).status_code == 422
