"""Builds the situations: draws who says what when, mixes it, and writes the folder. See `situations`."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

import numpy as np

from callwright.bench.situations import Prompt, Situation, SituationSet
from callwright.bench.situations_draw import Draft, Stage, draw
from callwright.bench.situations_sounds import Wave, noise, put, silence, to_pcm
from callwright.bench.situations_voices import Clips
from callwright.bench.turns_texts import PROMPTS, Spoken
from callwright.errors import CallwrightError
from callwright.speech.port import Pcm
from callwright.speech.tts.espeak import EspeakVoice
from callwright.speech.wav import write_wav
from callwright.testing.people.voices import open_voices

__all__ = ["COUNT", "build", "main"]

COUNT = 224
SEED = 1
_WORDS_PER_MINUTE = {"zh": 340, "en": 175}  # brisk, as prompts are read
_SENTENCE_PAUSE_MS, _CLAUSE_PAUSE_MS = 320, 140


async def build(folder: Path, shared: Path, *, seed: int = SEED, count: int = COUNT) -> SituationSet:
    """Write `count` situations of all kinds into an empty or new folder. The first n of a set are the same for every count >= n.

    Raises:
        ModelError: the recordings of callers or a voice are missing.
        OSError: the folder cannot be written.
    """
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    prompts: dict[str, Prompt] = {}
    audio: dict[str, Pcm] = {}
    for name, said in PROMPTS.items():
        prompts[name], audio[name] = await _prompt(name, said)
        write_wav(folder / prompts[name].audio, audio[name])
    stage = Stage(prompts, audio, Clips(shared / "audio" / "callers-zh"), open_voices("en", shared))
    situations = []
    for number in range(count):
        draft = await draw(stage, number, np.random.default_rng([seed, number]))
        situations.append(_written(folder, number, draft, np.random.default_rng([seed, number, 1])))
    built = SituationSet(folder, seed, prompts, tuple(situations))
    built.write_index()
    return built


async def _prompt(name: str, said: Spoken) -> tuple[Prompt, Pcm]:
    """Rendered clause by clause, so that it is known where each begins; whole frames of 20 ms throughout."""
    voice = EspeakVoice(said.language, speed=_WORDS_PER_MINUTE[said.language])
    pieces: list[Pcm] = []
    sentences: list[int] = []
    clauses: list[int] = []
    length = 0
    for sentence in said.sentences:
        for index, clause in enumerate(sentence):
            if pieces:
                pause = silence(_CLAUSE_PAUSE_MS if index else _SENTENCE_PAUSE_MS).astype(np.int16)
                pieces.append(pause)
                length += len(pause)
            clauses.append(length // 8)
            if not index:
                sentences.append(length // 8)
            pcm = _from_voice(await voice.render(clause))
            pieces.append(pcm)
            length += len(pcm)
    whole = np.concatenate(pieces)
    prompt = Prompt(f"prompt-{name}.wav", said.text, said.language, len(whole) // 8, tuple(sentences), tuple(clauses))
    return prompt, whole


def _from_voice(pcm: Pcm) -> Pcm:
    """Without the quiet before and behind, in whole frames."""
    loud = np.flatnonzero(np.abs(pcm.astype(np.int32)) > 150)
    return to_pcm(pcm[loud[0] : loud[-1] + 1].astype(np.float64)) if len(loud) else pcm[:0]


def _written(folder: Path, number: int, draft: Draft, rng: np.random.Generator) -> Situation:
    """The draft with its noise as files, and its line in the index."""
    name = f"{number + 1:03d}-{draft.kind.replace('_', '-')}-{draft.language}"
    write_wav(folder / f"{name}.wav", _with_noise(draft.wave, draft.noise_dbfs, rng))
    before = ""
    if draft.before is not None:
        before = f"{name}-before.wav"
        write_wav(folder / before, _with_noise(draft.before, draft.noise_dbfs, rng))
    return Situation(
        id=name,
        kind=draft.kind,
        language=draft.language,
        audio=f"{name}.wav",
        over_prompt=draft.over_prompt,
        prompt=draft.prompt,
        speech_ms=draft.speech_ms,
        text=draft.text,
        expect=draft.expect,
        words=draft.words,
        complete=draft.complete,
        before=before,
        echo=draft.echo,
        noise_dbfs=draft.noise_dbfs,
        voice=draft.voice,
        what=draft.what,
    )


def _with_noise(wave: Wave, dbfs: float, rng: np.random.Generator) -> Pcm:
    return to_pcm(put(noise(len(wave) / 8, dbfs, rng), wave, 0))


def main() -> None:
    """Command line; errors go to standard error with exit code 2."""
    parser = argparse.ArgumentParser(prog="python -m callwright.bench.situations", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--situations", type=int, default=COUNT)
    options = parser.parse_args()
    shared = Path(os.environ.get("CALLWRIGHT_SHARED", "../shared"))
    try:
        built = asyncio.run(build(options.folder, shared, seed=options.seed, count=options.situations))
    except (CallwrightError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    sys.stdout.write(f"{len(built.situations)} situations in {built.folder}\n")
