"""The embedded recogniser: CMU pocketsphinx with a language model built from the script, in worker processes.

It recognises what a script expects (its phrases and everyday answers), not dictation. `Final.text` is the nearest known phrase when the
words sound enough like it, else the words as written; `Final.score` says how well they fit, and below `threshold(language)` they should count as
not recognised (the text is still handed on, for slots that take any words).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from callwright.speech.asr.tuning import TUNING
from callwright.speech.asr.worker_pool import WorkerPool, WorkerStream
from callwright.speech.port import Abilities, Hearing, Vocabulary

__all__ = ["PocketsphinxRecogniser", "threshold"]


def threshold(language: Literal["zh", "en"]) -> float:
    """Score from which an utterance counts as recognised; chosen on development data."""
    return TUNING[language].accept_at


class PocketsphinxRecogniser:
    """Serves many calls with a few worker processes. models: folder that holds `zh-phone-8k/` (only needed for Mandarin)."""

    abilities = Abilities("pocketsphinx", rate=8000, packet_ms=40, hotwords=True, dictation=False)

    def __init__(self, models: Path, *, workers: int = 2) -> None:
        self._pool = WorkerPool("callwright.speech.asr.worker", (str(models),), workers)

    @property
    def worker_pids(self) -> tuple[int, ...]:
        """Process ids of the workers that run."""
        return self._pool.pids

    async def ready(self, vocabulary: Vocabulary) -> None:
        """See `Recogniser`. Raises ModelError when the model is missing or damaged."""
        await (await self.open(vocabulary, lambda hearing: None)).close()

    async def open(self, vocabulary: Vocabulary, on_event: Callable[[Hearing], None]) -> WorkerStream:
        """Ears for a call. Raises ModelError when the model is missing, CallwrightError when no worker can be started."""
        return await self._pool.open(vocabulary, on_event)

    async def aclose(self) -> None:
        """End the workers."""
        await self._pool.aclose()
