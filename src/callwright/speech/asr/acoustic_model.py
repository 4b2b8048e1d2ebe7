"""An acoustic model on disk, and the smaller copies that the engines of a language use. Shared by all vocabularies of a process."""

from __future__ import annotations

import tempfile
from pathlib import Path

from callwright.speech.asr.condense import condense
from callwright.speech.asr.tuning import Tuning

__all__ = ["AcousticModel"]


class AcousticModel:
    """`path`: the model itself; `live`, `whole`: what the live engines and the thorough one use."""

    def __init__(self, path: Path, tuning: Tuning) -> None:
        """Makes the copies that the tuning asks for, which takes about two seconds. Raises ModelError."""
        self.path = self.live = self.whole = path
        self._folder = tempfile.TemporaryDirectory(prefix="callwright-acoustic-")
        sizes = tuple(size for size in (tuning.live_size, tuning.whole_size) if size is not None)
        copies = condense(path, sizes, Path(self._folder.name)) if sizes else {}
        self.live = copies[tuning.live_size] if tuning.live_size is not None else path
        self.whole = copies[tuning.whole_size] if tuning.whole_size is not None else path

    def close(self) -> None:
        self._folder.cleanup()
