"""Lists and tasks through the API: what comes in, what is refused, what is told to whom."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import anyio
import pytest

from callwright.http.jobs import Jobs
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.testing.api import TestedApi, open_api
from callwright.testing.campaigns import start_task
from callwright.testing.tenants import Seeded, seed

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
CSV = "手机号,依据,同意时间,姓名\n13900000001,同意,2026-11-01,王先生\n13900000002,同意,2026-11-01,=1+1\n12,同意,,\n"
PLAN = {
    "scripts": [{"script": "s"}],
    "calling": {"zone": "Asia/Shanghai", "windows": [{"from": "09:00", "to": "20:00"}]},
    "robots": {"max": 2},
}


@pytest.fixture
async def seeded(database: Database, keyring: Keyring) -> Seeded:
    return await seed(database, keyring, NOW)


@pytest.fixture
async def api(database: Database, keyring: Keyring, seeded: Seeded) -> AsyncIterator[TestedApi]:
    async with open_api(database, keyring, seeded.tenant, now=lambda: NOW) as opened:
        yield opened


async def over(api: TestedApi, job: dict[str, Any], roles: str = "operator") -> dict[str, Any]:
    """The job once it is over."""
    jobs: Jobs = api.app.state.jobs
    with anyio.fail_after(30):
        await jobs._jobs[job["id"]].wait()
    found: dict[str, Any] = (await api.get(f"/api/v1/jobs/{job['id']}", roles=roles)).json()
    return found


async def uploaded(api: TestedApi, text: str = CSV, name: str = "autumn.csv") -> dict[str, Any]:
    answer = await api.post(
        "/api/v1/lists/uploads", roles="operator", files={"file": (name, text.encode(), "text/csv")}
    )
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def imported(api: TestedApi, **more: Any) -> dict[str, Any]:
    upload = await uploaded(api)
    body = {"name": "autumn 2026", "region": "CN"} | more
    answer = await api.post(f"/api/v1/lists/uploads/{upload['id']}/import", roles="operator", json=body)
    assert answer.status_code == 202, answer.text
    return await over(api, answer.json())


async def test_a_file_is_looked_at_imported_read_and_exported(api: TestedApi) -> None:
    seen = await uploaded(api)
    assert [(one["name"], one["target"]) for one in seen["columns"]][:2] == [("手机号", "number"), ("依据", "basis")]
    assert seen["rows"][0]["problems"], "a number without + needs a country"
    body = {"region": "cn", "mapping": {"姓名": "caller"}}
    seen = (await api.post(f"/api/v1/lists/uploads/{seen['id']}/preview", roles="operator", json=body)).json()
    assert [row["number"] for row in seen["rows"]] == ["+8613***0001", "+8613***0002", ""]
    assert "13900000001" not in json.dumps(seen)
    assert seen["columns"][3]["target"] == "var:caller"

    job = await imported(api)
    assert (job["state"], job["result"]["imported"], job["result"]["bad"]) == ("done", 2, 1)
    errors = await api.get(f"/api/v1/jobs/{job['id']}/files/errors.csv", roles="operator")
    assert errors.status_code == 200
    assert "no-consent-date" in errors.text
    again = await imported(api)
    assert (again["result"]["imported"], again["result"]["people"]) == (0, 2)

    found = (await api.get("/api/v1/lists?q=AUTUMN", roles="operator")).json()["items"]
    assert [(one["name"], one["state"], one["imported"], one["tasks"]) for one in found] == [
        ("autumn 2026", "ready", 2, 0)
    ]
    people = (await api.get(f"/api/v1/lists/{found[0]['id']}/people?limit=1", roles="operator")).json()
    assert (people["items"][0]["number"], people["items"][0]["variables"]) == ("+8613***0001", {"name": "王先生"})
    rest = await api.get(f"/api/v1/lists/{found[0]['id']}/people?cursor={people['next']}", roles="operator,agent")
    assert [one["number"] for one in rest.json()["items"]] == ["+8613900000002"]

    path = f"/api/v1/lists/{found[0]['id']}/exports"
    refused = await api.post(path, roles="operator", json={"whole_numbers": True})
    assert refused.status_code == 403
    job = await over(api, (await api.post(path, roles="operator", json={})).json())
    text = (await api.get(f"/api/v1/jobs/{job['id']}/files/people.csv", roles="operator")).text
    assert "'=1+1" in text
    assert "13900000002" not in text

    assert (await api.delete(f"/api/v1/lists/{found[0]['id']}", roles="operator")).json() == {"people": 2}
    assert (await api.get(f"/api/v1/lists/{found[0]['id']}", roles="operator")).status_code == 404


async def test_rows_of_a_program_are_taken_once(api: TestedApi) -> None:
    row = {"number": "+8613900000077", "basis": "consent", "consent_at": "2026-11-01", "age": 33}
    body = {"list": "crm", "rows": [row, row, {"number": "12"}]}
    first = await api.post("/api/v1/lists/rows", roles="operator", json=body)
    assert first.status_code == 200, first.text
    assert {name: first.json()[name] for name in ("rows", "imported", "duplicates", "bad", "people")} == {
        "rows": 3, "imported": 1, "duplicates": 1, "bad": 1, "people": 1,
    }  # fmt: skip
    again = (await api.post("/api/v1/lists/rows", roles="operator", json=body)).json()
    assert (again["imported"], again["already"], again["people"]) == (0, 1, 1)
    nobody = await api.post("/api/v1/lists/rows", roles="operator", json=body | {"company": 999})
    assert (nobody.status_code, nobody.json()["code"]) == (422, "unknown-company")
    too_many = await api.post("/api/v1/lists/rows", roles="operator", json={"list": "crm", "rows": [row] * 1001})
    assert too_many.status_code == 422


@ON_SQLITE
async def test_what_is_no_list_is_refused_and_not_kept(api: TestedApi) -> None:
    answer = await api.post("/api/v1/lists/uploads", roles="operator", files={"file": ("../../x.xlsx", b"PK\3\4", "x")})
    assert answer.status_code == 422
    assert "/" not in answer.json()["problems"][0]["file"]
    assert not api.app.state.shelf._laid
    for path in ("/api/v1/lists/uploads/nope/preview", "/api/v1/lists/uploads/nope/import"):
        body = {"name": "x"} if path.endswith("import") else {}
        assert (await api.post(path, roles="operator", json=body)).status_code == 404
    assert (
        await api.post("/api/v1/lists/uploads", roles="author", files={"file": ("a", b"x", "x")})
    ).status_code == 403


@ON_SQLITE
async def test_a_list_that_a_task_uses_stays(api: TestedApi, database: Database, seeded: Seeded) -> None:
    await start_task(database, seeded, NOW)
    answer = await api.delete(f"/api/v1/lists/{seeded.list}", roles="operator")
    assert (answer.status_code, answer.json()["code"]) == (409, "list-in-use")
    assert (await api.get(f"/api/v1/lists/{seeded.list}/people", roles="operator")).json()["total"] == 3


async def made(api: TestedApi, seeded: Seeded, **more: Any) -> dict[str, Any]:
    body = {"name": "first", "company": seeded.company, "list": seeded.list, "line": seeded.line, "plan": PLAN} | more
    answer = await api.post("/api/v1/tasks", roles="operator", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_who_makes_a_task_sees_who_is_told(api: TestedApi) -> None:
    async def told() -> dict[str, Any]:
        options = (await api.get("/api/v1/task-options", roles="operator")).json()
        return {one["event"]: one["told"] for one in options["news"]} | {"asked": options["pre_dial"]}

    before = await told()
    assert before.pop("asked") == 0
    assert not any(before.values())
    for kind, events in (("webhook", ["call.ended"]), ("webhook", []), ("pre_dial", [])):
        body = {"kind": kind, "address": "https://crm.example.com/hook", "events": events}
        assert (await api.post("/api/v1/endpoints", json=body)).status_code == 201
    off = {"kind": "wecom", "address": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=abc"}
    made = (await api.post("/api/v1/endpoints", json=off)).json()["endpoint"]["id"]
    await api.patch(f"/api/v1/endpoints/{made}", json={"active": False})
    found = await told()
    assert (found["call.ended"], found["task.state"], found["asked"]) == ({"webhook": 2}, {"webhook": 1}, 1)
    assert "complaint.opened" not in found


async def test_a_task_from_draft_to_running_and_back(api: TestedApi, seeded: Seeded) -> None:
    offered = (await api.get("/api/v1/task-options", roles="operator")).json()
    assert (offered["company"], offered["line"]) == (seeded.company, seeded.line)
    assert [one["name"] for one in offered["lists"]] == ["people"]
    plan = offered["plan"] | {"scripts": [{"script": offered["scripts"][0]["script"]}]}
    task = await made(api, seeded, plan=plan)
    path = f"/api/v1/tasks/{task['id']}"
    assert task["state"] == "draft"
    assert task["plan"]["scripts"][0]["digest"] == offered["scripts"][0]["digest"]
    assert task["plan"]["calling"]["windows"][0]["from"] == "09:30"

    async def ask(action: str, status: int, roles: str = "operator", **body: Any) -> dict[str, Any]:
        answer = await api.post(f"{path}/{action}", roles=roles, json=body)
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found

    assert (await ask("start", 409))["code"] == "wrong-state"
    await ask("submit", 200)
    await ask("approve", 403)
    assert (await ask("approve", 409, roles="reviewer"))["code"] == "own-work", "the same user, whatever he is called"


async def test_a_running_task_is_looked_at_and_paused(api: TestedApi, database: Database, seeded: Seeded) -> None:
    task = await start_task(database, seeded, NOW, name="busy")
    path = f"/api/v1/tasks/{task}"
    row = (await api.get("/api/v1/tasks?state=running", roles="operator")).json()["items"][0]
    assert (row["name"], row["counters"]["total"], row["counters"]["leads"]) == ("busy", 3, {"ready": 3})
    assert (await api.get("/api/v1/tasks?state=paused&q=x", roles="operator")).json()["items"] == []
    queue = (await api.get(f"{path}/queue", roles="operator")).json()
    assert (queue["groups"], queue["due"]) == ([{"state": "ready", "reason": "", "count": 3}], 3)
    leads = (await api.get(f"{path}/leads?state=ready", roles="operator")).json()["items"]
    assert [one["number"] for one in leads] == ["+8613***0000", "+8613***0001", "+8613***0002"]
    causes = (await api.get(f"{path}/why?lang=zh", roles="operator")).json()["items"]
    assert causes[0]["code"] == "no_worker"
    assert "工作进程" in causes[0]["text"]
    assert (await api.get(f"{path}/hours", roles="operator")).json() == {"items": []}

    paused = await api.post(f"{path}/pause", roles="operator", json={"why": "lunch", "version": 1})
    assert paused.json() == {"task": task, "before": "running", "after": "paused"}
    late = await api.post(f"{path}/resume", roles="operator", json={"version": 1})
    assert (late.status_code, late.json()["code"]) == (409, "changed-meanwhile")
    history = (await api.get(f"{path}/history", roles="author")).json()["items"]
    assert [(one["change"], one["detail"]["why"]) for one in history] == [("pause", "lunch")]

    slower = (await api.get(path, roles="operator")).json()["plan"] | {"robots": {"max": 1}}
    changed = await api.put(f"{path}/plan", roles="operator", json={"version": 2, "plan": slower})
    assert (changed.json()["parts"], changed.json()["review"], changed.json()["state"]) == (["robots"], [], "paused")


@ON_SQLITE
async def test_live_counters_end_with_the_task(api: TestedApi, database: Database, seeded: Seeded) -> None:
    task = await start_task(database, seeded, NOW)
    await api.post(f"/api/v1/tasks/{task}/cancel", roles="operator", json={"why": "over"})
    answer = await api.get(f"/api/v1/tasks/{task}/live", roles="operator")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "event: counters" in answer.text
    told = json.loads(next(line for line in answer.text.splitlines() if line.startswith("data:"))[5:])
    assert (told["state"], told["counters"]["total"]) == ("cancelled", 3)
    assert (await api.get("/api/v1/tasks/999/live", roles="operator")).status_code == 404


@ON_SQLITE
async def test_a_wrong_plan_is_told_by_field(api: TestedApi, seeded: Seeded) -> None:
    body = {"name": "x", "company": 99, "list": 99, "line": seeded.line, "plan": PLAN}
    missing = (await api.post("/api/v1/tasks", roles="operator", json=body)).json()
    assert [one["code"] for one in missing["problems"]] == ["unknown-company", "unknown-list"]
    wrong = PLAN | {"robots": {"max": 0}, "calling": {"zone": "Mars", "windows": []}}
    told = await api.post("/api/v1/tasks", roles="operator", json=body | {"plan": wrong})
    assert told.status_code == 422
    fields = {one["field"] for one in told.json()["problems"]}
    assert fields == {"body.plan.robots.max", "body.plan.calling.zone", "body.plan.calling.windows"}
    never = PLAN | {
        "calling": {
            "zone": "Asia/Shanghai",
            "windows": [{"days": ["mon"], "from": "09:00", "to": "10:00"}],
            "breaks": [{"from": "08:00", "to": "11:00"}],
        }
    }
    assert (await api.post("/api/v1/tasks", roles="operator", json=body | {"plan": never})).json()[
        "code"
    ] == "never-open"


@ON_SQLITE
async def test_another_tenant_sees_nothing(
    api: TestedApi, database: Database, keyring: Keyring, seeded: Seeded
) -> None:
    task = await start_task(database, seeded, NOW)
    job = await imported(api)
    other = await seed(database, keyring, NOW, slug="other", first=500)
    for path in (
        f"/api/v1/tasks/{task}", f"/api/v1/tasks/{task}/queue", f"/api/v1/tasks/{task}/history", f"/api/v1/tasks/{task}/live",
        f"/api/v1/lists/{seeded.list}/people", f"/api/v1/jobs/{job['id']}", f"/api/v1/jobs/{job['id']}/files/errors.csv",
    ):  # fmt: skip
        assert (await api.get(path, tenant=other.tenant)).status_code == 404, path
    refused = await api.post(f"/api/v1/tasks/{task}/pause", tenant=other.tenant)
    assert refused.status_code == 404
