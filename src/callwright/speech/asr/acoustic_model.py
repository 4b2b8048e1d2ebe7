"""An acoustic model on disk, and the smaller copies that the engines of a language use. Shared by all vocabularies of a process."""

from __future__ import annotations

from pathlib import Path

from callwright.errors import ModelError, Problem
from callwright.speech.asr.condense import condense
from callwright.speech.asr.own_folder import OwnFolder
from callwright.speech.asr.tuning import Size, Tuning

__all__ = ["AcousticModel"]


class AcousticModel:
    """`path`: the model itself; `live`, `whole`: what the live engines and the thorough one use."""

    def __init__(self, path: Path, tuning: Tuning) -> None:
        """Makes the copies that the tuning asks for, which takes about two seconds. Raises ModelError."""
        self.path = self.live = self.whole = path
        self._folder: OwnFolder | None = None
        sizes = tuple(size for size in (tuning.live_size, tuning.whole_size) if size is not None)
        copies = self._copies(sizes) if sizes else {}
        self.live = copies[tuning.live_size] if tuning.live_size is not None else path
        self.whole = copies[tuning.whole_size] if tuning.whole_size is not None else path

    def _copies(self, sizes: tuple[Size, ...]) -> dict[Size, Path]:
        try:
            self._folder = OwnFolder("callwright-acoustic-")
        except OSError as error:
            raise ModelError(
                Problem(
                    "model-copy",
                    f"no folder for the copies of {self.path}: {error}",
                    hint="let TMPDIR name a folder that can be written to",
                )
            ) from error
        return condense(self.path, sizes, self._folder.path)

    def close(self) -> None:
        if self._folder is not None:
            self._folder.close()
