"""An author's browser (aiortc as its peer) talks to a draft: synthesised speech, the embedded recogniser, the robot in its own process."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import numpy.typing as npt
import pytest
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame

from callwright.errors import ModelError
from callwright.speech.tts.espeak import EspeakVoice
from callwright.testing.console import Console, open_console

pytestmark = [pytest.mark.anyio, pytest.mark.integration]

SCRIPT = (Path(__file__).parents[2] / "fixtures" / "calls" / "visit.yaml").read_text(encoding="utf-8")
PATH = "/api/v1/spoken-talks"


@pytest.fixture
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

    def __init__(self, api: httpx.AsyncClient) -> None:
        self.api, self.id, self.loudest = api, "", 0
        self.events: list[dict[str, Any]] = []
        self.microphone = Microphone()
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.peer.on("track", lambda track: self.tasks.append(asyncio.ensure_future(self._listen(track))))
        self.tasks: list[asyncio.Task[None]] = []

    async def begin(self, text: str = SCRIPT) -> httpx.Response:
        self.peer.addTrack(self.microphone)
        await self.peer.setLocalDescription(await self.peer.createOffer())
        body = {"text": text, "variables": {"name": "Ann"}, "offer": self.peer.localDescription.sdp}
        answer = await self.api.post(PATH, json=body)
        if answer.status_code == 201:
            self.id = answer.json()["id"]
            self.tasks.append(asyncio.ensure_future(self._follow()))
            await self.peer.setRemoteDescription(RTCSessionDescription(answer.json()["answer"], "answer"))
        return answer

    async def until(self, what: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        async with asyncio.timeout(60):
            while not (found := [event for event in self.events if what(event)]):  # noqa: ASYNC110 - over HTTP
                await asyncio.sleep(0.02)
        return found[-1]

    async def do(self, **what: str) -> int:
        return (await self.api.post(f"{PATH}/{self.id}", json=what)).status_code

    async def _follow(self) -> None:
        async with self.api.stream("GET", f"{PATH}/{self.id}/events") as lines:
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


@asynccontextmanager
async def studio(folder: Path, **environ: str) -> AsyncIterator[tuple[Console, httpx.AsyncClient]]:
    given = {"CALLWRIGHT_VOICE": "{engine: espeak, speed: 450}", **environ}
    async with (
        open_console(folder, leads=1, environ=given) as console,
        httpx.AsyncClient(
            base_url=console.url, headers={"x-fake-roles": "author", "X-Callwright": "1"}, timeout=90
        ) as api,
    ):
        yield console, api


@asynccontextmanager
async def author(api: httpx.AsyncClient) -> AsyncIterator[Author]:
    made = Author(api)
    try:
        yield made
    finally:
        await made.close()


def left_behind(folder: Path) -> list[Path]:
    """Recordings, logs and transcripts."""
    return [path for path in folder.rglob("*") if path.suffix in (".jsonl", ".wav", ".opus", ".txt")]


async def test_an_author_is_heard_answered_and_told_why(tmp_path: Path) -> None:
    try:
        yes = await EspeakVoice("en").render("yes that works")
    except ModelError as error:
        pytest.skip(str(error))
    async with studio(tmp_path) as (_, api), author(api) as anna:
        assert (await anna.begin()).status_code == 201
        await anna.until(lambda event: event["what"] == "saying" and "Does that work" in event["text"])
        anna.microphone.say(yes)  # over the question, as on the telephone
        said = await anna.until(lambda event: event["what"] == "caller")
        assert said["text"] == "yes that works"
        await anna.until(lambda event: event["what"] == "decision" and event["data"].get("to") == "ok")
        stand = await anna.until(lambda event: event["what"] == "stand" and event["node"] == "ok")
        assert (stand["grade"], stand["tags"]) == ("A", ["confirmed"])
        assert {"what": "act", "kind": "note", "text": "visit confirmed"} in anna.events  # shown, and not done
        kinds = [event["kind"] for event in anna.events if event["what"] == "decision"]
        assert kinds.index("recognised") < kinds.index("understood") < len(kinds)
        assert anna.events.index(next(one for one in anna.events if one["what"] == "partial")) < anna.events.index(said)
        assert await anna.do(do="keys", keys="1") == 204
        assert await anna.do(do="hang_up") == 204
        over = await anna.until(lambda event: event["what"] == "over")
        assert over["why"] in ("left", "script")
        assert anna.loudest > 2000
        calls = await api.get("/api/v1/calls", headers={"x-fake-roles": "operator"})
        assert calls.json()["items"] == []
        assert not left_behind(tmp_path)


async def test_a_page_that_goes_away_ends_it(tmp_path: Path) -> None:
    async with studio(tmp_path) as (console, api):
        async with author(api) as anna:
            await anna.begin()
            await anna.until(lambda event: event["what"] == "connected")
            (booth,) = console.app.state.booths._booths.values()
        async with asyncio.timeout(60):
            while not booth.over:
                await booth.change()
        assert json.loads(booth.events[-1])["why"] == "connection"


async def test_who_may_and_what_cannot_be_talked_to(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    async with studio(tmp_path, CALLWRIGHT_MODELS=str(tmp_path / "none")) as (_, api):
        offer = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n"
        body: dict[str, Any] = {"text": SCRIPT, "offer": offer}
        assert (await api.post(PATH, json=body, headers={"x-fake-roles": ""})).status_code == 403
        refused = await api.post(PATH, json=body | {"offer": "v=0"})
        assert (refused.status_code, refused.json()["code"]) == (422, "offer")
        refused = await api.post(PATH, json=body | {"text": "format: script/1\n"})
        assert refused.status_code == 422
        mandarin = SCRIPT.replace("lang: en", "lang: zh")
        refused = await api.post(PATH, json=body | {"text": mandarin})
        told = refused.json()
        assert (refused.status_code, told["code"]) == (409, "model-missing"), told
        assert "callwright models pull" in told["hint"]
        assert str(tmp_path) not in told["detail"]
        for method, path in (("GET", "/events"), ("POST", ""), ("DELETE", "")):
            answer = await api.request(
                method, f"{PATH}/nobody-is-here{path}", json={"do": "hang_up"} if method == "POST" else None
            )
            assert answer.status_code == 404
