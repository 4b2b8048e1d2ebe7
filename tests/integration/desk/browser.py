"""A page with a microphone, as a peer of real calls: aiortc in the place of a browser."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from fractions import Fraction

import httpx
import numpy as np
import numpy.typing as npt
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, AudioResampler
from tests.integration.desk.conftest import CALL, tone

__all__ = ["AGENT_HZ", "Browser", "Microphone", "browser", "comes"]

AGENT_HZ = 1000.0


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
        self.call = self.session = ""
        self.heard: list[npt.NDArray[np.int16]] = []
        self._resampler = AudioResampler(format="s16", layout="mono", rate=8000)
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.peer.on("track", lambda track: self._tasks.append(asyncio.ensure_future(self._listen(track))))
        self._tasks: list[asyncio.Task[None]] = []

    async def offer(self) -> str:
        self.peer.addTrack(Microphone())
        await self.peer.setLocalDescription(await self.peer.createOffer())
        return self.peer.localDescription.sdp

    async def connect(self, call: str, session: str, answer: str) -> None:
        self.call, self.session = call, session
        await self.peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def join(self, mode: str, call: str = CALL) -> httpx.Response:
        body = {"offer": await self.offer(), "mode": mode}
        answer = await self.api.post(f"/api/v1/live/calls/{call}/sessions", json=body)
        if answer.status_code == 200:
            await self.connect(call, answer.json()["session"], answer.json()["answer"])
        return answer

    async def do(self, what: str, **more: str) -> httpx.Response:
        return await self.api.post(f"/api/v1/live/calls/{self.call}/sessions/{self.session}", json={"do": what, **more})

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
async def browser(api: httpx.AsyncClient) -> AsyncIterator[Browser]:
    made = Browser(api)
    try:
        yield made
    finally:
        await made.close()


async def comes(what: Callable[[], bool], seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not what():  # noqa: ASYNC110 - sound has no events
            await asyncio.sleep(0.1)
