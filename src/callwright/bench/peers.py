"""pipecat-ai and livekit-agents play the same situations and hold the same conversations as ours: the driver of `bench/peers/run.py`.

What each is set to, and why: docs/reference/bench.md, "Peers".
"""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pypinyin.seg.mmseg import seg

from callwright.bench.peer_calls import Caller, CallError, Course, Echo, place
from callwright.bench.peer_heard import GIVEN_UP_MS, Outcome, Playout, Preset, Timing, outcome
from callwright.bench.peer_rigs import Rig, Server, Watch, serve, version
from callwright.bench.situations import Situation, SituationSet
from callwright.bench.situations_sounds import noise, to_pcm
from callwright.speech.port import Pcm
from callwright.speech.wav import read_wav, write_wav
from callwright.telephony.rtp.g711 import decode, encode

__all__ = ["Hears", "Played", "Stage", "hears", "play", "play_set", "reply_audio", "watched", "write"]

FINAL_MS = 150
PARTIAL_MS = 100
PAUSE_MS = 200
_AT_ONCE = 8
_TRIES = 3
_LATE_MS = 60.0
_PATIENCE_MS = 7_500.0
_QUIET_MS = 3_500.0
_HEARD_MS = 500.0
_PLAYING_MS = 100.0
_LINE_MS = 4_000.0
_REPLY_S = 2.0

Hears = list[tuple[int, str, bool]]
"""What a stub recogniser says: (ms of the caller's audio, text so far, final)."""


def hears(one: Situation) -> Hears:
    """The true words as a streaming recogniser would bring them: a partial 100 ms after the end of each word, as our own stub does, and a
    final 50 ms later when the next word is 200 ms away. Mandarin comes in words with spaces between, as rigs that count words need it."""
    said: Hears = []
    stretch: list[str] = []
    for index, word in enumerate(one.words):
        stretch.append(word.text)
        text = _spaced(stretch, one.language)
        said.append((word.end_ms + PARTIAL_MS, text, False))
        following = one.words[index + 1].begin_ms if index + 1 < len(one.words) else None
        if following is None or following - word.end_ms >= PAUSE_MS:
            said.append((word.end_ms + FINAL_MS, text, True))
            stretch = []
    return said


def _spaced(words: Sequence[str], language: str) -> str:
    return " ".join(seg.cut("".join(words))) if language == "zh" else " ".join(words)


def reply_audio() -> Pcm:
    """Two seconds that cannot be taken for a prompt: two rising tones."""
    time_s = np.arange(int(_REPLY_S * 8000)) / 8000
    tones = np.sin(2000 * time_s + 300 * time_s**2) + np.sin(3100 * time_s + 500 * time_s**2)
    pcm: Pcm = np.rint(5000 * tones).astype(np.int16)
    return pcm


@dataclass(frozen=True, slots=True)
class Played:
    """One situation as one rig took it. fault: why it cannot be judged: there was no call, or driver or server were kept from their core in
    the last try too."""

    id: str
    outcome: Outcome
    fault: str = ""

    def as_json(self) -> dict[str, Any]:
        """As `bench turns` reads it, and how long the prompt was silent."""
        found = {name: round(of, 1) if isinstance(of, float) else of for name, of in asdict(self.outcome).items()}
        found["resume_at_boundary"] = found.pop("at_boundary")
        return {"id": self.id, **found, "fault": self.fault}


class Stage:
    """Audio of a set as the rigs need it: files with what survives mu-law, so that what comes back can be compared byte for byte."""

    def __init__(self, given: SituationSet, folder: Path) -> None:
        self.given = given
        self._folder = folder
        self._ulaw: dict[str, bytes] = {}
        self.reply = self._written("reply", reply_audio())
        for name, prompt in given.prompts.items():
            self._written(f"prompt-{name}", read_wav(given.folder / prompt.audio))

    def _written(self, name: str, pcm: Pcm) -> bytes:
        # Twice: mu-law has two zeros, and the second passage leaves one.
        ulaw = encode(decode(encode(pcm, "PCMU"), "PCMU"), "PCMU")
        write_wav(self._folder / f"{name}.wav", decode(ulaw, "PCMU"))
        self._ulaw[name] = ulaw
        return ulaw

    def preset(self, one: Situation) -> Preset:
        prompt = self.given.prompts[one.prompt]
        return Preset(self._ulaw[f"prompt-{one.prompt}"], self.reply, (*prompt.sentences_ms, *prompt.clauses_ms))

    def told(self, one: Situation) -> dict[str, Any]:
        """What the server is told of a situation. A disclosure may not be interrupted; both peers know that of a prompt."""
        return {
            "prompt": str(self._folder / f"prompt-{one.prompt}.wav"),
            "reply": str(self._folder / "reply.wav"),
            "sentences_ms": list(self.given.prompts[one.prompt].sentences_ms),
            "interruptible": one.kind != "optout_disclosure",
            "hears": hears(one),
        }

    def caller(self, one: Situation, number: int) -> Caller:
        audio = read_wav(self.given.folder / one.audio)
        line = to_pcm(noise(_LINE_MS, one.noise_dbfs, np.random.default_rng(number)))
        prompt_ms = float(self.given.prompts[one.prompt].duration_ms)
        last_ms = _voice_ms(one, len(audio) / 8)[1]
        reply = self.reply

        def enough(heard: Playout, now_ms: float, since_ms: float) -> bool:
            runs = heard.runs()
            if not runs:
                return since_ms >= _PATIENCE_MS
            last = runs[-1]
            silent_ms = now_ms - last.end_ms
            if last.audio[:800] == reply[:800] and last.begin_ms >= now_ms - since_ms:
                return now_ms - last.begin_ms >= _HEARD_MS
            if len(runs) == 1 and len(last.audio) / 8 >= prompt_ms - 100:  # nobody stopped it, nothing follows
                return one.over_prompt and min(since_ms, silent_ms) >= _QUIET_MS
            # A prompt that is silent may yet go on; one that sounds does.
            return since_ms >= _PATIENCE_MS and (silent_ms <= _PLAYING_MS or silent_ms >= GIVEN_UP_MS)

        return Caller(
            stage=self.told(one),
            audio=audio,
            line=line,
            prompt_ms=prompt_ms,
            over_prompt=one.over_prompt,
            last_ms=last_ms,
            patience_ms=_PATIENCE_MS + GIVEN_UP_MS,
            echo=Echo(one.echo.delay_ms, 10 ** (one.echo.gain_db / 20)) if one.echo else None,
            enough=enough,
        )


