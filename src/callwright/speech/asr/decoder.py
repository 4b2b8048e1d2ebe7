"""One decoder: a model, the words of a script, and speech in. Synchronous; lives in a worker process.

English: the model in the wheel was trained at 16 kHz, and its features break down when the band above 3.4 kHz is empty. So telephone speech is
brought up to 16 kHz with part of its mirror image left above 4 kHz: hissing sounds get the high band they lost, vowels mirror to above the
highest mel filter. Mandarin: an 8 kHz model.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pocketsphinx

from callwright.errors import ModelError, Problem
from callwright.everyday import everyday
from callwright.speech.asr.channel import FRAMES_PER_S, CallerMean, Mean, loud_part
from callwright.speech.asr.language_model import build_arpa
from callwright.speech.asr.lexicon import Lexicon, write_dictionary
from callwright.speech.asr.matching import PhraseMatcher
from callwright.speech.asr.upsampling import Upsampler
from callwright.speech.port import Pcm

__all__ = ["TUNING", "Decoded", "PhraseDecoder", "Tuning", "VocabularyModel"]


_CONTEXTS = 64  # language models kept per decoder
_ONE_WORD = "one-word"  # a search that costs nothing, for when only the cepstra are wanted
_ENGINE_WINDOW = 500  # frames that the engine takes a mean set from outside to be worth (CMN_WIN, pocketsphinx 5)
_LEAST_SPEECH = 10  # frames
_EXPECTED_COST = 0.25  # of the cost of standing further down, for a phrase that the node expects


@dataclass(frozen=True, slots=True)
class Tuning:
    """What was chosen on development data (docs/explanation/recognition.md). pack_weight: share of everyday answers against script phrases;
    snap_at: similarity from which the nearest known phrase replaces what was written; accept_at: score from which words count as recognised.
    context_share, answer_share: part of the language model that belongs to the phrases of the node and to the spoken answers of its slot
    (0: each phrase of the node counts context_weight instead). mean: cepstral mean of the line; prior_frames: 10 ms of speech it is worth
    (0: the engine's own running mean); mean_offset: taken off the mean of speech, since the models were trained with pauses in it.
    slowest: phones per second of voice below which a reading is too short for what was heard; it costs slow_cost."""

    order: int = 2
    pack_weight: float = 0.3
    context_weight: float = 3.0
    context_share: float = 0.0
    answer_share: float = 0.0
    snap_at: float = 0.75
    accept_at: float = 0.7
    mean: str = ""
    mean_offset: tuple[float, float] = (0.0, 0.0)
    prior_frames: float = 0.0
    slowest: float = 0.0
    slow_cost: float = 0.3
    image: float = 0.0
    second_pass: bool = True
    readings: int = 6
    rank_cost: float = 0.08
    coverage_share: float = 0.9
    config: Mapping[str, Any] = field(default_factory=dict)


_TELEPHONE_SPEECH = "57.3,-1.3,-4.7,-4.05,-3.6,-1.1,-2,0.15,-0.7,1.1,0.5,1,0.7"  # two voices, without pauses
_MIRRORED_MEAN = "48,3,3,8,1,-5,8,-5,-8,2,-1,5,-4"

TUNING: dict[Literal["zh", "en"], Tuning] = {
    "zh": Tuning(
        pack_weight=1.0,
        accept_at=0.75,
        context_share=0.35,
        answer_share=0.25,
        mean=_TELEPHONE_SPEECH,
        mean_offset=(12.0, 2.0),
        prior_frames=100,
        slowest=3.0,
        config={"samprate": 8000, "cmn": "live", "lw": 8.0, "fwdflatlw": 10.0, "maxhmmpf": 5000},
    ),
    "en": Tuning(
        mean=_MIRRORED_MEAN,
        image=0.4,
        config={"samprate": 16000, "cmn": "live", "lw": 10.0, "fwdflatlw": 12.0, "maxhmmpf": 5000},
    ),
}


@dataclass(frozen=True, slots=True)
class Decoded:
    """One utterance: the engine's words, the text handed on, how well it fits (0..1), other readings, speech bounds in ms since `begin`."""

    raw: str
    text: str
    score: float
    alternatives: tuple[str, ...]
    begin_ms: int
    end_ms: int


class VocabularyModel:
    """A vocabulary made ready for decoding: weighted word sequences, dictionary, matcher. Shared by all calls of a script."""

    def __init__(
        self, language: Literal["zh", "en"], phrases: tuple[tuple[str, float], ...], lexicon: Lexicon, tuning: Tuning
    ) -> None:
        answers = everyday(language)
        pack = [(text, weight * tuning.pack_weight) for _, text, weight, _ in answers]
        values = {text for _, text, weight, _ in answers if weight < 1}
        merged: dict[tuple[str, ...], tuple[str, float]] = {}
        for text, weight in [*phrases, *pack]:
            words = lexicon.words(text)
            if words:
                first, so_far = merged.get(words, (text, 0.0))
                merged[words] = (first, so_far + weight)
        if not merged:
            raise ModelError(Problem("no-phrases", f"no phrase of the vocabulary is speakable {language} text"))
        used = {word for words in merged for word in words}
        self.dictionary, self.missing = write_dictionary(lexicon, used)
        lost = frozenset(self.missing)
        self.sentences = [(words, weight) for words, (_, weight) in merged.items() if lost.isdisjoint(words)]
        self.words = frozenset(used - lost)
        self._answers = {lexicon.words(text) for text, weight in phrases if weight < 1}
        values |= {text for text, weight in phrases if weight < 1}
        ours = {text for text, weight in phrases if weight >= 1}
        texts = [text for text, _ in merged.values()]
        self.matcher = PhraseMatcher(
            (t for t in texts if t in ours or t not in values),
            lexicon,
            exact=(t for t in texts if t in values and t not in ours),
        )
        self.lexicon = lexicon
        self.language = language
        self.tuning = tuning

    def arpa(self, context: tuple[str, ...] = ()) -> str:
        """The language model, with the phrases the present node expects counted more."""
        tuning = self.tuning
        known = dict.fromkeys(w for w in map(self.lexicon.words, context) if w and self.words.issuperset(w))
        if not tuning.context_share:
            return build_arpa([*self.sentences, *((w, tuning.context_weight) for w in known)], order=tuning.order)
        answers = [w for w in known if w in self._answers]
        phrases = [w for w in known if w not in self._answers]
        shares = [
            (part, share) for part, share in ((phrases, tuning.context_share), (answers, tuning.answer_share)) if part
        ]
        general = sum(weight for _, weight in self.sentences) / (1 - sum(share for _, share in shares))
        extra = [(w, general * share / len(part)) for part, share in shares for w in part]
        return build_arpa([*self.sentences, *extra], order=tuning.order)


class PhraseDecoder:
    """Decodes utterances of one call. `begin`, `push` (8 kHz int16), `partial`, `finish`; `expect` changes what the next one may be."""

    def __init__(self, vocabulary: VocabularyModel, acoustic_model: Path) -> None:
        self._vocabulary = vocabulary
        self._rate = int(vocabulary.tuning.config["samprate"])
        self._upsampler = Upsampler(vocabulary.tuning.image) if self._rate == 16_000 else None
        self._folder = tempfile.TemporaryDirectory(prefix="callwright-asr-")
        folder = Path(self._folder.name)
        dictionary = folder / "words.dict"
        dictionary.write_text(vocabulary.dictionary, encoding="utf-8")
        config = dict(vocabulary.tuning.config)
        config["featparams"] = str(_feature_parameters(acoustic_model, folder / "feat.params", config))
        try:
            self._decoder = pocketsphinx.Decoder(
                hmm=str(acoustic_model), dict=str(dictionary), lm=None, loglevel="ERROR", **config
            )
        except (RuntimeError, ValueError) as error:
            raise ModelError(
                Problem("model-damaged", f"the recogniser refuses the model {acoustic_model}: {error}")
            ) from error
        word = min(vocabulary.words)
        self._decoder.add_jsgf_string(_ONE_WORD, f"#JSGF V1.0; grammar one; public <one> = {word};")
        self.renew()
        self._contexts: dict[tuple[str, ...], str] = {}
        self._made = 0
        self._samples: list[Pcm] = []
        self.expect(())

    def expect(self, phrases: tuple[str, ...]) -> None:
        """Phrases the next utterance probably is (subset of the vocabulary; others are ignored)."""
        name = self._contexts.get(phrases)
        if name is None:
            if len(self._contexts) >= _CONTEXTS:
                oldest = next(known for known in self._contexts if known)  # () stays
                self._decoder.activate_search(self._contexts[()])
                self._decoder.remove_search(self._contexts.pop(oldest))
            self._made += 1
            name = f"context{self._made}"
            path = Path(self._folder.name) / f"{name}.arpa"
            path.write_text(self._vocabulary.arpa(phrases), encoding="utf-8")
            self._decoder.add_lm_file(name, str(path))
            self._contexts[phrases] = name
        self._decoder.activate_search(name)
        self._expected = frozenset(phrases)

    def renew(self) -> None:
        """Forget the last caller: the channel mean starts afresh."""
        tuning = self._vocabulary.tuning
        prior = np.array([float(value) for value in tuning.mean.split(",")])
        self._offset = np.zeros_like(prior)
        self._offset[:2] = tuning.mean_offset
        self._mean = CallerMean(prior, max(tuning.prior_frames, 1.0))
        self._set_mean(self._mean.value - self._offset)

    def _set_mean(self, mean: Mean) -> None:
        self._decoder.set_cmn(",".join(f"{value:.4f}" for value in mean))

    def _hear_caller(self, whole: Pcm) -> int:
        """Take the speech of an utterance into the caller's mean and set it; returns frames of speech."""
        speech = loud_part(whole, self._rate)
        frames = len(speech) * FRAMES_PER_S // self._rate
        if self._vocabulary.tuning.prior_frames:
            if frames >= _LEAST_SPEECH:
                search = self._decoder.current_search()
                self._decoder.activate_search(_ONE_WORD)
                self._set_mean(np.zeros_like(self._offset))
                self._decoder.start_utt()
                self._decoder.process_raw(speech.tobytes(), no_search=False, full_utt=False)
                self._decoder.end_utt()
                # The engine's mean is now the sum over these frames, divided by itself being worth a window of zeros.
                running = np.array([float(value) for value in self._decoder.get_cmn(False).split(",")])
                self._decoder.activate_search(search)
                seen = self._decoder.n_frames()
                self._mean.hear(running * (_ENGINE_WINDOW + seen) / max(seen, 1), seen)
            self._set_mean(self._mean.value - self._offset)
        return frames

    def begin(self) -> None:
        self._samples = []
        if self._upsampler is not None:
            self._upsampler.reset()
        self._decoder.start_utt()

    def push(self, pcm: Pcm) -> None:
        if self._upsampler is not None:
            pcm = self._upsampler.process(pcm)
        if self._vocabulary.tuning.second_pass:
            self._samples.append(pcm)
        self._decoder.process_raw(pcm.tobytes(), no_search=False, full_utt=False)

    def partial(self) -> str:
        hypothesis = self._decoder.hyp()
        return self._text(hypothesis.hypstr) if hypothesis else ""

    def finish(self) -> Decoded:
        """End the utterance. A second pass over all of it uses a channel mean that this utterance has its part in; what both passes and
        their next best readings offer is weighed by how well it fits the known phrases."""
        self._decoder.end_utt()
        found = self._readings(1)
        voiced = 0
        if self._vocabulary.tuning.second_pass and self._samples:
            whole = np.concatenate(self._samples)
            voiced = self._hear_caller(whole)
            self._decoder.start_utt()
            self._decoder.process_raw(whole.tobytes(), no_search=False, full_utt=True)
            self._decoder.end_utt()
            found = [*self._readings(self._vocabulary.tuning.readings), *found]
            if self._vocabulary.tuning.prior_frames:
                self._set_mean(self._mean.value - self._offset)
        self._samples = []
        readings = list(dict.fromkeys(found))
        if not readings:
            return Decoded("", "", 0.0, (), 0, 0)
        begin, end = self._bounds()
        rank = self._vocabulary.tuning.rank_cost
        best, text, raw = -1.0, "", ""
        for place, reading in enumerate(readings):
            if best >= 1.0 - rank * min(place, 3) * _EXPECTED_COST:
                break  # nothing further down can fit better
            fitting, score = self._judge(reading)
            # A phrase of this node may stand further down: it is the likelier answer.
            expected = _EXPECTED_COST if fitting in self._expected else 1.0
            cost = rank * min(place, 3) * expected + self._too_short(reading, voiced)
            if score - cost > best:
                best, text, raw = score - cost, fitting, reading
        others = tuple(reading for reading in readings if reading != text)
        return Decoded(raw, text, max(0.0, best), others[:3], begin, end)

    def _too_short(self, reading: str, voiced: int) -> float:
        """The cost of a reading with too few sounds for so many frames of voice: 哦 does not take a second."""
        tuning = self._vocabulary.tuning
        sounds = len(self._vocabulary.lexicon.phones(reading))
        return tuning.slow_cost if sounds * FRAMES_PER_S < tuning.slowest * voiced else 0.0

    def _readings(self, count: int) -> list[str]:
        """The best texts of the last pass."""
        hypothesis = self._decoder.hyp()
        found = [self._text(hypothesis.hypstr)] if hypothesis else []
        if count > 1 and found:
            for place, other in enumerate(self._decoder.nbest() or ()):
                if place >= 4 * count or len(found) >= count:
                    break
                text = self._text(other.hypstr) if other is not None else ""
                if text not in found:
                    found.append(text)
        return [text for text in found if text]

    def _judge(self, raw: str) -> tuple[str, float]:
        """(text to hand on, how well it fits)."""
        match = self._vocabulary.matcher.nearest(raw)
        if match.similarity == 1:
            return match.phrase, 1.0
        coverage = self._vocabulary.tuning.coverage_share * self._vocabulary.matcher.coverage(raw)
        snapped = match.similarity >= self._vocabulary.tuning.snap_at and match.similarity > coverage
        return (match.phrase if snapped else raw), max(match.similarity, coverage)

    def _bounds(self) -> tuple[int, int]:
        spoken = [s for s in self._decoder.seg() or () if not s.word.startswith(("<", "+", "["))]
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
