"""An acoustic model on disk, and the copies with fewer densities that the engines of a language use. Shared by all vocabularies of a process."""

from __future__ import annotations

import tempfile
from pathlib import Path

from callwright.speech.asr.condense import condense
from callwright.speech.asr.tuning import Tuning

__all__ = ["AcousticModel"]


class AcousticModel:
    """`path`: the model itself; `live`, `whole`: what the live engines and the thorough one use."""

    def __init__(self, path: Path, tuning: Tuning) -> None:
        """Makes the copies that the tuning asks for, which takes about a second. Raises ModelError."""
        self.path = self.live = self.whole = path
        self._folder = tempfile.TemporaryDirectory(prefix="callwright-acoustic-")
        counts = tuple(count for count in (tuning.live_densities, tuning.whole_densities) if count)
        if counts:
            copies = condense(path, counts, Path(self._folder.name))
            self.live = copies.get(tuning.live_densities, path)
            self.whole = copies.get(tuning.whole_densities, path)

    def close(self) -> None:
        self._folder.cleanup()
