"""The embedded voice: espeak-ng, always in another process (GPL-3 stays there). Robotic but intelligible; record prompts where it matters."""

from __future__ import annotations

import asyncio
import shutil
import struct
import sys
from asyncio.subprocess import PIPE
from importlib.util import find_spec
from typing import Literal

import numpy as np

from callwright.errors import CallwrightError, ModelError, Problem
from callwright.speech.port import Pcm
from callwright.speech.tts.loudness import finish
from callwright.speech.wav import resample

__all__ = ["EspeakVoice"]

_VOICES = {"zh": "cmn", "en": "en-us"}
_WORDS_PER_MINUTE = {"zh": 280, "en": 165}  # as espeak-ng counts: about 4.2 syllables a second in Mandarin
_CURE = "install espeak-ng (Debian: apt-get install espeak-ng) or the espeakng-loader package"


class EspeakVoice:
    """A `Voice`. Uses the espeak-ng program, or without it the library of the espeakng-loader wheel in a Python process.

    variant: an espeak voice variant (`f3`, `m2`); speed: words per minute (default 280 zh, 165 en)."""

    def __init__(
        self,
        lang: Literal["zh", "en"],
        variant: str = "",
        speed: int | None = None,
        *,
        program: str | None = "espeak-ng",
        timeout_s: float = 20.0,
    ) -> None:
        """program: name or path of espeak-ng; None = only the library."""
        if variant and not variant.replace("_", "").replace("-", "").isalnum():
            raise ValueError(f"not a voice variant: {variant!r}")
        self._voice = _VOICES[lang] + (f"+{variant}" if variant else "")
        self._speed = speed or _WORDS_PER_MINUTE[lang]
        if not 80 <= self._speed <= 450:
            raise ValueError(f"speed is words per minute, 80 to 450, not {self._speed}")
        self._program = program
        self._timeout_s = timeout_s
        self.name = f"espeak-ng/{self._voice}/{self._speed}/1"

    async def render(self, text: str) -> Pcm:
        """8 kHz mono int16, -20 dBFS, 200..3400 Hz. Raises ModelError without any espeak-ng, CallwrightError when it fails or takes too long."""
        if not text.strip():
            return np.zeros(0, np.int16)
        found = shutil.which(self._program) if self._program else None
        if found is not None:
            rate, samples = _read_wav_stream(
                await self._run([found, "-v", self._voice, "-s", str(self._speed), "--stdin", "--stdout"], text)
            )
        elif find_spec("espeakng_loader") is not None:
            command = [sys.executable, "-m", "callwright.speech.tts.espeak_process", self._voice, str(self._speed)]
            output = await self._run(command, text)
            if len(output) < 4:
                raise CallwrightError("the espeak-ng library gave no sound")
            (rate,), samples = struct.unpack("<I", output[:4]), np.frombuffer(output[4 : len(output) // 2 * 2], "<i2")
        else:
            raise ModelError(Problem("no-voice", "no speech synthesis: espeak-ng is not installed", hint=_CURE))
        return finish(resample(_trim(samples), rate, 8000))

    async def _run(self, command: list[str], text: str) -> bytes:
        process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=PIPE)
        try:
            async with asyncio.timeout(self._timeout_s):
                output, complaint = await process.communicate(text.encode())
        except TimeoutError:
            raise CallwrightError(f"espeak-ng took longer than {self._timeout_s:.0f} s") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            raise CallwrightError(
                f"espeak-ng failed ({process.returncode}): {complaint.decode(errors='replace').strip()[:300]}"
            )
        return output


def _read_wav_stream(output: bytes) -> tuple[int, Pcm]:
    """espeak-ng writes a 44-byte WAV header to a pipe with lengths it cannot know; mono int16."""
    if len(output) < 44 or output[:4] != b"RIFF" or output[36:40] != b"data":
        raise CallwrightError("espeak-ng gave no sound")
    (rate,) = struct.unpack_from("<I", output, 24)
    return rate, np.frombuffer(output[44 : 44 + (len(output) - 44) // 2 * 2], "<i2").astype(np.int16)


def _trim(samples: Pcm) -> Pcm:
    """Without the near-silence at both ends (synthesisers add up to 300 ms)."""
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > 200)
    return samples[max(0, loud[0] - 200) : loud[-1] + 400] if len(loud) else samples[:0]
