"""A temporary folder of one process. What a killed process could not remove is removed when the next one makes its own."""

from __future__ import annotations

import fcntl
import logging
import shutil
import tempfile
import time
import weakref
from pathlib import Path

__all__ = ["OwnFolder"]

_OWNER = "owner"  # held locked for as long as the process lives
_YOUNG_S = 60.0  # a folder that is just being made is not locked yet
log = logging.getLogger(__name__)


class OwnFolder:
    """`path` until `close`, or until the process ends."""

    def __init__(self, prefix: str) -> None:
        """Raises OSError."""
        _sweep(prefix)
        self.path = Path(tempfile.mkdtemp(prefix=prefix))
        self._gone = weakref.finalize(
            self, shutil.rmtree, self.path, ignore_errors=True
        )  # first: what follows may fail
        self._held = (self.path / _OWNER).open("w", encoding="ascii")
        fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def close(self) -> None:
        self._gone()
        self._held.close()


def _sweep(prefix: str) -> None:
    """Remove the folders whose owners are gone."""
    for folder in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        try:
            with (folder / _OWNER).open("r+", encoding="ascii") as owner:
                if time.time() - folder.stat().st_mtime < _YOUNG_S:
                    continue
                fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
        except OSError as error:  # its owner lives, it belongs to somebody else, or another process was faster
            log.debug("%s stays: %s", folder, error)
