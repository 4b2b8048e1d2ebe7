"""The Python client against the API as it is served, on loopback: every operation, with and without asyncio; and every path is described."""

from __future__ import annotations

import csv
import io
import wave
from collections.abc import Callable, Iterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from callwright.client import (
    AsyncClient,
    Client,
    ConflictError,
    DeniedError,
    ExportBody,
    ImportBody,
    InvalidError,
    JobError,
    NotFoundError,
    Plan,
    ReadingBody,
    webhooks,
)
from callwright.client.drivers import _Hand
from callwright.client.flow import Came, Send
from callwright.client.operations import Listing, Operation, Room
from callwright.testing.served_api import PASSWORD, VARIABLES, Served, served_api
from callwright.testing.tenants import numbers

pytestmark = pytest.mark.integration

# Every variable of the script: a task whose leads all lack one has nothing left to do, and is done at the worker's next look.
PEOPLE = (
    "手机号,姓名,同意时间,公司,事项,时间\n"
    "13912340001,王先生,2026-11-01,安康口腔,洗牙,周五上午\n"
    "13912340002,李女士,2026-11-02,安康口腔,洗牙,周五下午\n"
    "12,坏行,2026-11-02,安康口腔,洗牙,周五下午\n"
)
READING = {
    "手机号": "number",
    "姓名": "name",
    "同意时间": "consent_at",
    "公司": "company",
    "事项": "item",
    "时间": "visit",
}
BASIS = {"basis": "consent", "scope": "marketing,service,synthetic_voice,recording"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served_api(tmp_path_factory.mktemp("served")) as there:
        yield there


@pytest.fixture(scope="module")
def token(served: Served) -> Iterator[str]:
    with Client(served.url) as anna:
        me = anna.access.sign_in(served.people[0], PASSWORD)
        made = anna.tokens.make(name="a program", scopes=list(me.permissions), days=1)
        assert made.token not in repr(anna.tokens.all())
        yield made.token


class Noting:
    """What was called, and what was sent because of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.called: set[str] = set()
        self.sent: list[Send] = []
        take = _Hand._send

        def send(hand: _Hand, step: Send) -> Came:
            self.sent.append(step)
            return take(hand, step)

        monkeypatch.setattr(_Hand, "_send", send)
        for name, operation in operations():
            monkeypatch.setattr(operation, "make", self._noted(name, operation.make))

    def _noted(self, name: str, make: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*given: Any, **named: Any) -> Any:
            self.called.add(name)
            return make(*given, **named)

        return noted


def operations() -> Iterator[tuple[str, Operation[Any, Any] | Listing[Any, Any]]]:
    """Every one that a client has: `tasks.read`."""
    with Client("http://127.0.0.1:9") as client:
        rooms = {name: room for name, room in vars(client).items() if isinstance(room, Room)}
    assert len(rooms) == 11
    for name, room in rooms.items():
        for base in type(room).__mro__:
            for each, value in vars(base).items():
                if isinstance(value, Operation | Listing):
                    yield f"{name}.{each}", value


def test_every_operation_does_what_it_says(
    served: Served, token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noting = Noting(monkeypatch)
    with Client(served.url, token) as api, Client(served.url) as bert:
        bert.access.sign_in(served.people[1], PASSWORD)
        people = lists(api, tmp_path)
        tasks(api, bert, people)
        calls(served, api, tmp_path)
        freezes(served, api, bert, tmp_path)
        consents(served, api, tmp_path)
        records(api)
        endpoints(served, api)
        following(served, api, bert, tmp_path)
        access(served, api, bert)
    assert {name for name, _ in operations()} - noting.called == set()
    described = httpx.get(f"{served.url}/api/v1/openapi.json").json()["paths"]
    for send in noting.sent:
        operation = described[f"/api/v1{send.template}"][send.method.lower()]
        known = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
        assert set(send.query) <= known, send


def lists(api: Client, folder: Path) -> int:
    file = folder / "people.csv"
    file.write_text(PEOPLE, encoding="utf-8")
    assert api.lists.look(file).problems[0].code == "no-column"
    seen = api.lists.look(file, ReadingBody(mapping=READING, defaults=BASIS, region="CN"))
    assert (seen.name, [one.target for one in seen.columns], seen.problems) == (
        "people.csv",
        ["number", "var:name", "consent_at", "var:company", "var:item", "var:visit"],
        [],
    )
    told: list[str] = []
    body = ImportBody(name="autumn", mapping=READING, defaults=BASIS, region="CN")
    errors = folder / "errors.csv"
    done = api.lists.import_file(file, body, lambda job: told.append(job.state), errors=errors)
    assert (done.rows, done.imported, done.bad, len(done.problems) > 0) == (3, 2, 1, True)
    assert told[-1] == "done"
    assert "12" in errors.read_text(encoding="utf-8-sig")
    with pytest.raises(JobError):
        api.lists.import_file(file, body.model_copy(update={"name": "whole", "all_or_nothing": True}))
    rows = [{"number": "+8613912340003", "consent_at": "2026-11-03", **BASIS, **VARIABLES, "name": "孙先生"}]
    assert api.lists.add_rows(list="autumn", rows=rows).people == 3
    assert api.lists.add_rows(list="autumn", rows=rows).already == 1
    assert [one.name for one in api.lists.all(q="autumn")] == ["autumn"]
    assert api.lists.read(done.list_id).imported == 3
    assert [one.variables["name"] for one in api.lists.people(done.list_id)] == ["王先生", "李女士", "孙先生"]
    saved = api.lists.export(done.list_id, folder / "out.csv", ExportBody(whole_numbers=True))
    assert "+8613912340003" in saved.read_text(encoding="utf-8-sig")
    api.lists.add_rows(list="gone", rows=rows)
    (gone,) = (one.id for one in api.lists.all(q="gone"))
    assert api.lists.delete(gone) == 1
    with pytest.raises(NotFoundError) as missing:
        api.lists.read(gone)
    assert missing.value.code == "absent"
    return done.list_id


def tasks(api: Client, bert: Client, people: int) -> None:
    options = api.tasks.options()
    assert options.company is not None
    assert options.line is not None
    script = next(one for one in options.scripts if one.script == "appointment")
    given = options.plan | {"scripts": [{"script": script.script, "digest": script.digest}]}
    plan = Plan.model_validate(given)
    made = api.tasks.create(name="autumn", company=options.company, list=people, line=options.line, plan=plan)
    with pytest.raises(InvalidError) as wrong:
        api.tasks.create(name="", company=options.company, list=people, line=options.line, plan=plan)
    assert wrong.value.field == "name"
    soon = plan.model_copy(update={"starts_at": datetime.now(UTC) + timedelta(days=1), "priority": 1})
    changed = api.tasks.change(made.id, made.version, soon)
    assert "starts_at" in changed.parts
    with pytest.raises(ConflictError):
        api.tasks.change(made.id, made.version, plan)
    assert api.tasks.read(made.id).plan.priority == 1
    assert [one.name for one in api.tasks.all(q="autumn", state=["draft"])] == ["autumn"]
    assert api.tasks.submit(made.id).after == "in_review"
    assert bert.tasks.reject(made.id, "not on Fridays").after == "draft"
    api.tasks.submit(made.id)
    with pytest.raises(ConflictError) as own:
        api.tasks.approve(made.id)
    assert (own.value.code, own.value.cure) == ("own-work", "Somebody else has to look at it and approve it.")
    assert bert.tasks.approve(made.id).after == "approved"
    assert api.tasks.schedule(made.id).after == "scheduled"
    assert api.tasks.unschedule(made.id).after == "approved"
    assert api.tasks.forecast(made.id)["preview"]["people"] == 3
    assert api.tasks.start(made.id).after == "running"
    watching = api.tasks.watch(made.id)
    assert next(watching).counters.total == 3
    assert {one.state for one in api.tasks.queue(made.id).groups} == {"ready"}
    assert len(list(api.tasks.leads(made.id))) == 3
    assert api.tasks.why(made.id)
    assert api.tasks.hours(made.id) == []
    assert api.tasks.pause(made.id).after in ("pausing", "paused")
    while next(watching).state != "paused":
        pass
    assert api.tasks.resume(made.id).after == "running"
    assert api.tasks.stop(made.id, "the test is over").after == "cancelled"
    assert [live.state for live in watching][-1] == "cancelled"
    assert next(one.change for one in api.tasks.history(made.id)) == "create"


def calls(served: Served, api: Client, folder: Path) -> None:
    found = list(api.calls.find(grade=["A", "B"], limit=1))
    assert [one.call for one in found] == list(served.calls[:2])
    first = api.calls.read(found[0].call)
    assert (first.grade, first.lines[1].text) == ("A", "可以的")
    assert api.calls.events(first.call).ladder
    assert api.calls.decision(first.call).hash
    with wave.open(str(api.calls.recording(first.call, folder / "call.wav"))) as sound:
        assert (sound.getnchannels(), sound.getframerate()) == (2, 8000)
    assert not list(folder.glob("*.part"))
    with pytest.raises(NotFoundError):
        api.calls.recording(served.calls[2], folder / "none.wav")
    assert not (folder / "none.wav").exists()
    subject = api.calls.subject(served.seeded.numbers[0]).subject
    assert [one.call for one in api.calls.find(subject=subject)] == [served.calls[0]]
    table = list(csv.reader(io.StringIO(api.calls.export(folder / "calls.csv").read_text(encoding="utf-8-sig"))))
    assert len(table) == 4
    told = api.calls.now(served.seeded.numbers[5], served.task, key="order-1")
    assert told.placed
    again = api.calls.now(served.seeded.numbers[5], served.task, key="order-1")
    assert again == told
    assert served.placed == [told.call]
    stranger = api.calls.now(numbers(1, 99_999)[0], served.task, VARIABLES)
    assert (stranger.placed, stranger.refused) == (False, "unknown-person")
    with pytest.raises(InvalidError) as lacking:
        api.calls.now(numbers(1, 99_999)[0], served.task)
    assert lacking.value.field.startswith("body.variables.")
    assert lacking.value.cure


def freezes(served: Served, api: Client, bert: Client, folder: Path) -> None:
    number = served.seeded.numbers[6]
    frozen = api.freezes.add(number=number, reason="opt_out")
    refused = api.calls.now(number, served.task)
    assert not refused.placed
    assert refused.record is not None
    assert "frozen" in str(refused.refused)
    assert api.records.read(refused.record).verdict == "refused"
    subject = api.freezes.subject(number).subject
    assert [one.id for one in api.freezes.find(subject=subject)] == [frozen.id]
    assert "opt_out" in {one.code for one in api.freezes.reasons()}
    with pytest.raises(InvalidError) as wrong:
        api.freezes.add(number="139")
    assert wrong.value.field == "number"
    assert api.freezes.ask_lift(frozen.id, "a mistake").asked is not None
    assert bert.freezes.keep(frozen.id).asked is None
    api.freezes.ask_lift(frozen.id, "a mistake")
    assert bert.freezes.lift(frozen.id, "looked at").lifted_at is not None
    assert not api.freezes.read(frozen.id).standing
    file = folder / "freezes.csv"
    file.write_text("number\n+8613912349999\n", encoding="utf-8")
    assert api.freezes.import_file(file).frozen == 1
    assert "+8613912349999" in api.freezes.export(folder / "frozen.csv").read_text(encoding="utf-8")


def consents(served: Served, api: Client, folder: Path) -> None:
    proof = folder / "form.pdf"
    proof.write_bytes(b"signed")
    kept = api.consents.keep_evidence(proof)
    number = served.seeded.numbers[7]
    made = api.consents.add(
        number=number, basis="consent", scope=["marketing"], given_at=datetime(2026, 11, 1, tzinfo=UTC), wording="1",
        channel="web", evidence=kept.sha256,
    )  # fmt: skip
    assert api.consents.read(made.id).has_file
    assert api.consents.evidence(made.id, folder / "proof").read_bytes() == b"signed"
    assert made.id in [one.id for one in api.consents.find(basis="consent", state="any")]
    assert api.consents.withdraw(consent=made.id, means="mail", freeze=False).consents == [made.id]


def records(api: Client) -> None:
    refused = list(api.records.find(verdict="refused"))
    assert len(refused) == 1
    assert api.records.read(refused[0].seq, "zh").rules
    assert api.records.key().startswith("ed25519:")
    assert api.records.verify()["checked"] >= 4


def endpoints(served: Served, api: Client) -> None:
    added = api.endpoints.add(kind="webhook", address=served.receiver.url, events=["task.state"])
    which = added.endpoint.id
    assert api.endpoints.test(which).arrived
    got = served.receiver.got[-1]
    event = webhooks.read(added.secret, got.headers, got.body)
    assert event.id == got.headers["webhook-id"]
    assert [one.id for one in api.endpoints.all().items] == [which]
    api.tasks.pause(served.task)
    waiting = list(api.endpoints.deliveries(which))
    assert [one.event for one in waiting] == ["task.state"]
    api.tasks.resume(served.task)
    api.endpoints.retry(which, waiting[0].id)
    assert not api.endpoints.switch(which, active=False).active
    api.endpoints.delete(which)
    assert api.endpoints.all().items == []


def following(served: Served, api: Client, bert: Client, folder: Path) -> None:
    open_, _ = api.follow_ups.find(state="open")
    assert (open_.grade, api.follow_ups.counts().open) == ("A", 2)
    bert.follow_ups.claim(open_.call)
    bert.follow_ups.release(open_.call)
    bert.follow_ups.claim(open_.call)
    bert.follow_ups.done(open_.call, "appointment", "on Monday")
    assert [one.outcome for one in api.follow_ups.find(state="done")] == ["appointment"]
    jobs = api.jobs.all()
    export = next(one for one in jobs if one.kind == "calls.export")
    assert api.jobs.wait(export.id) == api.jobs.read(export.id) == api.jobs.cancel(export.id)
    assert api.jobs.file(export.id, export.files[0], folder / "again.csv").stat().st_size > 0


def access(served: Served, api: Client, bert: Client) -> None:
    assert api.access.me().via == "token"
    mine = bert.tokens.make(name="short", scopes=["tasks.read"], days=1)
    with Client(served.url, mine.token) as narrow:
        assert list(narrow.tasks.all())
        with pytest.raises(DeniedError) as denied:
            list(narrow.calls.find())
        assert (denied.value.status, denied.value.code) == (403, "forbidden")
        bert.tokens.revoke(mine.id)
        with pytest.raises(DeniedError) as unknown:
            narrow.access.me()
        assert unknown.value.status == 401
    assert mine.id in [one.id for one in bert.tokens.all() if one.revoked_at is not None]
    bert.access.sign_out()
    with pytest.raises(DeniedError):
        bert.access.me()


def test_the_same_is_awaited(served: Served, token: str, tmp_path: Path) -> None:
    async def use() -> None:
        async with AsyncClient(served.url, token) as api:
            assert (await api.access.me()).via == "token"
            assert [one.call async for one in api.calls.find(grade=["A"])] == [served.calls[0]]
            file = tmp_path / "people.csv"
            file.write_text(PEOPLE, encoding="utf-8")
            body = ImportBody(name="awaited", mapping=READING, defaults=BASIS, region="CN")
            assert (await api.lists.import_file(file, body)).imported == 2
            saved = await api.calls.recording(served.calls[0], tmp_path / "call.wav")
            assert saved.read_bytes().startswith(b"RIFF")
            async with aclosing(api.tasks.watch(served.task)) as watching:
                assert (await anext(watching)).state == "running"
            with pytest.raises(NotFoundError):
                await api.calls.recording("nothing", tmp_path / "none.wav")

    anyio.run(use)


def test_the_examples_of_the_page_run(
    served: Served, token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of both languages, block after block, as one program each."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "people.csv").write_text(PEOPLE, encoding="utf-8")
    environment = {"CALLWRIGHT_URL": served.url, "CALLWRIGHT_TOKEN": token}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    folder = Path(__file__).parents[3] / "docs" / "reference"
    for page in ("python-client.md", "python-client.zh-CN.md"):
        blocks = (folder / page).read_text(encoding="utf-8").split("```python\n")[1:]
        program = "\n".join(block.partition("```")[0] for block in blocks)
        assert len(blocks) > 6
        given = {"__name__": page, "TASK": served.task, "NUMBER": served.seeded.numbers[8], "print": lambda *_: None}
        exec(compile(program, page, "exec"), given)
