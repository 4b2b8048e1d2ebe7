"""A whole task: workers as `callwright worker` runs them, on PostgreSQL, behind Kamailio and rtpengine, to people played by sipp and baresip.

It is paused, resumed, and a worker is killed in the middle. Then leads, attempts, decision records, recordings, logs, webhooks and what people
and proxy noted must all tell the same. Short in CI; CALLWRIGHT_FULL_TASK=500 makes it whole.
"""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import re
import signal
import subprocess
import sys
import time
import wave
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from standardwebhooks.webhooks import Webhook

from callwright.calls.model import mask
from callwright.campaigns import endpoints, service
from callwright.campaigns.dispatch_store import IN_FLIGHT
from callwright.campaigns.number_health_store import SHORT_MS
from callwright.campaigns.reconcile import attempt_of
from callwright.campaigns.tables import attempt, call_result, delivery, task, task_lead
from callwright.compliance.tables import decision_record
from callwright.settings import Settings
from callwright.storage import set_up
from callwright.store.blobs import Blobs, TenantBlobs
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.store.metadata import TENANT
from callwright.telephony.rtp.g711 import encode
from callwright.telephony.tones.sets import CHINA
from callwright.testing import baresip as baresip_peer
from callwright.testing import scaleout
from callwright.testing.campaigns import Counters, counters, daytime_zone, start_task
from callwright.testing.databases import PostgresServer
from callwright.testing.receivers import FakeReceiver, fake_receiver
from callwright.testing.scaleout import INSIDE, TRUNK, Front, front
from callwright.testing.sipp import Sipp, sipp
from callwright.testing.tenants import OWN_NUMBER, Seeded, seed
from callwright.testing.tones import line as through_line
from callwright.testing.tones import rhythm

HERE = Path(__file__).parent
DEPLOY = HERE.parents[2] / "deploy"
LEADS = int(os.environ.get("CALLWRIGHT_FULL_TASK", "40"))
WORKERS, ROBOTS = 3, 5 if LEADS <= 100 else 8
LEASE_S, QUIET_S = 12, 4
PATIENCE_S = 180 + LEADS
PERSON_S = 30  # who listens hangs up a second later (people.xml)

pytestmark = [
    pytest.mark.integration,
    pytest.mark.usefixtures("espeak"),
    pytest.mark.skipif(bool(scaleout.missing()), reason=f"not installed: {scaleout.missing()}"),
    pytest.mark.skipif(bool(baresip_peer.missing("g711")), reason=baresip_peer.missing("g711")),
]

log = logging.getLogger(__name__)

OF_PEOPLE: dict[str, set[str]] = {  # by the last digit of the number
    "0": {"busy"}, "1": {"busy"}, "2": {"rejected"}, "3": {"no_answer"}, "5": {"completed"}, "6": {"completed"}, "7": {"completed"},
    "9": {"completed"}, "8": {"hung_up"},
    "4": {"busy", "no_answer"},  # a busy tone and 480: what is heard in time says more than the code
}  # fmt: skip
ATTEMPTS = select(attempt).where(attempt.c.tenant_id == TENANT).order_by(attempt.c.dialled_at)
RESULTS = select(call_result).where(call_result.c.tenant_id == TENANT)
LEAD_STATES = select(task_lead.c.lead_id, task_lead.c.state, task_lead.c.reason).where(task_lead.c.tenant_id == TENANT)
RECORDS = select(decision_record.c.kind, decision_record.c.attempt_id).where(decision_record.c.tenant_id == TENANT)
BUSY = (
    select(attempt.c.owner)
    .where(attempt.c.tenant_id == TENANT, attempt.c.state.in_(IN_FLIGHT))
    .group_by(attempt.c.owner)
    .having(func.count() >= 2)
    .order_by(func.count().desc())
)
WAITING = select(func.count()).where(delivery.c.tenant_id == TENANT, delivery.c.state == "waiting")
PROGRESS = select(
    task.c.state, task.c.active, select(func.count()).where(attempt.c.tenant_id == TENANT).scalar_subquery().label("begun")
).where(task.c.tenant_id == TENANT, task.c.id == 1)  # fmt: skip
LATEST = select(func.max(attempt.c.dialled_at, type_=attempt.c.dialled_at.type)).where(attempt.c.tenant_id == TENANT)


