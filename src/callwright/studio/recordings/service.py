"""Use cases of recorded prompts: what came is taken in, heard by a recogniser, judged by people, replaced and removed."""

from __future__ import annotations

import hashlib
import logging
import secrets
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Protocol

import anyio
import anyio.to_process
import anyio.to_thread

from callwright import audit
from callwright.accounts.model import Viewer
from callwright.errors import InputError, Place, Problem, StoreError
from callwright.http.here import Kept
from callwright.http.problems import absent, conflict
from callwright.script.model import Script
from callwright.script.sheet import Line, recording_sheet
from callwright.speech.recordings.importing import Wanted
from callwright.speech.recordings.reviewing import Review
from callwright.speech.recordings.taking import Taken, take
from callwright.store.blobs import TenantBlobs
from callwright.store.scope import Scope
from callwright.studio.model import Person
from callwright.studio.recordings import store
from callwright.studio.recordings.model import Decision, Recording, heard_of
from callwright.studio.recordings.parcels import MOST_FILES, Parcel, Piece, open_parcel, sorted_out, whats_wrong
from callwright.studio.store import draft

__all__ = ["Came", "Finish", "Inlet", "Listen", "bring_in", "decide", "finish_aside", "hear", "is_own", "remove"]

log = logging.getLogger(__name__)

Tell = Callable[[str, int, int], None]
Finish = Callable[[Path, Path], Awaitable[Taken | Problem]]
"""Makes of a recording what a robot plays; `finish_aside` does it in a process of its own."""

_LONGEST_FILE = 200
_FINISHED_WITHIN_S = 120.0


class Listen(Protocol):
    """`speech.recordings.listening.listen`, with its models."""

    async def __call__(
        self, wanted: Sequence[Wanted], folder: Path, *, progress: Callable[[int, int], None]
    ) -> tuple[Review, ...]: ...


@dataclass(frozen=True, slots=True)
class Came:
    """What became of a file that came. state: `imported`, `unchanged` (this very recording is there) or `failed`."""

    name: str
    file: str
    state: str
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Inlet:
    """Who brings recordings for which script (by the name of its draft, as it is written now), and where they go."""

    kept: Kept
    viewer: Viewer
    name: str
    script: Script
    finish: Finish
    now: Callable[[], datetime]

    @property
    def blobs(self) -> TenantBlobs:
        """Of the tenant."""
        return self.kept.blobs.of(self.viewer.tenant)


async def bring_in(inlet: Inlet, parcels: Sequence[Parcel], folder: Path, line: str, tell: Tell) -> list[Came]:
    """Take in everything that came, one by one; what was taken stays when it is broken off. folder: to work in; line: the file of the sheet
    that the only recording is, whatever it is called ("" = found by name).

    Raises:
        InputError: the script's sheet is in disorder, or too much came.
        ApiError: 404, the sheet has no such line.
    """
    lines = {one.file: one for one in recording_sheet(inlet.script)}
    if line and line not in lines:
        raise absent("line of the sheet", "The script was changed meanwhile: look at the sheet again.")
    with ExitStack() as stack:
        pieces, came = await anyio.to_thread.run_sync(_opened, parcels, stack)
        if not pieces:
            return came
        if line and len(pieces) != 1:
            message = "exactly one recording belongs to a line"
            raise InputError(Problem("one-recording", message, hint="Upload the one that it is."))
        if len(pieces) > MOST_FILES:
            message = f"more than {MOST_FILES} files came"
            raise InputError(Problem("too-many-files", message, hint="Upload them in several parts."))
        found = [(pieces[0], line, pieces[0].problem)] if line else sorted_out(list(lines), pieces)
        async with inlet.kept.database.reading(inlet.viewer.tenant) as scope:
            there = {one.file: one for one in await store.of_draft(scope, inlet.name)}
        for number, (piece, file, problem) in enumerate(found):
            tell("importing", number, len(found))
            wrong = problem or await _taken(inlet, piece, lines[file], there.get(file), folder / f"{number}")
            if isinstance(wrong, Problem):
                came.append(Came(piece.name, file, "failed", replace(wrong, place=Place(piece.name))))
            else:
                came.append(Came(piece.name, file, wrong))
    tell("importing", len(found), len(found))
    return came


