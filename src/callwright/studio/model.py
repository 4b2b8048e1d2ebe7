"""Values of the studio: a draft, its saves, submissions, and in which state a script is. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

__all__ = [
    "Draft",
    "Person",
    "Published",
    "Save",
    "ScriptState",
    "Standing",
    "Submission",
    "Verdict",
    "Version",
    "may_review",
    "published_of",
    "state_of",
]

Verdict = Literal["open", "approved", "rejected", "replaced"]
ScriptState = Literal["draft", "in_review", "rejected", "approved", "published", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Person:
    """Who did something: the name as it is shown, and the id of the user (None = the machine itself)."""

    name: str
    user: int | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What is being written. version: raised by every save."""

    script: str
    text: str
    version: int
    title: str
    language: str
    purpose: str
    updated_by: Person
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Save:
    """The draft as it was after one save. text: only where it was asked for."""

    version: int
    by: Person
    at: datetime
    note: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """A text that was handed in. published_at: since when it may be spoken; the version published last is the one that is spoken."""

    id: int
    script: str
    digest: str
    submitted_by: str
    submitted_at: datetime
    published_at: datetime | None
    withdrawn_at: datetime | None
    withdrawn_by: str | None
    approved_by: str | None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Submission:
    """One round of a review."""

    id: int
    script: str
    digest: str
    draft_version: int
    note: str
    by: Person
    authors: tuple[int, ...]
    at: datetime
    verdict: Verdict
    reason: str
    decided_by: str | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class Published:
    """The version that is spoken where a task names no other one."""

    digest: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """A script in the list of scripts. draft: None = it only came through the command line; state: of what was done last."""

    script: str
    title: str
    language: str
    purpose: str
    state: ScriptState
    draft_version: int | None
    changed_by: str
    changed_at: datetime
    published: Published | None
    versions: int


def published_of(versions: Sequence[Version]) -> Published | None:
    """Which version is spoken: the one that was published last and not withdrawn."""
    usable = [one for one in versions if one.published_at is not None and one.withdrawn_at is None]
    newest = max(usable, key=lambda one: (one.published_at, one.id), default=None)
    return None if newest is None or newest.published_at is None else Published(newest.digest, newest.published_at)


def state_of(draft_version: int | None, submission: Submission | None, versions: Sequence[Version]) -> ScriptState:
    """The state of a script: `draft` as soon as the draft is newer than what was handed in last."""
    published = published_of(versions)
    if draft_version is not None and (submission is None or draft_version > submission.draft_version):
        return "draft"
    if submission is not None and submission.verdict == "open":
        return "in_review"
    if submission is not None and submission.verdict == "rejected":
        return "rejected"
    if submission is not None and submission.verdict == "approved":
        mine = next((one for one in versions if one.digest == submission.digest), None)
        if mine is not None and mine.withdrawn_at is None and mine.published_at is None:
            return "approved"
    if published is not None:
        return "published"
    return "withdrawn" if any(one.withdrawn_at for one in versions) else "in_review"


def may_review(submission: Submission, reviewer: Person) -> bool:
    """Nobody lets through what they wrote or handed in. People are told apart by their ids; where one has none, by name."""
    if reviewer.user is None or submission.by.user is None:
        return reviewer.name != submission.by.name and reviewer.user not in submission.authors
    return reviewer.user != submission.by.user and reviewer.user not in submission.authors
