"""Files that hold what is known about people, and that nobody may find half written.

    with private(out) as part:
        part.write_text(...)

What is written takes the place of what stood there once it is whole; until then, and when it fails, the old file stays as it is.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from callwright.errors import InputError, Place, Problem

__all__ = ["private"]


@contextmanager
def private(path: Path) -> Iterator[Path]:
    """A file to write to in its place, which only its owner can read, whatever the one before allowed. A pipe or a device is written to itself.

    Raises:
        InputError: it cannot be written there; what was there is untouched.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        try:
            yield path
        except OSError as error:
            raise _unwritable(path, f"cannot be written: {error.strerror}") from None
        return
    target = path.resolve()  # of a link the file it leads to
    if target.is_dir() or not target.parent.is_dir():
        raise _unwritable(path, "cannot be written there")
    part = target.with_name(f".callwright-{secrets.token_hex(8)}.part")
    try:
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        try:
            yield part
            _sync(part)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, f"cannot be written: {error.strerror or error}") from None


def _sync(path: Path) -> None:
    """To the disk, before its name says that it is whole."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unwritable(path: Path, what: str) -> InputError:
    return InputError(
        Problem("file", what, Place(str(path)), "name a file in a folder that is there and may be written")
    )
