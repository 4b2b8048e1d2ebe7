"""Back up and restore everything that is kept: database, key and blobs, in one archive with a digest of each file. Part of the composition root.

manifest.json        format, version and revision of the program, when, which engine, digest and size of every file; written last
database...          of SQLite one file, of PostgreSQL one dump of what is common and one for each tenant (store/dumping.py)
callwright.key       the master key, unless it is left out: without it the rest is noise
blobs/tN/...         recordings, call records, evidence, when they lie in a folder; what lies in S3 stays there

A backup never overwrites a file, and a restore never overwrites anything that is there.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote, urlsplit

import anyio.to_thread

from callwright import __version__
from callwright.compliance.records import iso
from callwright.errors import InputError, Place, Problem, StoreError
from callwright.settings import Settings
from callwright.storage import open_database, set_up
from callwright.store import dumping
from callwright.store.crypto import Keyring
from callwright.store.dumping import SQLITE, Dump
from callwright.store.revision import HEAD, current, not_head

__all__ = ["BackedUp", "back_up", "restore"]

FORMAT = "callwright-backup/1"
_MANIFEST = "manifest.json"
_KEY = "callwright.key"
_NAME = re.compile(
    r"database\.sqlite|database/(common|tenant-[0-9]+)\.dump|callwright\.key|blobs/t[0-9]+(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+"
)
_STORED = frozenset({"wav", "opus", "ogg", "zip", "dump"})
_PART = 1 << 20
_LARGEST_MANIFEST = 1 << 28

Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What is in a backup. key: the master key is; blobs_left: where blobs lie that are not in it, "" = they are."""

    files: int
    bytes: int
    tenants: int
    key: bool
    blobs_left: str


async def back_up(
    settings: Settings, file: Path, now: datetime, *, with_key: bool, told: Told = lambda _: None
) -> BackedUp:
    """Write everything to `file`, readable by its owner alone, while the rest goes on working. Blobs are read after the database: what it
    names is there.

    Raises:
        InputError: the file is there already, or cannot be written.
        StoreError: the database or a blob cannot be read.
    """
    _not_there(file)
    part = file.with_name(file.name + ".part")
    try:
        with TemporaryDirectory(prefix="callwright-backup-") as folder:
            async with open_database(settings, connections=2) as database:
                revision = await current(database)
                if revision != HEAD:
                    raise StoreError(not_head(revision))
                told("database")
                dumps = await dumping.dump(database, Path(folder))
                engine = database.dialect
            blobs = _blob_folder(settings)
            said = {
                "format": FORMAT, "version": __version__, "revision": revision, "engine": engine, "made_at": iso(now),
                "key_sha256": _digest(settings.key_file), "blobs": "" if blobs is not None else settings.blobs,
            }  # fmt: skip
            key = settings.key_file if with_key else None
            return await anyio.to_thread.run_sync(_write, part, file, said, dumps, key, blobs, told)
    except OSError as error:
        raise InputError(Problem("file", f"cannot be written: {error.strerror or error}", Place(str(file)))) from None
    finally:
        part.unlink(missing_ok=True)


def _not_there(file: Path) -> None:
    if file.exists():
        hint = "Backups overwrite nothing."
        raise InputError(Problem("exists", "there is such a file already", Place(str(file)), hint))


def _write(
    part: Path, file: Path, said: dict[str, Any], dumps: list[Dump], key: Path | None, blobs: Path | None, told: Told
) -> BackedUp:
    entries: list[dict[str, Any]] = []
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
            entries += [_add(archive, one.name, one.path) | {"tenant": one.tenant} for one in dumps]
            if key is not None:
                entries.append(_add(archive, _KEY, key))
            for count, (name, path) in enumerate(_walk(blobs)):
                if count % 1000 == 0:
                    told(f"blobs {count}")
                try:
                    entries.append(_add(archive, name, path))
                except FileNotFoundError:
                    continue  # deleted meanwhile: somebody was erased
            manifest = json.dumps(said | {"files": entries}, ensure_ascii=False, indent=1, sort_keys=True)
            archive.writestr(_MANIFEST, manifest)
        out.flush()
        os.fsync(out.fileno())
    os.link(part, file)  # refuses when somebody made such a file meanwhile
    size = sum(int(entry["size"]) for entry in entries)
    tenants = sum(one.tenant is not None for one in dumps)
    return BackedUp(len(entries), size, tenants, key is not None, str(said["blobs"]))


