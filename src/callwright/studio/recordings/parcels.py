"""What came: single recordings, and archives of them. Nothing in it is believed: names are compared and never used as paths, sizes are counted,
and what a file is says its beginning."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from callwright.errors import InputError, Place, Problem
from callwright.speech.recordings.naming import match
from callwright.speech.recordings.reading import sound_kind

__all__ = [
    "MOST_BYTES",
    "MOST_FILES",
    "MOST_UNPACKED",
    "Parcel",
    "Piece",
    "lay",
    "open_parcel",
    "sorted_out",
    "whats_wrong",
]

MOST_FILES = 2_000  # in all archives and beside them
MOST_BYTES = 32 * 1024 * 1024  # of one recording: a minute of stereo in 48 kHz, 24 bit, is 17 MiB
MOST_UNPACKED = 1024 * 1024 * 1024  # of one archive
_MOST_DIRECTORY = MOST_FILES * 512  # bytes that say what is in an archive
_PIECE = 1 << 16
_END, _END64 = b"PK\x05\x06", b"PK\x06\x07"
_END_SIZE, _COMMENT = 22, 1 << 16
_UTF8, _SEALED = 0x800, 0x1
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError)


@dataclass(frozen=True, slots=True)
class Piece:
    """One file that came. name: as it was called, with `/`; unpack: writes it to a path; problem: why it is not looked at."""

    name: str
    unpack: Callable[[Path], object]
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Parcel:
    """A file as it was uploaded. name: as its sender calls it, for people only."""

    name: str
    path: Path


def lay(file: IO[bytes], path: Path, name: str, most: int) -> None:
    """Copy what is uploaded, piece by piece.

    Raises:
        InputError: it is longer than `most` bytes.
    """
    left = most
    with path.open("xb") as out:
        while part := file.read(_PIECE):
            left -= len(part)
            if left < 0:
                raise InputError(_too_large(name, most))
            out.write(part)


def open_parcel(parcel: Parcel, stack: ExitStack) -> list[Piece]:
    """The recordings in it: itself, or those of the archive that it is, without the folder they are all in. stack: closes the archive.

    Raises:
        InputError: it is a damaged archive, or one that would fill the disk.
    """
    with parcel.path.open("rb") as file:
        head = file.read(16)
    if head[:4] in (b"PK\x03\x04", _END):
        return _archive(parcel, stack)
    if parcel.path.stat().st_size > MOST_BYTES:
        return [Piece(parcel.name, _nothing, _too_large(parcel.name, MOST_BYTES))]
    return [Piece(parcel.name, parcel.path.rename)]


def sorted_out(files: Sequence[str], pieces: Sequence[Piece]) -> list[tuple[Piece, str, Problem | None]]:
    """Each piece with the file of the sheet that it is, "" = none; and why it is not taken."""
    good = [piece for piece in pieces if piece.problem is None]
    matched = match(files, [piece.name for piece in good])
    owners: dict[str, list[str]] = {}
    twice: set[str] = set()
    for file, names in matched.found.items():
        for name in names:
            owners.setdefault(name, []).append(file)
        if len(names) > 1:
            twice.update(names)
    found: list[tuple[Piece, str, Problem | None]] = []
    for piece in pieces:
        mine = owners.get(piece.name, []) if piece.problem is None else []
        file = mine[0] if len(mine) == 1 else ""
        problem = piece.problem
        if problem is None and len(mine) > 1:
            message = (
                f"several lines of the sheet have this name: {', '.join(mine[:5])}{' ...' if len(mine) > 5 else ''}"
            )
            problem = Problem("several-lines", message, Place(piece.name), "Upload it at its line.")
        elif problem is None and not file:
            hint = "Name it like the line of the sheet that it is, or upload it at that line."
            problem = Problem("not-on-sheet", "no line of the sheet has this name", Place(piece.name), hint)
        elif problem is None and piece.name in twice:
            message = f"several files are called like {file}: which one is meant is not known"
            problem = Problem("recording-twice", message, Place(piece.name), "Keep one of them.")
        found.append((piece, file, problem))
    return found


def whats_wrong(path: Path, name: str) -> Problem | str:
    """What kind of audio a file is, or why it is none. Its name does not matter."""
    with path.open("rb") as file:
        head = file.read(16)
    if not head:
        return Problem("empty-audio", "the file is empty", Place(name), "Upload it again.")
    kind = sound_kind(head)
    if not kind:
        return Problem("bad-audio", "this is no audio file", Place(name), "Save it as WAV, FLAC, MP3, Ogg or M4A.")
    return kind


def _archive(parcel: Parcel, stack: ExitStack) -> list[Piece]:
    _check_directory(parcel)
    try:
        archive = stack.enter_context(zipfile.ZipFile(parcel.path))
    except _BROKEN as error:
        raise InputError(_damaged(parcel.name, str(error))) from None
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if sum(entry.file_size for entry in entries) > MOST_UNPACKED or len(entries) > MOST_FILES:
        raise InputError(_bomb(parcel.name))
    named = [(entry, name) for entry in entries if not _is_litter(name := _name(entry))]
    if not named:
        hint = "Pack the recordings and upload it again."
        raise InputError(Problem("empty-archive", "there is no file in the archive", Place(parcel.name), hint))
    top = _common_folder([name for _, name in named])
    return [_entry(archive, entry, name, name.removeprefix(top)) for entry, name in named]


def _check_directory(parcel: Parcel) -> None:
    """Read the end of an archive by hand: what says what is in it must be small before anything reads all of it."""
    with parcel.path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _END_SIZE - _COMMENT))
        tail = file.read()
    last = tail[-_END_SIZE:]
    at = len(tail) - _END_SIZE if last.startswith(_END) and last.endswith(b"\0\0") else tail.rfind(_END)
    if at < 0 or at + _END_SIZE > len(tail):
        raise InputError(_damaged(parcel.name, "its end is missing"))
    count, directory = (
        int.from_bytes(tail[at + 10 : at + 12], "little"),
        int.from_bytes(tail[at + 12 : at + 16], "little"),
    )
    if count > MOST_FILES or directory > _MOST_DIRECTORY or tail[max(0, at - 20) : at].startswith(_END64):
        raise InputError(_bomb(parcel.name))


def _entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, whole: str, name: str) -> Piece:
    pure = PurePosixPath(whole)
    if pure.is_absolute() or ".." in pure.parts or ":" in whole:
        message = "this name leads out of its folder"
        return Piece(
            whole, _nothing, Problem("leads-out", message, Place(whole), "Name it like the line of the sheet.")
        )
    if entry.flag_bits & _SEALED:
        return Piece(name, _nothing, Problem("sealed", "it needs a password", Place(name), "Pack it without one."))
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        message = "it is compressed in a way that is not read"
        return Piece(name, _nothing, Problem("bad-archive", message, Place(name), "Pack an ordinary ZIP."))
    if entry.file_size > MOST_BYTES:
        return Piece(name, _nothing, _too_large(name, MOST_BYTES))

    def unpack(path: Path) -> None:
        try:
            with archive.open(entry) as packed:
                lay(packed, path, name, MOST_BYTES)
        except _BROKEN as error:
            raise InputError(_damaged(name, str(error))) from None

    return Piece(name, unpack)


def _name(entry: zipfile.ZipInfo) -> str:
    """Old programs write names in the code of their country and say nothing of it; `zipfile` takes them for IBM's."""
    name = entry.orig_filename if isinstance(entry.orig_filename, str) else entry.filename
    if not entry.flag_bits & _UTF8:
        try:
            raw = name.encode("cp437")
        except UnicodeEncodeError:
            raw = b""
        for code in ("utf-8", "gb18030"):
            try:
                name = raw.decode(code) or name
                break
            except UnicodeDecodeError:
                continue
    shown = "".join(char if char.isprintable() else "?" for char in name.replace("\\", "/"))
    return shown[:200]


