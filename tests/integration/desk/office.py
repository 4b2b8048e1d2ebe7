"""A worker, the telephone of somebody it may call, and the API as an agent sees it: for calls that are placed from the desk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import bindparam, select, update
from tests.integration.desk.conftest import Telephone

from callwright.calling import Calling, open_calling
from callwright.campaigns.tables import attempt, lead
from callwright.compliance.tables import person
from callwright.store.metadata import TENANT, Json
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.sip.driver import SipLine
from callwright.testing.campaigns import daytime_zone, start_task
from callwright.testing.console import Console, open_console
from callwright.testing.tenants import OWN_NUMBER

__all__ = ["Office", "office"]

SCRIPT = (Path(__file__).parents[1] / "fullhouse" / "notice.yaml").read_text(encoding="utf-8")
LINE = """
format: line/1
trunks:
  - name: a
    proxy: "sip:127.0.0.1:{port}"
    local: {{host: 127.0.0.1, port: 0}}
    numbers: ["{number}"]
    limits: {{calls: 10, calls_per_second: 50, burst: 10}}
inbound:
  - {{default: true, reject: 404}}
"""
MOVE = (
    update(person)
    .where(person.c.tenant_id == TENANT, person.c.id == bindparam("who"))
    .values(zones=bindparam("there", type_=Json))
)
SAY = (
    update(lead)
    .where(lead.c.tenant_id == TENANT, lead.c.id.in_(bindparam("leads", expanding=True)))
    .values(variables=bindparam("said"))
)
ATTEMPTS = select(attempt).where(attempt.c.tenant_id == TENANT)


@dataclass
class Office:
    """A worker, the telephone of whom it may call, and the API as an agent sees it. task: in whose frame calls are placed."""

    console: Console
    api: httpx.AsyncClient
    telephone: Telephone
    task: int

    async def click(self, offer: str, **whom: Any) -> dict[str, Any]:
        answer = await self.api.post("/api/v1/desk/calls", json={"task": self.task, "offer": offer, **whom})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def attempts(self) -> list[Any]:
        async with self.console.storage.database.reading(self.console.seeded.tenant) as scope:
            return list(await scope.all(ATTEMPTS))

    async def get(self, path: str) -> Any:
        answer = await self.api.get(f"/api/v1{path}")
        return answer.json() if answer.status_code == 200 else {}


@asynccontextmanager
async def office(folder: Path) -> AsyncIterator[Office]:
    """Two people are known: it is afternoon where the first one lives, and night where the second one does."""
    environ = {"CALLWRIGHT_VAD": "webrtc"}
    now = datetime.now(UTC)
    night = daytime_zone(datetime.fromtimestamp(now.timestamp() - 12 * 3600, UTC))
    async with (
        open_console(folder, leads=2, environ=environ) as console,
        RtpEngine.start() as engine,
        SipLine.open("127.0.0.1", 0, engine=engine) as theirs,
        httpx.AsyncClient(
            base_url=console.url, headers={"x-fake-roles": "agent", "X-Callwright": "1"}, timeout=60
        ) as api,
        asyncio.TaskGroup() as tasks,
    ):
        seeded, database = console.seeded, console.storage.database
        task = await start_task(database, seeded, now, script=SCRIPT, leads={})
        async with database.scope(seeded.tenant) as scope:
            for who, zone in zip(seeded.persons, (daytime_zone(now), night), strict=True):
                await scope.run(MOVE, who=who, there=[zone])
            said = seeded.keys.seal('{"company": "Riverside"}', "lead.variables")
            await scope.run(SAY, leads=list(seeded.leads), said=said)
        line = folder / "line.yaml"
        line.write_text(LINE.format(port=theirs.address[1], number=OWN_NUMBER), encoding="utf-8")
        telephone = Telephone()
        answering = tasks.create_task(telephone.answer(theirs))
        calling = Calling(line, folder / "calls", 2, drain_s=5.0, recognisers=1)
        async with open_calling(calling, console.settings, database, seeded.tenant, seeded.keys) as worker:
            working = tasks.create_task(worker.run())
            await worker.begun()
            try:
                yield Office(console, api, telephone, task)
            finally:
                worker.stop()
                await working
                answering.cancel()