def _add(archive: zipfile.ZipFile, name: str, path: Path) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as source:
        info = zipfile.ZipInfo(name)
        info.compress_type = zipfile.ZIP_STORED if name.rpartition(".")[2] in _STORED else zipfile.ZIP_DEFLATED
        with archive.open(info, "w", force_zip64=True) as target:
            while piece := source.read(_PART):
                target.write(piece)
                digest.update(piece)
                size += len(piece)
    return {"name": name, "sha256": digest.hexdigest(), "size": size}


def _walk(blobs: Path | None) -> Iterator[tuple[str, Path]]:
    """Whatever has the name of a blob: what is just being written has another one."""
    if blobs is None or not blobs.is_dir():
        return
    for folder, folders, names in os.walk(blobs):
        folders.sort()
        for name in sorted(names):
            path = Path(folder) / name
            inside = f"blobs/{path.relative_to(blobs).as_posix()}"
            if _NAME.fullmatch(inside):
                yield inside, path


def _blob_folder(settings: Settings) -> Path | None:
    parts = urlsplit(settings.blobs)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        what = f"the key file cannot be read: {error.strerror}"
        raise InputError(Problem("key", what, Place(str(path)), "CALLWRIGHT_KEY_FILE names it.")) from None


# ------------------------------------------------------------ and back


async def restore(settings: Settings, file: Path, told: Told = lambda _: None) -> BackedUp:
    """Put everything back where the settings say, into a database, a key file and a folder that are not there yet. Every digest is checked
    before anything is written.

    Raises:
        InputError: it is no backup, damaged, of another version or engine; or something is there already.
        StoreError: the database cannot be filled.
    """
    try:
        archive = zipfile.ZipFile(file)
    except (OSError, zipfile.BadZipFile, ValueError) as error:
        raise InputError(Problem("backup", f"this is no backup: {error}", Place(str(file)))) from None
    with archive, TemporaryDirectory(prefix="callwright-restore-") as folder:
        manifest = _manifest(archive, file)
        told("checking")
        await anyio.to_thread.run_sync(_check, archive, manifest, file)
        async with open_database(settings, connections=1) as database:
            await _check_target(settings, manifest, database.dialect, await dumping.is_empty(database))
        told("database")
        dumps = _dumps(archive, manifest, Path(folder))
        await anyio.to_thread.run_sync(_put_key, archive, manifest, settings)
        await _fill(settings, dumps)
        told("blobs")
        await anyio.to_thread.run_sync(_put_blobs, archive, manifest, _blob_folder(settings))
    size = sum(int(entry["size"]) for entry in manifest["files"])
    tenants = sum(one.tenant is not None for one in dumps)
    return BackedUp(len(manifest["files"]), size, tenants, _has_key(manifest), manifest["blobs"])


async def _fill(settings: Settings, dumps: list[Dump]) -> None:
    if dumps[0].name == SQLITE:
        async with open_database(settings, connections=1) as database:
            await anyio.to_thread.run_sync(dumping.place_sqlite, dumps[0].path, database)
        return
    await set_up(settings)
    async with open_database(settings, connections=1) as database:
        await dumping.load_postgres(database, dumps)


def _manifest(archive: zipfile.ZipFile, file: Path) -> dict[str, Any]:
    wrong = InputError(Problem("backup", "this is no backup of callwright", Place(str(file))))
    try:
        if archive.getinfo(_MANIFEST).file_size > _LARGEST_MANIFEST:
            raise wrong
        manifest = json.loads(archive.read(_MANIFEST))
        files = {entry["name"]: (entry["sha256"], entry["size"]) for entry in manifest["files"]}
        right = manifest["format"] == FORMAT and all(_NAME.fullmatch(name) for name in files)
    except (KeyError, ValueError, TypeError, RecursionError, zipfile.BadZipFile, OSError):
        raise wrong from None
    if not right or len(files) != len(manifest["files"]):
        raise wrong
    return dict(manifest)


