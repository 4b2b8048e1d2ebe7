"""A complaint from its first word to a bundle that anybody can verify, and what is left of somebody who was erased: on both databases."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import insert, select, update

from callwright.campaigns import endpoints
from callwright.campaigns.complaint_news import tell_late
from callwright.campaigns.erasure import delete_blobs, erase
from callwright.campaigns.events import post
from callwright.campaigns.evidence import write_evidence
from callwright.campaigns.recorded import unrecorded
from callwright.campaigns.tables import attempt, call_result, delivery, lead, task_lead
from callwright.compliance.bundle import MANIFEST, verify_bundle
from callwright.compliance.complaint_store import NewComplaint, answer, bundled, close, find, late, listed, open_case
from callwright.compliance.consent_store import consents_of, used
from callwright.compliance.decision import Decision
from callwright.compliance.freeze_store import freezes_of
from callwright.compliance.freeze_store import listed as frozen
from callwright.compliance.reasons import Reason
from callwright.compliance.record_store import append, verify_kept
from callwright.compliance.records import NewRecord
from callwright.compliance.tables import complaint, person, suppression
from callwright.errors import DamagedError, InputError
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.store.metadata import TENANT
from callwright.testing.campaigns import start_task
from callwright.testing.tenants import OWN_NUMBER, Seeded, seed

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
HELD = Reason("window", True, "12:00 within 09:00-20:00")
SHUT = Reason("freq-day", False, "3 today, at most 3", "cn", "2026.11", "defer", "blocked")


@dataclass
class MemoryBlobs:
    """Blobs of one tenant in a dict."""

    kept: dict[str, bytes] = field(default_factory=dict)

    async def size(self, name: str) -> int | None:
        return len(self.kept[name]) if name in self.kept else None

    async def stream(self, name: str) -> AsyncIterator[bytes]:
        for begin in range(0, len(self.kept[name]), 3):
            yield self.kept[name][begin : begin + 3]

    async def delete(self, name: str) -> None:
        self.kept.pop(name, None)


async def called(database: Database, seeded: Seeded, who: int, name: str) -> None:
    """A dial that was answered, and a refusal after it, about one of the seeded people."""
    number, at = seeded.numbers[who], NOW - timedelta(hours=3)
    decision = Decision(number, OWN_NUMBER, at.isoformat(), (HELD,))
    refusal = Decision(number, OWN_NUMBER, at.isoformat(), (HELD, SHUT))
    async with database.scope(seeded.tenant) as scope:
        sealed = await append(
            scope,
            seeded.keys,
            [
                NewRecord("dial", at, decision, "ab" * 32, seeded.persons[who], None, seeded.leads[who], name),
                NewRecord("refusal", at, refusal, "cd" * 32, seeded.persons[who], None, seeded.leads[who]),
            ],
        )
        row: dict[str, Any] = {
            "id": name, "lead_id": seeded.leads[who], "person_id": seeded.persons[who], "n": 1, "state": "done",
            "line_id": seeded.line, "own_number": OWN_NUMBER, "script_version_id": seeded.script_version,
            "record_seq": sealed[0].seq, "owner": "w", "dialled_at": at, "local_day": "2026-11-26",
            "answered_at": at, "ended_at": at, "disposition": "completed", "talk_ms": 9000,
        }  # fmt: skip
        await scope.run(insert(attempt), [row])
        result = {
            "attempt_id": name, "started_at": at, "grade": "B", "slots": seeded.keys.seal('{"city": "上海"}', f"slots.{name}"),
            "summary": seeded.keys.seal('{"reason": "asked the price"}', f"summary.{name}"), "record": f"records/{name}.json",
            "log": f"logs/{name}.jsonl", "recording": f"recordings/{name}.wav", "created_at": at,
        }  # fmt: skip
        await scope.run(insert(call_result), [result])
        await used(scope, [(seeded.consents[who], name)], at)


async def bundle_of(database: Database, seeded: Seeded, blobs: MemoryBlobs, reference: str) -> bytes:
    out = io.BytesIO()
    async with database.scope(seeded.tenant) as scope:
        case = await find(scope, seeded.keys, reference, NOW)
        attempts = await write_evidence(scope, seeded.keys, blobs, case, out, NOW)
        await bundled(scope, case, f"complaints/{reference}.zip", "9f" * 32, attempts)
    return out.getvalue()


async def test_a_complaint_from_its_first_word_to_its_end(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW)
    blobs = MemoryBlobs({"records/c-1.json": b'{"turns": []}', "recordings/c-1.wav": b"RIFF1234"})
    await called(database, seeded, 1, "c-0")
    await called(database, seeded, 0, "c-1")
    await called(database, seeded, 1, "c-2")
    async with database.scope(seeded.tenant) as scope:
        new = NewComplaint(seeded.numbers[0], "12321", "2026-4711", "called at noon", NOW - timedelta(days=1))
        case = await open_case(scope, seeded.keys, new, NOW, "ines")
        assert await open_case(scope, seeded.keys, new, NOW, "ines") == case
        with pytest.raises(InputError, match="another number"):
            await open_case(scope, seeded.keys, NewComplaint(seeded.numbers[1], reference="2026-4711"), NOW, "ines")
        (stands,) = (await freezes_of(scope, seeded.keys, [seeded.numbers[0]], NOW))[seeded.numbers[0]]
        assert (stands.reason, stands.scope, stands.until) == ("complaint", "tenant", None)
        (agreed,) = await consents_of(scope, seeded.persons[0])
        assert agreed.facts.revoked_at == NOW
    data = await bundle_of(database, seeded, blobs, "2026-4711")
    about, findings = verify_bundle(io.BytesIO(data), seeded.keys.signing.public_key())
    assert not findings
    assert about["complete"] is True
    assert (about["complaint"], about["calls"], about["records"]) == ("2026-4711", 1, 2)
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert opened.read("calls/c-1/recording.wav") == b"RIFF1234"
        (call,) = json.loads(opened.read("calls.json"))
        (consent,) = json.loads(opened.read("consents.json"))
        assert "records/3-4.jsonl" in opened.namelist()
        assert "openssl" not in opened.read("README.txt").decode()
    assert (call["id"], call["result"]["slots"], call["result"]["grade"]) == ("c-1", {"city": "上海"}, "B")
    assert {one["name"]: "missing" in one for one in call["files"]} == {
        "calls/c-1/record.json": False, "calls/c-1/events.jsonl": True, "calls/c-1/recording.wav": False,
    }  # fmt: skip
    assert [use["attempt"] for use in consent["uses"]] == ["c-1"]
    async with database.scope(seeded.tenant) as scope:
        with pytest.raises(InputError, match="comes before"):
            await close(scope, "2026-4711")
        await answer(scope, seeded.keys, "2026-4711", "We apologised and froze the number.", NOW)
        with pytest.raises(InputError, match="is answered"):
            await answer(scope, seeded.keys, "2026-4711", "Again.", NOW)
        await close(scope, "2026-4711")
        done = await find(scope, seeded.keys, "2026-4711", NOW)
        assert (done.state, done.calls, done.late) == ("closed", ("c-1",), "")
        assert await listed(scope, seeded.keys, NOW) == []


async def test_an_attempt_without_its_record_is_found(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW)
    await called(database, seeded, 0, "c-1")
    await called(database, seeded, 1, "c-2")
    async with database.scope(seeded.tenant) as scope:
        assert await unrecorded(scope) == []
        statement = update(attempt).where(attempt.c.tenant_id == TENANT, attempt.c.id == "c-2").values(record_seq=1)
        await scope.run(statement)
        assert [finding.seq for finding in await unrecorded(scope)] == [1]


async def test_what_is_overdue_is_listed(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW)
    async with database.scope(seeded.tenant) as scope:
        old = NewComplaint(seeded.numbers[0], "own", "old", received_at=NOW - timedelta(days=40))
        await open_case(scope, seeded.keys, old, NOW, "ines")
        stranger = await open_case(scope, seeded.keys, NewComplaint("+8613812345678"), NOW, "ines")
        assert stranger.reference.startswith("C-20261126-")
        assert [(case.reference, case.late) for case in await listed(scope, seeded.keys, NOW, "overdue")] == [
            ("old", "answer")
        ]
        assert len(await listed(scope, seeded.keys, NOW)) == 2
        await answer(scope, seeded.keys, "old", "Sorry.", NOW)
        assert await listed(scope, seeded.keys, NOW, "overdue") == []
        much_later = NOW + timedelta(days=30)
        late = await listed(scope, seeded.keys, much_later, "overdue")
        assert {case.reference: case.late for case in late} == {"old": "tell", stranger.reference: "answer"}


def repacked(data: bytes, change: dict[str, bytes | None], more: tuple[str, bytes] | None = None) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = change.get(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
        if more:
            new.writestr(*more)
    return out.getvalue()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_tampering_with_a_bundle_is_found(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW)
    public = seeded.keys.signing.public_key()
    blobs = MemoryBlobs({"recordings/c-1.wav": b"RIFF1234"})
    await called(database, seeded, 0, "c-1")
    async with database.scope(seeded.tenant) as scope:
        await open_case(scope, seeded.keys, NewComplaint(seeded.numbers[0], reference="r"), NOW, "ines")
    data = await bundle_of(database, seeded, blobs, "r")
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        manifest, records = opened.read(MANIFEST), opened.read("records/1-2.jsonl")
    for changed, name in (
        (repacked(data, {"calls/c-1/recording.wav": b"RIFF4321"}), "edited"),
        (repacked(data, {"records/1-2.jsonl": records[:-1]}), "edited"),
        (repacked(data, {"calls.json": None}), "gap"),
        (repacked(data, {}, ("more.json", b"{}")), "added"),
        (repacked(data, {MANIFEST: manifest.replace(b'"calls":1', b'"calls":2')}), "changed-header"),
        (repacked(data, {MANIFEST: manifest + b" "}), "not-an-export"),
        (repacked(data, {MANIFEST: None}), "not-an-export"),
        (data[: len(data) // 2], "not-an-export"),
        (b"", "not-an-export"),
    ):
        assert name in {finding.found for finding in verify_bundle(io.BytesIO(changed), public)[1]}
    (stranger,) = verify_bundle(io.BytesIO(data), Ed25519PrivateKey.generate().public_key())[1]
    assert stranger.found == "other-key"


async def test_who_is_erased_leaves_a_keyed_hash_and_a_whole_chain(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW)
    blobs = MemoryBlobs({"records/c-1.json": b"{}", "recordings/c-1.wav": b"RIFF", "recordings/c-2.wav": b"other"})
    await called(database, seeded, 0, "c-1")
    await called(database, seeded, 1, "c-2")
    number = seeded.numbers[0]
    async with database.scope(seeded.tenant) as scope:
        await endpoints.add(scope, seeded.keys, "webhook", "https://example.com/", NOW)
        for whose in (number, seeded.numbers[1]):
            await post(scope, seeded.keys, "call.ended", {"slots": {"city": "上海"}}, NOW, seeded.keys.index(whose))
        await post(scope, seeded.keys, "task.state", {"task": 1}, NOW)
        await open_case(scope, seeded.keys, NewComplaint(number, reference="r", text="I was called."), NOW, "ines")
        with pytest.raises(InputError, match="not closed"):
            await erase(scope, seeded.keys, number, NOW)
        await answer(scope, seeded.keys, "r", "Sorry.", NOW)
        await close(scope, "r")
    async with database.scope(seeded.tenant) as scope:
        erased = await erase(scope, seeded.keys, number, NOW)
    await delete_blobs(erased, blobs.delete)
    assert set(blobs.kept) == {"recordings/c-2.wav"}
    async with database.scope(seeded.tenant) as scope:
        everyone = {row.id: row for row in await scope.all(select(person).where(person.c.tenant_id == TENANT))}
        gone, stays = everyone[seeded.persons[0]], everyone[seeded.persons[1]]
        assert (gone.number, gone.zones, gone.erased_at) == (b"", [], NOW)
        assert gone.number_index != seeded.keys.index(number)
        assert seeded.keys.open_number(stays.number, stays.number_index) == seeded.numbers[1]
        (left,) = await scope.all(select(suppression).where(suppression.c.tenant_id == TENANT))
        assert left.number_index == seeded.keys.index(number)
        variables = {
            row.person_id: row.variables for row in await scope.all(select(lead).where(lead.c.tenant_id == TENANT))
        }
        assert variables[seeded.persons[0]] == b""
        assert variables[seeded.persons[1]] != b""
        found = {
            row.attempt_id: row for row in await scope.all(select(call_result).where(call_result.c.tenant_id == TENANT))
        }
        assert seeded.keys.open(found["c-1"].slots, "slots.c-1") == b"{}"
        assert "上海" in seeded.keys.open(found["c-2"].slots, "slots.c-2").decode()
        (freeze,) = await frozen(scope, seeded.keys, NOW)
        assert freeze.number == ""
        assert (await freezes_of(scope, seeded.keys, [number], NOW))[number]
        case = await find(scope, seeded.keys, "r", NOW)
        assert (case.number, case.text, case.answer) == ("", "", "")
        news = await scope.all(select(delivery.c.event, delivery.c.about).where(delivery.c.tenant_id == TENANT))
        assert {(row.event, row.about and bytes(row.about)) for row in news} == {
            ("call.ended", seeded.keys.index(seeded.numbers[1])), ("task.state", None),
        }  # fmt: skip
        assert (await verify_kept(scope, seeded.keys.signing.public_key())).ok
        with pytest.raises(InputError, match="nobody here"):
            await erase(scope, seeded.keys, number, NOW)


async def test_who_is_erased_leaves_every_queue(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW, leads=3)
    other = await seed(database, keyring, NOW, slug="other", leads=3)
    tasks = [await start_task(database, seeded, NOW, name=name) for name in ("one", "two")]
    await start_task(database, other, NOW)
    state = update(task_lead).where(task_lead.c.tenant_id == TENANT, task_lead.c.task_id == tasks[1])
    async with database.scope(seeded.tenant) as scope:
        await scope.run(state.where(task_lead.c.lead_id == seeded.leads[0]).values(state="parked"))
        await scope.run(state.where(task_lead.c.lead_id == seeded.leads[1]).values(state="finished"))
    async with database.scope(seeded.tenant) as scope:
        await erase(scope, seeded.keys, seeded.numbers[0], NOW)
        await erase(scope, seeded.keys, seeded.numbers[1], NOW)
    queue = select(task_lead.c.task_id, task_lead.c.lead_id, task_lead.c.state, task_lead.c.reason)
    async with database.reading(seeded.tenant) as scope:
        rows = await scope.all(queue.where(task_lead.c.tenant_id == TENANT))
        left = {(row.task_id, row.lead_id): (row.state, row.reason) for row in rows}
    first, second, third = seeded.leads
    for task in tasks:
        assert left[task, first] == ("excluded", "erased")
        assert left[task, third] == ("ready", "")
    assert (left[tasks[0], second], left[tasks[1], second]) == (("excluded", "erased"), ("finished", ""))
    async with database.reading(other.tenant) as scope:
        rows = await scope.all(queue.where(task_lead.c.tenant_id == TENANT))
        assert [row.state for row in rows] == ["ready"] * 3


async def test_what_is_said_in_a_complaint_is_kept_sealed(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW, leads=1)
    async with database.scope(seeded.tenant) as scope:
        await open_case(
            scope, seeded.keys, NewComplaint(seeded.numbers[0], reference="a", text="They rang at night."), NOW, "qa"
        )
        await open_case(scope, seeded.keys, NewComplaint(seeded.numbers[0], reference="b"), NOW, "qa")
        await answer(scope, seeded.keys, "a", "We apologise.", NOW)
        case = await find(scope, seeded.keys, "a", NOW)
        assert (case.text, case.answer) == ("They rang at night.", "We apologise.")
        empty = await find(scope, seeded.keys, "b", NOW)
        assert (empty.text, empty.answer) == ("", "")
        kept = (
            await scope.all(
                select(complaint.c.text, complaint.c.answer)
                .where(complaint.c.tenant_id == TENANT)
                .order_by(complaint.c.id)
            )
        )[0]
        assert b"night" not in bytes(kept.text) and b"apologise" not in bytes(kept.answer)
        swapped = update(complaint).where(complaint.c.tenant_id == TENANT, complaint.c.reference == "b")
        await scope.run(swapped.values(text=bytes(kept.text)))
        with pytest.raises(DamagedError):
            await find(scope, seeded.keys, "b", NOW)


async def test_each_late_step_of_a_complaint_is_told_once(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW, leads=1)
    async with database.scope(seeded.tenant) as scope:
        await endpoints.add(scope, seeded.keys, "webhook", "https://example.com/", NOW, events=["complaint.overdue"])
        case = await open_case(scope, seeded.keys, NewComplaint(seeded.numbers[0]), NOW, "qa")
        assert await tell_late(scope, seeded.keys, case.answer_by - timedelta(seconds=1)) == 0
        assert [one.late for one in await late(scope, seeded.keys, case.answer_by)] == ["answer"]
        assert await tell_late(scope, seeded.keys, case.answer_by + timedelta(days=1)) == 0  # it was told before
        await answer(scope, seeded.keys, case.reference, "sorry", case.answer_by)
        by = (await find(scope, seeded.keys, case.reference, NOW)).tell_by
        assert by is not None
        assert [await tell_late(scope, seeded.keys, by) for _ in range(3)] == [1, 0, 0]
        (row,) = await scope.all(
            select(delivery.c.event, delivery.c.body, delivery.c.id).where(delivery.c.tenant_id == TENANT)
        )
        body = json.loads(seeded.keys.open(row.body, f"delivery.{row.id}"))
        assert (body["type"], body["data"]["step"], body["data"]["reference"]) == (
            "complaint.overdue",
            "tell",
            case.reference,
        )
        assert seeded.numbers[0] not in str(body)
