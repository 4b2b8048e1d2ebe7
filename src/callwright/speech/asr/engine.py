"""One pocketsphinx decoder with the language models of its contexts. It hears cepstra, not sound (`cepstra.py`)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pocketsphinx

from callwright.errors import ModelError, Problem
from callwright.speech.asr.cepstra import Cepstra
from callwright.speech.asr.channel import Mean
from callwright.speech.asr.vocabulary_model import VocabularyModel

__all__ = ["Engine", "feature_parameters"]

_CONTEXTS = 64  # language models kept per decoder
_AT_ONCE = 4  # frames: of a dozen at once the engine loses some (pocketsphinx 5.1)
_MARKS = ("<", "+", "[")
_LOG_SCALE = 1024  # the engine gives the logarithm of a score divided by this (its log table is shifted by 10 bits)


class Engine:
    """One pocketsphinx decoder with the language models of its contexts."""

    def __init__(self, vocabulary: VocabularyModel, acoustic_model: Path, folder: Path, *, thorough: bool) -> None:
        """thorough: all passes over an utterance; else only the first, which gives partials."""
        self._vocabulary = vocabulary
        self._folder = folder
        self._rare = thorough or vocabulary.tuning.live_rare
        dictionary = folder / "words.dict"
        dictionary.write_text(vocabulary.dictionary, encoding="utf-8")
        config = {**vocabulary.tuning.config, **({} if thorough else vocabulary.tuning.live_config)}
        config["featparams"] = str(_without_ours(acoustic_model, folder / "feat.params", config))
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
            path.write_text(self._vocabulary.arpa(phrases, rare=self._rare), encoding="utf-8")
            self.engine.add_lm_file(name, str(path))
            path.unlink()
            self._contexts[phrases] = name
        self.words = name
        self.engine.activate_search(name)

    def set_mean(self, mean: Mean) -> None:
        self.engine.set_cmn(",".join(f"{value:.4f}" for value in mean))

    def mean(self) -> Mean:
        """What it takes off the cepstra now, where it follows the caller by itself."""
        return np.array([float(value) for value in self.engine.get_cmn(False).split(",")])

    def hear(self, cepstra: Cepstra) -> None:
        """More of the utterance that was begun."""
        for at in range(0, len(cepstra), _AT_ONCE):
            self.engine.process_cep(cepstra[at : at + _AT_ONCE].tobytes(), no_search=False, full_utt=False)

    def decode(self, cepstra: Cepstra, search: str) -> float:
        """A whole utterance; returns the log of its score in nats (0.0 = nothing was found)."""
        self.engine.activate_search(search)
        self.engine.start_utt()
        self.engine.process_cep(cepstra.tobytes(), no_search=False, full_utt=True)
        self.engine.end_utt()
        found = self.engine.hyp()
        return math.log(found.best_score) * _LOG_SCALE if found and found.best_score > 0 else 0.0

    def words_of(self, hypothesis: str) -> tuple[str, ...]:
        """The words of the engine's text without its marks for silence, noise and second pronunciations."""
        return tuple(word.split("(")[0] for word in hypothesis.split() if not word.startswith(_MARKS))

    def bounds_ms(self) -> tuple[int, int]:
        """From the first to the last word of what was found, ms since the utterance began; (0, 0) without any."""
        spoken = [part for part in self.engine.seg() or () if not part.word.startswith(_MARKS)]
        return (spoken[0].start_frame * 10, (spoken[-1].end_frame + 1) * 10) if spoken else (0, 0)


def _without_ours(acoustic_model: Path, path: Path, config: Mapping[str, Any]) -> Path:
    """A model's own feat.params win over the configuration (pocketsphinx 5.1), so a copy without what we set ourselves is used."""
    ours = {*config, "cmninit", "cmn"}
    kept = [f"-{key} {value}" for key, value in feature_parameters(acoustic_model).items() if key not in ours]
    path.write_text("\n".join([*kept, ""]), encoding="ascii")
    return path


def feature_parameters(acoustic_model: Path) -> dict[str, str]:
    """What a model's feat.params say, without the leading hyphens. Raises ModelError."""
    path = acoustic_model / "feat.params"
    try:
        lines = [line.split() for line in path.read_text(encoding="ascii").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(Problem("model-damaged", f"cannot read {path}: {error}")) from error
    return {words[0].lstrip("-"): words[1] for words in lines if len(words) > 1}
