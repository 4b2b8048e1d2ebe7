"""Bring a model onto this machine: fetch, compare, unpack, put in place at once. Never without being asked."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from callwright.errors import ModelError, Place, Problem
from callwright.speech.models.fetching import Progress, Wanted, fetch, free_bytes, take
from callwright.speech.models.finding import RECORD, Found, State, check, look
from callwright.speech.models.manifest import Manifest, Model, Pin, Source
from callwright.speech.models.unpacking import unpack

__all__ = ["LOCK", "Order", "pull"]

LOCK = "models.lock.json"  # in the models folder: checksums taken on trust, by address
_MARGIN = 64 * 1024**2
_UNPACKED_FACTOR = 3  # neural models hardly shrink, their tables do; the true size is only known afterwards


@dataclass(frozen=True, slots=True)
class Order:
    """How to pull. mirror: address below which MODEL/FILE lies; folder: the same on this machine; trust_first_use: a file whose checksum is
    not known is taken and its checksum written down; again: also what is installed and whole."""

    models: Path
    manifest: Manifest
    mirror: str | None = None
    folder: Path | None = None
    trust_first_use: bool = False
    again: bool = False


def pull(name: str, order: Order, progress: Progress) -> Found:
    """Install a model; does nothing when it is there and whole (every checksum is looked at). Returns what is there afterwards.

    Raises ModelError: unknown name, a checksum unknown or wrong, no space, not to be fetched, another pull under way.
    """
    model = order.manifest.get(name)
    with _alone(order.models, name):
        before = look(name, order.models, order.manifest)
        if before.state is State.INSTALLED and not order.again:
            before = check(name, order.models, order.manifest, lambda file, done, whole: progress(file, done, whole))
            if before.state is State.INSTALLED:
                return before
        wanted = [_wanted(source, name, order) for source in model.sources]
        _space(order, model, name)
        _install(name, model, wanted, order, progress)
        found = look(name, order.models, order.manifest)
        if found.state is not State.INSTALLED:
            raise ModelError(
                Problem(
                    "model-damaged", f"{name} was installed but {'; '.join(found.faults)}", Place(str(found.folder))
                )
            )
        return found


def _wanted(source: Source, name: str, order: Order) -> Wanted:
    """The download of a source, with the checksum it must have. Raises ModelError when nobody knows that, and no trust was given."""
    url = f"{order.mirror.rstrip('/')}/{name}/{source.place}" if order.mirror else source.url
    locked = _locked(order.models).get(source.url)
    wanted = Wanted(source.place, url, source.bytes, source.sha256)
    if source.sha256 is None and locked is not None:
        return replace(wanted, bytes=source.bytes or locked.bytes, sha256=locked.sha256)
    if source.sha256 is None and not order.trust_first_use:
        message = f"the checksum of {source.place} ({name}) is not known, so that nobody could tell a forged file"
        hint = "compare it yourself; then --trust-first-use takes it and writes its checksum down, which it must have ever after"
        raise ModelError(Problem("checksum-unknown", message, Place(source.url), hint))
    return wanted


def _space(order: Order, model: Model, name: str) -> None:
    download = model.download_bytes or 0
    unpacked = sum(s.bytes or 0 for s in model.sources if s.unpack is not None) * _UNPACKED_FACTOR
    known = [pin.bytes for pin in model.needs.values()]
    if model.keep and known and None not in known:
        unpacked = sum(size for size in known if size is not None)
    needed = download + unpacked + _MARGIN
    free = free_bytes(order.models)
    if free < needed:
        message = f"{name} needs about {needed / 1e6:,.0f} MB, {free / 1e6:,.0f} MB are free"
        hint = "make room, or set CALLWRIGHT_MODELS to another disk"
        raise ModelError(Problem("no-space", message, Place(str(order.models)), hint))


def _install(name: str, model: Model, wanted: list[Wanted], order: Order, progress: Progress) -> None:
    """Build the model in a folder of its own, then put that in place of what is there."""
    target = order.models / name
    parts = order.models / f".fetched-{name}"  # stays after a cut, so that the next pull goes on
    parts.mkdir(parents=True, exist_ok=True)
    with _building(order.models, name) as folder:
        files: dict[str, Pin] = {}
        trusted: dict[str, Pin] = {}
        for source, want in zip(model.sources, wanted, strict=True):
            kept = parts / source.place.replace("/", "__")
            size, digest = _bring(want, source, name, model, order, kept, progress)
            if source.sha256 is None:
                trusted[source.url] = Pin(bytes=size, sha256=digest)
            files |= _place(source, kept, folder, model, progress)
        lacking = [file for file in model.files if not (folder / file).is_file()]
        if lacking:
            message = f"{name} is not what the manifest says: {', '.join(lacking)} not in it"
            raise ModelError(Problem("model-damaged", message, Place(str(parts)), "tell whoever wrote the manifest"))
        _record(folder, name, model, files)
        _lock(order.models, trusted)
        _swap(folder, target)
    shutil.rmtree(parts)


def _bring(
    want: Wanted, source: Source, name: str, model: Model, order: Order, kept: Path, progress: Progress
) -> tuple[int, str]:
    if order.folder is None:
        return fetch(want, kept, progress)
    return take(want, _offline(source, name, model, order.folder), kept, progress)


def _offline(source: Source, name: str, model: Model, folder: Path) -> Path:
    """The file in an offline folder: below the model's name, one of its other names, or in the folder itself."""
    places = [folder / below / source.place for below in (name, *model.also, "")]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        message = f"{source.place} of {name} is not in the folder"
        hint = f"put it there as {name}/{source.place}; its address is {source.url}"
        raise ModelError(Problem("model-missing", message, Place(str(folder)), hint))
    return found


