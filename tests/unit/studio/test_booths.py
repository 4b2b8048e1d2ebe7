"""Booths: how many, whose, how long. The process in them is a fake one, that does as the text of its script says."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import anyio
import pytest

from callwright.http.problems import ApiError
from callwright.studio.booths import Booth, Booths, Bounds
from callwright.studio.spoken import Rehearsal

pytestmark = pytest.mark.anyio

ANNA, BO, CY, ELSEWHERE = (1, 3, None), (1, 4, None), (1, 5, None), (2, 3, None)
FAKE = """
import json, os, subprocess, sys, time
say = lambda **event: print(json.dumps(event), flush=True)
what = json.loads(sys.stdin.readline())["text"]
if what == "refuses": say(what="refused", code="model-missing", message="no model", hint="callwright models pull x"), sys.exit()
if what == "dies": sys.exit(1)
if what == "sleeps": time.sleep(60)
if what == "hangs":
    child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"])
    say(what="answer", sdp=str(child.pid)), time.sleep(600)
if what == "environment": say(what="answer", sdp=json.dumps(dict(os.environ))), sys.exit()
say(what="answer", sdp="v=0 answer")
say(what="robot", text="Hello.", source="", cut=False)
if what == "breaks": sys.exit(1)
if what == "babbles": print("no event", flush=True)
for line in sys.stdin:
    if json.loads(line).get("do") == "hang_up": break
    say(what="key", text=json.loads(line)["keys"])
