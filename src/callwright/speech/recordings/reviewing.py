"""Does a recording say what it should? A recogniser listens to each, and what it wrote is compared, by sounds, with the text."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from callwright.errors import AudioError, CallwrightError
from callwright.speech.asr.lexicon import Lexicon, Phones
from callwright.speech.asr.matching import phone_distance
from callwright.speech.port import Final, Hearing, Language, Partial, Pcm, Recogniser, Vocabulary
from callwright.speech.recordings.importing import Wanted
from callwright.speech.wav import RATE, read_wav

__all__ = ["ACCEPT", "Review", "review", "review_vocabulary"]

ACCEPT = 0.55  # similarity from which a recording counts as saying its text; chosen on data (docs/reference/speech.md)
_CLOSER = 0.15  # so much more like another text means: mixed up
_FRAME = RATE // 50
_LONGEST = 12 * RATE  # of one utterance
_PATIENCE_S = 60.0
_CLAUSE = re.compile(r"[。！？；，、,;!?：:]+|\.(?=\s|$)")


@dataclass(frozen=True, slots=True)
class Review:
    """verdict: `right`, `suspicious` (does not sound like its text), `mixed-up` (sounds like `other`, a file of the same script), `missing`,
    `unreadable`. heard: what the recogniser wrote; similarity: 0..1, of sounds."""

    file: str
    text: str
    verdict: str
    heard: str = ""
    similarity: float = 0.0
    other: str = ""


def review_vocabulary(wanted: Sequence[Wanted], language: Language) -> Vocabulary:
    """What the recordings may say: the texts, and their clauses."""
    phrases: dict[str, float] = {}
    for one in wanted:
        for text in (one.text, *_CLAUSE.split(one.text)):
            if text.strip():
                phrases.setdefault(text.strip(), 1.0)
    found = tuple(phrases.items())
    digest = hashlib.sha256(json.dumps([language, found], ensure_ascii=False).encode()).hexdigest()
    return Vocabulary(f"review-{digest[:16]}", language, found)


async def review(
    wanted: Sequence[Wanted],
    folder: Path,
    language: Language,
    recogniser: Recogniser,
    lexicon: Lexicon,
    *,
    at_once: int = 2,
    progress: Callable[[int, int], None] = lambda done, whole: None,
) -> tuple[Review, ...]:
    """Listen to every recording in `folder`. Raises CallwrightError when the recogniser fails."""
    vocabulary = review_vocabulary(wanted, language)
    sounds = {one.file: lexicon.phones(one.text) for one in wanted}
    slots = asyncio.Semaphore(at_once)
    done = 0

    async def one_of(one: Wanted) -> Review:
        nonlocal done
        async with slots:
            result = await _one(one, folder, recogniser, vocabulary, lexicon, sounds)
        done += 1
        progress(done, len(wanted))
        return result

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one_of(one)) for one in wanted]
    return tuple(task.result() for task in tasks)


async def _one(
    one: Wanted,
    folder: Path,
    recogniser: Recogniser,
    vocabulary: Vocabulary,
    lexicon: Lexicon,
    sounds: dict[str, Phones],
) -> Review:
    path = folder / one.file
    if not path.is_file():
        return Review(one.file, one.text, "missing")
    try:
        pcm = await asyncio.to_thread(read_wav, path)
    except AudioError as error:
        return Review(one.file, one.text, "unreadable", error.problems[0].message)
    heard = await _listen(pcm, recogniser, vocabulary)
    said = lexicon.phones(heard)
    similar = {file: _similarity(said, phones) for file, phones in sounds.items()}
    mine = similar[one.file]
    best = max(similar, key=lambda file: similar[file])
    if similar[best] >= ACCEPT and similar[best] - mine > _CLOSER:
        return Review(one.file, one.text, "mixed-up", heard, mine, best)
    verdict = "right" if mine >= ACCEPT else "suspicious"
    return Review(one.file, one.text, verdict, heard, mine)


async def _listen(pcm: Pcm, recogniser: Recogniser, vocabulary: Vocabulary) -> str:
    """What the recogniser writes, utterance by utterance; each waits for its end, so that no queue overflows."""
    loop = asyncio.get_running_loop()
    waiting: list[asyncio.Future[str]] = []

    def on_event(event: Hearing) -> None:
        if isinstance(event, Partial) or not waiting or waiting[0].done():
            return
        if isinstance(event, Final):
            waiting[0].set_result(event.raw or event.text)
        else:
            waiting[0].set_exception(CallwrightError(f"the recogniser failed: {event.message}"))

    stream = await recogniser.open(vocabulary, on_event)
    heard = []
    try:
        for begin, end in _utterances(pcm):
            waiting[:] = [loop.create_future()]
            stream.begin()
            for at in range(begin, end, _FRAME):
                frame = pcm[at : at + _FRAME]
                stream.push(np.pad(frame, (0, _FRAME - len(frame))))
            stream.end()
            async with asyncio.timeout(_PATIENCE_S):
                heard.append(await waiting[0])
    except TimeoutError:
        raise CallwrightError(f"the recogniser gave no answer within {_PATIENCE_S:.0f} s") from None
    finally:
        await stream.close()
    return " ".join(text for text in heard if text)


def _utterances(pcm: Pcm) -> list[tuple[int, int]]:
    """Cut at the quietest place before 12 s, so that every piece is of a length recognisers expect."""
    found = []
    begin = 0
    while len(pcm) - begin > _LONGEST:
        window = pcm[begin + _LONGEST // 2 : begin + _LONGEST].astype(np.float64)
        size = 10 * _FRAME
        power = np.square(window[: len(window) // size * size].reshape(-1, size)).mean(axis=1)
        cut = begin + _LONGEST // 2 + int(power.argmin()) * size + size // 2
        found.append((begin, cut))
        begin = cut
    return [*found, (begin, len(pcm))]


def _similarity(said: Phones, phones: Phones) -> float:
    """1 = sounds the same."""
    longest = max(len(said), len(phones))
    return max(0.0, 1.0 - phone_distance(said, phones) / longest) if longest and said else 0.0
