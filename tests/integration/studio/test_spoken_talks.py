"""An author's browser (aiortc as its peer) talks to a draft: synthesised speech, the embedded recogniser, the robot in its own process."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import anyio
import httpx
import numpy as np
import numpy.typing as npt
import pytest
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame

from callwright.script.builtin import template_path
from callwright.speech.tts.espeak import EspeakVoice
from callwright.testing.console import Console, open_console

pytestmark = [pytest.mark.anyio, pytest.mark.integration]

SCRIPT = (  # short sentences; with its company as a variable it passes every check
    (Path(__file__).parents[2] / "fixtures" / "calls" / "visit.yaml")
    .read_text(encoding="utf-8")
    .replace("example: Ann}", "example: Ann}, company: {required: true, example: Home Care}")
    .replace("AI assistant of Home Care", "AI assistant of {company}")
    .replace('"Yes, a robot."', '"Yes, I am an AI assistant of {company}."')
)
MANDARIN = template_path("delivery_notice").read_text(encoding="utf-8")
PATH = "/api/v1/spoken-talks"


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


class Microphone(MediaStreamTrack):
    """Of an author: silence, and what it is told to say; 48 kHz, 20 ms at a time."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._sent = 0
        self._begun = asyncio.get_running_loop().time()
        self._speech: deque[npt.NDArray[np.int16]] = deque()

    def say(self, pcm: npt.NDArray[np.int16]) -> None:
        """Speech of 8 kHz."""
        whole = np.repeat(pcm[: len(pcm) // 160 * 160], 6)
        self._speech.extend(whole.reshape(-1, 960))

    async def recv(self) -> AudioFrame:
        await asyncio.sleep(max(0.0, self._begun + self._sent / 48_000 - asyncio.get_running_loop().time()))
        pcm = self._speech.popleft() if self._speech else np.zeros(960, np.int16)
        frame = AudioFrame.from_ndarray(pcm.reshape(1, -1), "s16", "mono")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, self._sent, Fraction(1, 48_000)
        self._sent += 960
        return frame


class Author:
    """A page of the studio. events: what the panel was told; loudest: of what it heard."""

    def __init__(self, api: httpx.AsyncClient, headers: dict[str, str]) -> None:
        self.api, self.headers, self.id, self.loudest = api, headers, "", 0
        self.events: list[dict[str, Any]] = []
        self.microphone = Microphone()
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.peer.on("track", lambda track: self.tasks.append(asyncio.ensure_future(self._listen(track))))
        self.tasks: list[asyncio.Task[None]] = []

    async def begin(self, text: str = SCRIPT) -> httpx.Response:
        self.peer.addTrack(self.microphone)
        await self.peer.setLocalDescription(await self.peer.createOffer())
        body = {"text": text, "variables": {"name": "Ann"}, "offer": self.peer.localDescription.sdp}
        answer = await self.api.post(PATH, json=body, headers=self.headers)
        if answer.status_code == 201:
            self.id = answer.json()["id"]
            self.tasks.append(asyncio.ensure_future(self._follow()))
            await self.peer.setRemoteDescription(RTCSessionDescription(answer.json()["answer"], "answer"))
        return answer

    async def until(self, what: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        with anyio.move_on_after(60):
            while not (found := [event for event in self.events if what(event)]):  # noqa: ASYNC110 - over HTTP
                await asyncio.sleep(0.02)
            return found[-1]
        pytest.fail(f"it did not come, but {[event for event in self.events if event['what'] != 'decision']}")

    async def answer_each(self, question: str, pcm: npt.NDArray[np.int16]) -> None:
        """Say this over each sentence of the robot that ends so, as on the telephone: what a busy machine garbled is asked again."""
        answered = 0
        while True:
            asked = [event for event in self.events if event["what"] == "saying" and event["text"].endswith(question)]
            if len(asked) > answered:
                answered = len(asked)
                await asyncio.sleep(0.3)  # the robot is speaking
                self.microphone.say(pcm)
            await asyncio.sleep(0.05)

    async def _follow(self) -> None:
        async with self.api.stream("GET", f"{PATH}/{self.id}/events", headers=self.headers) as lines:
            async for line in lines.aiter_lines():
                if line.startswith("data: {") and line != "data: {}":
                    self.events.append(json.loads(line.removeprefix("data: ")))

    async def _listen(self, track: MediaStreamTrack) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            assert isinstance(frame, AudioFrame)
            self.loudest = max(self.loudest, int(np.abs(frame.to_ndarray().astype(int)).max()))

    async def close(self) -> None:
        await self.peer.close()
        for task in self.tasks:
            task.cancel()


@dataclass(frozen=True)
class Studio:
    """One for all tests here. It has no models but the English one, which comes with the recogniser."""

    console: Console
    api: httpx.AsyncClient
    folder: Path


@pytest.fixture(scope="module")
async def studio(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Studio]:
    folder = tmp_path_factory.mktemp("studio")
    models = tmp_path_factory.mktemp("no-models")
    environ = {
        "CALLWRIGHT_VOICE": "{engine: espeak, speed: 450}",
        "CALLWRIGHT_MODELS": str(models),
        "CALLWRIGHT_CACHE": str(folder / "cache"),
    }
    async with (
        open_console(folder, leads=1, environ=environ) as console,
        httpx.AsyncClient(
            base_url=console.url, headers={"x-fake-roles": "author", "X-Callwright": "1"}, timeout=90
        ) as api,
    ):
        yield Studio(console, api, folder)
        booths = console.app.state.booths
        for booth in booths._booths.values():  # their processes go before the loop does
            booth.end()
            while not booth.over:
                await booth.change()


@asynccontextmanager
async def author(api: httpx.AsyncClient, user: int = 1) -> AsyncIterator[Author]:
    made = Author(api, {"x-fake-user": str(user)})
    try:
        yield made
    finally:
        await made.close()


def left_behind(folder: Path) -> list[Path]:
    """Recordings, logs, transcripts and prompts."""
    return [path for path in folder.rglob("*") if path.suffix in (".jsonl", ".wav", ".opus", ".txt", ".cwp")]


async def converse(anna: Author, yes: npt.NDArray[np.int16]) -> None:
    assert (await anna.begin()).status_code == 201
    answering = asyncio.ensure_future(anna.answer_each("work?", yes))
    try:
        confirmed = await anna.until(lambda event: event["what"] == "stand" and event["node"] == "ok")
    finally:
        answering.cancel()
    assert (confirmed["grade"], confirmed["tags"]) == ("A", ["confirmed"])
    over = await anna.until(lambda event: event["what"] == "over")
    assert (over["why"], over["end"]) == ("script", "done")
    assert {"what": "act", "kind": "note", "text": "visit confirmed"} in anna.events  # shown, and not done
    decisions = [event for event in anna.events if event["what"] == "decision"]
    (to_ok,) = [one["data"] for one in decisions if one["kind"] == "next" and one["data"]["to"] == "ok"]
    assert (to_ok["node"], to_ok["key"]) in (("ask", "affirm"), ("sorry", "affirm"))
    assert {"recognised", "understood", "entered"} <= {one["kind"] for one in decisions}
    told = [one["what"] for one in anna.events]
    assert told.index("partial") < told.index("caller") < told.index("over")
    assert "yes" in {one["text"].split(" ")[0] for one in anna.events if one["what"] == "caller"}
    assert anna.loudest > 2000


async def test_an_author_is_heard_answered_and_told_why(studio: Studio) -> None:
    yes = await EspeakVoice("en").render("yes that works")
    async with author(studio.api) as anna:
        await converse(anna, yes)
    cache = studio.console.settings.cache
    assert cache is not None and cache.is_relative_to(studio.folder)
    assert not left_behind(studio.folder)


async def test_a_page_that_goes_away_ends_it(studio: Studio) -> None:
    async with author(studio.api, user=2) as bo:
        assert (await bo.begin()).status_code == 201
        await bo.until(lambda event: event["what"] == "connected")
        booth = studio.console.app.state.booths.find((studio.console.seeded.tenant, 2, None), bo.id)
    async with asyncio.timeout(60):
        while not booth.over:
            await booth.change()
    assert json.loads(booth.events[-1])["why"] == "connection"


async def test_who_may_and_what_cannot_be_talked_to(studio: Studio) -> None:
    api = studio.api
    offer = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n"
    body: dict[str, Any] = {"text": SCRIPT, "offer": offer}
    assert (await api.post(PATH, json=body, headers={"x-fake-roles": ""})).status_code == 403
    refused = await api.post(PATH, json=body | {"offer": "v=0"})
    assert (refused.status_code, refused.json()["code"]) == (422, "offer")
    refused = await api.post(PATH, json=body | {"text": "format: script/1\n"})
    assert refused.status_code == 422
    refused = await api.post(PATH, json=body | {"text": MANDARIN})
    told = refused.json()
    assert (refused.status_code, told["code"]) == (409, "model-missing"), told
    assert "callwright models pull" in told["hint"]
    assert "no-models" not in told["detail"]
    for method, path in (("GET", "/events"), ("POST", ""), ("DELETE", "")):
        answer = await api.request(
            method, f"{PATH}/nobody-is-here{path}", json={"do": "hang_up"} if method == "POST" else None
        )
        assert answer.status_code == 404
