"""sherpa-onnx without a server: streaming recognition in worker processes of our own. Needs the extra `sherpa` (package sherpa-onnx)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from callwright.speech.asr.sherpa_models import find_sherpa_model, need_sherpa
from callwright.speech.asr.worker_pool import WorkerPool, WorkerStream
from callwright.speech.port import Abilities, Hearing, Vocabulary

__all__ = ["SherpaRecogniser", "SherpaSettings"]


@dataclass(frozen=True, slots=True)
class SherpaSettings:
    """folder: of the model; kind: when its files do not tell it (`sherpa_models.STREAMING`); threads: of one run of the network; provider:
    `cpu` or `cuda`; hotwords: what the node expects is favoured, where the model can be told (transducers; it costs some time)."""

    folder: str
    kind: str = ""
    threads: int = 1
    provider: str = "cpu"
    hotwords: bool = True


class SherpaRecogniser:
    """Serves many calls with one worker process, or a few that each hold the model."""

    def __init__(self, settings: SherpaSettings, *, workers: int = 1, most_streams: int | None = None) -> None:
        """Raises ModelError: the package or the model is missing, or the model is not whole."""
        need_sherpa()
        model = find_sherpa_model(Path(settings.folder), settings.kind)
        self.abilities = Abilities(
            "sherpa",
            rate=model.rate,
            packet_ms=40,
            hotwords=settings.hotwords and model.hotwords,
            dictation=True,
            most_streams=most_streams,
        )
        configuration = json.dumps(asdict(settings))
        self._pool = WorkerPool("callwright.speech.asr.sherpa_worker", (configuration,), workers)

    @property
    def worker_pids(self) -> tuple[int, ...]:
        """Process ids of the workers that run."""
        return self._pool.pids

    async def ready(self, vocabulary: Vocabulary) -> None:
        """See `Recogniser`. Raises ModelError when the engine refuses the model."""
        await (await self.open(vocabulary, lambda hearing: None)).close()

    async def open(self, vocabulary: Vocabulary, on_event: Callable[[Hearing], None]) -> WorkerStream:
        """Ears for a call. Raises CallwrightError when no worker can be started."""
        return await self._pool.open(vocabulary, on_event, most=self.abilities.most_streams)

    async def aclose(self) -> None:
        """End the workers."""
        await self._pool.aclose()
