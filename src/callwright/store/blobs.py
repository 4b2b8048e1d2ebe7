"""Files that the database only names: recordings, call records, evidence. In a folder (`file://`) or in S3 (`s3://BUCKET/FOLDER`).

    async with Blobs.open("file:///srv/callwright/blobs") as blobs:
        mine = blobs.of(tenant)
        digest = await mine.put("recordings/c1.wav", Path("c1.wav"))
        async for part in mine.stream("recordings/c1.wav"): ...

Every tenant has a folder of its own, and a name cannot leave it. A blob is there wholly or not at all; in a folder it is on the disk
(fsync) when `put` returns. S3 takes its credentials from the usual AWS_ variables.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import anyio
import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from callwright.errors import Problem, SettingsError, StoreError

if TYPE_CHECKING:
    from obstore import GetOptions

__all__ = ["Blobs", "TenantBlobs"]

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_LONGEST = 300
_PART = 1 << 20


class TenantBlobs:
    """The blobs of one tenant. Names: up to 300 of `a-z A-Z 0-9 . _ -` and `/`; no part begins with a dot.

    Every method raises StoreError when the store fails, ValueError when a name is none.
    """

    def __init__(self, store: LocalStore | S3Store, folder: Path | None, tenant: int) -> None:
        self._store, self._folder, self._tenant = store, folder, tenant

    async def put(self, name: str, content: bytes | Path) -> str:
        """Keep it, in place of what had this name; its SHA-256 in hex."""
        path = self._path(name)
        digest = await anyio.to_thread.run_sync(_digest, content)
        with _told(name):
            await obstore.put_async(self._store, path, content)
        if self._folder is not None:
            await anyio.to_thread.run_sync(_to_disk, self._folder, path)
        return digest

    async def get(self, name: str) -> bytes:
        """All of it."""
        with _told(name):
            found = await obstore.get_async(self._store, self._path(name))
            return bytes(await found.bytes_async())

    async def stream(self, name: str, first: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Piece by piece, of about a megabyte. first, end: from this byte up to the one before that; None = to the end."""
        with _told(name):
            options: GetOptions = {}
            if first or end is not None:
                options = {"range": {"offset": first} if end is None else (first, end)}
            found = await obstore.get_async(self._store, self._path(name), options=options)
            async for part in found.stream(min_chunk_size=_PART):
                yield bytes(part)

    async def size(self, name: str) -> int | None:
        """In bytes; None = there is no such blob."""
        try:
            found = await obstore.head_async(self._store, self._path(name))
        except FileNotFoundError:
            return None
        except BaseError as error:
            raise StoreError(f"the blob {name} cannot be reached: {error}") from error
        return int(found["size"])

    async def delete(self, name: str) -> None:
        """Gone afterwards, whether it was there or not."""
        try:
            await obstore.delete_async(self._store, self._path(name))
        except FileNotFoundError:
            return
        except BaseError as error:
            raise StoreError(f"the blob {name} cannot be deleted: {error}") from error

    def _path(self, name: str) -> str:
        if len(name) > _LONGEST or not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a blob")
        return f"t{self._tenant}/{name}"


class Blobs:
    """Where blobs lie. Made by `open`."""

    def __init__(self, store: LocalStore | S3Store, folder: Path | None) -> None:
        self._store, self._folder = store, folder

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator[Blobs]:
        """url: `file:///FOLDER`, made when it is not there, or `s3://BUCKET/FOLDER`.

        Raises:
            SettingsError: it is neither, or the folder cannot be made.
        """
        parts = urlsplit(url)
        if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path.startswith("/"):
            folder = Path(unquote(parts.path))
            try:
                await anyio.to_thread.run_sync(_make, folder)
            except OSError as error:
                raise SettingsError(
                    Problem("blobs", f"CALLWRIGHT_BLOBS: {folder} cannot be made: {error.strerror}")
                ) from None
            yield cls(LocalStore(folder), folder)
        elif parts.scheme == "s3" and parts.netloc:
            yield cls(S3Store(parts.netloc, prefix=unquote(parts.path).strip("/") or None), None)
        else:
            hint = "write file:///srv/callwright/blobs or s3://bucket/folder"
            raise SettingsError(Problem("blobs", "CALLWRIGHT_BLOBS is no place for blobs", hint=hint))

    def of(self, tenant: int) -> TenantBlobs:
        """Those of one tenant."""
        return TenantBlobs(self._store, self._folder, tenant)


@contextmanager
def _told(name: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise StoreError(f"there is no blob {name}") from error
    except (BaseError, OSError) as error:
        raise StoreError(f"the blob {name} cannot be reached: {error}") from error


def _digest(content: bytes | Path) -> str:
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    with content.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def _to_disk(folder: Path, path: str) -> None:
    """The file, and the names of all folders down to it."""
    at = folder / path
    while True:
        descriptor = os.open(at, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if at == folder:
            return
        at = at.parent
