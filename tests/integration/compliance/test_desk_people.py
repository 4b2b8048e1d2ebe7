"""People at the compliance desk over HTTP: the consent ledger, complaints, and one person's line of time, export and erasure."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from callwright.accounts.model import Viewer
from callwright.audit.store import Wanted, find
from callwright.compliance.bundle import verify_bundle
from callwright.compliance.cases import harmless
from callwright.compliance.decision import decide
from callwright.compliance.pack_file import built_in_packs
from callwright.compliance.packs import Packs
from callwright.compliance.record_store import append
from callwright.compliance.records import NewRecord
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.testing.api import TestedApi, open_api
from callwright.testing.tenants import Seeded, seed

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
API = "/api/v1"


@dataclass(frozen=True)
class Desk:
    api: TestedApi
    seeded: Seeded
    database: Database

    async def noted(self) -> list[str]:
        async with self.database.reading(self.seeded.tenant) as scope:
            told = [kept.action for kept in reversed(await find(scope, Wanted(), 50))]
        return [action for action in told if action != "access.refuse"]

    async def subject(self, number: str) -> str:
        answer = await self.api.post(f"{API}/subjects/find", roles="inspector", json={"number": number})
        return str(answer.json()["subject"])

    async def finished(self, answer: Any) -> dict[str, Any]:
        assert answer.status_code == 202, answer.text
        job = self.api.app.state.jobs.find(Viewer.system(self.seeded.tenant), answer.json()["id"])
        await job.wait()
        assert job.state == "done", job.problems
        return dict(answer.json())


@pytest.fixture
async def desk(database: Database, keyring: Keyring) -> AsyncIterator[Desk]:
    """The first person was refused twice in the evening before."""
    seeded = await seed(database, keyring, NOW)
    packs = Packs(built_in_packs())
    async with database.scope(seeded.tenant) as scope:
        for minutes in (0, 5):
            at = NOW - timedelta(hours=14, minutes=minutes)
            facts = replace(harmless(at, "CN", ("Asia/Shanghai",)), callee=seeded.numbers[0])
            await append(
                scope, seeded.keys, [NewRecord("refusal", at, decide(facts, at, packs), "d", seeded.persons[0], 3, 5)]
            )
    async with open_api(database, keyring, seeded.tenant, now=lambda: NOW) as api:
        yield Desk(api, seeded, database)


async def test_a_consent_comes_with_its_proof_and_is_withdrawn(desk: Desk) -> None:
    number = desk.seeded.numbers[1]
    kept = await desk.api.post(f"{API}/consents/evidence", roles="operator", files={"file": ("form.pdf", b"signed")})
    body = {"number": number, "scope": ["marketing"], "given_at": NOW.isoformat(), "evidence": kept.json()["sha256"]}
    made = (await desk.api.post(f"{API}/consents", roles="operator", json=body)).json()
    assert made["standing"] and made["number"] == "+86139****0001" and made["uses"] == 0
    one = (await desk.api.get(f"{API}/consents/{made['id']}", roles="operator")).json()
    assert one["has_file"] and one["use_log"] == []
    assert (await desk.api.get(f"{API}/consents/{made['id']}/evidence", roles="operator")).status_code == 403
    proof = await desk.api.get(f"{API}/consents/{made['id']}/evidence", roles="inspector")
    assert proof.content == b"signed"
    gone = await desk.api.post(f"{API}/consents/withdraw", roles="operator", json={"number": number, "means": "sms"})
    told = gone.json()
    assert set(told["consents"]) == {made["id"], desk.seeded.consents[1]} and told["freeze"]
    assert datetime.fromisoformat(told["honour_by"]) == NOW, "in China at once"
    page = await desk.api.get(f"{API}/consents", roles="operator", params={"state": "standing", "limit": 1})
    assert [row["id"] for row in page.json()["items"]] == [desk.seeded.consents[2]]
    more = {"state": "standing", "limit": 1, "cursor": page.json()["next"]}
    assert (await desk.api.get(f"{API}/consents", params=more)).json()["items"][0]["id"] == desk.seeded.consents[0]


@SQLITE
async def test_what_is_no_consent_is_refused(desk: Desk) -> None:
    good = {"number": desk.seeded.numbers[0], "scope": ["marketing"], "given_at": NOW.isoformat(), "evidence": "0" * 64}
    for change in (
        {"evidence": None},
        {"scope": ["fun"]},
        {"number": "+8613811111111"},
        {"company": 77},
        {"basis": "hope"},
    ):
        answer = await desk.api.post(f"{API}/consents", json=good | change)
        assert answer.status_code == 422, change
    for body in ({}, {"number": good["number"], "consent": 1}, {"number": good["number"], "means": "smoke"}):
        assert (await desk.api.post(f"{API}/consents/withdraw", json=body)).status_code == 422
    assert (await desk.api.post(f"{API}/consents/withdraw", json={"consent": 99})).status_code == 404


async def test_a_complaint_from_its_opening_to_its_end(desk: Desk) -> None:
    number = desk.seeded.numbers[0]
    body = {"number": number, "channel": "12321", "reference": "12321-7", "text": "every evening"}
    opened = (await desk.api.post(f"{API}/complaints", roles="inspector", json=body)).json()
    assert opened["due"] == "answer" and opened["clock_status"] == "draft" and opened["number"] == number
    one = f"{API}/complaints/{opened['id']}"
    frozen = (await desk.api.get(f"{API}/freezes", params={"subject": opened["subject"]})).json()["items"]
    assert [row["reason"] for row in frozen] == ["complaint"]
    assert (await desk.api.post(f"{one}/close", roles="inspector")).status_code == 409
    assert (await desk.api.get(f"{one}/bundle", roles="inspector")).status_code == 404
    await desk.finished(await desk.api.post(f"{one}/bundle", roles="inspector"))
    bundle = await desk.api.get(f"{one}/bundle", roles="inspector")
    about, findings = verify_bundle(io.BytesIO(bundle.content), desk.seeded.keys.signing.public_key())
    assert findings == [] and about["records"] == 2
    answered = await desk.api.post(f"{one}/answer", roles="inspector", json={"text": "we are sorry"})
    assert answered.json()["due"] == "tell"
    closed = (await desk.api.post(f"{one}/close", roles="inspector")).json()
    assert closed["state"] == "closed" and closed["has_bundle"] and closed["due"] is None
    assert (await desk.api.get(f"{API}/complaints", roles="operator")).json()["items"] == []
    listed = (await desk.api.get(f"{API}/complaints", roles="operator", params={"which": "all"})).json()["items"]
    assert [row["number"] for row in listed] == ["+86139****0000"]
    assert (await desk.api.get(one, roles="operator")).status_code == 403, "what was said is not for everybody"


async def test_one_person_on_one_line_of_time_exported_and_erased(desk: Desk) -> None:
    number = desk.seeded.numbers[0]
    await desk.api.post(f"{API}/freezes", roles="operator", json={"number": number, "reason": "abuse"})
    key = await desk.subject(number)
    told = (await desk.api.get(f"{API}/subjects/{key}", roles="operator")).json()
    assert told["number"] == "+86139****0000" and told["counts"]["refusals"] == 2 and told["against"] == []
    seen: list[dict[str, Any]] = []
    params: dict[str, Any] = {"limit": 2, "language": "zh"}
    while True:
        page = (await desk.api.get(f"{API}/subjects/{key}/timeline", roles="inspector", params=params)).json()
        seen += page["items"]
        if page["next"] is None:
            break
        params["cursor"] = page["next"]
    assert [event["kind"] for event in seen] == ["listed", "freeze", "refusal", "refusal", "consent"]
    assert "被叫当地时间 9:00–20:00" in seen[2]["detail"]["against"] and "body" not in seen[2]["detail"]
    assert len({event["key"] for event in seen}) == 5
    job = await desk.finished(await desk.api.post(f"{API}/subjects/{key}/export", roles="inspector"))
    assert (await desk.api.get(f"{API}/jobs/{job['id']}/files/subject.zip", roles="operator")).status_code == 404
    file = await desk.api.get(f"{API}/jobs/{job['id']}/files/subject.zip", roles="inspector")
    with zipfile.ZipFile(io.BytesIO(file.content)) as opened:
        assert json.loads(opened.read("lists.json"))[0]["list"] == "people"
        assert json.loads(opened.read("freezes.json"))[0]["reason"] == "abuse"
    assert verify_bundle(io.BytesIO(file.content), desk.seeded.keys.signing.public_key())[1] == []
    assert (await desk.api.get(f"{API}/subjects/{key}/erasure", roles="inspector")).status_code == 403
    before = (await desk.api.get(f"{API}/subjects/{key}/erasure")).json()
    wrong = await desk.api.post(f"{API}/subjects/{key}/erase", json={"digest": "0" * 64})
    assert (wrong.status_code, wrong.json()["code"]) == (409, "changed")
    erased = await desk.api.post(f"{API}/subjects/{key}/erase", json={"digest": before["digest"]})
    assert erased.json()["person"] == desk.seeded.persons[0], erased.text
    assert (await desk.api.get(f"{API}/subjects/{key}")).status_code == 404
    again = (await desk.api.post(f"{API}/subjects/find", json={"number": number})).json()
    assert not again["known"] and datetime.fromisoformat(again["erased_at"]) == NOW
    noted = await desk.noted()
    assert [action for action in noted if action.startswith("subject.")] == [
        "subject.find", "subject.view", "subject.timeline", "subject.export", "subject.preview-erasure", "subject.erase", "subject.find",
    ]  # fmt: skip


@SQLITE
async def test_nobody_is_erased_while_a_complaint_is_open(desk: Desk) -> None:
    key = await desk.subject(desk.seeded.numbers[0])
    await desk.api.post(f"{API}/complaints", roles="inspector", json={"number": desk.seeded.numbers[0]})
    before = (await desk.api.get(f"{API}/subjects/{key}/erasure")).json()
    assert before["against"] == ["complaint"]
    answer = await desk.api.post(f"{API}/subjects/{key}/erase", json={"digest": before["digest"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "against")


@SQLITE
async def test_rules_are_told_and_explained(desk: Desk) -> None:
    packs = (await desk.api.get(f"{API}/rules/packs", roles="auditor", params={"language": "zh"})).json()
    china = next(pack for pack in packs if pack["pack"] == "cn")
    assert china["title"] == "中国大陆" and all(rule["source"] and rule["cases"] for rule in china["rules"])
    body = {"number": "+8613900000001", "at": "2026-11-26T21:00", "rest_fine": True, "language": "zh"}
    told = (await desk.api.post(f"{API}/rules/explain", roles="auditor", json=body)).json()
    assert not told["allow"] and told["rules"][0]["refuses"] and "同" not in told["rules"][0]["detail"]
    assert datetime.fromisoformat(told["next_allowed_at"]) == datetime(2026, 11, 27, 1, 0, tzinfo=UTC)
    noon = (await desk.api.post(f"{API}/rules/explain", json=body | {"at": "2026-11-26T12:00"})).json()
    assert noon["allow"]
    frozen = {"freezes": [{"frozen_at": "2026-11-25T00:00:00Z"}]}
    assert not (
        await desk.api.post(f"{API}/rules/explain", json=body | {"at": "2026-11-26T12:00", "facts": frozen})
    ).json()["allow"]
    for wrong in ({"at": "noon"}, {"zones": ["Nowhere/City"]}, {"facts": {"past": 1}}, {"number": "+99900000000"}):
        assert (await desk.api.post(f"{API}/rules/explain", json=body | wrong)).status_code == 422, wrong


@SQLITE
async def test_health_of_our_numbers(desk: Desk) -> None:
    told = (await desk.api.get(f"{API}/number-health", roles="auditor")).json()
    assert told["items"][0]["advice"] == "active" and told["items"][0]["dialled"] == 0
    assert {one["registry"] for one in told["items"][0]["registrations"]} == {
        "carrier-contract",
        "number-label-platforms",
    }
    assert (await desk.api.post(f"{API}/number-health/slow", roles="operator")).status_code == 403
    assert (await desk.api.post(f"{API}/number-health/slow")).json() == {"numbers": []}
    assert (await desk.api.post(f"{API}/number-health/recover")).json() == {"numbers": []}
