"""Archives from elsewhere: only plain files, only below the folder they belong to, and not more than was agreed."""

from __future__ import annotations

import hashlib
import tarfile
import zlib
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Literal

from callwright.errors import ModelError, Place, Problem
from callwright.speech.models.manifest import Pin, safe_path

__all__ = ["MOST_FILES", "MOST_UNPACKED", "unpack"]

MOST_FILES = 20_000
MOST_UNPACKED = 6 * 1024**3
_BLOCK = 1024 * 1024


def unpack(
    archive: Path,
    kind: Literal["tar.bz2", "tar.gz"],
    into: Path,
    *,
    root: str = "",
    keep: tuple[str, ...] = (),
    most: int = MOST_UNPACKED,
    progress: Callable[[int, int], None] = lambda done, whole: None,
) -> dict[str, Pin]:
    """Write the files below `root` (its name is dropped) that match one of `keep` (all when empty) into the folder `into`. Returns what
    was written, by path. progress: bytes of the archive read, and in all.

    Raises ModelError, having written nothing outside `into`: a link, a device, a path that leads out, a file twice, more than `most`
    bytes or 20,000 members (those left out count too), an archive that is damaged.
    """
    mode: Literal["r|bz2", "r|gz"] = "r|bz2" if kind == "tar.bz2" else "r|gz"
    written: dict[str, Pin] = {}
    budget = most
    try:
        whole = archive.stat().st_size
        with archive.open("rb") as raw, tarfile.open(fileobj=raw, mode=mode) as tar:
            for number, member in enumerate(tar):
                budget -= member.size
                if number >= MOST_FILES or budget < 0:
                    raise _refused(archive, "it holds more than it should", member.name)
                path = _path(archive, member, root)
                if path is None or not member.isfile() or not _wanted(path, keep):
                    continue
                if path in written:
                    raise _refused(archive, "it holds a file twice", path)
                written[path] = _write(tar, member, into / path, lambda: progress(raw.tell(), whole))
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise ModelError(
            Problem("model-damaged", f"the archive cannot be unpacked: {error}", Place(str(archive)), "fetch it again")
        ) from error
    return written


def _path(archive: Path, member: tarfile.TarInfo, root: str) -> str | None:
    """The path of a member below `root`; None for what lies beside it. Refuses what no model needs."""
    if not (member.isfile() or member.isdir()):
        raise _refused(archive, "it holds a link or a device", member.name)
    name = member.name.removeprefix("./").rstrip("/")
    if name in ("", "."):
        return None
    try:
        safe_path(name)
    except ValueError:
        raise _refused(archive, "it holds a path that leads elsewhere", member.name) from None
    if not root:
        return name
    pure = PurePosixPath(name)
    return str(pure.relative_to(root)) if pure.is_relative_to(root) and name != root else None


def _wanted(path: str, keep: tuple[str, ...]) -> bool:
    return not keep or any(fnmatchcase(path, pattern) for pattern in keep)


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path, told: Callable[[], None]) -> Pin:
    source = tar.extractfile(member)
    if source is None:
        raise tarfile.ReadError(f"{member.name} cannot be read")
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with target.open("xb") as file:
        while block := source.read(_BLOCK):
            size += len(block)
            digest.update(block)
            file.write(block)
            told()
    if size != member.size:
        raise tarfile.ReadError(f"{member.name} is cut short")
    # an empty file has no size that could be wrong
    return Pin(bytes=size or None, sha256=digest.hexdigest())


def _refused(archive: Path, why: str, member: str) -> ModelError:
    message = f"the archive is refused: {why} ({member[:80]!r})"
    return ModelError(Problem("model-refused", message, Place(str(archive)), "do not use it; fetch it from its owner"))
