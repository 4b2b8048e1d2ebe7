"""A vocabulary made ready for decoding: the script's phrases and everyday answers as a dictionary, language models and a matcher."""

from __future__ import annotations

from typing import Literal

from callwright.errors import ModelError, Problem
from callwright.everyday import everyday
from callwright.speech.asr.language_model import build_arpa
from callwright.speech.asr.lexicon import Lexicon, write_dictionary
from callwright.speech.asr.matching import PhraseMatcher
from callwright.speech.asr.tuning import Tuning

__all__ = ["VocabularyModel"]

_MODELS = 128  # language models kept per vocabulary


class VocabularyModel:
    """A vocabulary made ready for decoding: weighted word sequences, dictionary, matcher. Shared by all calls of a script."""

    def __init__(
        self, language: Literal["zh", "en"], phrases: tuple[tuple[str, float], ...], lexicon: Lexicon, tuning: Tuning
    ) -> None:
        answers = everyday(language)
        rare = tuning.pack_weight * tuning.rare_weight
        pack = [(one.text, one.weight * (tuning.pack_weight if one.common else rare)) for one in answers]
        values = {one.text for one in answers if one.weight < 1}
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
        often = {lexicon.words(text) for text, _ in phrases} | {
            lexicon.words(one.text) for one in answers if one.common
        }
        self._often = [(words, weight) for words, weight in self.sentences if words in often]
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
        self._models: dict[tuple[tuple[str, ...], bool], str] = {}

    def arpa(self, context: tuple[str, ...] = (), *, rare: bool = True) -> str:
        """The language model, with the phrases the present node expects counted more. rare: with the everyday answers that are said less
        often. Kept: every call comes to the same nodes."""
        if (context, rare) not in self._models:
            if len(self._models) >= _MODELS:
                self._models.pop(next(iter(self._models)))
            self._models[context, rare] = self._built(context, self.sentences if rare else self._often)
        return self._models[context, rare]

    def _built(self, context: tuple[str, ...], sentences: list[tuple[tuple[str, ...], float]]) -> str:
        tuning = self.tuning
        known = dict.fromkeys(w for w in map(self.lexicon.words, context) if w and self.words.issuperset(w))
        if not tuning.context_share:
            return build_arpa([*sentences, *((w, tuning.context_weight) for w in known)], order=tuning.order)
        answers = [w for w in known if w in self._answers]
        phrases = [w for w in known if w not in self._answers]
        shares = [
            (part, share) for part, share in ((phrases, tuning.context_share), (answers, tuning.answer_share)) if part
        ]
        general = sum(weight for _, weight in sentences) / (1 - sum(share for _, share in shares))
        extra = [(w, general * share / len(part)) for part, share in shares for w in part]
        return build_arpa([*sentences, *extra], order=tuning.order)
