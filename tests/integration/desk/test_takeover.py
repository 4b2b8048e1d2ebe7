"""A browser (aiortc as its peer) on a real call over loopback RTP: who hears whom is measured by tones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from fractions import Fraction
from pathlib import Path

import httpx
import numpy as np
import numpy.typing as npt
import pytest
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, AudioResampler
from tests.integration.desk.conftest import CALL, PERSON_HZ, House, house, speaks_again, strength, tone

pytestmark = [pytest.mark.anyio, pytest.mark.integration]

AGENT_HZ = 1000.0
LOUD, QUIET = 1500.0, 200.0


class Microphone(MediaStreamTrack):
    """Says a tone, 20 ms at a time, as a browser's microphone does: 48 kHz."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._sent = 0
        self._begun = asyncio.get_running_loop().time()

    async def recv(self) -> AudioFrame:
        await asyncio.sleep(max(0.0, self._begun + self._sent / 48_000 - asyncio.get_running_loop().time()))
        pcm = tone(AGENT_HZ, 960, 48_000, self._sent)
        frame = AudioFrame.from_ndarray(pcm.reshape(1, -1), "s16", "mono")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, self._sent, Fraction(1, 48_000)
        self._sent += 960
        return frame


class Browser:
    """A page with a microphone. heard: what comes, 8 kHz."""

    def __init__(self, api: httpx.AsyncClient) -> None:
        self.api = api
        self.session = ""
        self.heard: list[npt.NDArray[np.int16]] = []
        self._resampler = AudioResampler(format="s16", layout="mono", rate=8000)
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.peer.on("track", lambda track: self._tasks.append(asyncio.ensure_future(self._listen(track))))
        self._tasks: list[asyncio.Task[None]] = []

    async def join(self, mode: str) -> httpx.Response:
        self.peer.addTrack(Microphone())
        await self.peer.setLocalDescription(await self.peer.createOffer())
        body = {"offer": self.peer.localDescription.sdp, "mode": mode}
        answer = await self.api.post(f"/api/v1/live/calls/{CALL}/sessions", json=body)
        if answer.status_code == 200:
            self.session = answer.json()["session"]
            await self.peer.setRemoteDescription(RTCSessionDescription(answer.json()["answer"], "answer"))
        return answer

    async def do(self, what: str, **more: str) -> httpx.Response:
        return await self.api.post(f"/api/v1/live/calls/{CALL}/sessions/{self.session}", json={"do": what, **more})

    async def _listen(self, track: MediaStreamTrack) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            assert isinstance(frame, AudioFrame)
            for part in self._resampler.resample(frame):
                self.heard.append(part.to_ndarray().reshape(-1).astype(np.int16))

    def last(self) -> npt.NDArray[np.int16]:
        return np.concatenate(self.heard[-25:]) if self.heard else np.zeros(1, np.int16)

    async def close(self) -> None:
        await self.peer.close()
        for task in self._tasks:
            task.cancel()


@asynccontextmanager
async def browser(found: House) -> AsyncIterator[Browser]:
    made = Browser(found.api)
    try:
        yield made
    finally:
        await made.close()


async def comes(what: Callable[[], bool], seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not what():  # noqa: ASYNC110 - sound has no events
            await asyncio.sleep(0.1)


async def test_taken_over_and_given_back(tmp_path: Path) -> None:
    async with house(tmp_path) as found, browser(found) as page:
        assert (await page.join("takeover")).status_code == 200
        await found.until("person")
        await comes(lambda: strength(found.telephone.last(), AGENT_HZ) > LOUD)  # the person called hears the browser
        await comes(lambda: strength(page.last(), PERSON_HZ) > LOUD)  # and the other way round
        async with browser(found) as late:
            refused = await late.join("takeover")
            assert (refused.status_code, refused.json()["code"]) == (409, "taken")
        assert (await page.do("keys", keys="12#")).status_code == 200
        assert (await page.do("give_back")).status_code == 200
        await comes(lambda: strength(found.telephone.last(), AGENT_HZ) < QUIET)
        await comes(lambda: speaks_again(found.live))
        assert await found.standing() in ("returned", "robot", "paused")
        assert (await page.do("give_back")).status_code in (404, 409)


async def test_a_browser_that_is_lost_gives_the_call_back(tmp_path: Path) -> None:
    async with house(tmp_path) as found:
        async with browser(found) as page:
            await page.join("takeover")
            await comes(lambda: strength(found.telephone.last(), AGENT_HZ) > LOUD)
        await comes(lambda: any(line["kind"] == "given_back" for call in found.live for line in call.log.lines))
        assert not found.telephone.over.is_set()


async def test_who_listens_is_heard_by_nobody_and_who_takes_over_ends_the_call(tmp_path: Path) -> None:
    async with house(tmp_path) as found, browser(found) as boss, browser(found) as agent:
        assert (await boss.join("listen")).status_code == 200
        await comes(lambda: strength(boss.last(), PERSON_HZ) > LOUD)
        assert strength(found.telephone.last(), AGENT_HZ) < QUIET
        refused = await boss.do("mode", mode="whisper")  # only the robot talks
        assert (refused.status_code, refused.json()["code"]) == (409, "line")
        assert (await agent.join("takeover")).status_code == 200
        await comes(lambda: strength(found.telephone.last(), AGENT_HZ) > LOUD)
        assert (await boss.do("mode", mode="whisper")).status_code == 200
        assert (await agent.do("hang_up")).status_code == 200
        await asyncio.wait_for(found.telephone.over.wait(), 20)
        record = await asyncio.wait_for(asyncio.shield(found.calling), 20)
        assert (record.disposition, record.end) == ("transferred", "transfer")
        log = await found.api.get("/api/v1/live/calls")
        assert all(row["stage"] == "over" for row in log.json()["items"])


async def test_who_may_and_what_is_no_offer(tmp_path: Path) -> None:
    async with house(tmp_path) as found:
        path = f"/api/v1/live/calls/{CALL}/sessions"
        for roles, mode in (("operator", "takeover"), ("auditor", "listen")):
            answer = await found.api.post(path, json={"offer": "x", "mode": mode}, headers={"x-fake-roles": roles})
            assert answer.status_code == 403
        answer = await found.api.post(path, json={"offer": "", "mode": "listen"})
        assert answer.status_code == 422
        answer = await found.api.post(path, json={"offer": "v=0", "mode": "listen"})
        assert (answer.status_code, answer.json()["code"]) == (409, "line")
        answer = await found.api.post("/api/v1/live/calls/nobody/sessions", json={"offer": "v=0", "mode": "listen"})
        assert answer.status_code == 404
