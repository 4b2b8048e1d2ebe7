"""What the client sends again, and what it does not: flows driven by hand, without a network."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from callwright.client import (
    AnswerError,
    AsyncClient,
    BusyError,
    Client,
    ConflictError,
    InvalidError,
    OfflineError,
    ProblemError,
)
from callwright.client.asking import Asker, Terms
from callwright.client.flow import BrokenError, Came, Flow, Pause, Send, Upload
from callwright.client.operations import Room
from callwright.errors import SettingsError
from callwright.http.job_views import JobView

TERMS = Terms(retries=3, random=lambda: 1.0)
OK = Came(200, {}, b'{"a": 1}')
UNSENT, BROKEN = BrokenError("ConnectError", unsent=True), BrokenError("ReadError", unsent=False)


def problem(status: int, code: str = "x", **headers: str) -> Came:
    told = {"title": "T", "status": status, "code": code, "detail": "no", "hint": "mend it"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Came(status, named, json.dumps(told).encode())


def drive(flow: Flow[Any], answers: Sequence[Came | BrokenError]) -> tuple[list[Send], list[float], Any]:
    """What was sent, how long it waited, and what came of it."""
    sent: list[Send] = []
    waited: list[float] = []
    left = list(answers)
    try:
        step = next(flow)
        while True:
            if isinstance(step, Pause):
                waited.append(step.seconds)
                step = flow.send(None)
                continue
            assert isinstance(step, Send)
            sent.append(step)
            answer = left.pop(0)
            step = flow.throw(answer) if isinstance(answer, BrokenError) else flow.send(answer)
    except StopIteration as end:
        return sent, waited, end.value
    except Exception as error:  # noqa: BLE001 - it is looked at
        return sent, waited, error


def get() -> Flow[dict[str, int]]:
    return Asker(TERMS).ask("GET", "/a/{b}", dict[str, int], {"b": "x/y"})


def post(key: str = "") -> Flow[dict[str, int]]:
    return Asker(TERMS).ask("POST", "/a", dict[str, int], body={"n": 1}, key=key)


def test_a_request_has_its_path_and_a_key_of_its_own() -> None:
    sent, waited, value = drive(get(), [OK])
    assert (sent[0].path, sent[0].template, waited, value) == ("/api/v1/a/x%2Fy", "/a/{b}", [], {"a": 1})
    assert "Idempotency-Key" not in sent[0].headers
    keys = [drive(post(), [OK])[0][0].headers["Idempotency-Key"] for _ in range(2)]
    assert keys[0] != keys[1]
    assert drive(post("order-7"), [OK])[0][0].headers["Idempotency-Key"] == "order-7"


def test_what_broke_is_sent_again_under_the_same_key() -> None:
    sent, waited, value = drive(post(), [UNSENT, BROKEN, problem(409, "idempotency-running"), OK])
    assert value == {"a": 1}
    assert len({send.headers["Idempotency-Key"] for send in sent}) == 1
    assert waited == [0.5, 1.0, 2.0]
    assert drive(get(), [BROKEN, OK])[2] == {"a": 1}


def test_it_ends_after_so_many_tries_and_says_whether_it_may_have_been_done() -> None:
    sent, _, error = drive(post(), [UNSENT] * 4)
    assert (len(sent), type(error), error.unsent) == (4, OfflineError, True)
    assert drive(post(), [BROKEN, UNSENT, UNSENT, UNSENT])[2].unsent is False


@pytest.mark.parametrize("status", [429, 503])
def test_the_server_says_how_long_to_wait(status: int) -> None:
    assert drive(post(), [problem(status, retry_after="7"), OK])[1:] == ([7.0], {"a": 1})
    sent, _, error = drive(post(), [problem(status, retry_after="3600")])
    assert (len(sent), type(error), error.cure) == (1, BusyError, "mend it")


def test_a_doubtful_answer_is_not_repeated_where_that_would_do_it_twice() -> None:
    """503 without Retry-After is a worker that broke off: the call may be ringing."""
    for answer in (problem(503, "worker"), problem(500), problem(409, "idempotency-running"), problem(404)):
        sent, _, error = drive(post(), [answer])
        assert len(sent) == 1
        assert isinstance(error, ProblemError)
    assert drive(get(), [problem(503), problem(502), OK])[2] == {"a": 1}


def test_files_are_sent_again_only_when_they_never_left(tmp_path: Path) -> None:
    def flow() -> Flow[dict[str, int]]:
        return Asker(TERMS).ask("POST", "/a", dict[str, int], body=Upload(tmp_path))

    assert isinstance(drive(flow(), [BROKEN])[2], OfflineError)
    sent, _, value = drive(flow(), [UNSENT, OK])
    assert (value, "Idempotency-Key" in sent[0].headers) == ({"a": 1}, False)


def test_another_server_is_told_apart() -> None:
    for came in (Came(200, {}, b"<html>"), Came(404, {}, b"<html>"), Came(302, {"location": "/"}, b"")):
        assert isinstance(drive(get(), [came])[2], AnswerError)


def test_a_job_is_asked_for_less_often_while_nothing_moves() -> None:
    def told(done: int, state: str = "running") -> Came:
        job = {"id": "j", "kind": "k", "about": "a", "state": state, "done": done, "created_at": "2026-11-26T00:00:00Z"}
        return Came(200, {}, json.dumps(job).encode())

    first = JobView.model_validate_json(told(0).body)
    seen: list[int] = []
    flow = Asker(TERMS).finished(first, lambda job: seen.append(job.done))
    _, waited, job = drive(flow, [told(0), told(0), told(5), told(5, "done")])
    assert (seen, job.state) == ([0, 5, 5], "done")
    assert waited == pytest.approx([0.1, 0.15, 0.225, 0.1])


def test_an_address_must_keep_the_token_secret() -> None:
    for url in ("calls.example.com", "ftp://a", "https://a?x=1", "http://calls.example.com"):
        with pytest.raises(SettingsError):
            Client(url, "cw_1")
    with Client("http://calls.example.com/", "cw_1", insecure=True) as client:
        assert "cw_1" not in repr(client)
    with pytest.raises(SettingsError):
        Client.from_environment({"CALLWRIGHT_URL": "https://a.example"})


def test_what_the_models_refuse_is_told_like_an_answer_and_nothing_is_sent() -> None:
    def never(request: httpx.Request) -> httpx.Response:
        raise AssertionError(request)

    with Client("https://a.example", transport=httpx.MockTransport(never)) as client:
        with pytest.raises(InvalidError) as error:
            client.freezes.add(number="139", reason="opt_out")
        assert (error.value.status, error.value.field) == (422, "number")
        with pytest.raises(InvalidError):
            list(client.calls.find(grade=["Z"]))


def test_time_outs_and_broken_bodies_come_out_as_ours(tmp_path: Path) -> None:
    def slow(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("too slow", request=request)

    def conflict(request: httpx.Request) -> httpx.Response:
        return httpx.Response(409, json={"title": "C", "status": 409, "code": "task-state", "detail": "it is a draft"})

    terms = Terms(retries=0)
    slow_one = Client("https://a.example", terms=terms, transport=httpx.MockTransport(slow))
    with slow_one, pytest.raises(OfflineError, match="ReadTimeout"):
        slow_one.access.me()
    with Client("https://a.example", terms=terms, transport=httpx.MockTransport(conflict)) as client:
        with pytest.raises(ConflictError, match="it is a draft"):
            client.tasks.start(7)
        with pytest.raises(ConflictError):
            client.calls.recording("c", tmp_path / "a.wav")
    assert list(tmp_path.iterdir()) == []


def test_both_clients_have_the_same_operations() -> None:
    def found(client: Client | AsyncClient) -> dict[str, set[str]]:
        return {
            name: {one for one in dir(room) if not one.startswith("_")}
            for name, room in vars(client).items()
            if isinstance(room, Room)
        }

    assert found(Client("https://a.example")) == found(AsyncClient("https://a.example"))
