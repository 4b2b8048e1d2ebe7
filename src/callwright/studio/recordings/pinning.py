"""Recordings and versions: a version keeps those it was handed in with for ever, and its text says which they are.

The last line of a version's text is `# recordings: sha256:...` of their list. Versions are named by the digest of their text, so that the one
digest that people review, tasks plan with and decision records keep pins what is heard as well; other recordings make another version.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Protocol

import anyio.to_thread

from callwright.errors import DamagedError
from callwright.script.model import Script
from callwright.script.sheet import recording_sheet
from callwright.store.scope import Scope
from callwright.studio.recordings import store
from callwright.studio.recordings.model import Recording, spoken, stand

__all__ = ["bring", "of_script", "pin", "sealed", "unsealed"]

_SEAL = re.compile(r"\n?# recordings: sha256:([0-9a-f]{64})\r?\n?\Z")


class GetBlob(Protocol):
    """The part of `TenantBlobs` that is needed here."""

    async def get(self, name: str) -> bytes: ...


def sealed(text: str, recordings: Sequence[Recording]) -> str:
    """The text with the line that says which recordings it is spoken with; without any, as it is."""
    plain = unsealed(text)
    if not recordings:
        return plain
    return f"{plain}{'' if plain.endswith(chr(10)) else chr(10)}# recordings: sha256:{_digest(recordings)}\n"


def unsealed(text: str) -> str:
    """The text without that line: what an author goes on writing."""
    found = _SEAL.search(text)
    return text if found is None else f"{text[: found.start()]}\n"


async def of_script(scope: Scope, script: Script) -> tuple[Recording, ...]:
    """What a version of this text would be spoken with, if it was handed in now; they stay so in this transaction.

    Raises:
        InputError: one file is to say two texts.
    """
    there = await store.of_draft(scope, script.id, lock=True)
    return spoken(stand(recording_sheet(script), there, script.language)) if there else ()


async def pin(scope: Scope, version: int, recordings: Sequence[Recording]) -> None:
    """Tie them to a version, once for all: the same text again has the same ones, since its text says which."""
    if not await store.of_version(scope, version):
        await store.pin(scope, version, recordings)


async def bring(blobs: GetBlob, text: str, recordings: Sequence[Recording], folder: Path) -> Path | None:
    """Put the recordings of a version where a robot looks for them: `recordings/` in this folder, which is returned; None = it has none.

    Raises:
        DamagedError: they are not those that were reviewed: nobody speaks with others instead.
        StoreError: the blobs cannot be reached.
    """
    found = _SEAL.search(text)
    if found is None and not recordings:
        return None
    if found is None or found[1] != _digest(recordings):
        raise DamagedError("the recordings of this version are not those that its text names")
    for one in recordings:
        sound = await blobs.get(one.finished)
        if hashlib.sha256(sound).hexdigest() != one.sha256:
            raise DamagedError(f"the recording {one.file} is not what was uploaded and reviewed")
        pure = PurePosixPath(one.file)
        if pure.is_absolute() or ".." in pure.parts:
            raise DamagedError(f"{one.file} is no name of a recording")
        await anyio.to_thread.run_sync(_write, folder / "recordings" / pure, sound)
    return folder


def _write(path: Path, sound: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(sound)


def _digest(recordings: Sequence[Recording]) -> str:
    listed = sorted((one.file, one.sha256) for one in recordings)
    return hashlib.sha256(json.dumps(listed, ensure_ascii=False).encode()).hexdigest()
