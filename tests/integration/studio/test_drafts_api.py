"""Drafts and their way to a version that is spoken, through the API on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from callwright.campaigns import task_store
from callwright.script.builtin import template_path
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.studio.checking import Checking
from callwright.studio.drafts import with_id
from callwright.studio.workshop import Workshop
from callwright.testing.api import TestedApi, open_api
from callwright.testing.tenants import seed

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
TEXT = with_id(template_path("delivery_notice").read_text(encoding="utf-8"), "visit")
BASE = "/api/v1/scripts/visit"


@pytest.fixture
async def api(database: Database, keyring: Keyring) -> AsyncIterator[TestedApi]:
    seeded = await seed(database, keyring, NOW)
    async with open_api(database, keyring, seeded.tenant, now=lambda: NOW) as opened:
        opened.app.state.workshop = Workshop(Checking(within_s=300))  # the machine that tests may be busy
        yield opened


def author(user: int = 3, seen: int | None = None) -> dict[str, Any]:
    headers = {"x-fake-user": str(user)} | ({} if seen is None else {"If-Match": f'"{seen}"'})
    return {"roles": "author", "headers": headers}


def reviewer(user: int = 7) -> dict[str, Any]:
    return {"roles": "reviewer", "headers": {"x-fake-user": str(user)}}


async def begun(api: TestedApi, text: str = TEXT) -> None:
    answer = await api.post("/api/v1/scripts", json={"script": "visit", "text": text}, **author())
    assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')


async def test_two_authors_never_overwrite_each_other(api: TestedApi) -> None:
    await begun(api)
    first = await api.put(f"{BASE}/draft", json={"text": TEXT + "# anna\n"}, **author(3, 1))
    assert (first.status_code, first.headers["etag"]) == (200, '"2"')
    late = await api.put(f"{BASE}/draft", json={"text": TEXT + "# bo\n"}, **author(4, 1))
    assert (late.status_code, late.json()["code"]) == (409, "changed-meanwhile")
    assert "author saved" in late.json()["detail"]
    again = await api.put(f"{BASE}/draft", json={"text": TEXT + "# anna\n"}, **author(3, 2))
    assert again.json()["version"] == 2  # the same text is no new version
    assert (await api.put(f"{BASE}/draft", json={"text": TEXT}, **author())).status_code == 422  # no If-Match
    saves = (await api.get(f"{BASE}/draft/saves")).json()["items"]
    assert [one["version"] for one in saves] == [2, 1]
    back = await api.post(f"{BASE}/draft/restore", json={"source": "save:1"}, **author(3, 2))
    assert (back.json()["version"], back.json()["text"]) == (3, TEXT)
    diff = (await api.get(f"{BASE}/diff", params={"before": "save:2", "after": "draft"})).json()
    assert (diff["added"], diff["removed"], diff["parts"]) == (0, 1, [])
    assert (await api.delete(f"{BASE}/draft", **author(3, 2))).status_code == 409
    assert (await api.delete(f"{BASE}/draft", **author(3, 3))).status_code == 204
    assert (await api.get(f"{BASE}/draft")).status_code == 404


async def test_the_way_from_a_draft_to_what_is_spoken(api: TestedApi, database: Database) -> None:
    await begun(api)
    handed = await api.post(f"{BASE}/draft/submit", json={"note": "please"}, **author(3, 1))
    assert handed.status_code == 201, handed.text
    digest = handed.json()["digest"]
    version = f"{BASE}/versions/{digest}"
    assert [one["script"] for one in (await api.get("/api/v1/script-reviews")).json()] == ["visit"]
    assert (await api.post(f"{version}/publish", **reviewer())).json()["code"] == "not-approved"
    own = await api.post(f"{version}/approve", json={}, roles="author,reviewer", headers={"x-fake-user": "3"})
    assert (own.status_code, own.json()["code"]) == (409, "own-work")
    assert (await api.post(f"{version}/reject", json={"reason": " "}, **reviewer())).status_code == 422
    assert (await api.post(f"{version}/reject", json={"reason": "too long"}, **reviewer())).status_code == 200
    assert await state(api) == "rejected"
    assert (await api.post(f"{version}/approve", json={}, **reviewer())).json()["code"] == "not-waiting"
    await api.post(f"{BASE}/draft/submit", json={}, **author(3, 1))
    approved = await api.post(f"{version}/approve", json={"publish": True}, **reviewer())
    assert approved.status_code == 200, approved.text
    assert (approved.json()["current"], approved.json()["approved_by"]) == (True, "reviewer")
    assert await state(api) == "published"

    second = await published(api, TEXT.replace("title: ", "title: 2 ", 1), 1)
    assert await spoken(database, api) == second
    await api.post(f"{version}/publish", **reviewer())  # back to the first one
    assert await spoken(database, api) in (digest, second)  # one clock reading: the later row wins
    withdrawn = await api.post(f"{BASE}/versions/{second}/withdraw", **reviewer())
    assert withdrawn.json()["withdrawn_by"] == "reviewer"
    assert await spoken(database, api) == digest
    assert (await api.post(f"{BASE}/versions/{second}/publish", **reviewer())).status_code == 422
    history = (await api.get(BASE)).json()
    assert [one["verdict"] for one in history["submissions"]] == ["approved", "approved", "rejected"]


async def published(api: TestedApi, text: str, seen: int) -> str:
    saved = await api.put(f"{BASE}/draft", json={"text": text}, **author(3, seen))
    handed = await api.post(f"{BASE}/draft/submit", json={}, **author(3, saved.json()["version"]))
    digest = str(handed.json()["digest"])
    answer = await api.post(f"{BASE}/versions/{digest}/approve", json={"publish": True}, **reviewer())
    assert answer.status_code == 200, answer.text
    return digest


async def state(api: TestedApi) -> str:
    rows = (await api.get("/api/v1/scripts", params={"q": "VISIT"})).json()["items"]
    return next(str(row["state"]) for row in rows if row["script"] == "visit")


async def spoken(database: Database, api: TestedApi) -> str:
    history = (await api.get(BASE)).json()
    async with database.scope(1) as scope:
        row = await scope.first(task_store.NEWEST_SCRIPT, script="visit")
    assert row is not None
    assert row.digest == history["standing"]["published"]["digest"]  # the console shows what tasks get
    return str(row.digest)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_is_wrong_is_told_with_its_place_and_nothing_wrong_is_handed_in(api: TestedApi) -> None:
    broken = TEXT.replace("affirm: ok", "affirm: nowhere", 1)
    checked = (await api.post("/api/v1/script-checks", json={"text": broken})).json()
    problem = next(one for one in checked["problems"] if one["code"] == "unknown-node")
    assert (problem["field"], problem["severity"]) == ("flow.nodes.opening.next.affirm", "error")
    assert broken.splitlines()[problem["line"] - 1].strip() == "affirm: nowhere"
    whole = (await api.post("/api/v1/script-checks", json={"text": TEXT, "explore": True})).json()
    assert (whole["errors"], whole["explored"]) == (0, "yes")
    tests = (await api.post("/api/v1/script-tests", json={"text": TEXT})).json()
    assert tests["passed"] == len(tests["tests"]) > 10
    assert (await api.post("/api/v1/script-tests", json={"text": "a: ["})).json()["problems"]
    await begun(api, broken)
    refused = await api.post(f"{BASE}/draft/submit", json={}, **author(3, 1))
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown-node")
    assert (await api.post("/api/v1/script-checks", json={"text": "a\x00"})).status_code == 422
    assert (await api.get("/api/v1/script-schema")).json()["title"] == "callwright script/1"
    assert len((await api.get("/api/v1/script-templates")).json()) >= 7
    assert (await api.get(BASE, tenant=1)).status_code == 200
    taken = await api.post("/api/v1/scripts", json={"script": "visit"}, **author())
    assert (taken.status_code, taken.json()["code"]) == (409, "exists")
