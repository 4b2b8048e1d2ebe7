"""Lines, own numbers, endpoints and forecasts through the API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import anyio
import pytest
from sqlalchemy import bindparam, insert, update

from callwright.campaigns import events
from callwright.campaigns.tables import delivery
from callwright.compliance.tables import freeze
from callwright.http.jobs import Jobs
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.store.metadata import TENANT
from callwright.testing.api import TestedApi, open_api
from callwright.testing.campaigns import start_task
from callwright.testing.receivers import fake_receiver
from callwright.testing.tenants import Seeded, seed

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
_FROZEN = insert(freeze)
_GIVE_UP = (
    update(delivery)
    .where(delivery.c.tenant_id == TENANT, delivery.c.id == bindparam("which"))
    .values(state="given_up", tries=10, last_error="HTTP 500")
)


@pytest.fixture
async def seeded(database: Database, keyring: Keyring) -> Seeded:
    return await seed(database, keyring, NOW, leads=4)


@pytest.fixture
async def api(database: Database, keyring: Keyring, seeded: Seeded) -> AsyncIterator[TestedApi]:
    async with open_api(database, keyring, seeded.tenant, now=lambda: NOW) as opened:
        yield opened


async def test_a_forecast_tells_who_is_not_called_and_why(api: TestedApi, database: Database, seeded: Seeded) -> None:
    index, sealed = seeded.keys.seal_number(seeded.numbers[2])
    async with database.scope(seeded.tenant) as scope:
        row = {
            "number_index": index,
            "number": sealed,
            "scope": "tenant",
            "reason": "opt_out",
            "frozen_at": NOW,
            "by": "eva",
        }
        await scope.run(_FROZEN, [row])
    task = await start_task(database, seeded, NOW, budget={"currency": "CNY", "total": 100, "per_minute": 0.1})
    job = (await api.post(f"/api/v1/tasks/{task}/forecasts", roles="operator", json={"seed": 3})).json()
    jobs: Jobs = api.app.state.jobs
    with anyio.fail_after(120):
        await jobs._jobs[job["id"]].wait()
    found = (await api.get(f"/api/v1/jobs/{job['id']}", roles="operator")).json()
    assert (found["state"], found["problems"]) == ("done", [])
    seen = found["result"]["preview"]
    assert (seen["people"], sum(group["count"] for group in seen["groups"]) + seen["allowed"]) == (4, 4)
    frozen = next(group for group in seen["groups"] if group["rule"] == "frozen")
    assert (frozen["count"], frozen["passes"], frozen["title"]) == (1, False, "The number is not frozen")
    assert [(one["lead"], one["number"]) for one in frozen["examples"]] == [(seeded.leads[2], "+8613***0002")]
    cases = found["result"]["cases"]
    assert set(cases) == {"low", "likely", "high"}
    assert sum(hour["dials"] for hour in found["result"]["hours"]) == cases["likely"]["dials"]


async def test_own_numbers_are_added_verified_registered_and_retired(api: TestedApi, seeded: Seeded) -> None:
    (line,) = (await api.get("/api/v1/lines", roles="operator")).json()["items"]
    assert (line["name"], line["pools"]) == ("a", [{"pool": "default", "numbers": 1, "able": 1}])
    body = {"number": "+861085550001", "line": "a", "region": "+8610"}
    made = (await api.post("/api/v1/own-numbers", json=body)).json()
    assert (made["verified_at"], [one["registry"] for one in made["registrations"]]) == (
        None, ["carrier-contract", "number-label-platforms"],
    )  # fmt: skip
    assert (await api.post("/api/v1/own-numbers", json=body)).json()["code"] == "known-number"
    path = f"/api/v1/own-numbers/{made['id']}"
    assert (await api.post(f"{path}/verify")).json()["verified_at"] is not None
    done = (await api.post(f"{path}/registrations", json={"registry": "carrier-contract", "note": "c-17"})).json()
    assert done["registrations"][0]["note"] == "c-17"
    assert (await api.post(f"{path}/retire", json={"reason": "given back"})).json()["state"] == "retired"
    assert (await api.post(f"{path}/verify")).status_code == 409
    assert (await api.post(f"{path}/retire", roles="operator", json={"reason": "x"})).status_code == 403
    assert len((await api.get("/api/v1/own-numbers", roles="auditor")).json()["items"]) == 2


async def test_an_endpoint_is_tried_out_and_its_deliveries_sent_again(
    api: TestedApi, database: Database, seeded: Seeded
) -> None:
    async with fake_receiver() as receiver:
        body = {"kind": "webhook", "address": f"{receiver.url}/hook", "events": ["task.state"]}
        made = (await api.post("/api/v1/endpoints", json=body)).json()
        assert made["secret"].startswith("whsec_")
        path = f"/api/v1/endpoints/{made['endpoint']['id']}"
        assert (await api.post(f"{path}/test")).json() == {"arrived": True, "error": ""}
        assert "webhook-signature" in receiver.got[0].headers
        receiver.answer = lambda _: (500, {})
        assert (await api.post(f"{path}/test")).json() == {"arrived": False, "error": "HTTP 500"}
    listed = (await api.get("/api/v1/endpoints")).json()["items"]
    assert "secret" not in str(listed)
    async with database.scope(seeded.tenant) as scope:
        await events.post(scope, seeded.keys, "task.state", {"task": 1}, NOW)
        await events.post(scope, seeded.keys, "task.state", {"task": 2}, NOW)
    first = (await api.get(f"{path}/deliveries?limit=1")).json()
    (other,) = (await api.get(f"{path}/deliveries?cursor={first['next']}")).json()["items"]
    assert other["id"] != first["items"][0]["id"]
    async with database.scope(seeded.tenant) as scope:
        await scope.run(_GIVE_UP, [{"which": other["id"]}])
    assert (await api.post(f"{path}/deliveries/{other['id']}/retry")).status_code == 204
    (backlog,) = [one["backlog"] for one in (await api.get("/api/v1/endpoints")).json()["items"]]
    assert (backlog["waiting"], backlog["given_up"]) == (2, 0)
    assert (await api.patch(path, json={"active": False})).json()["active"] is False
    assert (await api.delete(path)).status_code == 204
    assert (await api.get(f"{path}/deliveries")).status_code == 404


@ON_SQLITE
async def test_an_address_of_no_use_is_refused(api: TestedApi) -> None:
    for kind, address in (
        ("webhook", "http://crm.example.com/x"),
        ("webhook", "https://xn--.example./\u0001"),
        ("mail", "nobody"),
        ("wecom", "https://u:p@x.example"),
    ):
        answer = await api.post("/api/v1/endpoints", json={"kind": kind, "address": address})
        assert (answer.status_code, answer.json()["code"]) == (422, "address")
    assert (
        await api.post("/api/v1/endpoints", roles="operator", json={"kind": "mail", "address": "a@b.example"})
    ).status_code == 403
