"""What the studio's routes take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Header, Path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from callwright.accounts.model import Viewer
from callwright.http.fields import Text
from callwright.http.problems import ApiError, Detail, detail_of
from callwright.studio.examining import Checked
from callwright.studio.model import Draft, Person, Save, ScriptState, Standing, Submission, Version
from callwright.studio.talks import Owner
from callwright.yaml_file import MAX_BYTES

__all__ = [
    "Body",
    "CheckedView",
    "Digest",
    "IfMatch",
    "SaveView",
    "ScriptDraftView",
    "ScriptId",
    "ScriptStandingView",
    "ScriptText",
    "ScriptVersionView",
    "SubmissionView",
    "TalkId",
    "Variables",
    "checked_view",
    "draft_view",
    "etag",
    "owner",
    "person",
    "save_view",
    "seen_of",
    "standing_view",
    "submission_view",
    "version_view",
]

EXAMPLE = "format: script/1\nid: visit\ntitle: Visit\nlang: en\npurpose: service\n"


def _unicode(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("it holds characters that are not Unicode") from None
    return value


ScriptId = Annotated[str, Path(pattern=r"^[\w.-]{1,64}$", description="id of the script", examples=["appointment"])]
Digest = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="sha256 of the version's text")]
ScriptText = Annotated[Text, AfterValidator(_unicode), Field(max_length=MAX_BYTES, examples=[EXAMPLE])]
TalkId = Annotated[str, Path(pattern=r"^[\w-]{10,64}$")]
Variables = Annotated[
    dict[Annotated[Text, Field(max_length=64)], Annotated[Text, Field(max_length=500)]],
    Field(default_factory=dict, max_length=100, examples=[{"company": "Acme"}]),
]
IfMatch = Annotated[
    str,
    Header(
        alias="If-Match",
        pattern=r'^"?[0-9]{1,9}"?$',
        description="ETag of the draft as it was read: nothing is written over what others saved since",
        examples=['"3"'],
    ),
]


class Body(BaseModel):
    """A body: what it does not know, it refuses."""

    model_config = ConfigDict(extra="forbid")


class PublishedView(BaseModel):
    digest: str
    at: datetime


class ScriptStandingView(BaseModel):
    """A script in the list. state: of what was done last; title, language, purpose: as the draft says, empty where nothing could be read."""

    script: str = Field(examples=["appointment"])
    title: str
    language: str
    purpose: str
    state: ScriptState
    draft_version: int | None = Field(description="null = there is no draft, only versions")
    changed_by: str
    changed_at: datetime
    published: PublishedView | None
    versions: int


class ScriptDraftView(BaseModel):
    """A draft. Its ETag, for If-Match, is its version."""

    script: str
    text: str
    version: int
    title: str
    language: str
    purpose: str
    updated_by: str
    updated_at: datetime


class SaveView(BaseModel):
    version: int
    by: str
    at: datetime
    note: str
    text: str | None = None


class SubmissionView(BaseModel):
    id: int
    digest: str
    draft_version: int
    note: str
    by: str
    at: datetime
    verdict: Literal["open", "approved", "rejected", "replaced"]
    reason: str
    decided_by: str | None
    decided_at: datetime | None


class ScriptVersionView(BaseModel):
    """A version. approved_by: null = nobody yet; published_at: since when it may be spoken; current: it is what a task gets that names none."""

    digest: str
    submitted_by: str
    submitted_at: datetime
    approved_by: str | None
    published_at: datetime | None
    withdrawn_at: datetime | None
    withdrawn_by: str | None
    current: bool = False
    text: str | None = None


class CheckedView(BaseModel):
    """Problems in file order. explored: whether the model checker went through every conversation: `no` = it was not asked or errors come
    first, `stopped` = the time was over."""

    problems: list[Detail]
    errors: int
    warnings: int
    explored: Literal["yes", "no", "stopped"]


def owner(viewer: Viewer) -> Owner:
    """Whose a talk to a script is."""
    return viewer.tenant, viewer.user, viewer.token


def person(viewer: Viewer) -> Person:
    """Who does something, as it is kept."""
    return Person(viewer.name[:100], viewer.user)


def etag(version: int) -> str:
    """Of a draft."""
    return f'"{version}"'


def seen_of(header: str) -> int:
    """The version in an If-Match.

    Raises:
        ApiError: 422.
    """
    try:
        return int(header.strip('"'))
    except ValueError:
        raise ApiError(422, "if-match", "If-Match is no ETag of a draft") from None


def standing_view(one: Standing) -> ScriptStandingView:
    published = None if one.published is None else PublishedView(digest=one.published.digest, at=one.published.at)
    return ScriptStandingView(
        script=one.script, title=one.title, language=one.language, purpose=one.purpose, state=one.state, draft_version=one.draft_version,
        changed_by=one.changed_by, changed_at=one.changed_at, published=published, versions=one.versions,
    )  # fmt: skip


def draft_view(one: Draft) -> ScriptDraftView:
    return ScriptDraftView(
        script=one.script, text=one.text, version=one.version, title=one.title, language=one.language, purpose=one.purpose,
        updated_by=one.updated_by.name, updated_at=one.updated_at,
    )  # fmt: skip


def save_view(one: Save) -> SaveView:
    return SaveView(version=one.version, by=one.by.name, at=one.at, note=one.note, text=one.text or None)


def submission_view(one: Submission) -> SubmissionView:
    return SubmissionView(
        id=one.id, digest=one.digest, draft_version=one.draft_version, note=one.note, by=one.by.name, at=one.at, verdict=one.verdict,
        reason=one.reason, decided_by=one.decided_by, decided_at=one.decided_at,
    )  # fmt: skip


def version_view(one: Version, current: str | None) -> ScriptVersionView:
    return ScriptVersionView(
        digest=one.digest, submitted_by=one.submitted_by, submitted_at=one.submitted_at, approved_by=one.approved_by,
        published_at=one.published_at, withdrawn_at=one.withdrawn_at, withdrawn_by=one.withdrawn_by, current=one.digest == current,
        text=one.text or None,
    )  # fmt: skip


def checked_view(found: Checked) -> CheckedView:
    details = [detail_of(each) for each in found.problems[:500]]
    errors = sum(each.severity == "error" for each in found.problems)
    return CheckedView(problems=details, errors=errors, warnings=len(found.problems) - errors, explored=found.explored)
