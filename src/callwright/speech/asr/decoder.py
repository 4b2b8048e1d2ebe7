"""One decoder: a model, the words of a script, and speech in. Synchronous; lives in a worker process.

English: the model in the wheel was trained at 16 kHz, and its features break down when the band above 3.4 kHz is empty. So telephone speech is
brought up to 16 kHz with part of its mirror image left above 4 kHz: hissing sounds get the high band they lost, vowels mirror to above the
highest mel filter. Mandarin: an 8 kHz model.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pocketsphinx

from callwright.errors import ModelError, Problem
from callwright.speech.asr.channel import FRAMES_PER_S, CallerMean, Mean, loud_part
from callwright.speech.asr.consensus import agree
from callwright.speech.asr.denoise import without_noise
from callwright.speech.asr.pauses import PauseFinder
from callwright.speech.asr.score import score
from callwright.speech.asr.upsampling import Upsampler
from callwright.speech.asr.vocabulary_model import VocabularyModel
from callwright.speech.port import Pcm

__all__ = ["Decoded", "PhraseDecoder"]


_CONTEXTS = 64  # language models kept per decoder
_ONE_WORD = "one-word"  # a search that costs nothing, for when only the cepstra are wanted
_PHONES = "phones"  # a loop of bare phones: what any sound at all can be explained with
_ENGINE_WINDOW = 500  # frames that the engine takes a mean set from outside to be worth (CMN_WIN, pocketsphinx 5)
_LEAST_SPEECH = 10  # frames
_EXPECTED_COST = 0.25  # of the cost of standing further down, for a phrase that the node expects
_LOG_SCALE = 1024  # the engine gives the logarithm of a score divided by this (its log table is shifted by 10 bits)
_UNHEARD = -4.0  # nats per frame, where a pass found nothing


@dataclass(frozen=True, slots=True)
class Decoded:
    """One utterance: the engine's words, the text handed on, how well it fits (0..1), other readings, speech bounds in ms since `begin`."""

    raw: str
    text: str
    score: float
    alternatives: tuple[str, ...]
    begin_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class _Guess:
    """What an utterance was, should it end here, and the caller's means with it in them."""

    decoded: Decoded
    means: tuple[CallerMean, CallerMean]


class _Engine:
    """One pocketsphinx decoder with the language models of its contexts."""

    def __init__(self, vocabulary: VocabularyModel, acoustic_model: Path, folder: Path, *, thorough: bool) -> None:
        """thorough: all passes over an utterance; else only the first, which gives partials."""
        self._vocabulary = vocabulary
        self._folder = folder
        dictionary = folder / "words.dict"
        dictionary.write_text(vocabulary.dictionary, encoding="utf-8")
        config = dict(vocabulary.tuning.config)
        config["featparams"] = str(_feature_parameters(acoustic_model, folder / "feat.params", config))
        if not thorough:
            config |= {"fwdflat": False, "bestpath": False}
        try:
            self.engine = pocketsphinx.Decoder(
                hmm=str(acoustic_model), dict=str(dictionary), lm=None, loglevel="FATAL", **config
            )
        except (RuntimeError, ValueError) as error:
            raise ModelError(
                Problem("model-damaged", f"the recogniser refuses the model {acoustic_model}: {error}")
            ) from error
        self._contexts: dict[tuple[str, ...], str] = {}
        self._made = 0
        self.words = ""

    def expect(self, phrases: tuple[str, ...]) -> None:
        name = self._contexts.get(phrases)
        if name is None:
            if len(self._contexts) >= _CONTEXTS:
                oldest = next(known for known in self._contexts if known)  # () stays
                self.engine.activate_search(self._contexts[()])
                self.engine.remove_search(self._contexts.pop(oldest))
            self._made += 1
            name = f"context{self._made}"
            path = self._folder / f"{name}.arpa"
            path.write_text(self._vocabulary.arpa(phrases), encoding="utf-8")
            self.engine.add_lm_file(name, str(path))
            path.unlink()
            self._contexts[phrases] = name
        self.words = name
        self.engine.activate_search(name)

    def set_mean(self, mean: Mean) -> None:
        self.engine.set_cmn(",".join(f"{value:.4f}" for value in mean))

    def decode(self, pcm: Pcm, search: str) -> float:
        """A whole utterance; returns the log of its score in nats (0.0 = nothing was found)."""
        self.engine.activate_search(search)
        self.engine.start_utt()
        self.engine.process_raw(pcm.tobytes(), no_search=False, full_utt=True)
        self.engine.end_utt()
        found = self.engine.hyp()
        return math.log(found.best_score) * _LOG_SCALE if found and found.best_score > 0 else 0.0