def _place(source: Source, kept: Path, folder: Path, model: Model, progress: Progress) -> dict[str, Pin]:
    if source.to is not None:
        target = folder / source.to
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(kept, target)
        return {}  # the manifest knows it
    kind = source.unpack or "tar.bz2"
    told = f"unpacking {source.file_name}"
    return unpack(kept, kind, folder, root=source.root, keep=model.keep, progress=lambda d, w: progress(told, d, w))


def _record(folder: Path, name: str, model: Model, files: dict[str, Pin]) -> None:
    """Written last: what the folder holds and where it is from."""
    record = {
        "format": "model/1",
        "model": name,
        "licence": model.licence.name,
        "from": [source.url for source in model.sources],
        "files": {file: pin.model_dump(exclude_none=True) for file, pin in sorted(files.items())},
    }
    (folder / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def _swap(folder: Path, target: Path) -> None:
    """Put the new folder in place; what was there goes only afterwards."""
    folder.chmod(0o755)
    old = target.with_name(f".old-{target.name}-{os.getpid()}")
    if target.exists():
        target.rename(old)
    folder.rename(target)
    if old.exists():
        shutil.rmtree(old)


@contextmanager
def _building(models: Path, name: str) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=f".new-{name}-", dir=models))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _alone(models: Path, name: str) -> Iterator[None]:
    """Two pulls of one model would write into the same files."""
    try:
        models.mkdir(parents=True, exist_ok=True)
        lock = (models / f".pulling-{name}").open("w")
    except OSError as error:
        message = f"the models folder cannot be written: {error.strerror}"
        raise ModelError(
            Problem("unwritable", message, Place(str(models)), "choose another with CALLWRIGHT_MODELS or --models")
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ModelError(
                Problem("being-pulled", f"{name} is being pulled by another process", hint="wait until it has ended")
            ) from None
        yield


def _locked(models: Path) -> dict[str, Pin]:
    path = models / LOCK
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        return {url: Pin.model_validate(pin) for url, pin in value["trusted"].items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        message = "the checksums taken on trust cannot be read"
        hint = "mend it or bring back a copy; deleting it means to trust anew"
        raise ModelError(Problem("bad-lock", message, Place(str(path)), hint)) from None


def _lock(models: Path, trusted: dict[str, Pin]) -> None:
    if not trusted:
        return
    both = _locked(models) | trusted
    value = {"trusted": {url: pin.model_dump() for url, pin in sorted(both.items())}}
    temporary = models / f".{LOCK}.{os.getpid()}"
    temporary.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
    temporary.replace(models / LOCK)