def _opened(parcels: Sequence[Parcel], stack: ExitStack) -> tuple[list[Piece], list[Came]]:
    pieces: list[Piece] = []
    came: list[Came] = []
    for parcel in parcels:
        try:
            pieces += open_parcel(parcel, stack)
        except InputError as error:
            came.append(Came(parcel.name, "", "failed", error.problems[0]))
    return pieces, came


async def _taken(inlet: Inlet, piece: Piece, line: Line, known: Recording | None, place: Path) -> Problem | str:
    """One recording, up to its row; the files it needed are gone afterwards. Its state, or what is wrong with it."""
    if len(line.file) > _LONGEST_FILE:
        return Problem(
            "name-too-long", f"the name of the line is longer than {_LONGEST_FILE} characters", hint="Shorten `audio`."
        )
    source, target = place.with_suffix(".in"), place.with_suffix(".wav")
    try:
        try:
            await anyio.to_thread.run_sync(piece.unpack, source)
        except InputError as error:
            return error.problems[0]
        kind = await anyio.to_thread.run_sync(whats_wrong, source, piece.name)
        if isinstance(kind, Problem):
            return kind
        digest = await anyio.to_thread.run_sync(_sha256, source)
        if known is not None and (known.source_sha256, known.text) == (digest, line.text):
            return "unchanged"
        made = await inlet.finish(source, target)
        if isinstance(made, Problem):
            return made
        size = source.stat().st_size
        new = Recording(
            0, inlet.name, line.file, line.text, piece.name[:200], kind, f"prompts/{secrets.token_hex(16)}", digest, size,
            await anyio.to_thread.run_sync(_sha256, target), made.seconds, made.measured,
            Person(inlet.viewer.name[:100], inlet.viewer.user), inlet.now(),
        )  # fmt: skip
        await _keep(inlet, new, source, target)
        return "imported"
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(_unlink, source, target)


async def _keep(inlet: Inlet, new: Recording, source: Path, target: Path) -> None:
    """Blobs first, then the row that names them: a row never names what is not there."""
    try:
        await inlet.blobs.put(new.source, source)
        await inlet.blobs.put(new.finished, target)
        async with inlet.kept.database.scope(inlet.viewer.tenant) as scope:
            keys = await inlet.kept.keyring.tenant(scope)
            await draft(scope, new.script, lock=True)  # one after the other, and none while it is handed in
            before = [one for one in await store.of_draft(scope, new.script, lock=True) if one.file == new.file]
            gone = [name for one in before for name in await _let_go(scope, one, new.at)]
            await store.add(scope, new)
            detail: dict[str, str | int] = {"file": new.file, "sha256": new.sha256, "replaced": len(before)}
            await audit.note(scope, keys, inlet.viewer, "recording.add", ("script", new.script), {**detail}, now=new.at)
    except BaseException:
        with anyio.CancelScope(shield=True):
            await _sweep(inlet.blobs, [new.source, new.finished])
        raise
    await _sweep(inlet.blobs, gone)


async def finish_aside(source: Path, target: Path) -> Taken | Problem:
    """In another process, which is ended when it takes too long."""
    with anyio.move_on_after(_FINISHED_WITHIN_S):
        try:
            return await anyio.to_process.run_sync(take, source, target, cancellable=True)
        except anyio.BrokenWorkerProcess as error:
            log.warning("a recording ended the process that read it: %s", error)
            return Problem("bad-audio", "the recording cannot be read", hint="Save it again, as WAV.")
    return Problem("bad-audio", "it takes too long to read this recording", hint="Save it as WAV.")


async def remove(kept: Kept, viewer: Viewer, script: str, which: int, now: datetime) -> None:
    """Take a recording away from the draft; versions that speak it keep it.

    Raises:
        ApiError: 404.
    """
    async with kept.database.scope(viewer.tenant) as scope:
        found = await store.find(scope, script, which)
        if found is None or which not in {one.id for one in await store.of_draft(scope, script)}:
            raise absent("recording of this draft")
        keys = await kept.keyring.tenant(scope)
        gone = await _let_go(scope, found, now)
        detail: dict[str, str | int] = {"file": found.file, "sha256": found.sha256}
        await audit.note(scope, keys, viewer, "recording.remove", ("script", script), {**detail}, now=now)
    await _sweep(kept.blobs.of(viewer.tenant), gone)


