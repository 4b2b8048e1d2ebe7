"""Recorded prompts: present, playable, and saying what the script says. Looked up in `recordings/` beside the script, then beside it."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from callwright.errors import Problem
from callwright.fragments import fragment_file, fragments, has_values
from callwright.script.checks.walk import error, recordings, warning
from callwright.script.loader import LoadedScript

__all__ = ["check_recordings", "same_words", "wav_fault"]

_HEAD = 4096
RATES = range(8_000, 48_001)


def check_recordings(loaded: LoadedScript) -> Iterator[Problem]:
    """Errors: recording-outside, recording-missing (when a recordings folder exists), bad-recording.

    Warnings: recording-missing (no such folder: it will be synthesised), recording-with-variable (a text with variables, of which not all
    fragments are recorded), recording-differs (the text in `<recording>.txt` beside it is not the node's).
    """
    told = False
    for path, variant in recordings(loaded.script):
        name, field = variant.audio or "", f"{path}.audio"
        pure = PurePosixPath(name.replace("\\", "/"))
        if not name or "\0" in name or pure.is_absolute() or ".." in pure.parts or ":" in name:
            hint = "Name a file inside the script's folder."
            yield error(loaded, "recording-outside", f"`{name}` is outside the script's folder", field, hint)
            continue
        if has_values(variant.text):
            yield from _fragments(loaded, name, variant.text, field)
            continue
        if loaded.folder is None:
            continue
        found = _found(loaded.folder, name)
        if found is not None:
            yield from _file(loaded, found, name, variant.text, field)
        elif (loaded.folder / "recordings").is_dir():
            yield error(
                loaded,
                "recording-missing",
                f"`{name}` is not in the recordings folder",
                field,
                "Record it, or remove `audio`.",
            )
        elif not told:
            told = True  # once is enough: without the folder every one of them is missing
            message = (
                f"`{name}` is not there (no recordings folder): this and other missing prompts will be synthesised"
            )
            yield warning(
                loaded, "recording-missing", message, field, "Put recordings into `recordings/` beside the script."
            )


def _fragments(loaded: LoadedScript, name: str, text: str, field: str) -> Iterator[Problem]:
    """A text that changes from call to call: all its fragments are recorded, or all of it is synthesised."""
    parts = {fragment_file(name, part.number): part.spoken for part in fragments(text) if part.number}
    found = {file: _found(loaded.folder, file) if loaded.folder is not None else None for file in parts}
    missing = [file for file, path in found.items() if path is None]
    if missing or not parts:
        message = f"`{name}` has variables in its text, and not all fragments of it are recorded: {', '.join(missing)}"
        hint = "It will be synthesised. `callwright recordings sheet` tells what to record; or remove `audio`."
        yield warning(loaded, "recording-with-variable", message, field, hint)
    for file, path in found.items():
        if path is not None:
            yield from _file(loaded, path, file, parts[file], field)


def _found(folder: Path, name: str) -> Path | None:
    return next((file for file in _candidates(folder, PurePosixPath(name.replace("\\", "/"))) if file.is_file()), None)


def _candidates(folder: Path, name: PurePosixPath) -> tuple[Path, Path]:
    return folder / "recordings" / name, folder / name


def _file(loaded: LoadedScript, file: Path, name: str, text: str, field: str) -> Iterator[Problem]:
    fault = wav_fault(file)
    if fault:
        hint = "Save it as WAV, PCM 16 bit, mono, 8 to 48 kHz."
        yield error(loaded, "bad-recording", f"`{name}` cannot be played: {fault}", field, hint)
    beside = file.with_name(file.name + ".txt")
    if beside.is_file():
        spoken = beside.read_bytes()[:20_000].decode("utf-8-sig", errors="replace")
        if not same_words(spoken, text):
            message = f"`{name}` says something else: {spoken.strip()[:30]}…"
            yield warning(loaded, "recording-differs", message, field, "Record it again, or mend the text.")


def same_words(one: str, other: str) -> bool:
    """Whether a recording of one text is a recording of the other: punctuation and case are not heard."""
    return _bare(one) == _bare(other)


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()


def wav_fault(file: Path) -> str:
    """Why a file is no playable prompt (RIFF/WAVE, PCM 16 bit, mono, 8 to 48 kHz), or "". Reads the first 4 KiB only."""
    try:
        with file.open("rb") as stream:
            head = stream.read(_HEAD)
    except OSError as wrong:
        return f"it cannot be read ({wrong.strerror})"
    if len(head) < 12 or head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return "it is not a WAV file"
    at, shape = 12, None
    while at + 8 <= len(head):
        kind, size = struct.unpack_from("<4sI", head, at)
        if kind == b"fmt " and at + 24 <= len(head):
            shape = struct.unpack_from("<HHIIHH", head, at + 8)
        if kind == b"data":
            return _shape_fault(shape, size)
        at += 8 + size + size % 2
    return "it holds no sound"


def _shape_fault(shape: tuple[int, ...] | None, size: int) -> str:
    if shape is None:
        return "it does not tell its format"
    code, channels, rate, _, _, bits = shape
    if code != 1 or bits != 16:
        return f"it is not PCM 16 bit (format {code}, {bits} bit)"
    if channels != 1:
        return f"it has {channels} channels"
    if rate not in RATES:
        return f"its sampling rate is {rate} Hz"
    return "" if size else "it holds no sound"
