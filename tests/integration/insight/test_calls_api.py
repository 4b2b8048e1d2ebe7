"""Lists of calls by filters and words, the page of a call, its recording in parts; and that erasing takes words out of the index."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from callwright.audit.tables import audit_entry
from callwright.campaigns import erasure
from callwright.campaigns.result_tables import call_tally, call_text, call_words
from callwright.insight import words
from callwright.insight.gathering import catch_up
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.store.metadata import TENANT
from callwright.testing.api import TestedApi, open_api
from callwright.testing.results import Told, add_calls
from callwright.testing.tenants import Seeded, seed

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
CALLS = [
    Told("A", ("请问一年多少钱？", "好的，可以"), nodes=("opening", "offer", "farewell"), kb=("price",), tags=("vip",),
         slots=(("city", "上海"),), follow_up="call back today"),
    Told("B", ("多少？少钱不行",), nodes=("opening", "offer"), talk_s=12, who=1, unknown=("有没有停车位",)),
    Told("", (), disposition="no_answer", answered=False, who=2),
    Told("A", ("How much is it?", "OK, it's fine"), nodes=("opening",), talk_s=90, who=1),
    Told("D", ("不需要",), disposition="declined", talk_s=31, ago=timedelta(days=3)),
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class There:
    api: TestedApi
    seeded: Seeded
    database: Database
    keyring: Keyring

    async def found(self, query: str, **more: Any) -> list[str]:
        answer = await self.api.get(f"/api/v1/calls?{query}", **more)
        assert answer.status_code == 200, answer.text
        return [row["call"][-1] for row in answer.json()["items"]]


@pytest.fixture
async def there(database: Database, keyring: Keyring) -> AsyncIterator[There]:
    seeded = await seed(database, keyring, NOW)
    async with open_api(database, keyring, seeded.tenant, now=lambda: NOW) as api:
        await add_calls(database, seeded, NOW, CALLS, api.blobs.of(seeded.tenant))
        yield There(api, seeded, database, keyring)


FILTERS = {
    "": "01234",
    "grade=A": "03",
    "grade=A&grade=B": "013",
    "grade=-": "2",
    "answered=false": "2",
    "disposition=declined&disposition=no_answer": "24",
    "since=2026-11-25T00:00:00Z": "0123",
    "before=2026-11-25T00:00:00Z": "4",
    "talk_from_s=12&talk_to_s=30": "01",
    "order=oldest": "43210",
    "order=longest": "34012",
    "own_number=%2B861085550000&grade=B": "1",
    "tag=vip": "0",
    "node=offer": "01",
    "node=offer&grade=B": "1",
    "kb=price": "0",
    "slot=city=上海": "0",
    "words=多少钱": "0",
    "words=多少": "01",
    "words=好": "0",
    "words=much how": "3",
    "words=it's": "3",
    "words=多少&since=2027-01-01T00:00:00Z": "",
    "words=没说过": "",
    "words=%20": "01234",
}


async def test_calls_are_found(there: There) -> None:
    for query, wanted in FILTERS.items():
        found = await there.found(query)
        assert "".join(found) == wanted, query


async def test_pages_are_whole_whatever_finds_them(there: There) -> None:
    for query in ("order=newest", "order=oldest", "order=longest", "node=opening", "words=多少"):
        whole = await there.found(query)
        paged: list[str] = []
        cursor = ""
        while True:
            answer = (await there.api.get(f"/api/v1/calls?{query}&limit=1{cursor}")).json()
            paged += [row["call"][-1] for row in answer["items"]]
            if answer["next"] is None:
                break
            cursor = f"&cursor={answer['next']}"
        assert paged == whole, query


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_numbers_are_masked_unless_somebody_may_see_them_and_then_it_is_noted(there: There) -> None:
    masked = (await there.api.get("/api/v1/calls?grade=B", roles="operator")).json()["items"][0]
    assert masked["number"] == "+8613***0001"
    whole = (await there.api.get("/api/v1/calls?grade=B", roles="agent")).json()["items"][0]
    assert whole["number"] == "+8613900000001"
    person = (await there.api.post("/api/v1/calls/find-person", json={"number": "+8613900000001"})).json()
    assert await there.found(f"subject={person['subject']}") == ["1", "3"]
    assert await there.found(f"subject={person['subject']}&words=多少") == ["1"]
    async with there.database.scope(there.seeded.tenant) as scope:
        noted = [row.action for row in await scope.all(select(audit_entry).where(audit_entry.c.tenant_id == TENANT))]
    assert noted == ["calls.list", "calls.search"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_is_wrong_is_refused(there: There) -> None:
    for query in (
        "grade=G",
        "cursor=x",
        "limit=0",
        "words=%00",
        "task=99999999999999999999",
        "nonsense=1",
        "slot=x",
        "since=2026-01-01",
    ):
        assert (await there.api.get(f"/api/v1/calls?{query}")).status_code == 422, query
    assert (await there.api.get("/api/v1/calls", roles="")).status_code == 403


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_page_of_a_call(there: There) -> None:
    detail = (await there.api.get("/api/v1/calls/call-00000")).json()
    assert [line["text"] for line in detail["lines"] if line["who"] == "caller"] == ["请问一年多少钱？", "好的，可以"]
    assert detail["slots"] == {"city": "上海"}
    assert [step["name"] for step in detail["steps"] if step["kind"] == "node"] == ["opening", "offer", "farewell"]
    assert (detail["follow_state"], detail["recording_ms"]) == ("open", 8000)
    events = (await there.api.get("/api/v1/calls/call-00000/events")).json()
    assert events["events"][0]["kind"] == "placed"
    assert "INVITE" in events["ladder"]
    decision = (await there.api.get("/api/v1/calls/call-00003/decision")).json()
    assert (decision["verified"], decision["seq"], decision["findings"]) == (True, 4, [])
    assert decision["body"]["attempt"] == "call-00003"
    for path in ("", "/events", "/decision", "/waveform", "/recording"):
        answer = await there.api.get(f"/api/v1/calls/nobody{path}", roles="inspector")
        assert answer.status_code == 404, path
    async with there.database.scope(there.seeded.tenant) as scope:
        noted = [row.action for row in await scope.all(select(audit_entry).where(audit_entry.c.tenant_id == TENANT))]
    assert noted == ["call.read", "call.events"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_recording_is_played_in_parts_and_that_is_noted_once(there: There) -> None:
    path = "/api/v1/calls/call-00000/recording"
    assert (await there.api.get(path, roles="administrator")).status_code == 403
    whole = await there.api.get(path, roles="operator")
    assert (whole.status_code, whole.headers["content-type"], whole.content[:4]) == (200, "audio/wav", b"RIFF")
    part = await there.api.get(path, roles="operator", headers={"Range": "bytes=44-1043"})
    assert (part.status_code, len(part.content)) == (206, 1000)
    assert part.content == whole.content[44:1044]
    assert part.headers["content-range"] == f"bytes 44-1043/{len(whole.content)}"
    beyond = await there.api.get(path, roles="operator", headers={"Range": "bytes=99999999-"})
    assert (beyond.status_code, beyond.json()["code"]) == (416, "range")
    assert (await there.api.get("/api/v1/calls/call-00002/recording", roles="operator")).status_code == 404
    for _ in range(2):
        wave = (await there.api.get("/api/v1/calls/call-00000/waveform", roles="operator")).json()
        assert (wave["duration_ms"], len(wave["channels"])) == (30_000, 2)
    async with there.database.scope(there.seeded.tenant) as scope:
        noted = [row.action for row in await scope.all(select(audit_entry).where(audit_entry.c.tenant_id == TENANT))]
    assert [action for action in noted if action != "access.refuse"] == ["recording.play"]


async def test_calls_are_counted_once_and_another_tenant_finds_nothing(there: There) -> None:
    for _ in range(2):
        assert await catch_up(there.database, there.seeded.tenant, there.keyring, batch=2) == 0
    async with there.database.scope(there.seeded.tenant) as scope:
        rows = await scope.all(select(call_tally).where(call_tally.c.tenant_id == TENANT))
    counts: Counter[tuple[str, str]] = Counter()
    for row in rows:
        counts[row.kind, row.name] += row.n
    assert (counts["node", "opening"], counts["edge", "opening>offer"], counts["exit", "offer"]) == (4, 2, 1)
    assert counts["calls", ""] == len(CALLS)
    assert sum(row.total for row in rows if row.kind == "answered") == 163_000
    other = await seed(there.database, there.keyring, NOW, slug="other")
    assert await there.found("", tenant=other.tenant) == []
    assert await there.found("words=多少", tenant=other.tenant) == []
    assert (await there.api.get("/api/v1/calls/call-00000", tenant=other.tenant)).status_code == 404


async def test_who_is_erased_is_found_by_no_word(there: There) -> None:
    assert await there.found("words=多少") == ["0", "1"]
    async with there.database.scope(there.seeded.tenant) as scope:
        keys = await there.keyring.tenant(scope)
        erased = await erasure.erase(scope, keys, there.seeded.numbers[1], NOW)
    assert await there.found("words=多少") == ["0"]
    assert any(name.endswith(".peaks.json") for name in erased.blobs)
    async with there.database.scope(there.seeded.tenant) as scope:
        texts = await scope.all(select(call_text.c.attempt_id).where(call_text.c.tenant_id == TENANT))
        bodies = await scope.all(select(call_words).where(call_words.c.tenant_id == TENANT))
    assert "call-00001" not in {row.attempt_id for row in texts}
    left = {gram for row in bodies for gram in words.open_bucket(keys, row.bucket, row.segment, bytes(row.body))}
    assert "多少" in left
    assert "how" not in left