def _voice_ms(one: Situation, length_ms: float) -> tuple[float, float]:
    """First and last moment of this caller's voice; of what is heard instead where he is silent; of the whole audio where nothing is."""
    if one.speech_ms:
        return float(one.speech_ms[0][0]), float(one.speech_ms[-1][1])
    if one.words:
        return float(one.words[0].begin_ms), float(one.words[-1].end_ms)
    return 0.0, length_ms


async def _played(server: Server, watch: Watch, stage: Stage, one: Situation, number: int) -> Played:
    try:
        found, course = await play(server, stage, one, number)
    except CallError as error:
        return Played(one.id, Outcome(), f"no call: {error}")
    disturbed_ms = watch.disturbed_ms(course.began, course.began + course.until_ms / 1000)
    if course.late_ms > _LATE_MS:
        return Played(one.id, found, f"the caller was {course.late_ms:.0f} ms late")
    if disturbed_ms > _LATE_MS:
        return Played(one.id, found, f"the server was kept from its core for {disturbed_ms:.0f} ms")
    return Played(one.id, found, f"{found.unknown} times audio nobody gave it" if found.unknown else "")


async def play(server: Server, stage: Stage, one: Situation, number: int) -> tuple[Outcome, Course]:
    """One situation against a running server."""
    caller = stage.caller(one, number)
    course = await place(server.port, caller, f"MZ{number:06d}")
    first_ms, last_ms = _voice_ms(one, len(caller.audio) / 8)
    timing = Timing(course.sent_ms(first_ms), course.sent_ms(max(first_ms, last_ms - 1)), course.until_ms)
    return outcome(course.heard.runs(), stage.preset(one), timing), course


async def play_set(
    rig: Rig, given: SituationSet, *, realtime: bool = False, say: Callable[[str], None] = lambda part: None
) -> dict[str, Any]:
    """Every situation of a set, some at once; those in which driver or server did not get their core in time are played again.

    Returns {"peer", "version", "situations": [...]}; see docs/reference/bench.md.
    """
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(given, Path(folder))
        todo = list(enumerate(given.situations))
        played: dict[str, Played] = {}
        async with serve(rig, realtime=realtime) as server, watched(server) as watch:
            for turn in range(_TRIES):
                say(f"{rig.name}: {len(todo)} situations")
                at_once = asyncio.Semaphore(max(1, _AT_ONCE >> turn))

                async def run(number: int, one: Situation, at_once: asyncio.Semaphore = at_once) -> None:
                    async with at_once:
                        played[one.id] = await _played(server, watch, stage, one, number)

                async with asyncio.TaskGroup() as tasks:
                    for number, one in todo:
                        tasks.create_task(run(number, one))
                todo = [(number, one) for number, one in todo if played[one.id].fault]
                if not todo:
                    break
        rows = [played[one.id].as_json() for one in given.situations]
        return {"peer": rig.name, "version": await version(rig), "situations": rows}


@asynccontextmanager
async def watched(server: Server) -> AsyncIterator[Watch]:
    """A server with somebody who watches whether it gets its core."""
    watch = Watch(server)
    watching = asyncio.create_task(watch.run())
    try:
        yield watch
    finally:
        watching.cancel()


def write(folder: Path, what: str, found: dict[str, Any]) -> Path:
    """One result as `turns-NAME.json` or `density-NAME.json`, NAME from the peer's."""
    path = folder / f"{what}-{'-'.join(re.findall('[a-z0-9]+', found['peer']))}.json"
    path.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path