class PhraseDecoder:
    """Decodes utterances of one call. `begin`, `push` (8 kHz int16), `partial`, `finish`; `expect` changes what the next one may be.

    `consider` makes the text of what was heard so far ready while a pause lasts; `finish` then costs nothing when nothing more came.
    """

    def __init__(self, vocabulary: VocabularyModel, acoustic_model: Path) -> None:
        self._vocabulary = vocabulary
        self._rate = int(vocabulary.tuning.config["samprate"])
        self._upsampler = Upsampler(vocabulary.tuning.image) if self._rate == 16_000 else None
        self._folder = tempfile.TemporaryDirectory(prefix="callwright-asr-")
        folder = Path(self._folder.name)
        self._live = _Engine(vocabulary, acoustic_model, folder, thorough=False)
        self._whole = _Engine(vocabulary, acoustic_model, folder, thorough=True)
        word = min(vocabulary.words)
        self._whole.engine.add_jsgf_string(_ONE_WORD, f"#JSGF V1.0; grammar one; public <one> = {word};")
        if vocabulary.tuning.consensus:
            self._whole.engine.add_allphone_file(_PHONES, None)
        self._samples: list[Pcm] = []
        self._pauses = PauseFinder(self._rate)
        self._guess: _Guess | None = None
        self._hearing = False
        self._next: tuple[str, ...] | None = None
        self.renew()
        self.expect(())

    def expect(self, phrases: tuple[str, ...]) -> None:
        """Phrases the next utterance probably is (subset of the vocabulary; others are ignored). The one under way keeps what it began
        with: the engine refuses another search in the middle of one (KeyError, pocketsphinx 5)."""
        if self._hearing:
            self._next = phrases
            return
        self._live.expect(phrases)
        self._whole.expect(phrases)
        self._expected = frozenset(phrases)

    def renew(self) -> None:
        """Forget the last caller: the channel mean starts afresh."""
        tuning = self._vocabulary.tuning
        prior = np.array([float(value) for value in tuning.mean.split(",")])
        self._offset = np.zeros_like(prior)
        self._offset[:2] = tuning.mean_offset
        mean = CallerMean(prior, max(tuning.prior_frames, 1.0))
        self._means = (mean, mean.copy())
        self._live.set_mean(mean.value - self._offset)
        self._whole.set_mean(mean.value - self._offset)

    def begin(self) -> None:
        self._samples = []
        self._guess = None
        self._pauses = PauseFinder(self._rate)
        if self._upsampler is not None:
            self._upsampler.reset()
        self._live.engine.start_utt()
        self._hearing = True

    def push(self, pcm: Pcm) -> None:
        if self._upsampler is not None:
            pcm = self._upsampler.process(pcm)
        self._samples.append(pcm)
        if self._pauses.push(pcm):
            self._guess = None  # the caller goes on
        self._live.engine.process_raw(pcm.tobytes(), no_search=False, full_utt=False)

    def partial(self) -> str:
        hypothesis = self._live.engine.hyp()
        return self._text(hypothesis.hypstr) if hypothesis else ""

    def consider(self) -> bool:
        """In a pause: decode what was heard so far, as if it were all. False: there is no pause, or it is done already."""
        if self._guess is not None or not self._pauses.due:
            return False
        self._pauses.taken()
        self._guess = self._decode(self.partial())
        return True

    def finish(self) -> Decoded:
        """End the utterance. Passes over all of it use a channel mean that this utterance has its part in."""
        first = self.partial()
        self._live.engine.end_utt()
        self._hearing = False
        guess = self._guess if self._guess is not None else self._decode(first)
        self._means = guess.means
        if self._vocabulary.tuning.prior_frames:
            self._live.set_mean(self._means[0].value - self._offset)
        self._samples, self._guess = [], None
        if self._next is not None:
            self.expect(self._next)
            self._next = None
        return guess.decoded

    def _decode(self, first: str) -> _Guess:
        means = (self._means[0].copy(), self._means[1].copy())
        whole = np.concatenate(self._samples) if self._samples else np.zeros(0, dtype=np.int16)
        if not len(whole):
            return _Guess(Decoded("", "", 0.0, (), 0, 0), means)
        decode = self._by_consensus if self._vocabulary.tuning.consensus else self._by_fit
        return _Guess(decode(whole, means, first), means)

    # ------------------------------------------------------------ what passes agree on

    def _by_consensus(self, whole: Pcm, means: tuple[CallerMean, CallerMean], first: str) -> Decoded:
        """One pass over the sound as it came, one over the sound without noise."""
        passes: list[list[str]] = []
        ratios: list[float] = []
        bounds = (0, 0)
        voiced = 0
        for pcm, mean in zip((whole, without_noise(whole)), means, strict=True):
            voiced = max(voiced, self._hear_caller(pcm, mean))
            words = self._whole.decode(pcm, self._whole.words)
            passes.append(self._readings(self._vocabulary.tuning.readings))
            bounds = self._bounds() if bounds == (0, 0) else bounds
            self._whole.set_mean(mean.value - self._offset)
            loop = self._whole.decode(pcm, _PHONES)
            frames = len(pcm) * FRAMES_PER_S // self._rate
            ratios.append((words - loop) / max(frames, 1) if words and loop else _UNHEARD)
        self._whole.engine.activate_search(self._whole.words)
        lexicon = self._vocabulary.lexicon
        agreed = agree(passes, self._vocabulary.matcher, lexicon, self._expected)
        if agreed is None:
            return Decoded(first, "", 0.0, (), 0, 0)
        phones = len(lexicon.phones(agreed.text))
        value = score(agreed, max(ratios), phones, voiced * 1000 // FRAMES_PER_S)
        raw = next(found[0] for found in passes if found)
        others = dict.fromkeys((*(found[0] for found in passes if found), *agreed.others))
        others.pop(agreed.text, None)
        return Decoded(raw, agreed.text, value, tuple(others)[:3], *bounds)

    # ------------------------------------------------------------ the reading that fits

    def _by_fit(self, whole: Pcm, means: tuple[CallerMean, CallerMean], first: str) -> Decoded:
        """One pass; its readings are weighed by how well they fit the known phrases."""
        voiced = self._hear_caller(whole, means[0])
        self._whole.decode(whole, self._whole.words)
        readings = list(dict.fromkeys((*self._readings(self._vocabulary.tuning.readings), *([first] if first else []))))
        if not readings:
            return Decoded("", "", 0.0, (), 0, 0)
        begin, end = self._bounds()
        rank = self._vocabulary.tuning.rank_cost
        best, text, raw = -1.0, "", ""
        for place, reading in enumerate(readings):
            if best >= 1.0 - rank * min(place, 3) * _EXPECTED_COST:
                break  # nothing further down can fit better
            fitting, fits = self._judge(reading)
            # A phrase of this node may stand further down: it is the likelier answer.
            expected = _EXPECTED_COST if fitting in self._expected else 1.0
            cost = rank * min(place, 3) * expected + self._too_short(reading, voiced)
            if fits - cost > best:
                best, text, raw = fits - cost, fitting, reading
        others = tuple(reading for reading in readings if reading != text)
        return Decoded(raw, text, max(0.0, best), others[:3], begin, end)

    def _too_short(self, reading: str, voiced: int) -> float:
        """The cost of a reading with too few sounds for so many frames of voice: 哦 does not take a second."""
        tuning = self._vocabulary.tuning
        sounds = len(self._vocabulary.lexicon.phones(reading))
        return tuning.slow_cost if sounds * FRAMES_PER_S < tuning.slowest * voiced else 0.0

    def _judge(self, raw: str) -> tuple[str, float]:
        """(text to hand on, how well it fits)."""
        match = self._vocabulary.matcher.nearest(raw)
        if match.similarity == 1:
            return match.phrase, 1.0
        coverage = self._vocabulary.tuning.coverage_share * self._vocabulary.matcher.coverage(raw)
        snapped = match.similarity >= self._vocabulary.tuning.snap_at and match.similarity > coverage
        return (match.phrase if snapped else raw), max(match.similarity, coverage)

    # ------------------------------------------------------------ of the engine

    def _hear_caller(self, whole: Pcm, mean: CallerMean) -> int:
        """Take the speech of an utterance into the caller's mean and set it; returns frames of speech."""
        speech = loud_part(whole, self._rate)
        frames = len(speech) * FRAMES_PER_S // self._rate
        if self._vocabulary.tuning.prior_frames:
            if frames >= _LEAST_SPEECH:
                engine = self._whole.engine
                engine.activate_search(_ONE_WORD)
                self._whole.set_mean(np.zeros_like(self._offset))
                engine.start_utt()
                engine.process_raw(speech.tobytes(), no_search=False, full_utt=False)
                engine.end_utt()
                # The engine's mean is now the sum over these frames, divided by itself being worth a window of zeros.
                running = np.array([float(value) for value in engine.get_cmn(False).split(",")])
                seen = engine.n_frames()
                mean.hear(running * (_ENGINE_WINDOW + seen) / max(seen, 1), seen)
            self._whole.set_mean(mean.value - self._offset)
        return frames

    def _readings(self, count: int) -> list[str]:
        """The best texts of the last pass."""
        hypothesis = self._whole.engine.hyp()
        found = [self._text(hypothesis.hypstr)] if hypothesis else []
        if count > 1 and found:
            for place, other in enumerate(self._whole.engine.nbest() or ()):
                if place >= 4 * count or len(found) >= count:
                    break
                text = self._text(other.hypstr) if other is not None else ""
                if text not in found:
                    found.append(text)
        return [text for text in found if text]

    def _bounds(self) -> tuple[int, int]:
        spoken = [s for s in self._whole.engine.seg() or () if not s.word.startswith(("<", "+", "["))]
        return (spoken[0].start_frame * 10, (spoken[-1].end_frame + 1) * 10) if spoken else (0, 0)

    def _text(self, words: str) -> str:
        kept = (w.split("(")[0] for w in words.split() if not w.startswith(("<", "+", "[")))
        return self._vocabulary.lexicon.join(kept)

    def close(self) -> None:
        self._folder.cleanup()


def _feature_parameters(acoustic_model: Path, path: Path, config: Mapping[str, Any]) -> Path:
    """A model's own feat.params win over the configuration (pocketsphinx 5.1), so a copy without what we set ourselves is used."""
    ours = {f"-{key}" for key in config} | {"-cmninit", "-cmn"}
    try:
        lines = (acoustic_model / "feat.params").read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(Problem("model-damaged", f"cannot read {acoustic_model / 'feat.params'}: {error}")) from error
    kept = [line for line in lines if line.split() and line.split()[0] not in ours]
    path.write_text("\n".join([*kept, ""]), encoding="ascii")
    return path