async def decide(
    kept: Kept, viewer: Viewer, script: str, ids: Sequence[int], decision: Decision, note: str, now: datetime
) -> None:
    """Say of recordings that they are good, or that they are not; "" takes it back. Of what they uploaded themselves people can only say that it
    is not good: neither accept it nor take back what a colleague said.

    Raises:
        InputError: a rejection without a reason.
        ApiError: 404; 409, one's own.
    """
    if decision == "rejected" and not note.strip():
        raise InputError(Problem("no-reason", "it is not said why", Place(field="note"), "Say what is wrong with it."))
    async with kept.database.scope(viewer.tenant) as scope:
        found = await store.known_of(scope, script, ids)
        if len(found) != len(set(ids)):
            raise absent("recording", "It was replaced or removed meanwhile: look at the list again.")
        own = [one.file for one in found if is_own(one, viewer)]
        if decision != "rejected" and own:
            act = "accept it" if decision else "take back what was said of it"
            message = f"{viewer.name[:100]} uploaded {own[0]} and cannot {act}"
            raise conflict("own-recording", message, "Somebody else has to listen to it, or the recogniser.")
        keys = await kept.keyring.tenant(scope)
        await store.write_decision(
            scope, script, ids, decision, note.strip(), viewer.name[:100] if decision else "", now
        )
        act = {"accepted": "recording.accept", "rejected": "recording.reject", "": "recording.undecide"}[decision]
        for one in found:
            detail: dict[str, str | int] = {"file": one.file, "sha256": one.sha256, "verdict": one.verdict}
            await audit.note(scope, keys, viewer, act, ("script", script), {**detail}, now=now)


async def hear(
    kept: Kept, tenant: int, script: Script, recordings: Sequence[Recording], folder: Path, listen: Listen, tell: Tell
) -> Mapping[str, int]:
    """Let a recogniser listen to recordings, and keep what it wrote; how many of them are the same, differ and are not heard. folder: for the
    time of it; it is gone afterwards.

    Raises:
        CallwrightError: the recogniser fails.
        InputError: the sheet is in disorder, or no model is there.
    """
    blobs = kept.blobs.of(tenant)
    mine = {one.file: one for one in recordings}
    wanted = [Wanted(line.file, line.text) for line in recording_sheet(script) if line.file not in mine]
    wanted += [Wanted(one.file, one.text) for one in recordings]  # also those of lines that are no more
    missing = len(wanted) - len(mine)
    try:
        for one in recordings:
            await anyio.to_thread.run_sync(_write, folder / one.file, await blobs.get(one.finished))
        reviews = await listen(
            wanted, folder, progress=lambda done, _: tell("listening", max(0, done - missing), len(mine))
        )
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(partial(shutil.rmtree, folder, ignore_errors=True))
    counts = {"same": 0, "differs": 0, "not_heard": 0}
    async with kept.database.scope(tenant) as scope:
        for review in reviews:
            if review.file in mine:
                verdict = heard_of(review)
                counts[verdict] += 1
                text = review.heard if review.verdict != "unreadable" else ""
                await store.write_heard(
                    scope, mine[review.file].id, verdict, text[:4000], round(review.similarity, 3), review.other[:200]
                )
    return counts


def is_own(one: Recording, viewer: Viewer) -> bool:
    """Whether the viewer uploaded it."""
    if one.by.user is None or viewer.user is None:
        return one.by.name == viewer.name[:100]
    return one.by.user == viewer.user


async def _let_go(scope: Scope, one: Recording, now: datetime) -> list[str]:
    """The draft has it no more. Names of blobs that nobody needs now, once the transaction is done."""
    if await store.is_pinned(scope, one.id):
        await store.remove(scope, one.id, now)
        return []
    await store.drop(scope, one.id)
    return [one.source, one.finished]


async def _sweep(blobs: TenantBlobs, names: Sequence[str]) -> None:
    """What stays because the store fails just now is a file that nobody names: no harm but its bytes."""
    for name in names:
        try:
            await blobs.delete(name)
        except StoreError:
            log.warning("the blob %s could not be deleted", name)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _unlink(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
