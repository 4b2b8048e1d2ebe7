"""Callers of a robot behind a websocket, as Twilio Media Streams brings them: 20 ms of mu-law both ways, in real time.

Every call keeps its own clock and says how late its frames were; a late call is not the robot's fault and has to be made again.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from callwright.bench.peer_heard import Playout
from callwright.speech.port import Pcm
from callwright.telephony.rtp.g711 import decode, encode

__all__ = ["FRAME", "FRAME_MS", "CallError", "Caller", "Course", "Echo", "place"]

FRAME_MS = 20
FRAME = 160
_ASK_FRAMES = 12


@dataclass(frozen=True, slots=True)
class Echo:
    """What comes back of the robot's voice. delay_ms; gain: linear, below 1."""

    delay_ms: float
    gain: float


@dataclass(frozen=True, slots=True)
class Caller:
    """What one caller does. stage: what the rig's server is told (bench/peers/stage.py); audio: the caller's side; line: the line's noise
    before and after it, repeated; prompt_ms: length of the prompt; over_prompt: the audio begins with the prompt, else when it has ended;
    last_ms: the last voice in the audio; patience_ms: how long after it the call is held; enough: told what was heard, the time of the call
    and since the last voice, may end it sooner."""

    stage: dict[str, Any]
    audio: Pcm
    line: Pcm
    prompt_ms: float
    over_prompt: bool
    last_ms: float
    patience_ms: float
    echo: Echo | None = None
    enough: Callable[[Playout, float, float], bool] = lambda heard, now_ms, since_ms: False


@dataclass(slots=True)
class Course:
    """How one call went, in ms of the call, which began at `began` (s, monotonic) and ended at `until_ms`. frames_ms: when each frame of the
    caller's audio was sent; late_ms: how late the frames were, worst; late: frames more than a frame's length late."""

    began: float
    until_ms: float = 0.0
    heard: Playout = field(default_factory=Playout)
    frames_ms: list[float] = field(default_factory=list)
    late_ms: float = 0.0
    late: int = 0

    def sent_ms(self, at_ms: float) -> float:
        """When the frame with this moment of the caller's audio was sent."""
        return self.frames_ms[min(int(at_ms // FRAME_MS), len(self.frames_ms) - 1)]


class Call:
    """One call, from opening the websocket to closing it."""

    def __init__(self, caller: Caller, sid: str, websocket: ClientConnection) -> None:
        self._caller, self._sid, self._websocket = caller, sid, websocket
        self._prompt_ms: float | None = None
        self.course = Course(time.monotonic())

    def _now(self) -> float:
        return (time.monotonic() - self.course.began) * 1000

    async def listen(self) -> None:
        """Take down what comes, until the websocket closes."""
        heard = self.course.heard
        try:
            async for message in self._websocket:
                at_ms = self._now()
                data = json.loads(message)
                if data["event"] == "media":
                    if self._prompt_ms is None:
                        self._prompt_ms = at_ms
                    heard.add(at_ms, base64.b64decode(data["media"]["payload"]))
                elif data["event"] == "clear":
                    heard.clear(at_ms)
        except ConnectionClosed:
            pass

    async def speak(self) -> None:
        """Send the caller's side in real time until the call is over."""
        caller, course = self._caller, self.course
        line = caller.line
        at = 0
        frame = 0
        while True:
            due = frame * FRAME_MS
            await asyncio.sleep(max(0.0, (due - self._now()) / 1000))
            now = self._now()
            course.late_ms = max(course.late_ms, now - due)
            course.late += now - due > FRAME_MS
            if not at and self._ready(now):
                await self._send({"event": "mark", "streamSid": self._sid, "mark": {"name": "caller"}})
                at = 1
            if at:
                begin = (at - 1) * FRAME
                pcm = caller.audio[begin : begin + FRAME]
                course.frames_ms.append(now)
                at += 1
                since_ms = now - (course.frames_ms[0] + caller.last_ms)
                asked = since_ms > 0 and at % _ASK_FRAMES == 0 and caller.enough(course.heard, now, since_ms)
                if asked or since_ms >= caller.patience_ms:
                    course.until_ms = now
                    return
            else:
                pcm = line[:0]
            if len(pcm) < FRAME:
                offset = frame * FRAME % max(1, len(line) - FRAME)
                pcm = np.concatenate([pcm, line[offset : offset + FRAME - len(pcm)]])
            if caller.echo:
                pcm = self._echoed(pcm, due, caller.echo)
            payload = base64.b64encode(encode(pcm, "PCMU")).decode()
            await self._send({"event": "media", "streamSid": self._sid, "media": {"payload": payload}})
            frame += 1

    def _ready(self, now: float) -> bool:
        if self._prompt_ms is None:
            return False
        return self._caller.over_prompt or now >= self._prompt_ms + self._caller.prompt_ms

    def _echoed(self, pcm: Pcm, due_ms: float, echo: Echo) -> Pcm:
        back = decode(self.course.heard.between(due_ms - echo.delay_ms, FRAME), "PCMU")
        return np.clip(pcm + echo.gain * back, -32768, 32767).astype(np.int16)

    async def _send(self, message: dict[str, Any]) -> None:
        await self._websocket.send(json.dumps(message))


class CallError(Exception):
    """The robot did not take the call, or dropped it."""


async def place(port: int, caller: Caller, sid: str) -> Course:
    """Make one call. Raises CallError."""
    try:
        return await _place(port, caller, sid)
    except* (OSError, TimeoutError, WebSocketException) as problems:
        raise CallError(str(problems.exceptions[0])) from problems


async def _place(port: int, caller: Caller, sid: str) -> Course:
    async with connect(f"ws://127.0.0.1:{port}/", compression=None, proxy=None, close_timeout=2) as websocket:
        start = {"streamSid": sid, "callSid": sid, "customParameters": {"stage": json.dumps(caller.stage)}}
        await websocket.send(json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
        await websocket.send(json.dumps({"event": "start", "streamSid": sid, "start": start}))
        call = Call(caller, sid, websocket)
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(call.listen())
            await call.speak()
            listening.cancel()
        return call.course
