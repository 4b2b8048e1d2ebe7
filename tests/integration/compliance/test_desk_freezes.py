"""The freeze library over HTTP: two people for what makes a number callable, numbers masked, every look in the audit log."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from callwright.audit.store import Wanted, find
from callwright.compliance import freeze_store
from callwright.compliance.freezes import NewFreeze
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.testing.api import TestedApi, open_api
from callwright.testing.tenants import Seeded, seed

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
FREEZES = "/api/v1/freezes"
SUSPECTS = "/api/v1/freeze-suspects"


@dataclass(frozen=True)
class Desk:
    api: TestedApi
    seeded: Seeded
    database: Database

    async def noted(self) -> list[str]:
        async with self.database.reading(self.seeded.tenant) as scope:
            told = [kept.action for kept in reversed(await find(scope, Wanted(), 50))]
        return [action for action in told if action not in ("access.refuse", "endpoint.add")]


@pytest.fixture
async def desk(database: Database, keyring: Keyring) -> AsyncIterator[Desk]:
    seeded = await seed(database, keyring, NOW)
    async with open_api(database, keyring, seeded.tenant, now=lambda: NOW) as api:
        yield Desk(api, seeded, database)


async def _add(desk: Desk, number: str, **more: Any) -> dict[str, Any]:
    answer = await desk.api.post(FREEZES, roles="operator", json={"number": number} | more)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_frozen_masked_found_and_lifted_by_two(desk: Desk) -> None:
    number = desk.seeded.numbers[0]
    hook = {"kind": "webhook", "address": "http://127.0.0.1:9/hook", "events": ["freeze.added"]}
    assert (await desk.api.post("/api/v1/endpoints", json=hook)).status_code == 201
    made = await _add(desk, number, reason="abuse")
    assert made["number"] == "+86139****0000" and made["standing"]
    assert datetime.fromisoformat(made["until"]) == NOW + timedelta(days=180)
    assert (await _add(desk, number, reason="abuse"))["id"] == made["id"]
    assert (await desk.api.get("/api/v1/endpoints")).json()["items"][0]["backlog"]["waiting"] == 1, "told once"
    one = f"{FREEZES}/{made['id']}"
    assert (await desk.api.post(f"{one}/lift", roles="inspector", json={})).json()["code"] == "refused"
    asked = await desk.api.post(f"{one}/ask-lift", roles="operator", json={"reason": "a mistake"})
    assert asked.json()["asked"]["mine"] is True
    assert (await desk.api.post(f"{one}/ask-lift", roles="operator", json={"reason": "again"})).status_code == 409
    assert (await desk.api.post(f"{one}/lift", roles="operator", user=2, json={})).status_code == 403
    assert (await desk.api.post(f"{one}/lift", roles="inspector", json={})).status_code == 409, "the same person"
    listed = await desk.api.get(FREEZES, roles="operator", params={"state": "asked", "subject": made["subject"]})
    assert [row["id"] for row in listed.json()["items"]] == [made["id"]]
    lifted = await desk.api.post(f"{one}/lift", roles="inspector", user=2, json={"note": "letter seen"})
    assert lifted.json()["lift_reason"] == "a mistake (operator); letter seen" and not lifted.json()["standing"]
    assert lifted.json()["number"] == number, "an inspector may see numbers"
    async with desk.database.reading(desk.seeded.tenant) as scope:
        assert (await freeze_store.freezes_of(scope, desk.seeded.keys, [number], NOW))[number] == ()
    assert await desk.noted() == ["freeze.add", "freeze.ask-lift", "freeze.lift"]


async def test_pages_go_on_where_they_ended(desk: Desk) -> None:
    for n in range(5):
        await _add(desk, f"+861380000000{n}")
    first = (await desk.api.get(FREEZES, roles="auditor", params={"limit": 2})).json()
    second = (await desk.api.get(FREEZES, roles="auditor", params={"limit": 2, "cursor": first["next"]})).json()
    third = (await desk.api.get(FREEZES, roles="auditor", params={"limit": 2, "cursor": second["next"]})).json()
    ids = [row["id"] for page in (first, second, third) for row in page["items"]]
    assert ids == sorted(ids, reverse=True) and len(ids) == 5 and third["next"] is None
    assert "freeze.list" not in await desk.noted(), "masked numbers are no look at anybody"
    await desk.api.get(FREEZES, roles="inspector")
    assert (await desk.noted())[-1] == "freeze.list"


async def test_the_queue_is_judged(desk: Desk) -> None:
    async with desk.database.scope(desk.seeded.tenant) as scope:
        for n, number in enumerate(desk.seeded.numbers):
            await freeze_store.suspect(scope, desk.seeded.keys, number, f"call-{n}", "没兴趣", NOW)
    queue = (await desk.api.get(SUSPECTS, roles="operator")).json()
    assert queue["total"] == 3 and [row["call"] for row in queue["items"]] == ["call-0", "call-1", "call-2"]
    first, second, _ = (row["id"] for row in queue["items"])
    confirmed = (await desk.api.post(f"{SUSPECTS}/{first}/confirm", roles="operator", json={"days": 30})).json()
    frozen = (await desk.api.get(f"{FREEZES}/{confirmed['freeze']}", roles="operator")).json()
    assert frozen["reason"] == "keyword" and datetime.fromisoformat(frozen["until"]) == NOW + timedelta(days=30)
    why = {"reason": "asked for the price"}
    assert (await desk.api.post(f"{SUSPECTS}/{second}/dismiss", roles="operator", json=why)).status_code == 403
    done = await desk.api.post(f"{SUSPECTS}/{second}/dismiss", roles="inspector", json=why)
    assert done.json()["state"] == "dismissed" and done.json()["decision"] == why["reason"]
    again = await desk.api.post(f"{SUSPECTS}/{first}/dismiss", roles="inspector", json=why)
    assert (again.status_code, again.json()["code"]) == (409, "decided")
    assert (await desk.api.get(SUSPECTS, roles="operator", params={"state": "dismissed"})).json()["items"][0][
        "id"
    ] == second


@SQLITE
async def test_a_file_goes_out_and_comes_in(desk: Desk) -> None:
    async with desk.database.scope(desk.seeded.tenant) as scope:
        new = NewFreeze(desk.seeded.numbers[0], "opt_out", note="=1+1", until=NOW + timedelta(days=9))
        await freeze_store.freeze(scope, desk.seeded.keys, new, NOW, "anna")
    assert (await desk.api.get(f"{FREEZES}/export", roles="operator")).status_code == 403
    out = await desk.api.get(f"{FREEZES}/export", roles="inspector")
    assert desk.seeded.numbers[0] in out.text and "'=1+1" in out.text
    more = (
        out.content
        + f"{desk.seeded.numbers[1]},tenant,,opt_out,,\n13900000000,,,,,\n21390000000,,,,,\na\x00b,,,,,\n".encode()
    )
    answer = await desk.api.post(f"{FREEZES}/import", roles="operator", files={"file": ("list.csv", more)})
    told = answer.json()
    assert (told["frozen"], told["before"], told["unusable"]) == (2, 1, 2), answer.text
    assert [each["line"] for each in told["problems"]] == [5, 6]
    assert {each["file"] for each in told["problems"]} == {"list.csv"}
    wrong = await desk.api.post(f"{FREEZES}/import", roles="operator", files={"file": ("list.csv", b"\xff\xfe\x00")})
    assert wrong.status_code == 422
    assert "list.csv" in wrong.text and "/tmp" not in wrong.text
    assert await desk.noted() == ["freeze.export", "freeze.import"]


@SQLITE
async def test_what_is_wrong_with_a_list_is_told_in_the_language_of_the_viewer(desk: Desk) -> None:
    lines = b"number,scope,scope_id\n+8613900000001,company,99\n21390000000,,\n"
    for lang, words in (
        ("zh", ("没有编号为 99 的公司", "不是带国家代码的号码")),
        ("en", ("no company 99", "no number with")),
    ):
        files = {"file": ("list.csv", lines)}
        answer = await desk.api.post(f"{FREEZES}/import", roles="operator", data={"lang": lang}, files=files)
        told = " ".join(each["message"] for each in answer.json()["problems"])
        assert all(each in told for each in words), told
    wrong = await desk.api.post(f"{FREEZES}/import", roles="operator", data={"lang": "xx"}, files=files)
    assert wrong.status_code == 422


@SQLITE
@pytest.mark.parametrize(
    "body",
    [
        {"number": "13900000000"}, {"number": "+8613900000000", "reason": "no such"}, {"number": "+8613900000000", "note": "\x00"},
        {"number": "+8613900000000", "scope": "task"}, {"number": "+8613900000000", "until": "2020-01-01T00:00Z"},
        {"number": "+8613900000000", "scope_id": 2**63}, {"number": "+8613900000000", "more": 1},
    ],
)  # fmt: skip
async def test_what_is_no_freeze_is_refused(desk: Desk, body: dict[str, Any]) -> None:
    answer = await desk.api.post(FREEZES, json=body)
    assert answer.status_code == 422 and answer.json()["problems"]