@dataclass
class House:
    """Everything of one run."""

    folder: Path
    database: Database
    seeded: Seeded
    task: int
    environment: dict[str, str]
    proxy: Front
    receiver: FakeReceiver
    secret: str
    people: Sipp
    softphone: baresip_peer.Baresip
    blobs: TenantBlobs
    workers: list[asyncio.subprocess.Process] = field(default_factory=list)

    async def hire(self) -> None:
        """One more worker."""
        number = len(self.workers) + 1
        line = self.folder / f"line-{number}.yaml"
        line.write_text(LINE.format(port=self.proxy.inside, number=OWN_NUMBER))
        with (self.folder / f"worker-{number}.log").open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *(
                    sys.executable,
                    str(HERE / "worker.py"),
                    str(line),
                    str(self.folder / f"calls-{number}"),
                    str(ROBOTS),
                ),
                *(str(self.proxy.folder / "kamailio.log"), str(LEASE_S), str(QUIET_S)),
                env=self.environment,
                stdout=output,
                stderr=output,
            )
        self.workers.append(process)

    def logs(self, call: str) -> list[str]:
        """What proxy and workers wrote about a call."""
        written = (self.folder / "proxy" / "kamailio.log", *sorted(self.folder.glob("worker-*.log")))
        return [line for path in written for line in path.read_text(errors="replace").splitlines() if call in line]

    async def all(self, statement: Any) -> Sequence[Any]:
        async with self.database.reading(self.seeded.tenant) as scope:
            return await scope.all(statement)

    async def until(self, done: Any, what: str) -> Any:
        """Wait until the progress of the task is such."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            (row,) = await self.all(PROGRESS)
            if done(row):
                return row
            await asyncio.sleep(0.1)
        logs = "\n".join(path.read_text()[-1500:] for path in sorted(self.folder.glob("worker-*.log")))
        raise AssertionError(f"not {what}: {row}\n{logs}")

    async def ask(self, action: Any) -> None:
        async with self.database.scope(self.seeded.tenant) as scope:
            await service.ask(scope, self.seeded.keys, self.task, action, "anna", datetime.now(UTC), why="test")


LINE = """
format: line/1
trunks:
  - name: a
    proxy: "sip:127.0.0.1:{port}"
    local: {{host: 127.0.0.1, port: 0}}
    numbers: ["{number}"]
    limits: {{calls: 100, calls_per_second: 200, burst: 50}}
inbound:
  - {{default: true, reject: 404}}
"""


@asynccontextmanager
async def house(folder: Path, server: PostgresServer) -> AsyncIterator[House]:
    """Database, task, people, proxy, receiver; no worker yet."""
    key, url, now = folder / "key", server.empty(), datetime.now(UTC)
    environment = os.environ | {
        "CALLWRIGHT_DATABASE_URL": url,
        "CALLWRIGHT_KEY_FILE": str(key),
        "CALLWRIGHT_BLOBS": (folder / "blobs").as_uri(),
        "CALLWRIGHT_CACHE": str(folder / "cache"),
        "CALLWRIGHT_VAD": "webrtc",
    }
    keyring = Keyring.from_file(key, create=True)
    await set_up(Settings.from_environment(environment))
    people, softphone = folder / "people", folder / "softphone"
    people.mkdir()
    softphone.mkdir()
    busy = next(pattern for pattern in CHINA if pattern.kind == "busy")
    (people / "busy.wav").write_bytes(encode(through_line(rhythm(busy, 5.0)), codec="PCMA"))
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database.open(url, connections=3))
        blobs = await stack.enter_async_context(Blobs.open((folder / "blobs").as_uri()))
        seeded = await seed(database, keyring, now, leads=LEADS, max_calls=100, calls_per_second=100, burst=20)
        number = await start_task(
            database, seeded, now, robots=100, zone=daytime_zone(now), script=(HERE / "notice.yaml").read_text(),
            calls_per_second=100, burst=20, retry={"attempts": 1}, breaker={"failures": 1.0, "refusals": 1.0},
        )  # fmt: skip
        receiver = await stack.enter_async_context(fake_receiver())
        async with database.scope(seeded.tenant) as scope:
            _, secret = await endpoints.add(scope, seeded.keys, "webhook", receiver.url, now, events=["call.ended"])
        arguments = ("-i", TRUNK, "-mi", TRUNK, "-mp", "20000", "-timeout", str(PATIENCE_S * 2))
        traced = (
            "-trace_logs",
            "-log_file",
            str(people / "rung.log"),
            "-trace_err",
            "-error_file",
            str(people / "errors.log"),
        )
        calm = ("-default_behaviors", "all,-abortunexp")  # a repeated INVITE on a busy machine
        callees = await stack.enter_async_context(
            sipp(people, HERE / "people.xml", *arguments, *traced, *calm, calls=1_000_000)
        )
        phone = await stack.enter_async_context(
            baresip_peer.baresip(softphone, seconds=PATIENCE_S * 2, patience_s=15, users=seeded.numbers[9::10])
        )
        trunks = f"2 sip:{TRUNK}:{callees.port} 0 10 sockname=out_udp\n2 sip:{baresip_peer.address()}:{phone.port} 0 5 sockname=out_udp\n"
        proxy = await stack.enter_async_context(
            front(DEPLOY, folder / "proxy", f"1 sip:{INSIDE}:5999\n{trunks}", settings={"SIP_WITNESS_S": "1"})
        )
        made = House(
            folder,
            database,
            seeded,
            number,
            environment,
            proxy,
            receiver,
            secret,
            callees,
            phone,
            blobs.of(seeded.tenant),
        )
        try:
            yield made
        finally:
            for worker in made.workers:
                if worker.returncode is None:
                    worker.kill()
                    await worker.wait()


@pytest.mark.timeout(PATIENCE_S * 3)
def test_results_records_recordings_and_webhooks_agree(tmp_path: Path, postgres: PostgresServer) -> None:
    async def run() -> None:
        async with house(tmp_path, postgres) as made:
            begun = time.monotonic()
            for _ in range(WORKERS):
                await made.hire()
            await made.until(lambda row: row.begun >= LEADS // 4, "a quarter begun")
            await _pause(made)
            await made.until(lambda row: row.begun >= LEADS // 2, "in the middle")
            victim = await _kill(made)
            await made.until(lambda row: row.state == "done", "done")
            took = time.monotonic() - begun
            await _delivered(made)
            assert "deadlock detected" not in (postgres.folder / "log").read_text(errors="replace")
            left = [worker for worker in made.workers if worker is not victim]
            for worker in left:
                worker.send_signal(signal.SIGTERM)
            assert [await worker.wait() for worker in left] == [0] * (WORKERS - 1)
            await _judge(made, took)

    asyncio.run(run())


async def _kill(made: House) -> asyncio.subprocess.Process:
    """The worker with most calls, of two at least, by SIGKILL."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        for busy in await made.all(BUSY):
            pid = int(busy.owner.rsplit("-", 2)[1])
            victim = next(worker for worker in made.workers if worker.pid == pid)
            victim.kill()
            await victim.wait()
            return victim
        await asyncio.sleep(0.05)
    raise AssertionError("no worker has two calls at once")


