"""Do-not-call registries over HTTP: who may, as a job, told in the audit log, never shown."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from callwright.accounts.model import Viewer
from callwright.audit.store import Wanted, find
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.testing.api import TestedApi, open_api
from callwright.testing.tenants import Seeded, seed

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
REGISTRIES = "/api/v1/registries"


@dataclass(frozen=True)
class Desk:
    api: TestedApi
    seeded: Seeded
    database: Database

    async def load(self, text: str, **more: Any) -> dict[str, Any]:
        form = {"registry": "us-national-dnc", "as_of": NOW.isoformat()} | more
        answer = await self.api.post(
            f"{REGISTRIES}/import", roles="operator", data=form, files={"file": ("212.txt", text)}
        )
        assert answer.status_code == 202, answer.text
        which = answer.json()["id"]
        await self.api.app.state.jobs.find(Viewer.system(self.seeded.tenant), which).wait()
        return dict((await self.api.get(f"/api/v1/jobs/{which}", roles="operator")).json())


@pytest.fixture
async def desk(database: Database, keyring: Keyring) -> AsyncIterator[Desk]:
    seeded = await seed(database, keyring, NOW)
    async with open_api(database, keyring, seeded.tenant, now=lambda: NOW) as api:
        yield Desk(api, seeded, database)


async def test_loaded_listed_and_taken_away(desk: Desk) -> None:
    job = await desk.load("212,5550101\n212,5550102\n", version="7")
    assert job["state"] == "done", job
    assert job["result"] | {"copy": 0} == {
        "copy": 0, "added": 2, "deleted": 0, "held": 2, "unusable": 0, "areas": ["+1212"], "replaced": 0, "again": 0,
    }  # fmt: skip
    listed = {row["registry"]: row for row in (await desk.api.get(REGISTRIES, roles="auditor")).json()}
    assert listed["uk-tps"]["copies"] == [] and listed["uk-tps"]["rules"] == [{"pack": "uk", "rule": "tps", "days": 28}]
    (copy,) = listed["us-national-dnc"]["copies"]
    assert (copy["numbers"], copy["version"], copy["fresh"], copy["source"]) == (2, "7", True, "212.txt")
    assert datetime.fromisoformat(copy["fresh_until"]) == NOW + timedelta(days=31)
    assert "5550101" not in str(listed)
    address = f"{REGISTRIES}/copies/{copy['id']}"
    assert (await desk.api.delete(address, roles="auditor")).status_code == 403
    assert (await desk.api.delete(address, roles="operator")).status_code == 204
    assert (await desk.api.delete(address, roles="operator")).status_code == 404
    async with desk.database.reading(desk.seeded.tenant) as scope:
        told = [kept.action for kept in reversed(await find(scope, Wanted(action="registry."), 50))]
    assert told == ["registry.import", "registry.forget"]


async def test_what_is_wrong_is_told_by_line(desk: Desk) -> None:
    job = await desk.load("212,5550101\nhello\n")
    assert job["state"] == "failed"
    assert [(one["code"], one["line"]) for one in job["problems"]] == [("unusable", 0), ("number", 2)]
    job = await desk.load("212,5550101\nhello\n", skip_unusable="true")
    assert (job["state"], job["result"]["unusable"], len(job["problems"])) == ("done", 1, 1)
    form = {"registry": "us-dnc", "as_of": NOW.isoformat()}
    answer = await desk.api.post(f"{REGISTRIES}/import", roles="operator", data=form, files={"file": ("x", b"1")})
    assert answer.status_code == 422
    assert "us-national-dnc" in answer.text, "the ones that are asked for"
    refused = await desk.api.post(f"{REGISTRIES}/import", roles="auditor", data=form, files={"file": ("x", b"1")})
    assert refused.status_code == 403
