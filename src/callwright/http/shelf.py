"""Files that were uploaded and wait for what is done with them: each in a folder of its own, for an hour at most, few of each tenant."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, cast

import anyio.to_thread

from callwright.accounts.model import Viewer
from callwright.http.here import Outside
from callwright.http.problems import ApiError, absent

__all__ = ["Laid", "Shelf", "shelf_of"]

OF_A_TENANT = 5
KEPT_FOR = timedelta(hours=1)
_PIECE = 1 << 20


@dataclass(slots=True)
class Laid:
    """One file. name: as its owner calls it, for people only; value: what was made of it."""

    id: str
    tenant: int
    name: str
    path: Path
    size: int
    at: datetime
    value: Any = None


class Shelf:
    """The uploaded files of this process."""

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        self._folder, self._now = folder, now
        self._laid: dict[str, Laid] = {}

    @classmethod
    @contextmanager
    def open(cls, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Iterator[Shelf]:
        """A shelf that is emptied at the end."""
        with TemporaryDirectory(prefix="callwright-shelf-") as folder:
            yield cls(Path(folder), now)

    async def lay(self, viewer: Viewer, name: str, file: BinaryIO, most: int) -> Laid:
        """Keep a file. The oldest one of the tenant makes room when there are too many.

        Raises:
            ApiError: 413, it is longer than `most` bytes.
        """
        self._sweep(viewer.tenant)
        which = secrets.token_urlsafe(12)
        folder = self._folder / which
        folder.mkdir(mode=0o700)
        path = folder / "file"
        try:
            size = await anyio.to_thread.run_sync(_copy, file, path, most)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        laid = self._laid[which] = Laid(which, viewer.tenant, name, path, size, self._now())
        return laid

    def find(self, viewer: Viewer, which: str) -> Laid:
        """One of the viewer's tenant.

        Raises:
            ApiError: 404.
        """
        self._sweep(viewer.tenant)
        laid = self._laid.get(which)
        if laid is None or laid.tenant != viewer.tenant:
            raise absent("uploaded file", "Uploaded files are kept for an hour: upload it again.")
        return laid

    def take(self, laid: Laid) -> None:
        """Away with it; a program that has it open reads on."""
        if self._laid.pop(laid.id, None) is not None:
            shutil.rmtree(laid.path.parent, ignore_errors=True)

    def _sweep(self, tenant: int) -> None:
        mine = sorted((laid for laid in self._laid.values() if laid.tenant == tenant), key=lambda laid: laid.at)
        for at, laid in enumerate(mine):
            if len(mine) - at >= OF_A_TENANT or self._now() - laid.at > KEPT_FOR:
                self.take(laid)


def _copy(file: BinaryIO, path: Path, most: int) -> int:
    size = 0
    file.seek(0)
    with path.open("xb") as out:
        while piece := file.read(_PIECE):
            size += len(piece)
            if size > most:
                raise ApiError(413, "too-large", f"the file is longer than {most // 1024} KiB", hint="Split it.")
            out.write(piece)
    return size


def shelf_of(outside: Outside) -> Shelf:
    """The shelf of the application that answers."""
    return cast(Shelf, outside.request.app.state.shelf)