async def _pause(made: House) -> None:
    """From a second after the pause is committed on nobody is dialled; calls that are up end; then on it goes."""
    await made.ask("pause")
    paused = datetime.now(UTC)
    row = await made.until(lambda row: row.state == "paused", "paused")
    assert row.active == 0
    (latest,) = await made.all(LATEST)
    assert latest[0] <= paused + timedelta(seconds=1)
    await made.ask("resume")


async def _delivered(made: House) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        ((waiting,),) = await made.all(WAITING)
        if not waiting:
            return
        await asyncio.sleep(0.2)
    raise AssertionError(f"{waiting} webhooks were not delivered")


# ------------------------------------------------------------ what must agree


async def _judge(made: House, took: float) -> None:
    attempts = {row.id: row for row in await made.all(ATTEMPTS)}
    results = {row.attempt_id: row for row in await made.all(RESULTS)}
    numbers = dict(zip(made.seeded.leads, made.seeded.numbers, strict=True))
    async with made.database.reading(made.seeded.tenant) as scope:
        assert await counters(scope, made.task) == Counters(0, 0, 0, 0)
    await _leads(made, attempts)
    await _records(made, attempts)
    rung = _rung(made, attempts)
    told = _webhooks(made)
    assert told.keys() == attempts.keys()
    wrong: list[tuple[Any, ...]] = []
    unheard: list[str] = []
    for name, row in attempts.items():
        number = numbers[row.lead_id]
        body = told[name]
        assert (body["disposition"], body["number"]) == (row.disposition, mask(number)), row
        if row.cause == "permit_too_old":  # the machine was too busy: it was not placed
            assert (row.disposition, name in rung, name in results) == ("network_fault", False, False)
        elif row.reconciled in {"", "late"}:
            assert row.state == "done"
            await _talked(made.blobs, row, results[name], body, early=number[-1] == "4")
            # the machine was too busy to say goodbye
            waited = row.talk_ms > PERSON_S * 1000 and row.disposition == "hung_up"
            if not waited and row.disposition not in OF_PEOPLE[number[-1]]:
                wrong.append((number[-1], name, row.disposition, row.cause, name in rung, made.logs(name)))
            unheard += [] if name in rung else [name]
        else:
            _reconciled(made, row, body, name in rung)
            assert name not in results
    assert (not wrong, unheard) == (True, []), "\n".join(str(one) for one in wrong)
    heard = [row.talk_ms for row in attempts.values() if row.disposition == "completed"]
    assert min(heard) > SHORT_MS, (
        "number health puts a number to rest whose calls are mostly shorter: let notice.yaml say more"
    )
    lost = [row for row in attempts.values() if row.reconciled]
    assert lost, "the worker that was killed had no call"
    _report(attempts, took, len(lost))


