"""After calls: who follows up whom, open questions, files, analytics."""

from __future__ import annotations

import asyncio
import csv
import io
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from callwright.campaigns.result_tables import follow_up
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.store.metadata import TENANT
from callwright.testing.api import TestedApi, open_api
from callwright.testing.results import Told, add_calls
from callwright.testing.tenants import seed

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
CALLS = [
    Told("B", ("多少钱",), nodes=("opening", "offer"), kb=("price",), unknown=("有没有停车位",), ago=timedelta(hours=1)),
    Told("A", ("=1+1 好的",), nodes=("opening", "offer", "farewell"), kb=("price",), who=1, ago=timedelta(hours=2)),
    Told("A", ("好的",), nodes=("opening", "offer", "farewell"), unknown=("请问有停车位吗",), who=2, ago=timedelta(hours=3)),
    Told("D", ("不需要",), nodes=("opening",), disposition="declined", ago=timedelta(hours=3)),
    Told("", (), disposition="no_answer", answered=False, ago=timedelta(hours=4)),
]  # fmt: skip


async def _job(api: TestedApi, body: dict[str, Any], roles: str) -> dict[str, Any]:
    answer = await api.post("/api/v1/calls/exports", json=body, roles=roles)
    assert answer.status_code == 202, answer.text
    name = answer.json()["id"]
    async with asyncio.timeout(60):
        while True:
            job: dict[str, Any] = (await api.get(f"/api/v1/jobs/{name}", roles=roles)).json()
            if job["state"] in ("done", "failed", "cancelled"):
                return job
            await asyncio.sleep(0.02)


async def test_follow_ups_go_to_one_person(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW)
    await add_calls(database, seeded, NOW, CALLS)
    async with open_api(database, keyring, seeded.tenant, now=lambda: NOW) as api:
        listed = (await api.get("/api/v1/follow-ups?limit=2", roles="agent")).json()
        assert [row["call"] for row in listed["items"]] == ["call-00002", "call-00001"]
        rest = (await api.get(f"/api/v1/follow-ups?limit=2&cursor={listed['next']}", roles="agent")).json()
        assert [row["grade"] for row in rest["items"]] == ["B"]
        path = "/api/v1/follow-ups/call-00002"
        assert (await api.post(f"{path}/claim", roles="operator")).status_code == 403
        assert (await api.post(f"{path}/done", json={"outcome": "won"}, roles="agent")).status_code == 409
        assert (await api.post(f"{path}/claim", roles="agent")).status_code == 204
        again = await api.post(f"{path}/claim", roles="agent")
        assert (again.status_code, again.json()["code"]) == (409, "claimed")
        done = await api.post(f"{path}/done", json={"outcome": "won", "note": "周五下午来"}, roles="agent")
        assert done.status_code == 204
        (row,) = (await api.get("/api/v1/follow-ups?state=done&mine=true", roles="agent")).json()["items"]
        assert (row["outcome"], row["note"]) == ("won", "周五下午来")
        assert (await api.get("/api/v1/follow-ups/counts")).json() == {"open": 2, "claimed": 0, "done": 1}
        assert (await api.post("/api/v1/follow-ups/nobody/claim", roles="agent")).status_code == 404
    async with database.scope(seeded.tenant) as scope:
        (kept,) = await scope.all(
            select(follow_up.c.note).where(follow_up.c.tenant_id == TENANT, follow_up.c.state == "done")
        )
    assert "周五".encode() not in bytes(kept.note)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_questions_and_files(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW)
    async with open_api(database, keyring, seeded.tenant, now=lambda: NOW) as api:
        await add_calls(database, seeded, NOW, CALLS, api.blobs.of(seeded.tenant))
        (question,) = (await api.get("/api/v1/unanswered")).json()["items"]
        assert (question["times"], len(question["ids"])) == (2, 2)
        body = {"ids": question["ids"], "entry": "parking", "answer": "地下一层可以停车。"}
        assert (await api.post("/api/v1/unanswered/draft", json=body, roles="operator")).status_code == 403
        draft = (await api.post("/api/v1/unanswered/draft", json=body, roles="author")).json()
        assert draft["tests"][0]["expect"] == {"kb": ["parking"]}
        bare = (await api.post("/api/v1/unanswered/draft", json={"ids": question["ids"]}, roles="author")).json()
        assert (bare["kb"][0]["id"], bare["kb"][0]["answers"]) == (bare["tests"][0]["expect"]["kb"][0], [{"text": "…"}])
        assert question["scripts"] == ["s"]
        gone = await api.post("/api/v1/unanswered/draft", json={"ids": [99_999]}, roles="author")
        assert gone.status_code == 404
        settled = await api.post(
            "/api/v1/unanswered/settle", json={"ids": question["ids"], "state": "drafted"}, roles="author"
        )
        assert settled.json() == {"sentences": 2}
        assert (await api.get("/api/v1/unanswered")).json()["items"] == []

        job = await _job(api, {"filters": {"grade": ["A"]}, "transcripts": True}, "operator")
        assert (job["state"], job["result"], job["files"]) == ("done", {"calls": 2, "recordings": 0}, ["calls.csv"]), (
            job
        )
        text = (await api.get(f"/api/v1/jobs/{job['id']}/files/calls.csv", roles="operator")).content.decode(
            "utf-8-sig"
        )
        rows = list(csv.DictReader(io.StringIO(text)))
        assert rows[0]["number"].endswith("***0001")
        assert "caller: =1+1 好的" in rows[0]["transcript"]
        words = await _job(api, {"filters": {"words": "好的"}, "form": "xlsx"}, "operator")
        assert words["result"]["calls"] == 2
        packed = await _job(api, {"form": "zip"}, "operator")
        assert packed["result"] == {"calls": 5, "recordings": 4}
        archive = await api.get(f"/api/v1/jobs/{packed['id']}/files/calls.zip", roles="operator")
        with zipfile.ZipFile(io.BytesIO(archive.content)) as opened:
            assert sorted(opened.namelist())[-1] == "calls.csv"
            assert len(opened.namelist()) == 5
        refused = await api.post("/api/v1/calls/exports", json={"whole_numbers": True}, roles="operator")
        assert refused.status_code == 403


