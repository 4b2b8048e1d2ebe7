"""livekit-agents as the robot of `bench/peers/run.py`. Runs in .venv-livekit (`make peers-voice`), not in ours.

    livekit_server.py [vad | default]

Prints `ready PORT`; ends when stdin closes. All calls in one process and one event loop, with no room and no LiveKit server: the session's
own audio input and output are the websocket. Settings and why: docs/reference/bench.md, "Peers".
"""

import asyncio
import base64
import json
import logging
import sys
import time

import numpy as np
from aiohttp import web
from livekit import rtc
from livekit.agents import Agent, AgentSession, llm, stt
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN
from livekit.agents.voice import io
from livekit.plugins import silero
from stage import FRAME_MS, RATE, Stage

FRAME = RATE * FRAME_MS // 1000
CHUNK = RATE // 10


def _tables():
    """G.711 mu-law: value of each code, and the code of each of 65,536 values (the nearest, as the standard's decision levels give it)."""
    code = ~np.arange(256) & 0xFF
    size = (((code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4)
    value = np.where(code & 0x80, 0x84 - size, size - 0x84).astype(np.int16)
    samples = np.arange(-32768, 32768)
    level = np.minimum(np.abs(samples), 32635) + 0x84
    exponent = np.floor(np.log2(level)).astype(int) - 7
    mantissa = (level >> (exponent + 3)) & 0x0F
    codes = ~(np.where(samples < 0, 0x80, 0) | (exponent << 4) | mantissa) & 0xFF
    return value, codes.astype(np.uint8)


VALUE, CODE = _tables()


class Ear(io.AudioInput):
    """What the caller sends."""

    def __init__(self):
        super().__init__(label="websocket")
        self.frames = asyncio.Queue()

    async def __anext__(self):
        return await self.frames.get()

    def push(self, ulaw):
        data = VALUE[np.frombuffer(ulaw, np.uint8)].tobytes()
        self.frames.put_nowait(rtc.AudioFrame(data, RATE, 1, len(ulaw)))


class Mouth(io.AudioOutput):
    """Plays in real time, 20 ms a message, and can pause: nothing is sent while paused, and it goes on with the next frame."""

    def __init__(self, websocket, sid):
        super().__init__(label="websocket", capabilities=io.AudioOutputCapabilities(pause=True), sample_rate=RATE)
        self.websocket, self.sid = websocket, sid
        self.waiting = bytearray()
        self.open = False  # a segment has audio and is not finished
        self.flushed = self.cleared = False
        self.played = 0
        self.enabled, self.work = asyncio.Event(), asyncio.Event()
        self.enabled.set()
        self.player = asyncio.create_task(self.play())

    async def capture_frame(self, frame):
        await super().capture_frame(frame)
        if not self.open:
            self.open, self.flushed, self.cleared, self.played = True, False, False, 0
        if not self.cleared:
            self.waiting += CODE[np.frombuffer(frame.data, np.int16).astype(np.int32) + 32768].tobytes()
        self.work.set()

    def flush(self):
        super().flush()
        self.flushed = True
        self.work.set()

    def clear_buffer(self):
        if not self.open:
            return
        self.waiting.clear()
        self.cleared = True
        self.work.set()
        if self.played:
            asyncio.create_task(self.send({"event": "clear", "streamSid": self.sid}))  # noqa: RUF006
        if self.flushed:
            self.finish()

    def pause(self):
        super().pause()
        self.enabled.clear()

    def resume(self):
        super().resume()
        self.enabled.set()

    def finish(self):
        self.open = False
        self.on_playback_finished(playback_position=self.played / RATE, interrupted=self.cleared)

    async def send(self, message):
        if not self.websocket.closed:
            await self.websocket.send_str(json.dumps(message))

    async def play(self):
        clock = asyncio.get_running_loop().time
        due = 0.0
        while True:
            await self.enabled.wait()
            if len(self.waiting) >= FRAME or (self.waiting and self.flushed):
                payload = bytes(self.waiting[:FRAME])
                del self.waiting[:FRAME]
                if not self.played:
                    self.on_playback_started(created_at=time.time())
                self.played += len(payload)
                media = {"payload": base64.b64encode(payload).decode()}
                await self.send({"event": "media", "streamSid": self.sid, "media": media})
                due = max(due, clock() - FRAME_MS / 1000) + FRAME_MS / 1000
                await asyncio.sleep(max(0.0, due - clock()))
            elif self.open and self.flushed and not self.waiting:
                self.finish()
            else:
                self.work.clear()
                await self.work.wait()


class Stt(stt.STT):
    """Hears what was said when it was said."""

    def __init__(self, stage):
        super().__init__(capabilities=stt.STTCapabilities(streaming=True, interim_results=True))
        self.stage = stage

    async def _recognize_impl(self, buffer, *, language=NOT_GIVEN, conn_options=DEFAULT_API_CONNECT_OPTIONS):
        raise NotImplementedError

    def stream(self, *, language=NOT_GIVEN, conn_options=DEFAULT_API_CONNECT_OPTIONS):
        return Hearing(stt=self, conn_options=conn_options)


class Hearing(stt.RecognizeStream):
    async def _run(self):
        stage = self._stt.stage
        async for _frame in self._input_ch:
            for text, final in stage.due(stage.frames * FRAME_MS) if stage.frames > 0 else ():
                kind = stt.SpeechEventType.FINAL_TRANSCRIPT if final else stt.SpeechEventType.INTERIM_TRANSCRIPT
                data = stt.SpeechData(language="en", text=text, confidence=1.0)
                self._event_ch.send_nowait(stt.SpeechEvent(type=kind, alternatives=[data]))


class Llm(llm.LLM):
    """Answers at once."""

    def chat(self, *, chat_ctx, tools=None, conn_options=DEFAULT_API_CONNECT_OPTIONS, **_more):
        return Answer(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class Answer(llm.LLMStream):
    async def _run(self):
        delta = llm.ChoiceDelta(role="assistant", content="reply.")
        self._event_ch.send_nowait(llm.ChatChunk(id="stub", delta=delta))


async def frames(audio):
    """Samples as frames of 100 ms."""
    step = CHUNK * 2
    for at in range(0, len(audio), step):
        part = audio[at : at + step]
        yield rtc.AudioFrame(part, RATE, 1, len(part) // 2)


class Robot(Agent):
    """Preset audio for every reply."""

    def __init__(self, stage):
        super().__init__(instructions="")
        self.stage = stage

    async def tts_node(self, text, model_settings):
        async for _part in text:
            pass
        async for frame in frames(self.stage.reply):
            yield frame


def session_of(stage, mode, vad):
    """The session with its settings."""
    kept = {"stt": Stt(stage), "llm": Llm(), "aec_warmup_duration": None, "user_away_timeout": None}
    if mode == "default":
        return AgentSession(**kept)
    return AgentSession(**kept, vad=vad, turn_handling={"turn_detection": "vad"})


async def call(request, mode, vad):
    """One call, from its `start` message to the end of the websocket."""
    websocket = web.WebSocketResponse()
    await websocket.prepare(request)
    start = {}
    while start.get("event") != "start":
        start = await websocket.receive_json()
    stage = Stage.of(start)
    session = session_of(stage, mode, vad)
    ear, mouth = Ear(), Mouth(websocket, stage.sid)
    session.input.audio, session.output.audio = ear, mouth
    await session.start(Robot(stage), record=False)
    session.say("prompt", audio=frames(stage.prompt), allow_interruptions=stage.interruptible)
    async for message in websocket:
        given = json.loads(message.data)
        if given["event"] == "media":
            stage.frame()
            ear.push(base64.b64decode(given["media"]["payload"]))
        elif given["event"] == "mark":
            stage.mark(given["mark"]["name"])
        elif given["event"] == "stop":
            break
    await session.aclose()
    mouth.player.cancel()
    return websocket


async def main(mode):
    vad = silero.VAD.load(sample_rate=RATE)
    app = web.Application()
    app.router.add_get("/", lambda request: call(request, mode, vad))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, shutdown_timeout=1)
    await site.start()
    sys.stdout.write(f"ready {site._server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "vad"))