async def _leads(made: House, attempts: dict[str, Any]) -> None:
    leads = await made.all(LEAD_STATES)
    assert len(leads) == LEADS
    assert {row.state for row in leads} <= {"finished", "parked"}
    assert all(row.reason for row in leads)
    assert Counter(row.lead_id for row in attempts.values()) == Counter(row.lead_id for row in leads)


async def _records(made: House, attempts: dict[str, Any]) -> None:
    records = await made.all(RECORDS)
    assert Counter(row.attempt_id for row in records if row.kind == "dial") == Counter(attempts.keys())
    command = [str(Path(sys.executable).with_name("callwright")), "records", "verify", "--database"]
    verified = subprocess.run(command, env=made.environment, capture_output=True, text=True, check=False)  # noqa: ASYNC221
    assert verified.returncode == 0, verified.stdout + verified.stderr


def _rung(made: House, attempts: dict[str, Any]) -> set[str]:
    """Attempts whose INVITE reached somebody, as those who were called noted it: none twice, none that is not on record."""
    lines = re.findall(r"invited (\S+) \[?(\d)", (made.folder / "people" / "rung.log").read_text())
    calls = Counter(attempt_of(call) for call, _ in lines)
    assert max(calls.values()) == 1, calls.most_common(3)
    assert calls.keys() <= attempts.keys()
    passed_on = sum(digit == "9" for _, digit in lines)
    answered = sum("Call established" in line for line in made.softphone.output)
    assert answered <= passed_on
    return {name for name in calls if name is not None}


def _webhooks(made: House) -> dict[str, dict[str, Any]]:
    """What arrived, by attempt: signed, each once but for repeated deliveries of the same id."""
    checked = Webhook(made.secret)
    by_id = {}
    for one in made.receiver.got:
        checked.verify(one.body, one.headers)
        by_id[one.headers["webhook-id"]] = json.loads(one.body)
    bodies = [one["data"] for one in by_id.values() if one["type"] == "call.ended"]
    assert max(Counter(one["attempt"] for one in bodies).values()) == 1
    return {one["attempt"]: one for one in bodies}


async def _talked(blobs: TenantBlobs, row: Any, result: Any, body: dict[str, Any], *, early: bool) -> None:
    """Attempt, log, recording and webhook of a call that its worker finished."""
    events = [json.loads(line) for line in (await blobs.get(result.log)).splitlines()]
    last = events[-1]
    assert (last["kind"], last["disposition"]) == ("ended", row.disposition)
    assert events[0]["call_id"] == row.id
    assert early == any(event["kind"] == "early_media" for event in events)
    answered = any(event["kind"] == "connected" for event in events)
    assert answered == body["answered"] == (row.answered_at is not None)
    assert body["talk_ms"] == row.talk_ms
    if not answered:
        return
    with wave.open(io.BytesIO(await blobs.get(result.recording))) as recording:
        assert (recording.getnchannels(), recording.getframerate()) == (2, 8000)
        seconds = recording.getnframes() / recording.getframerate()
        frames = recording.readframes(recording.getnframes())
    assert seconds >= row.talk_ms / 1000 - 0.5
    assert any(frames)


def _reconciled(made: House, row: Any, body: dict[str, Any], rung: bool) -> None:
    """What became of a call whose worker was killed, as the proxy says."""
    assert row.reconciled in {"kamailio", "absent", "line"}, row
    assert body["reconciled"] == row.reconciled
    code = made.proxy.outcomes("INVITE").get(f"{row.id}@127.0.0.1")
    if row.reconciled == "absent":
        assert not rung
        assert code is None
        return
    assert code is not None
    assert (row.disposition == "interrupted_by_fault") == code.startswith("2"), (row, code)


def _report(attempts: dict[str, Any], took: float, lost: int) -> None:
    talked = sum(row.talk_ms for row in attempts.values()) / 1000
    outcomes = ", ".join(
        f"{n} {name}" for name, n in Counter(row.disposition for row in attempts.values()).most_common()
    )
    log.warning(
        "%d leads by %d workers of %d robots in %.0f s (%.0f calls an hour, %.0f s of talk), %d settled by a witness: %s",
        LEADS, WORKERS, ROBOTS, took, len(attempts) / took * 3600, talked, lost, outcomes,
    )  # fmt: skip
