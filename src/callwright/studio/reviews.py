"""From a draft to a version that is spoken: handed in by one person, approved by another, published, withdrawn, published again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from callwright.campaigns import scripts
from callwright.errors import InputError, Place, Problem, ScriptError
from callwright.http.problems import absent, conflict
from callwright.script.loader import loads
from callwright.store.scope import Scope
from callwright.studio import store
from callwright.studio.drafts import read_draft
from callwright.studio.model import Draft, Person, Standing, Submission, Version, may_review, published_of, state_of
from callwright.studio.recordings import pinning
from callwright.studio.recordings import store as recorded
from callwright.studio.recordings.model import unheard

__all__ = ["approve", "hand_in", "publish", "read_version", "reject", "reviewable", "standings", "withdraw"]


async def standings(scope: Scope, ids: Sequence[str]) -> list[Standing]:
    """How each of these scripts stands, in their order."""
    drafts = await store.drafts_of(scope, ids)
    versions: dict[str, list[Version]] = {}
    for version in await store.versions_of(scope, ids):
        versions.setdefault(version.script, []).append(version)
    last: dict[str, Submission] = {}
    for submission in await store.submissions_of(scope, ids):
        last.setdefault(submission.script, submission)
    return [_standing(script, drafts, versions.get(script, []), last.get(script)) for script in ids]


def _standing(script: str, drafts: dict[str, Draft], versions: list[Version], last: Submission | None) -> Standing:
    draft = drafts.get(script)
    deeds: list[tuple[datetime, str]] = [(one.submitted_at, one.submitted_by) for one in versions[:1]]
    if draft is not None:
        deeds.append((draft.updated_at, draft.updated_by.name))
    if last is not None and last.decided_at is not None:
        deeds.append((last.decided_at, last.decided_by or ""))
    at, by = max(deeds)
    return Standing(
        script, draft.title if draft else "", draft.language if draft else "", draft.purpose if draft else "",
        state_of(draft.version if draft else None, last, versions), draft.version if draft else None, by, at,
        published_of(versions), len(versions),
    )  # fmt: skip


async def hand_in(scope: Scope, script: str, seen: int, by: Person, note: str, now: datetime) -> Version:
    """Hand the draft in for review: its text becomes a version, pinned by its digest, with the recordings there are of it. What waited
    before is replaced.

    Raises:
        ScriptError: the script has errors, or names another id than its own.
        TaskError: this very text was withdrawn.
        ApiError: 404, there is no draft; 409, it was saved meanwhile.
    """
    draft = await read_draft(scope, script, lock=True)
    if draft.version != seen:
        raise conflict(
            "changed-meanwhile", f"{draft.updated_by.name} saved this draft meanwhile", "Look at what changed, then hand it in."
        )  # fmt: skip
    loaded = loads(draft.text, f"{script}.yaml")
    if loaded.script.id != script:
        place = loaded.place("id")
        raise ScriptError(
            Problem("other-id", f"`id` is {loaded.script.id}, not {script}", place, f"Write `id: {script}`.")
        )
    recordings = await pinning.of_script(scope, loaded.script)
    text = pinning.sealed(draft.text, recordings)
    version = await scripts.submit(scope, text, f"{script}.yaml", by.name, now)
    await pinning.pin(scope, version.id, recordings)
    rounds = await store.submissions_of(scope, [script])
    approved = max((one.draft_version for one in rounds if one.verdict == "approved"), default=0)
    authors = await store.authors_since(scope, script, min(approved, draft.version - 1))
    await store.replace_open(scope, script)
    await store.add_submission(
        scope,
        Submission(0, script, version.digest, draft.version, note, by, authors, now, "open", "", None, None),
        version.id,
    )
    return await read_version(scope, script, version.digest)


async def approve(scope: Scope, script: str, digest: str, by: Person, reason: str, now: datetime) -> Submission:
    """Let a version through. It is spoken once it is published.

    Raises:
        ApiError: 404; 409, it does not wait for a reviewer, the reviewer wrote it, or nobody knows what one of its recordings says.
    """
    found = await _open(scope, script, digest)
    _not_own(found, by)
    await _all_heard(scope, digest)
    if not await store.decide(scope, found.id, "approved", reason, by, now):
        raise _not_waiting()
    return found


async def reviewable(scope: Scope, script: str, digest: str, by: Person) -> str:
    """The text of a version that this reviewer may decide about; changes nothing.

    Raises:
        ApiError: 404; 409, it does not wait for a reviewer, or the reviewer wrote it.
    """
    version = await read_version(scope, script, digest)
    rounds = [one for one in await store.submissions_of(scope, [script]) if one.digest == digest]
    if rounds and rounds[0].verdict != "open":
        raise _not_waiting()
    if rounds:
        _not_own(rounds[0], by)
    return version.text


async def reject(scope: Scope, script: str, digest: str, by: Person, reason: str, now: datetime) -> Submission:
    """Send a version back with a reason. Whoever wrote it may take it back so, too.

    Raises:
        InputError: no reason.
        ApiError: 404; 409, it does not wait for a reviewer.
    """
    if not reason.strip():
        raise InputError(Problem("no-reason", "it is not said why", Place(field="reason"), "Say what has to change."))
    found = await _open(scope, script, digest)
    if not await store.decide(scope, found.id, "rejected", reason, by, now):
        raise _not_waiting()
    return found


async def publish(scope: Scope, script: str, digest: str, now: datetime) -> Version:
    """Let it be spoken: from now on it is what a task gets that names no version. An older approved version is published again the same way.

    Raises:
        ApiError: 404; 409, nobody approved it, or one of its recordings was rejected since.
        TaskError: it was withdrawn.
    """
    version = await read_version(scope, script, digest)
    if version.approved_by is None:
        raise conflict("not-approved", "nobody approved this version", "A reviewer has to read and approve it first.")
    await _all_heard(scope, digest)
    await scripts.review(scope, digest, version.approved_by, now)
    return await read_version(scope, script, digest)


async def withdraw(scope: Scope, script: str, digest: str, by: Person, now: datetime) -> Version:
    """From the next dial on nobody speaks it; it cannot come back.

    Raises:
        ApiError: 404.
    """
    await read_version(scope, script, digest)
    await scripts.withdraw(scope, digest, by.name, now)
    return await read_version(scope, script, digest)


async def read_version(scope: Scope, script: str, digest: str) -> Version:
    """A version with its text.

    Raises:
        ApiError: 404.
    """
    found = await store.version(scope, script, digest)
    if found is None:
        raise absent("version")
    return found


async def _open(scope: Scope, script: str, digest: str) -> Submission:
    version = await read_version(scope, script, digest)
    rounds = [one for one in await store.submissions_of(scope, [script]) if one.digest == digest]
    if not rounds and version.approved_by is None and version.withdrawn_at is None:
        # handed in on the command line
        by = Person(version.submitted_by)
        mine = Submission(0, script, digest, 0, "", by, (), version.submitted_at, "open", "", None, None)
        await store.add_submission(scope, mine, version.id)
        rounds = (await store.submissions_of(scope, [script]))[:1]
    if not rounds or rounds[0].verdict != "open":
        raise _not_waiting()
    return rounds[0]


async def _all_heard(scope: Scope, digest: str) -> None:
    doubtful = unheard(await recorded.in_version(scope, digest))
    if doubtful:
        told = f"{', '.join(doubtful[:5])}{' ...' if len(doubtful) > 5 else ''}"
        hint = "Let the recogniser listen to them, or listen yourself and accept them."
        raise conflict(
            "recordings-unheard",
            f"nobody knows whether {len(doubtful)} recordings say their text, or they were rejected: {told}",
            hint,
        )


def _not_own(found: Submission, by: Person) -> None:
    if not may_review(found, by):
        message = f"{by.name} wrote or handed in this version and cannot approve it"
        raise conflict("own-work", message, "Somebody else has to read it.")


def _not_waiting() -> Exception:
    return conflict("not-waiting", "this version does not wait for a reviewer", "Hand it in (again).")
