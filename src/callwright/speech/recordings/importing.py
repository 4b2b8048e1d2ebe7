"""From a speaker's folder to the recordings a robot plays: found by name, finished alike, and everything that is wrong with them told."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from callwright.errors import AudioError, Place, Problem
from callwright.speech.port import Language
from callwright.speech.recordings.finishing import RATE, finish_recording
from callwright.speech.recordings.judging import Measured, faults_of, measure, pace_of
from callwright.speech.recordings.naming import match
from callwright.speech.recordings.reading import SUFFIXES, read_sound
from callwright.speech.wav import write_wav

__all__ = ["RECORD", "Imported", "Item", "Wanted", "import_recordings"]

RECORD = ".imported.json"
_VERSION = 1  # of how recordings are finished: a change finishes all of them again


@dataclass(frozen=True, slots=True)
class Wanted:
    """A recording that should be there: its file below the recordings folder, and what it says."""

    file: str
    text: str


@dataclass(frozen=True, slots=True)
class Item:
    """What became of a wanted recording. state: `imported`, `unchanged`, `missing` or `failed`; faults: what is wrong with it (it is used all
    the same when its state is `imported` or `unchanged`)."""

    file: str
    text: str
    state: str
    source: str = ""
    seconds: float = 0.0
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Imported:
    """items: in the order of what was wanted; extra: audio files that nothing asks for."""

    items: tuple[Item, ...]
    extra: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Everything is there and nothing is wrong with it."""
        return not self.extra and all(item.state != "missing" and not item.faults for item in self.items)


@dataclass(frozen=True, slots=True)
class _Heard:
    digest: str
    measured: Measured


def import_recordings(
    wanted: Sequence[Wanted],
    language: Language,
    source: Path,
    target: Path,
    *,
    progress: Callable[[int, int], None] = lambda done, whole: None,
    ffmpeg: str = "ffmpeg",
) -> Imported:
    """Take each wanted recording from `source` (any format; found by its name without the ending, in the same sub-folder or at the top) into
    `target` as WAV, with `<file>.txt` beside it that tells what it says. What is there already from the same file is left alone.

    Raises AudioError: `source` is no folder, two files have the name of one recording, `target` cannot be written.
    """
    found, extra = _match(wanted, source)
    record = _record(target)
    heard: dict[str, _Heard | AudioError] = {}
    for number, one in enumerate(wanted):
        progress(number, len(wanted))
        if one.file in found:
            heard[one.file] = _hear(found[one.file], ffmpeg)
    spoken = [(one.text, there.measured) for one in wanted if isinstance(there := heard.get(one.file), _Heard)]
    pace = pace_of(spoken, language)
    items = []
    for one in wanted:
        path, there = found.get(one.file), heard.get(one.file)
        if path is None or there is None:
            items.append(Item(one.file, one.text, "missing"))
            continue
        name = path.relative_to(source).as_posix()
        if isinstance(there, AudioError):
            items.append(Item(one.file, one.text, "failed", name, 0.0, (there.problems[0].message,)))
            continue
        state = _bring(one, path, target, there.digest, record, ffmpeg)
        judged = tuple(fault.message for fault in faults_of(one.text, language, there.measured, pace))
        faults = judged if state != "failed" else ("it is silent",)
        items.append(Item(one.file, one.text, state, name, there.measured.seconds, faults))
    progress(len(wanted), len(wanted))
    _write_record(target, record)
    return Imported(tuple(items), extra)


def _match(wanted: Sequence[Wanted], source: Path) -> tuple[dict[str, Path], tuple[str, ...]]:
    if not source.is_dir():
        raise _fault(source, "no-folder", "there is no such folder", "name the folder of the recordings")
    files = sorted(path for path in source.rglob("*") if path.is_file() and path.suffix.lower() in SUFFIXES)
    names = [path.relative_to(source).as_posix() for path in files]
    names = [name for name in names if not any(part.startswith(".") for part in PurePosixPath(name).parts)]
    matched = match((one.file for one in wanted), names)
    for file, there in matched.found.items():
        if len(there) > 1:
            told = ", ".join(PurePosixPath(name).name for name in there)
            raise _fault(source, "recording-twice", f"{file} is there more than once: {told}", "keep one of them")
    return {file: source / there[0] for file, there in matched.found.items()}, matched.extra


def _hear(path: Path, ffmpeg: str) -> _Heard | AudioError:
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        sound = read_sound(path, ffmpeg=ffmpeg)
    except AudioError as error:
        return error
    except OSError as error:
        return _fault(path, "unreadable-audio", f"cannot be read: {error.strerror}", "check the file")
    return _Heard(digest, measure(sound))


def _bring(
    one: Wanted, path: Path, target: Path, digest: str, record: dict[str, dict[str, str | int]], ffmpeg: str
) -> str:
    """Finish one recording into the target, unless it is there from the same file. Returns its state."""
    entry: dict[str, str | int] = {"source": digest, "text": one.text, "version": _VERSION}
    there = target / one.file
    if record.get(one.file, {}) == entry | {"output": _digest(there)} and _beside(there).is_file():
        return "unchanged"
    sound = read_sound(path, ffmpeg=ffmpeg)
    pcm = finish_recording(sound.samples, sound.rate)
    if not len(pcm):
        return "failed"
    try:
        there.parent.mkdir(parents=True, exist_ok=True)
        write_wav(there, pcm, RATE)
        _beside(there).write_text(one.text + "\n", encoding="utf-8")
    except OSError as error:
        raise _fault(there, "unwritable", f"cannot be written: {error.strerror}", "choose another folder") from error
    record[one.file] = entry | {"output": _digest(there)}
    return "imported"


def _beside(file: Path) -> Path:
    return file.with_name(file.name + ".txt")


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def _record(target: Path) -> dict[str, dict[str, str | int]]:
    """What was imported before; what cannot be read counts as nothing: everything is imported anew."""
    try:
        value = json.loads((target / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {k: v for k, v in value.items() if isinstance(v, dict)} if isinstance(value, dict) else {}


def _write_record(target: Path, record: dict[str, dict[str, str | int]]) -> None:
    try:
        target.mkdir(parents=True, exist_ok=True)
        temporary = target / f"{RECORD}.part"
        temporary.write_text(json.dumps(record, ensure_ascii=False, indent=1, sort_keys=True), encoding="utf-8")
        temporary.replace(target / RECORD)
    except OSError as error:
        raise _fault(target, "unwritable", f"cannot be written: {error.strerror}", "choose another folder") from error


def _fault(place: Path, code: str, message: str, hint: str) -> AudioError:
    return AudioError(Problem(code, message, Place(str(place)), hint))