def _check(archive: zipfile.ZipFile, manifest: dict[str, Any], file: Path) -> None:
    """Raises InputError: a file is missing or is not what the manifest says."""
    problems = []
    for entry in manifest["files"]:
        try:
            digest, size = hashlib.sha256(), 0
            with archive.open(entry["name"]) as source:
                while piece := source.read(_PART):
                    digest.update(piece)
                    size += len(piece)
            right = (digest.hexdigest(), size) == (entry["sha256"], entry["size"])
        except (KeyError, OSError, zipfile.BadZipFile, EOFError):
            right = False
        if not right:
            problems.append(Problem("damaged", f"{entry['name']} is not what the manifest says", Place(str(file))))
    if problems:
        raise InputError(problems[:20])


async def _check_target(settings: Settings, manifest: dict[str, Any], dialect: str, empty: bool) -> None:
    """Raises InputError: with everything that stands against it."""
    problems = []
    if manifest["engine"] != dialect:
        what = f"the backup is of {manifest['engine']}, and CALLWRIGHT_DATABASE_URL names {dialect}"
        problems.append(Problem("engine", what, hint="Restore into the same kind of database."))
    if manifest["revision"] != HEAD:
        what = f"the backup is of revision {manifest['revision']} (version {manifest['version']}), this program works with {HEAD}"
        problems.append(Problem("revision", what, hint="Restore with that version, then run `callwright db upgrade`."))
    if not empty:
        hint = "Name a database that is not there yet, or an empty one."
        problems.append(Problem("exists", "there is something in the database already", hint=hint))
    blobs = _blob_folder(settings)
    if blobs is not None and blobs.is_dir() and any(blobs.iterdir()):
        problems.append(Problem("exists", "there are blobs already", Place(str(blobs)), "Name an empty folder."))
    if settings.key_file.exists():
        if _digest(settings.key_file) != manifest["key_sha256"]:
            hint = "Put it aside: with another key the rest is noise."
            problems.append(Problem("key", "there is another key already", Place(str(settings.key_file)), hint))
    elif not _has_key(manifest):
        hint = f"Put the key that was kept apart at {settings.key_file} first."
        problems.append(Problem("key", "the backup holds no key, and there is none here", hint=hint))
    if problems:
        raise InputError(problems)


def _has_key(manifest: dict[str, Any]) -> bool:
    return any(entry["name"] == _KEY for entry in manifest["files"])


def _dumps(archive: zipfile.ZipFile, manifest: dict[str, Any], folder: Path) -> list[Dump]:
    found = []
    for entry in manifest["files"]:
        if entry["name"].startswith("database"):
            path = folder / entry["name"].replace("/", "-")
            _extract(archive, entry["name"], path)
            found.append(Dump(entry["name"], path, entry.get("tenant")))
    if not found:
        raise InputError(Problem("backup", "there is no database in this backup"))
    return found


def _put_key(archive: zipfile.ZipFile, manifest: dict[str, Any], settings: Settings) -> None:
    if _has_key(manifest) and not settings.key_file.exists():
        settings.key_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _extract(archive, _KEY, settings.key_file)
    Keyring.from_file(settings.key_file)


def _put_blobs(archive: zipfile.ZipFile, manifest: dict[str, Any], folder: Path | None) -> None:
    names = [entry["name"] for entry in manifest["files"] if entry["name"].startswith("blobs/")]
    if names and folder is None:
        what = "the backup holds blobs, and CALLWRIGHT_BLOBS names no folder"
        raise InputError(Problem("blobs", what, hint="Restore them into a folder, then move them."))
    for name in names:
        assert folder is not None
        path = folder / name.removeprefix("blobs/")
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _extract(archive, name, path)


def _extract(archive: zipfile.ZipFile, name: str, path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as target, archive.open(name) as source:
        while piece := source.read(_PART):
            target.write(piece)
        target.flush()
        os.fsync(target.fileno())
