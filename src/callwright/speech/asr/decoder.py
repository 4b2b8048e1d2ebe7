"""One decoder: a model, the words of a script, and speech in. Synchronous; lives in a worker process.

Two engines, shared by the calls of a vocabulary (`engines.py`), hear the same cepstra. The live one gives partials; when what it has in a
pause is a known sentence (English), that is the result. Else, and in Mandarin always, the whole utterance is gone over by the thorough one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from callwright.errors import ModelError, Problem
from callwright.speech.asr.cepstra import CEPSTRA, Cepstra, FrontEnd
from callwright.speech.asr.channel import FRAMES_PER_S, CallerMean, Mean, loud_part
from callwright.speech.asr.consensus import agree
from callwright.speech.asr.denoise import without_noise
from callwright.speech.asr.engine import Engine, feature_parameters
from callwright.speech.asr.engines import PHONES, Engines
from callwright.speech.asr.matching import Match
from callwright.speech.asr.pauses import PauseFinder
from callwright.speech.asr.score import in_doubt, log_ratio, reconsidered, score
from callwright.speech.asr.turning import turns
from callwright.speech.port import Pcm

__all__ = ["Decoded", "PhraseDecoder"]

_RATE = 8000
_LEAST_SPEECH = 10  # frames
_EXPECTED_COST = 0.25  # of the cost of standing further down, for a phrase that the node expects
_HOLD_MS = 150  # of quiet are decoded live; what follows waits until the caller goes on, since most pauses are the end
_APART = 0.05  # of similarity: so much less has the next known sentence, where one is taken for what the live pass nearly wrote
_SURE_MS = 200  # of quiet before the thorough pass, where the live one may already have the result: the caller may only be drawing breath


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
    """What an utterance was, should it end here, and the caller's means with it in them. mean: of the engine that heard it whole, where that
    follows the caller by itself."""

    decoded: Decoded
    means: tuple[CallerMean, CallerMean]
    mean: Mean | None = None


class PhraseDecoder:
    """Decodes utterances of one call. `begin`, `push` (8 kHz int16), `partial`, `finish`; `expect` changes what the next one may be.

    `consider` makes the text of what was heard so far ready while a pause lasts; `finish` then costs nothing when nothing more came.
    """

    def __init__(self, engines: Engines) -> None:
        """Raises ModelError."""
        self.engines = engines
        self._vocabulary = engines.vocabulary
        tuning = self._vocabulary.tuning
        try:
            parameters = feature_parameters(engines.acoustic.path)
            self._front = FrontEnd(parameters, int(tuning.config["samprate"]), tuning.image)
            self._again = FrontEnd(parameters, int(tuning.config["samprate"]), tuning.image)
        except ValueError as error:
            where = engines.acoustic.path / "feat.params"
            raise ModelError(Problem("model-damaged", f"{where}: {error}")) from error
        self._clear()
        self._live: Engine | None = None  # while an utterance is heard
        self._next: tuple[str, ...] | None = None
        self.renew()
        self.expect(())

    def _clear(self) -> None:
        self._samples: list[Pcm] = []
        self._cepstra: list[Cepstra] = []
        self._held: Cepstra = np.zeros((0, CEPSTRA), np.float32)
        self._pauses = PauseFinder()
        self._guess: _Guess | None = None

    def expect(self, phrases: tuple[str, ...]) -> None:
        """Phrases the next utterance probably is (subset of the vocabulary; others are ignored). The one under way keeps what it began
        with: the engine refuses another search in the middle of one (KeyError, pocketsphinx 5)."""
        if self._live is not None:
            self._next = phrases
            return
        self.engines.prepare(phrases)
        self._phrases = phrases
        self._expected = frozenset(phrases)

    def renew(self) -> None:
        """Forget the last caller: the channel mean starts afresh."""
        tuning = self._vocabulary.tuning
        prior = np.array([float(value) for value in tuning.mean.split(",")])
        self._offset = np.zeros_like(prior)
        self._offset[:2] = tuning.mean_offset
        mean = CallerMean(prior, max(tuning.prior_frames, 1.0))
        self._means = (mean, mean.copy())
        self._live_mean = self._whole_mean = mean.value - self._offset

    def begin(self) -> None:
        self._clear()
        self._front.reset()
        live = self.engines.lend()
        live.expect(self._phrases)
        live.set_mean(self._live_mean)
        live.engine.start_utt()
        self._live = live

    def push(self, pcm: Pcm) -> None:
        self._samples.append(pcm)
        if self._pauses.push(pcm):
            self._guess = None  # the caller goes on
        cepstra = self._front.push(pcm)
        self._cepstra.append(cepstra)
        held = np.concatenate([self._held, cepstra])
        # A long packet may reach beyond what is decoded of a pause: its beginning tells where the last word ends.
        now = max(0, len(held) - max(0, self._pauses.quiet_ms - _HOLD_MS) * FRAMES_PER_S // 1000)
        self._held = held[now:]
        if now:
            assert self._live is not None
            self._live.hear(held[:now])

    def partial(self) -> str:
        """What was heard so far: what the whole utterance was taken for when the caller paused, else what the live engine has."""
        if self._guess is not None and self._guess.decoded.score >= self._vocabulary.tuning.accept_at:
            return self._guess.decoded.text
        return self._first()

    def _first(self) -> str:
        hypothesis = self._live.engine.hyp() if self._live is not None else None
        return self._text(hypothesis.hypstr) if hypothesis else ""

    def consider(self, patience_ms: float = 0) -> bool:
        """In a pause: make the result of what was heard so far ready, as if it were all. False: there is no pause, it is too short, or it
        is done already. patience_ms: how long it has to last before a thorough pass is made for it; what the live pass is sure of is
        free."""
        if self._guess is not None or not self._pauses.due:
            return False
        first, trusted = self._first(), self._vocabulary.tuning.trust_live
        enough_ms = max(patience_ms, _SURE_MS if trusted else 0)
        if self._pauses.quiet_ms < enough_ms and not (trusted and self._known(first)):
            return False
        self._pauses.taken()
        self._guess = self._decode(first)
        return True

    def finish(self) -> Decoded:
        """End the utterance. Passes over all of it use a channel mean that this utterance has its part in."""
        first = self._first()
        guess = self._guess if self._guess is not None else self._decode(first)
        live = self._live
        assert live is not None
        live.engine.end_utt()
        self._means = guess.means
        # Without means of our own each engine follows the caller by itself.
        own = bool(self._vocabulary.tuning.prior_frames)
        self._live_mean = self._means[0].value - self._offset if own else live.mean()
        self._whole_mean = guess.mean if guess.mean is not None else self._whole_mean
        self._over(live)
        return guess.decoded

    def drop(self) -> None:
        """End the utterance; nobody wants to know what it was."""
        live = self._live
        assert live is not None
        live.engine.end_utt()
        self._over(live)

    def _over(self, live: Engine) -> None:
        self._live = None
        self.engines.take_back(live)
        self._clear()
        if self._next is not None:
            self.expect(self._next)
            self._next = None

    def abandon(self) -> None:
        """A fault has left the engines in a state that nobody knows: they serve no other call."""
        self._live = None
        self.engines.renew()

    def _decode(self, first: str) -> _Guess:
        means = (self._means[0].copy(), self._means[1].copy())
        if not sum(map(len, self._cepstra)):
            return _Guess(Decoded("", "", 0.0, (), 0, 0), means)
        known = self._as_known(first)
        if known is not None:
            return _Guess(known, means)
        whole = np.concatenate(self._cepstra)
        self._whole.expect(self._phrases)
        self._whole.set_mean(self._whole_mean)
        if self._vocabulary.tuning.consensus:
            return _Guess(self._by_consensus(whole, means, first), means)
        return _Guess(self._by_fit(whole, means, first), means, self._whole.mean())

    # ------------------------------------------------------------ what the live pass is sure of

    def _known(self, first: str) -> bool:
        return bool(first) and self._vocabulary.matcher.knows(first)

    def _as_known(self, first: str) -> Decoded | None:
        """A whole known sentence in the live pass, or nearly: a thorough one would cost several times as much and nearly always find the
        same."""
        tuning = self._vocabulary.tuning
        if not tuning.trust_live or not first:
            return None
        found = self._vocabulary.matcher.similar(first, 2)
        exact = bool(found) and found[0].similarity == 1
        if not exact and not (found and self._nearly(first, found)):
            return None
        bounds = self._live.bounds_ms() if self._live is not None else (0, 0)
        # What was written stays among the readings: understanding looks for wishes for no more calls there.
        return Decoded(first, found[0].phrase, found[0].similarity, () if exact else (first,), *bounds)

    def _nearly(self, first: str, found: tuple[Match, ...]) -> bool:
        """Whether the first of `found` may be taken for what was written: near enough, no other one about as near, nothing that what was written
        is made of fits better, and the words that differ turn no sentence round."""
        best = found[0]
        if not _stands_out(found, self._vocabulary.tuning.near_at) or self._judge(first)[0] != best.phrase:
            return False
        lexicon = self._vocabulary.lexicon
        return not turns(lexicon.words(first), lexicon.words(best.phrase))

    # ------------------------------------------------------------ what passes agree on

    def _by_consensus(self, whole: Cepstra, means: tuple[CallerMean, CallerMean], first: str) -> Decoded:
        """One pass over the sound as it came, one over the sound without noise."""
        passes: list[list[str]] = []
        ratios: list[float] = []
        bounds = (0, 0)
        voiced = 0
        pcm = np.concatenate(self._samples)
        cleaned = without_noise(pcm)
        self._again.reset()
        heard = ((pcm, whole, means[0]), (cleaned, self._again.push(cleaned), means[1]))
        for sound, cepstra, mean in heard:
            voiced = max(voiced, self._hear_caller(sound, mean))
            words = self._whole.decode(cepstra, self._whole.words)
            passes.append(self._readings(self._vocabulary.tuning.readings))
            bounds = self._whole.bounds_ms() if bounds == (0, 0) else bounds
            self._whole.set_mean(mean.value - self._offset)
            loop = self._whole.decode(cepstra, PHONES)
            ratios.append(log_ratio(words, loop, len(cepstra)))
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

    def _by_fit(self, whole: Cepstra, means: tuple[CallerMean, CallerMean], first: str) -> Decoded:
        """One pass; its readings are weighed by how well they fit the known phrases."""
        voiced = self._hear_caller(np.concatenate(self._samples), means[0])
        words = self._whole.decode(whole, self._whole.words)
        readings = list(dict.fromkeys((*self._readings(self._vocabulary.tuning.readings), *([first] if first else []))))
        if not readings:
            return Decoded("", "", 0.0, (), 0, 0)
        begin, end = self._whole.bounds_ms()
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
        if in_doubt(best, self._vocabulary.tuning.accept_at):
            best = reconsidered(best, self._against_phones(whole, words))
        return Decoded(raw, text, max(0.0, best), others[:3], begin, end)

    def _against_phones(self, whole: Cepstra, words: float) -> float:
        """The words of the last pass against a loop of bare phones (`log_ratio`), with the mean that the words were heard with."""
        mean = self._whole.mean()
        self._whole.set_mean(self._whole_mean)
        loop = self._whole.decode(whole, PHONES)
        self._whole.set_mean(mean)
        self._whole.engine.activate_search(self._whole.words)
        return log_ratio(words, loop, len(whole))

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

    @property
    def _whole(self) -> Engine:
        return self.engines.whole

    def _hear_caller(self, pcm: Pcm, mean: CallerMean) -> int:
        """Take the speech of an utterance into the caller's mean and set it; returns frames of speech."""
        loud = loud_part(pcm)
        if self._vocabulary.tuning.prior_frames:
            self._again.reset()
            speech = self._again.push(loud)  # without the frames that reach into the silence
            if len(speech) >= _LEAST_SPEECH:
                mean.hear(speech.mean(axis=0, dtype=np.float64), len(speech))
            self._whole.set_mean(mean.value - self._offset)
        return len(loud) * FRAMES_PER_S // _RATE

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

    def _text(self, hypothesis: str) -> str:
        return self._vocabulary.lexicon.join(self._whole.words_of(hypothesis))


def _stands_out(found: tuple[Match, ...], near_at: float) -> bool:
    """Whether the first is near enough, and the second is not nearly as near."""
    return found[0].similarity >= near_at and all(
        found[0].similarity - other.similarity >= _APART for other in found[1:]
    )
