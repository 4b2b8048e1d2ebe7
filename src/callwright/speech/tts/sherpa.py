"""A neural voice: sherpa-onnx (vits, matcha, kokoro) in a process of its own. One text at a time: prompts are cached, so that is enough."""

from __future__ import annotations

import asyncio
import json
import struct
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import numpy as np

from callwright.errors import CallwrightError, ModelError, Place, Problem
from callwright.speech.asr.sherpa_models import need_sherpa
from callwright.speech.port import Pcm
from callwright.speech.recordings.finishing import trim
from callwright.speech.tts.loudness import finish
from callwright.speech.tts.sherpa_models import find_voice_model
from callwright.speech.wav import resample

__all__ = ["SherpaVoice"]

_RATES = range(8000, 48_001)
_MOST_BYTES = 48_000 * 2 * 300
_TOLD = 2000  # of what the process says on stderr


class SherpaVoice:
    """A `Voice`. speaker: number of a voice of the model, from 0; speed: 1.0 = as it was trained; threads: of its process."""

    def __init__(
        self,
        folder: Path,
        *,
        speaker: int = 0,
        speed: float = 1.0,
        threads: int = 1,
        timeout_s: float = 60.0,
        load_s: float = 120.0,
    ) -> None:
        """Raises ModelError: sherpa-onnx is not installed, the folder holds no whole voice, or no such speaker."""
        need_sherpa()
        model = find_voice_model(folder)
        if not 0 <= speaker < model.speakers:
            message = f"the voice has {model.speakers} speakers, from 0; there is no {speaker}"
            raise ModelError(Problem("no-speaker", message, Place(str(folder))))
        if not 0.5 <= speed <= 2.0:
            raise ValueError(f"speed is 0.5 to 2, not {speed}")
        self.name = f"sherpa/{folder.name}/{model.digest}/{speaker}/{speed}/1"
        config = {"kind": model.kind, "arguments": model.arguments, "rules": model.rules, "threads": threads}
        self._command = [sys.executable, "-m", "callwright.speech.tts.sherpa_process", json.dumps(config)]
        self._folder = folder
        self._asked = {"speaker": speaker, "speed": speed}
        self._timeout_s, self._load_s = timeout_s, load_s
        self._one = asyncio.Lock()
        self._process: Process | None = None
        self._complaints: asyncio.Task[None] | None = None
        self._told = b""

    @property
    def pid(self) -> int | None:
        """Its process, when one runs."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def ready(self) -> None:
        """Load the voice. Raises ModelError when the engine does not take it."""
        async with self._one:
            await self._running()

    async def render(self, text: str) -> Pcm:
        """8 kHz mono int16, -20 dBFS, 200..3400 Hz. Raises ModelError when the engine does not take the voice, CallwrightError when it fails or
        takes too long; the next text starts it anew."""
        if not text.strip():
            return np.zeros(0, np.int16)
        async with self._one:
            process = await self._running()
            rate, pcm = await self._ask(process, text)
        samples = np.frombuffer(pcm, "<i2")
        return await asyncio.to_thread(_fit, samples, rate)

    async def aclose(self) -> None:
        """End its process."""
        async with self._one:
            await self._end()

    async def _running(self) -> Process:
        if self._process is not None and self._process.returncode is None:
            return self._process
        await self._end()
        self._told = b""
        process = await asyncio.create_subprocess_exec(
            *self._command, stdin=PIPE, stdout=PIPE, stderr=PIPE, limit=_MOST_BYTES
        )
        self._process = process
        self._complaints = asyncio.create_task(self._listen(process), name="sherpa voice")
        try:
            async with asyncio.timeout(self._load_s):
                await _answer(process)
        except (TimeoutError, asyncio.IncompleteReadError, ValueError):
            await self._end()
            message = f"sherpa-onnx does not take this voice{self._why()}"
            raise ModelError(Problem("model-damaged", message, Place(str(self._folder)))) from None
        except BaseException:
            await self._end()
            raise
        return process

    async def _ask(self, process: Process, text: str) -> tuple[int, bytes]:
        if process.stdin is None:
            raise CallwrightError("the voice's process has no input")
        try:
            line = json.dumps({"text": " ".join(text.split()), **self._asked})
            process.stdin.write(line.encode() + b"\n")
            await process.stdin.drain()
            async with asyncio.timeout(self._timeout_s):
                return await _answer(process)
        except TimeoutError:
            await self._end()
            raise CallwrightError(f"the voice took longer than {self._timeout_s:.0f} s") from None
        except (asyncio.IncompleteReadError, OSError, ValueError):
            await self._end()
            raise CallwrightError(f"the voice failed{self._why()}") from None
        except BaseException:  # cancelled in the middle of an answer: what is still to come belongs to nobody
            await self._end()
            raise

    async def _listen(self, process: Process) -> None:
        """Keeps the end of what the process complains of (never the text itself: the engine may print it)."""
        while process.stderr is not None and (block := await process.stderr.read(4096)):
            self._told = (self._told + block)[-_TOLD:]

    def _why(self) -> str:
        lines = [line for line in self._told.decode(errors="replace").splitlines() if line.startswith("sherpa-onnx:")]
        return f" ({lines[-1][:200]})" if lines else ""

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
        if process is not None:
            await process.wait()
        if self._complaints is not None:
            await self._complaints
            self._complaints = None


async def _answer(process: Process) -> tuple[int, bytes]:
    if process.stdout is None:
        raise ValueError("no output")
    rate, size = struct.unpack("<II", await process.stdout.readexactly(8))
    if size > _MOST_BYTES or size % 2 or (size and rate not in _RATES):
        raise ValueError("no answer of a voice")
    return rate, await process.stdout.readexactly(size)


def _fit(samples: Pcm, rate: int) -> Pcm:
    if not len(samples):
        raise CallwrightError("the voice gave no sound")
    narrow = resample(samples, rate, 8000)
    cut = trim(narrow / 32768.0, 8000, 10, 20)
    return finish(np.rint(cut * 32768.0).astype(np.int16))