say(what="over", why="left", end="hangup", seconds=1)
"""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def opened(clock: Clock | None = None, **bounds: Any) -> AsyncIterator[Booths]:
    async with Booths.open((sys.executable, "-S", "-c", FAKE), Bounds(**bounds), clock or Clock()) as booths:
        yield booths


def rehearsal(text: str = "talks") -> Rehearsal:
    return Rehearsal(text, "v=0", {}, 60.0)


async def whole(booths: Booths, booth: Booth) -> list[dict[str, Any]]:
    with anyio.fail_after(60):
        return [json.loads(event) async for event in booths.follow(booth)]


async def test_a_conversation_from_its_answer_to_its_end() -> None:
    async with opened() as booths:
        booth = await booths.begin(ANNA, rehearsal())
        assert booth.answer == "v=0 answer"
        assert booths.find(ANNA, booth.id) is booth
        for other in (BO, ELSEWHERE):
            with pytest.raises(ApiError) as hidden:
                booths.find(other, booth.id)
            assert hidden.value.status == 404
        booth.order(keys="12")
        booth.order(do="hang_up")
        said = [event["what"] for event in await whole(booths, booth)]
        assert said == ["robot", "key", "over"]
        assert [event["what"] for event in await whole(booths, booth)] == said  # a view that comes again sees it all
        with pytest.raises(ApiError, match="over"):
            booth.order(keys="1")


@pytest.mark.parametrize(
    ("text", "status", "code", "hint", "bounds"),
    [
        ("refuses", 409, "model-missing", "callwright models pull x", {}),
        ("dies", 503, "not-ready", "Try again in a moment.", {}),
        ("sleeps", 503, "not-ready", "Try again in a moment.", {"ready": 0.1, "goodbye": 0.1}),
    ],
)
async def test_why_the_robot_is_not_there_is_told_with_the_cure(
    text: str, status: int, code: str, hint: str, bounds: dict[str, Any]
) -> None:
    async with opened(**bounds) as booths:
        with pytest.raises(ApiError) as refused:
            await booths.begin(ANNA, rehearsal(text))
        assert (refused.value.status, refused.value.code, refused.value.hint) == (status, code, hint)


async def test_there_are_few_and_one_for_each_viewer() -> None:
    async with opened(of_tenant=2, all=3) as booths:
        first = await booths.begin(ANNA, rehearsal())
        second = await booths.begin(ANNA, rehearsal())
        assert (first.over, second.over) == (True, False)
        assert json.loads(first.events[-1]) == {"what": "over", "why": "left", "end": "", "seconds": 0}
        await booths.begin(BO, rehearsal())
        for owner in (CY, (1, None, 9)):
            with pytest.raises(ApiError) as full:
                await booths.begin(owner, rehearsal())
            assert (full.value.status, full.value.code) == (503, "no-place")
        await booths.begin(ELSEWHERE, rehearsal())
        with pytest.raises(ApiError):
            await booths.begin((3, 1, None), rehearsal())
        second.end()
        await whole(booths, second)
        await booths.begin(CY, rehearsal())  # there is room again


async def test_two_begun_at_once_are_one() -> None:
    """A double click, while an earlier one still ends."""
    async with opened(of_tenant=9, all=9) as booths:
        first = await booths.begin(ANNA, rehearsal())
        begun: list[Booth] = []

        async def begin() -> None:
            try:
                begun.append(await booths.begin(ANNA, rehearsal()))
            except ApiError as overtaken:
                assert overtaken.code == "not-ready"

        with anyio.fail_after(60):
            async with anyio.create_task_group() as tasks:
                for _ in range(3):
                    tasks.start_soon(begin)
        assert first.over
        assert [one.over for one in booths._booths.values()] == [False]
        assert list(booths._booths.values()) == begun[-1:]


async def test_the_process_does_not_get_what_opens_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = {
        "CALLWRIGHT_DATABASE_URL", "CALLWRIGHT_KEY_FILE", "CALLWRIGHT_BLOBS", "CALLWRIGHT_SMTP_URL", "AWS_SECRET_ACCESS_KEY", "PGPASSWORD",
    }  # fmt: skip
    for name in (*hidden, "TOKEN_OF_A_RECOGNISER"):
        monkeypatch.setenv(name, "secret")
    async with opened() as booths:
        given = json.loads((await booths.begin(ANNA, rehearsal("environment"))).answer)
    assert not hidden & given.keys()
    assert given["TOKEN_OF_A_RECOGNISER"] == "secret"


async def test_one_that_hangs_is_killed_with_what_it_began() -> None:
    async with opened(goodbye=0.1) as booths:
        booth = await booths.begin(ANNA, rehearsal("hangs"))
        booth.end()
        await ended(booth)
    with anyio.fail_after(60):
        while await _runs(int(booth.answer)):  # noqa: ASYNC110 - of another process
            await anyio.sleep(0.02)


async def _runs(pid: int) -> bool:
    """Whether it does more than wait to be collected."""
    try:
        told = await anyio.Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return told.rpartition(") ")[2][0] != "Z"


async def ended(booth: Booth) -> None:
    with anyio.fail_after(60):
        while not booth.over:
            await booth.change()


async def test_one_that_nobody_follows_ends() -> None:
    clock = Clock()
    async with opened(clock, alone=20) as booths:
        booth = await booths.begin(ANNA, rehearsal())
        async with aclosing(booths.follow(booth)) as events:
            assert json.loads(await anext(events))["what"] == "robot"
            clock.now += 100
            booth.order(keys="1")
            assert json.loads(await anext(events))["what"] == "key"
        assert not booth.over
        clock.now += 21
        await ended(booth)


async def test_one_that_outlives_its_time_is_ended_whatever_it_does() -> None:
    clock = Clock()
    async with opened(clock, seconds=600, ready=60, late=30) as booths:
        booth = await booths.begin(ANNA, rehearsal())
        async with aclosing(booths.follow(booth)) as events:
            await anext(events)
            clock.now += 691
            await ended(booth)


async def test_what_was_said_is_forgotten_after_a_while() -> None:
    clock = Clock()
    async with opened(clock, kept=60) as booths:
        booth = await booths.begin(ANNA, rehearsal())
        booth.order(do="hang_up")
        await ended(booth)
        clock.now += 59
        assert booths.find(ANNA, booth.id) is booth
        clock.now += 2
        with pytest.raises(ApiError):
            booths.find(ANNA, booth.id)


@pytest.mark.parametrize("how", ["breaks", "babbles"])
async def test_a_process_that_breaks_is_told_as_our_fault(how: str) -> None:
    async with opened() as booths:
        booth = await booths.begin(ANNA, rehearsal(how))
        assert (await whole(booths, booth))[-1] == {"what": "over", "why": "fault", "end": "", "seconds": 0}


async def test_all_end_with_the_application() -> None:
    async with opened() as booths:
        booth = await booths.begin(ANNA, rehearsal())
    assert booth.over
