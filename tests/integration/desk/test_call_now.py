"""`POST /calls/now` before any worker is asked: which task, which person, which variables. With a worker: tests/integration/client."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.testing.api import open_api
from callwright.testing.campaigns import start_task
from callwright.testing.tenants import seed

pytestmark = [pytest.mark.anyio, pytest.mark.integration]

NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_nobody_is_called_without_an_approved_task_all_variables_and_a_worker(
    database: Database, keyring: Keyring
) -> None:
    seeded = await seed(database, keyring, NOW, leads=1)
    task = await start_task(database, seeded, NOW)
    number = seeded.numbers[0]
    async with open_api(database, keyring, seeded.tenant, now=lambda: NOW) as api:

        async def ask(status: int, code: str, number: str = number, of: int = task, roles: str = "operator") -> str:
            answer = await api.post("/api/v1/calls/now", roles=roles, json={"number": number, "task": of})
            assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
            return answer.text

        await ask(409, "no-worker")
        await ask(404, "absent", of=99)
        await ask(403, "forbidden", roles="agent")
        assert "body.variables.name" in await ask(422, "missing-variable", "+8613999999999")
        moved = await api.post(f"/api/v1/tasks/{task}/cancel", roles="operator")
        assert moved.status_code == 200
        await ask(409, "task-state")
        click = await api.post(
            "/api/v1/desk/calls", roles="agent", json={"number": number, "task": task, "offer": "v=0"}
        )
        assert (click.status_code, click.json()["code"]) == (409, "task-state"), click.text
        noted = (await api.get("/api/v1/audit")).json()["items"]
        assert [one["object"] for one in noted if one["action"] == "call.now"] == [str(task)]
        assert number not in str(noted)
