"""The voices of simulated people: flite or espeak-ng for English, recorded human clips for Mandarin. 8 kHz mono int16."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from pathlib import Path
from typing import Protocol

import numpy as np

from callwright.errors import ModelError, Place, Problem
from callwright.speech.port import Pcm
from callwright.speech.tts.espeak import EspeakVoice
from callwright.speech.wav import read_wav

__all__ = ["ClipVoices", "FliteVoices", "Voices", "open_voices"]

FLITE = ("slt", "rms", "awb", "kal16")
LEVEL = 3000.0  # RMS of a person's speech on the line


class Voices(Protocol):
    """Voices by name."""

    @property
    def names(self) -> tuple[str, ...]: ...

    async def say(self, voice: str, text: str) -> Pcm:
        """The sound of a text in a voice; raises ModelError when it cannot be said."""


class FliteVoices:
    """English voices of flite (Debian package `flite`), another engine than the robot's own."""

    names = FLITE

    def __init__(self, binary: str) -> None:
        self._binary = binary

    async def say(self, voice: str, text: str) -> Pcm:
        with tempfile.TemporaryDirectory(prefix="callwright-person-") as folder:
            path = Path(folder) / "line.wav"
            process = await asyncio.create_subprocess_exec(
                self._binary, "-voice", voice, "-t", text, "-o", str(path), stderr=asyncio.subprocess.PIPE
            )
            _, errors = await asyncio.wait_for(process.communicate(), 30)
            if process.returncode or not path.exists():
                raise ModelError(
                    Problem(
                        "voice-failed",
                        f"flite said nothing: {errors.decode(errors='replace').strip()}",
                        Place(self._binary),
                    )
                )
            pcm = await asyncio.to_thread(read_wav, path)
        return _level(pcm)


class EspeakVoices:
    """English variants of espeak-ng for machines without flite."""

    names = ("m3", "f2", "m7", "f4")

    async def say(self, voice: str, text: str) -> Pcm:
        return _level(await EspeakVoice("en", variant=voice).render(text))


class ClipVoices:
    """Recorded human sentences (folder with `index.json`: items of file, text, voice). A text one voice lacks is said by another."""

    def __init__(self, folder: Path) -> None:
        place = Place(str(folder / "index.json"))
        hint = "set CALLWRIGHT_SHARED to the folder that holds audio/callers-zh"
        try:
            items = json.loads((folder / "index.json").read_text(encoding="utf-8"))["items"]
        except (OSError, ValueError, KeyError) as error:
            raise ModelError(
                Problem("no-clips", f"the callers' recordings are missing or damaged: {error}", place, hint)
            ) from None
        self._folder = folder
        self._clips: dict[str, dict[str, str]] = {}
        for item in items:
            if not item["noisy"]:
                self._clips.setdefault(item["text"], {})[item["voice"]] = item["file"]
        self.names = tuple(sorted({voice for voices in self._clips.values() for voice in voices}))

    async def say(self, voice: str, text: str) -> Pcm:
        takes = self._clips.get(text)
        if not takes:
            raise ModelError(
                Problem(
                    "no-clip", f"nobody recorded {text!r}", Place(str(self._folder)), "use a sentence of index.json"
                )
            )
        file = takes.get(voice) or takes[min(takes)]
        return _level(await asyncio.to_thread(read_wav, self._folder / file))


def open_voices(language: str, shared: Path) -> Voices:
    """The voices for a language: `en` or `zh`.

    Raises:
        ModelError: Mandarin without the recordings.
    """
    if language == "zh":
        return ClipVoices(shared / "audio" / "callers-zh")
    binary = shutil.which("flite")
    return FliteVoices(binary) if binary else EspeakVoices()


def _level(pcm: Pcm) -> Pcm:
    samples = pcm.astype(np.float64)
    loud = samples[np.abs(samples) > 200]
    rms = float(np.sqrt(np.mean(loud**2))) if loud.size else 0.0
    if rms <= 0:
        return pcm
    return np.clip(samples * (LEVEL / rms), -30000, 30000).astype(np.int16)
