"""How many callers one core of recogniser workers keeps up with: worker processes, audio pushed in real time, all callers speaking."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from callwright.bench.report import Figure
from callwright.calls.vocabulary import vocabulary
from callwright.script.model import Script
from callwright.speech.asr.pocketsphinx import PocketsphinxRecogniser
from callwright.speech.port import Final, Hearing, Partial, Pcm

__all__ = ["sustained"]

_FRAME = 160
_FRAME_S = 0.02
_LEVELS = (1, 2, 3, 4, 6, 8)
_SPOKEN_S = 8.0  # of each level
_SILENCE = 35  # frames after the words before the turn ends: 700 ms
_PAUSE = 30  # frames between utterances
_LATE_MS = 500.0  # a final later than this has fallen behind


@dataclass
class _Caller:
    """One stream: when it began to speak and when its utterance ended, and what came back."""

    partial_ms: list[float] = field(default_factory=list)
    final_ms: list[float] = field(default_factory=list)
    began: float | None = None
    ended: float | None = None

    def hear(self, hearing: Hearing) -> None:
        now = time.monotonic()
        if isinstance(hearing, Partial) and self.began is not None:
            self.partial_ms.append(1000 * (now - self.began))
            self.began = None
        elif isinstance(hearing, Final) and self.ended is not None:
            self.final_ms.append(1000 * (now - self.ended))
            self.ended = None


def sustained(models: Path, script: Script, said: Sequence[Pcm]) -> list[Figure]:
    """Levels of more and more callers on one worker process until its finals come late. said: utterances, 8 kHz."""
    return asyncio.run(_levels(models, script, said))


async def _levels(models: Path, script: Script, said: Sequence[Pcm]) -> list[Figure]:
    recogniser = PocketsphinxRecogniser(models, workers=1)
    streams, partial_ms, final_ms = 0, 0.0, 0.0
    try:
        for level in _LEVELS:
            people = [_Caller() for _ in range(level)]
            await asyncio.gather(*(_talk(recogniser, script, said[n:], one, n) for n, one in enumerate(people)))
            partials = [ms for one in people for ms in one.partial_ms]
            finals = [ms for one in people for ms in one.final_ms]
            if not finals or float(np.percentile(finals, 95)) > _LATE_MS:
                break
            streams = level
            partial_ms, final_ms = float(np.percentile(partials, 50)), float(np.percentile(finals, 50))
    finally:
        await recogniser.aclose()
    return [
        Figure("zh sustained streams of one worker process, all speaking", streams, "streams"),
        Figure("zh calls of one worker process when callers speak 35 % of the time", streams / 0.35, "calls"),
        Figure("zh first partial after the first sound, p50", partial_ms, "ms", 300, "most"),
        Figure("zh final after the end of the turn, p50", final_ms, "ms", 120, "most"),
    ]


async def _talk(
    recogniser: PocketsphinxRecogniser, script: Script, said: Sequence[Pcm], caller: _Caller, number: int
) -> None:
    stream = await recogniser.open(vocabulary(script), caller.hear)
    began = time.monotonic() + 0.13 * number
    clock = began
    try:
        for speech in said:
            if clock - began > _SPOKEN_S:
                break
            level = np.abs(speech.astype(np.int32))
            first = int(np.argmax(level > level.max() // 10)) // _FRAME
            stream.begin()
            for place in range(len(speech) // _FRAME + _SILENCE):
                clock += _FRAME_S
                await asyncio.sleep(max(0.0, clock - time.monotonic()))
                frame = speech[place * _FRAME : (place + 1) * _FRAME]
                stream.push(frame if len(frame) == _FRAME else np.zeros(_FRAME, dtype=np.int16))
                if place == first:
                    caller.began = time.monotonic()
            caller.ended = time.monotonic()
            stream.end()
            clock += _PAUSE * _FRAME_S
            await asyncio.sleep(max(0.0, clock - time.monotonic()))
    finally:
        await stream.close()
