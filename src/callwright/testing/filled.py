"""A console that has something on every page, in two tenants: one speaks Chinese, the other English. For browser tests and pictures.

`python -m callwright.testing.filled` says one line of JSON when it is ready: `{"url", "houses": {"zh": {"tenant", "places"}, "en": ...}}`;
places: what stands for each parameter of an address (`call`, `task`, ...). It ends when its standard input is closed.

The viewers are fakes (testing.console); everything was written by the product's own services and API.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

import httpx
from sqlalchemy import delete

from callwright.campaigns.tables import script_version
from callwright.compliance import freeze_store
from callwright.store.metadata import TENANT
from callwright.testing.campaigns import start_task
from callwright.testing.console import Console, open_console
from callwright.testing.filled_words import WORDS
from callwright.testing.live_calls import announce, open_talk
from callwright.testing.results import Told, add_calls
from callwright.testing.tenants import Seeded, seed

__all__ = ["NAMES", "ROLES", "fill"]

ROLES = "administrator,author,reviewer,operator,agent,inspector,auditor"
NAMES = {1: "Anna", 2: "Bert"}

_SEEDED = delete(script_version).where(
    script_version.c.tenant_id == TENANT, script_version.c.script_id.in_(("s", "appointment"))
)


class _Viewer:
    """Asks the API as somebody of one tenant."""

    def __init__(self, client: httpx.AsyncClient, tenant: int) -> None:
        self._client, self._tenant = client, tenant

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        user: int = 1,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Any:
        """The JSON of the answer, which must be a success."""
        said = {
            "X-Callwright": "1",
            "x-fake-roles": ROLES,
            "x-fake-tenant": str(self._tenant),
            "x-fake-user": str(user),
            "x-fake-name": NAMES[user],
            **headers,
        }
        answer = await self._client.request(method, f"/api/v1{path}", json=body, headers=said, timeout=60)
        if not answer.is_success:
            raise AssertionError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None

    async def get(self, path: str) -> Any:
        """GET."""
        return await self.ask("GET", path)

    async def post(self, path: str, body: Any = None, *, user: int = 1, seen: int | None = None) -> Any:
        """POST. seen: the version that was read before."""
        headers = {} if seen is None else {"If-Match": f'"{seen}"'}
        return await self.ask("POST", path, body if body is not None else {}, user=user, headers=headers)


async def fill(console: Console, client: httpx.AsyncClient, seeded: Seeded, lang: str) -> dict[str, str]:
    """Something on every page of one tenant; what stands for the parameters of addresses."""
    words, viewer = WORDS[lang], _Viewer(client, seeded.tenant)
    now = console.app.state.reach.now()
    digest = await _script(viewer, words["script"], words["template"], approve=True)
    waiting = await _script(viewer, words["waiting"], words["second"], approve=False)
    scripts = [{"name": "a", "script": words["script"], "digest": digest}]
    task = await start_task(
        console.storage.database,
        seeded,
        now,
        name=words["task"],
        robots=5,
        zone="Asia/Shanghai",
        scripts=scripts,
        calls_per_second=2,
    )
    async with console.storage.database.scope(seeded.tenant) as scope:
        known = await scope.all(
            script_version.select().where(script_version.c.tenant_id == TENANT, script_version.c.digest == digest)
        )
        blobs = console.storage.blobs.of(seeded.tenant)
    real = dataclasses.replace(seeded, script_version=int(known[0].id))
    calls = await add_calls(console.storage.database, real, now, _calls(words, task), blobs)
    async with console.storage.database.scope(seeded.tenant) as scope:
        await scope.run(_SEEDED)
        await freeze_store.suspect(scope, seeded.keys, seeded.numbers[7], calls[6], words["suspect"], now, task)
    complaint = await _desk(viewer, seeded, words)
    join = await _house(viewer, words, lang)
    rows = [
        {
            "number": f"+86138{n:08}",
            "name": words["name"],
            "basis": "consent",
            "consent_at": "2026-10-01",
            "scope": "service;recording",
        }
        for n in range(1, 9)
    ]
    await viewer.post("/lists/rows", {"list": words["list"], "rows": rows, "region": "CN", "zone": "Asia/Shanghai"})
    await _second_task(viewer, seeded, task, words["draft"])
    subject = await viewer.post("/subjects/find", {"number": seeded.numbers[0]})
    records = await viewer.get("/records")
    return {
        "script": words["script"], "digest": waiting, "task": str(task), "list": str(seeded.list), "call": calls[0],
        "record": str(records["items"][0]["seq"]), "complaint": str(complaint),
        "subject": str(subject["subject"]), "waiting": words["waiting"], "join": join,
    }  # fmt: skip


async def _script(viewer: _Viewer, name: str, template: str, *, approve: bool) -> str:
    made = await viewer.post("/scripts", {"script": name, "template": template})
    await viewer.post(f"/scripts/{name}/draft/submit", {"note": ""}, seen=made["version"])
    digest = str((await viewer.get(f"/scripts/{name}"))["submissions"][0]["digest"])
    if approve:
        await viewer.post(f"/scripts/{name}/versions/{digest}/approve", {"publish": True}, user=2)
    return digest


def _calls(words: Mapping[str, Any], task: int) -> list[Told]:
    """The newest first: some of each kind, spread over a day."""
    yes, no, maybe, robot = words["yes"], words["no"], words["maybe"], words["robot"]
    whole = ("opening", "offer", "farewell")
    kinds = [
        Told(
            "A",
            yes,
            robot,
            whole,
            ("price",),
            words["tags"],
            words["slots"],
            follow_up=words["follow"],
            reason=words["reason"],
            talk_s=48,
        ),
        Told("B", maybe, robot[:2], whole[:2], unknown=words["ask"][:1], talk_s=31),
        Told("", (), answered=False, disposition="no_answer"),
        Told("D", no, robot[:1], whole[:1], disposition="declined", talk_s=12),
        Told("C", (*maybe, *no), robot, whole[:2], unknown=words["ask"][1:2], talk_s=39),
        Told(
            "A",
            yes,
            robot,
            whole,
            ("price",),
            words["tags"],
            words["slots"],
            follow_up=words["follow"],
            reason=words["reason"],
            talk_s=63,
        ),
        Told("", (), answered=False, disposition="busy"),
        Told("B", maybe, robot[:2], whole[:2], unknown=words["ask"][2:], talk_s=27),
    ]
    kinds = [dataclasses.replace(one, reason=words["reasons"].get(one.grade, one.reason)) for one in kinds]
    return [
        dataclasses.replace(kind, who=at, task=task, ago=timedelta(minutes=2 + 23 * at)) for at, kind in enumerate(kinds * 2)
    ]  # fmt: skip


async def _desk(viewer: _Viewer, seeded: Seeded, words: Mapping[str, Any]) -> int:
    made = await viewer.post("/complaints", {"number": seeded.numbers[3], "channel": "own", "text": words["complaint"]})
    await viewer.post("/complaints", {"number": seeded.numbers[4], "channel": "12321", "text": words["complaint"]})
    await viewer.post(f"/complaints/{made['id']}/answer", {"text": words["answer"]})
    for n in (3, 20, 21):
        await viewer.post("/freezes", {"number": seeded.numbers[n], "reason": "opt_out", "note": words["freeze"]})
    return int(made["id"])


async def _house(viewer: _Viewer, words: Mapping[str, Any], lang: str) -> str:
    """The link by which the last one who was invited joins."""
    link = ""
    roles = (["reviewer", "author"], ["operator"], ["agent", "inspector"])
    for (name, mail), given in zip(words["people"], roles, strict=True):
        spoken = {"zh": "zh-CN", "en": "en"}[lang]
        made = await viewer.post("/users", {"email": mail, "name": name, "roles": given, "language": spoken})
        link = str(made["path"])
    await viewer.post("/companies", {"name": words["company"], "registration": "91310000MA1K00001X", "country": "CN"})
    await viewer.post(
        "/endpoints", {"kind": "webhook", "address": "https://crm.example.com/callwright", "events": ["call.ended"]}
    )
    return link


async def _second_task(viewer: _Viewer, seeded: Seeded, like: int, name: str) -> None:
    plan = (await viewer.get(f"/tasks/{like}"))["plan"]
    windows = [
        {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "11:30"},
        {"from": "14:00", "to": "18:00"},
    ]
    plan["calling"] = {"zone": "Asia/Shanghai", "windows": windows}
    body = {"name": name, "company": seeded.company, "list": seeded.list, "line": seeded.line, "plan": plan}
    made = await viewer.post("/tasks", body)
    await viewer.post(f"/tasks/{made['id']}/submit")


async def _main() -> None:
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="callwright-filled-"))
        console = await stack.enter_async_context(open_console(Path(folder), leads=25))
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=console.url))
        database, keyring = console.storage.database, console.storage.keyring
        now = console.app.state.reach.now()
        other = await seed(database, keyring, now, slug="heating", name="Acme Heating", leads=25, first=100)
        told: dict[str, Any] = {"url": console.url, "houses": {}}
        for lang, seeded in (("zh", console.seeded), ("en", other)):
            places = await fill(console, client, seeded, lang)
            words = WORDS[lang]["live"]
            _, port = await stack.enter_async_context(open_talk(4, **({} if words is None else {"words": words})))
            await announce(console.storage, seeded.tenant, "talk", port, timedelta(hours=1))
            told["houses"][lang] = {"tenant": seeded.tenant, "places": places}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_main())
