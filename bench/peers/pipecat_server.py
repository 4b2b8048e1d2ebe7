"""pipecat-ai as the robot of `bench/peers/run.py`. Runs in .venv-pipecat (`make peers-voice`), not in ours.

    pipecat_server.py [smart | timeout | words]

Prints `ready PORT`; ends when stdin closes. All calls in one process and one event loop, as the other systems under test.
Settings and why: docs/reference/bench.md, "Peers".
"""

import asyncio
import json
import socket
import sys
import time

import uvicorn
from fastapi import FastAPI, WebSocket
from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair, LLMUserAggregatorParams
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.services.settings import STTSettings, TTSSettings
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.turns.user_start import MinWordsUserTurnStartStrategy
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.utils.time import time_now_iso8601
from pipecat.workers.runner import WorkerRunner
from stage import RATE, Stage

SPEECH_TIMEOUT_S = 0.3  # after 0.2 s of silence by the voice activity detector: 0.5 s in all
MIN_WORDS = 3
CHUNK = RATE * 2 // 10


def strategies(mode):
    """How turns begin and end; `smart` is pipecat's default: voice or words begin a turn, smart-turn v3 ends it."""
    if mode == "smart":
        return UserTurnStrategies()
    stop = [SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=SPEECH_TIMEOUT_S)]
    start = [MinWordsUserTurnStartStrategy(min_words=MIN_WORDS)] if mode == "words" else None
    return UserTurnStrategies(start=start, stop=stop)


class Serializer(TwilioFrameSerializer):
    """Twilio's protocol as pipecat speaks it; tells the stage what came, and each frame where the caller's audio is."""

    def __init__(self, stage):
        super().__init__(stage.sid, params=TwilioFrameSerializer.InputParams(auto_hang_up=False))
        self.stage = stage

    async def deserialize(self, data):
        if '"mark"' in data:
            self.stage.mark(json.loads(data)["mark"]["name"])
            return None
        frame = await super().deserialize(data)
        if isinstance(frame, InputAudioRawFrame):
            frame.metadata["caller_ms"] = self.stage.frame()
        return frame


class Stt(STTService):
    """Hears what was said when it was said."""

    def __init__(self, stage):
        settings = STTSettings(model="stub", language=None)
        super().__init__(sample_rate=RATE, ttfs_p99_latency=0.0, settings=settings)
        self.stage = stage

    async def run_stt(self, audio):
        yield None

    async def process_audio_frame(self, frame, direction):
        at_ms = frame.metadata.get("caller_ms")
        for text, final in self.stage.due(at_ms) if at_ms is not None else ():
            kind = TranscriptionFrame if final else InterimTranscriptionFrame
            said = kind(text, "caller", time_now_iso8601())
            if final:
                said.finalized = True
            await self.push_frame(said)


class Llm(FrameProcessor):
    """Answers at once. When pipecat asks it to go on after an interruption without words, it says the interrupted sentence again."""

    def __init__(self, stage):
        super().__init__()
        self.stage = stage
        self.speaking_since = None
        self.offset_ms = 0.0
        self.stopped_ms = 0.0

    async def process_frame(self, frame: Frame, direction):
        await super().process_frame(frame, direction)
        if isinstance(frame, BotStartedSpeakingFrame):
            self.speaking_since = time.monotonic()
        elif isinstance(frame, InterruptionFrame) and self.speaking_since is not None:
            self.stopped_ms = self.offset_ms + (time.monotonic() - self.speaking_since) * 1000
            self.speaking_since = None
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        last = frame.context.get_messages()[-1]
        text = "reply."
        if last["role"] == "developer":
            self.offset_ms = self.stage.sentence(self.stopped_ms)
            text = f"prompt {self.offset_ms:.0f}."
        await self.push_frame(LLMFullResponseStartFrame())
        await self.push_frame(LLMTextFrame(text))
        await self.push_frame(LLMFullResponseEndFrame())


class Tts(TTSService):
    """Preset audio."""

    def __init__(self, stage):
        settings = TTSSettings(model="stub", voice="stub", language=None)
        super().__init__(sample_rate=RATE, push_start_frame=True, push_stop_frames=True, settings=settings)
        self.stage = stage

    async def run_tts(self, text, context_id):
        what, _, at_ms = text.strip().rstrip(".").partition(" ")
        audio = self.stage.reply if what == "reply" else self.stage.prompt[int(at_ms or 0) * RATE // 1000 * 2 :]
        for at in range(0, len(audio), CHUNK):
            yield TTSAudioRawFrame(audio[at : at + CHUNK], RATE, 1, context_id=context_id)


async def call(websocket: WebSocket, mode):
    """One call, from its `start` message to the end of the websocket."""
    await websocket.accept()
    start = {}
    while start.get("event") != "start":
        start = json.loads(await websocket.receive_text())
    stage = Stage.of(start)
    transport = FastAPIWebsocketTransport(
        websocket,
        FastAPIWebsocketParams(
            audio_in_enabled=True, audio_out_enabled=True, add_wav_header=False, serializer=Serializer(stage)
        ),
    )
    # Both load a model; in a thread, so that calls that are going on need not wait for it.
    detector = await asyncio.to_thread(SileroVADAnalyzer, sample_rate=RATE)
    turns = await asyncio.to_thread(strategies, mode)
    user, assistant = LLMContextAggregatorPair(
        LLMContext(),
        user_params=LLMUserAggregatorParams(vad_analyzer=detector, user_turn_strategies=turns),
    )
    steps = [transport.input(), Stt(stage), user, Llm(stage), Tts(stage), transport.output(), assistant]
    worker = PipelineWorker(
        Pipeline(steps),
        params=PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE),
        enable_rtvi=False,
        enable_turn_tracking=False,
        idle_timeout_secs=None,
    )

    @transport.event_handler("on_client_connected")
    async def connected(_transport, _websocket):
        prompt = TTSSpeakFrame("prompt.")
        prompt.interruptible = stage.interruptible
        await worker.queue_frame(prompt)

    @transport.event_handler("on_client_disconnected")
    async def disconnected(_transport, _websocket):
        await worker.cancel()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()


async def main(mode):
    app = FastAPI()

    @app.websocket("/")
    async def endpoint(websocket: WebSocket):
        await call(websocket, mode)

    door = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[door]))
    sys.stdout.write(f"ready {door.getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    server.should_exit = server.force_exit = True
    await serving


if __name__ == "__main__":
    logger.remove()
    logger.add(sys.stderr, level="WARNING")
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "timeout"))
