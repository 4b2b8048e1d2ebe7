"""Where speech models are, and whether they are whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pocketsphinx
from pydantic import ValidationError

from callwright.errors import ModelError, Place, Problem
from callwright.speech.models.manifest import Manifest, Model, Pin, bundled, safe_path

__all__ = [
    "ENGLISH",
    "MANDARIN",
    "RECORD",
    "Found",
    "State",
    "check",
    "find_english_model",
    "find_model",
    "hash_file",
    "look",
]

MANDARIN = "zh-phone-8k"
ENGLISH = "en-us"
RECORD = ".model.json"  # in an installed folder: what was put there, by file
_ACOUSTIC = ("feat.params", "mdef", "means", "noisedict", "sendump", "transition_matrices", "variances")
_BLOCK = 1024 * 1024


class State(StrEnum):
    """What is known of a model on this machine."""

    INSTALLED = "installed"
    MISSING = "missing"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class Found:
    """folder: where it lies (None: nowhere); faults: what is wrong, one line each; unpinned: files present whose checksum nobody knows."""

    state: State
    folder: Path | None = None
    faults: tuple[str, ...] = ()
    unpinned: tuple[str, ...] = ()


def look(name: str, models: Path, manifest: Manifest | None = None) -> Found:
    """A quick look: are all files there, with the right sizes? Checksums are `check`'s work.

    Raises ModelError for a name that is in no manifest."""
    return _examine(name, models, manifest or bundled(), None)


def check(
    name: str, models: Path, manifest: Manifest | None = None, progress: Callable[[str, int, int], None] | None = None
) -> Found:
    """As `look`, and the checksum of every file is compared. progress: (file, bytes read, bytes in all)."""
    return _examine(name, models, manifest or bundled(), progress or (lambda file, done, whole: None))


def find_model(name: str, models: Path, manifest: Manifest | None = None) -> Path:
    """The folder of a model, with every file it needs present and of the right size.

    Raises ModelError that names the folder searched, the files missing and the cure."""
    found = look(name, models, manifest)
    cure = f"callwright models pull {name}, or set CALLWRIGHT_MODELS to the folder that holds {name}/"
    if found.folder is None:
        raise ModelError(
            Problem("model-missing", f"the speech model {name} is not installed", Place(str(models / name)), cure)
        )
    if found.state is State.DAMAGED:
        message = f"the speech model {name} is damaged: {'; '.join(found.faults)}"
        raise ModelError(Problem("model-damaged", message, Place(str(found.folder)), cure))
    return found.folder


def find_english_model() -> tuple[Path, Path]:
    """Acoustic model folder and dictionary of the English model that comes inside the pocketsphinx wheel."""
    root = Path(pocketsphinx.get_model_path(ENGLISH))
    cure = "install the pocketsphinx package again (its wheel holds the model); unset POCKETSPHINX_PATH"
    if not root.is_dir():
        raise ModelError(
            Problem("model-missing", f"the speech model {ENGLISH} is not installed", Place(str(root)), cure)
        )
    needed = ("cmudict-en-us.dict", *(f"{ENGLISH}/{name}" for name in _ACOUSTIC))
    faults = [fault for file in needed for fault in _faults(root, file, Pin())]
    if faults:
        message = f"the speech model {ENGLISH} is damaged: {'; '.join(faults)}"
        raise ModelError(Problem("model-damaged", message, Place(str(root)), cure))
    return root / ENGLISH, root / "cmudict-en-us.dict"


def hash_file(path: Path, progress: Callable[[int], None] | None = None) -> str:
    """sha256 of a file, read in blocks; progress gets the bytes of each block."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            if progress is not None:
                progress(len(block))
    return digest.hexdigest()


def _examine(name: str, models: Path, manifest: Manifest, progress: Callable[[str, int, int], None] | None) -> Found:
    model = manifest.get(name)
    folder = next((models / n for n in (name, *model.also) if (models / n).is_dir()), None)
    if folder is None:
        return Found(State.MISSING)
    recorded, faults = _record(folder)
    pins = _merged(model, recorded)
    faults += [fault for file, pin in pins.items() for fault in _faults(folder, file, pin)]
    unpinned = tuple(file for file, pin in pins.items() if pin.sha256 is None)
    if not faults and progress is not None:
        faults = _wrong_sums(folder, pins, progress)
    return Found(State.DAMAGED if faults else State.INSTALLED, folder, tuple(faults), unpinned)


def _merged(model: Model, recorded: dict[str, Pin]) -> dict[str, Pin]:
    """What every file should be: the manifest's word before the record's."""
    pins = dict(recorded)
    for file, pin in model.files.items():
        known = recorded.get(file, Pin())
        pins[file] = Pin(bytes=pin.bytes or known.bytes, sha256=pin.sha256 or known.sha256)
    return pins


def _record(folder: Path) -> tuple[dict[str, Pin], list[str]]:
    """The files a pull has put there, and faults of that record; a folder put there by hand has none."""
    path = folder / RECORD
    try:
        files = json.loads(path.read_bytes())["files"]
        return {safe_path(file): Pin.model_validate(pin) for file, pin in files.items()}, []
    except FileNotFoundError:
        return {}, []
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ValidationError):
        return {}, [f"{RECORD} cannot be read"]


def _faults(folder: Path, file: str, pin: Pin) -> list[str]:
    path = folder / file
    if not path.is_file():
        return [f"{file} is missing"]
    size = path.stat().st_size
    if pin.bytes is not None and size != pin.bytes:
        return [f"{file} has {size:,} bytes, not {pin.bytes:,}"]
    return [] if size else [f"{file} is empty"]


def _wrong_sums(folder: Path, pins: dict[str, Pin], progress: Callable[[str, int, int], None]) -> list[str]:
    whole = sum((folder / file).stat().st_size for file, pin in pins.items() if pin.sha256)
    done = 0
    faults = []
    for file, pin in pins.items():
        if pin.sha256 is None:
            continue

        def count(size: int, file: str = file) -> None:
            nonlocal done
            done += size
            progress(file, done, whole)

        try:
            if hash_file(folder / file, count) != pin.sha256:
                faults.append(f"{file} has another checksum")
        except OSError as error:
            faults.append(f"{file} cannot be read: {error.strerror}")
    return faults