async def test_analytics(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW)
    await add_calls(database, seeded, NOW, CALLS)
    async with open_api(database, keyring, seeded.tenant, now=lambda: NOW) as api:
        seen = (await api.get("/api/v1/analytics/overview?zone=Asia/Shanghai")).json()
        assert (seen["calls"], seen["answered"]["part"], seen["wanted"]["part"], seen["waiting"]) == (5, 4, 3, 0)
        assert seen["grades"]["A"] == 2
        assert seen["hours"][9] == {"name": "09", "calls": 2, "answered": 2, "grades": {"A": 1, "D": 1}}
        flow = (await api.get(f"/api/v1/analytics/flow?script_version={seeded.script_version}")).json()
        assert [(node["node"], node["entered"], node["ended"]) for node in flow["nodes"]] == [
            ("opening", 4, 1), ("offer", 3, 1), ("farewell", 2, 2),
        ]  # fmt: skip
        asked = (await api.get("/api/v1/analytics/questions")).json()
        assert asked["known"] == [{"name": "price", "calls": 2}]
        assert sum(one["calls"] for one in asked["unknown"]) == 2
        (version,) = (await api.get("/api/v1/analytics/versions")).json()["items"]
        assert (version["script"], version["calls"], version["better"]) == ("s", 5, None)
        seat = {"seat": {"low": 1, "high": 2}, "minute": {"low": 0, "high": 1}, "calls": {"low": 10, "high": 20},
                "answered": {"low": 0.5, "high": 0.5}, "wanted": {"low": 0, "high": 0.5}, "talk_min": {"low": 1, "high": 1}}  # fmt: skip
        costs = (await api.post("/api/v1/analytics/costs", json={"robot": seat, "human": seat})).json()
        assert costs["robot"]["month"] == {"low": 1, "high": 12}
        assert costs["robot"]["per_wanted"] is None
        for wrong in ("zone=Nowhere", "since=2026-11-26T00:00:00Z&before=2026-11-25T00:00:00Z"):
            assert (await api.get(f"/api/v1/analytics/overview?{wrong}")).status_code == 422