def _is_litter(name: str) -> bool:
    """What systems put into archives besides: `__MACOSX/`, `.DS_Store`, `Thumbs.db`."""
    parts = PurePosixPath(name).parts
    hidden = any(part.startswith(".") and part != ".." for part in parts)
    return hidden or "__MACOSX" in parts or parts[-1:] in (("Thumbs.db",), ("desktop.ini",))


def _common_folder(names: Sequence[str]) -> str:
    """`speaker/` where every name begins so: whoever packs a folder packs it with its name."""
    tops = {name.split("/", 1)[0] for name in names}
    return f"{tops.pop()}/" if len(tops) == 1 and all("/" in name for name in names) else ""


def _nothing(_: Path) -> None:
    raise AssertionError("a piece with a problem is not unpacked")


def _too_large(name: str, most: int) -> Problem:
    hint = "Save it as MP3, or with 48 kHz and one channel."
    return Problem("too-large", f"the file is longer than {most // 1024**2} MiB", Place(name), hint)


def _bomb(name: str) -> Problem:
    message = f"the archive holds more than {MOST_FILES} files or {MOST_UNPACKED // 1024**3} GiB"
    return Problem("archive-too-large", message, Place(name), "Pack the recordings of this script only, or split it.")


def _damaged(name: str, told: str) -> Problem:
    return Problem("bad-archive", f"the archive is damaged ({told[:100]})", Place(name), "Pack it again.")
