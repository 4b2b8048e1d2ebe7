"""Review with the embedded recogniser: the one whose likeness `ACCEPT` was chosen for. Opened for a review, closed after it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from callwright.speech.asr.lexicon import ChineseLexicon, EnglishLexicon, Lexicon, read_dictionary
from callwright.speech.asr.pocketsphinx import PocketsphinxRecogniser
from callwright.speech.models import MANDARIN, find_english_model, find_model
from callwright.speech.port import Language
from callwright.speech.recordings.importing import Wanted
from callwright.speech.recordings.reviewing import Review, review

__all__ = ["listen"]


async def listen(
    wanted: Sequence[Wanted],
    folder: Path,
    language: Language,
    models: Path,
    *,
    workers: int = 2,
    progress: Callable[[int, int], None] = lambda done, whole: None,
) -> tuple[Review, ...]:
    """See `review`. models: folder of speech models; workers: processes.

    Raises:
        ModelError: the model of this language is missing.
        CallwrightError: the recogniser fails.
    """
    lexicon = await asyncio.to_thread(_lexicon, language, models)
    recogniser = PocketsphinxRecogniser(models, workers=workers)
    try:
        return await review(wanted, folder, language, recogniser, lexicon, at_once=workers, progress=progress)
    finally:
        await recogniser.aclose()


def _lexicon(language: Language, models: Path) -> Lexicon:
    if language == "zh":
        return ChineseLexicon(read_dictionary(find_model(MANDARIN, models) / "mandarin_notone.dic"))
    return EnglishLexicon(read_dictionary(find_english_model()[1]))
