"""Which calls a list shows: what columns say, and what only the index of words finds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import ColumnElement, select

from callwright.campaigns.tables import call_result as kept
from callwright.compliance.tables import person
from callwright.http.fields import Id, Moment, Subject
from callwright.insight.grams import asked, mark, plain
from callwright.store.metadata import TENANT

__all__ = ["CallFilter", "Order", "conditions", "needs_words", "wanted_grams"]

Order = Literal["newest", "oldest", "longest"]
Name = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f]+$")]
Words = Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00]*$")]


class CallFilter(BaseModel):
    """Every part that is given must hold; of a list, one of them."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    grade: list[Annotated[str, StringConstraints(pattern=r"^[A-F-]$")]] = Field(
        [], max_length=7, description="A to F; `-` = none was given", examples=[["A", "B"]]
    )
    disposition: list[Name] = Field([], max_length=30, examples=[["completed"]])
    task: Id | None = None
    script_version: Id | None = None
    subject: Subject | None = Field(
        None, description="whose calls: what stands for a number (`POST /calls/find-person`)"
    )
    own_number: Name | None = Field(None, description="the number that was shown, E.164")
    agent: Id | None = Field(None, description="the user of ours who talked")
    answered: bool | None = None
    since: Moment | None = Field(None, description="begun at this moment or later")
    before: Moment | None = Field(None, description="begun before this moment")
    talk_from_s: int | None = Field(None, ge=0, le=86_400)
    talk_to_s: int | None = Field(None, ge=0, le=86_400)
    tag: Name | None = None
    node: Name | None = Field(None, description="a node of the script that the call passed")
    kb: Name | None = Field(None, description="a knowledge entry that was told")
    slot: Words | None = Field(
        None,
        pattern=r"^[^=\x00]+=[^\x00]+$",
        description="a value that was registered: `NAME=VALUE`",
        examples=["city=上海"],
    )
    words: Words | None = Field(
        None, description="what the person called, or an agent, said; Chinese by characters, others by whole words"
    )


def conditions(wanted: CallFilter) -> list[ColumnElement[bool]]:
    """Of `call_result`, what its columns can say."""
    found: list[ColumnElement[bool]] = []
    if wanted.grade:
        grades = ["" if grade == "-" else grade for grade in wanted.grade]
        found.append(kept.c.grade == grades[0] if len(grades) == 1 else kept.c.grade.in_(grades))
    if wanted.disposition:
        names = wanted.disposition
        found.append(kept.c.disposition == names[0] if len(names) == 1 else kept.c.disposition.in_(names))
    equal: dict[str, Any] = {
        "task_id": wanted.task,
        "script_version_id": wanted.script_version,
        "own_number": wanted.own_number,
        "agent_id": wanted.agent,
        "answered": wanted.answered,
    }
    found += [kept.c[name] == value for name, value in equal.items() if value is not None]
    if wanted.subject is not None:
        index = bytes.fromhex(wanted.subject)
        whose = select(person.c.id).where(person.c.tenant_id == TENANT, person.c.number_index == index)
        found.append(kept.c.person_id == whose.scalar_subquery())
    if wanted.since is not None:
        found.append(kept.c.started_at >= wanted.since)
    if wanted.before is not None:
        found.append(kept.c.started_at < wanted.before)
    if wanted.talk_from_s is not None:
        found.append(kept.c.talk_ms >= wanted.talk_from_s * 1000)
    if wanted.talk_to_s is not None:
        found.append(kept.c.talk_ms <= wanted.talk_to_s * 1000)
    return found


def wanted_grams(wanted: CallFilter) -> list[str]:
    """What a call must hold in the index; none = columns alone decide, or the words ask for nothing."""
    return [*_marks(wanted), *(asked(wanted.words) if wanted.words else [])]


def needs_words(wanted: CallFilter) -> bool:
    """Whether the sentences have to be looked at: a question of more than one gram may be scattered over them."""
    return bool(wanted.words) and len(asked(wanted.words or "")) > 1


def _marks(wanted: CallFilter) -> Iterator[str]:
    for kind, name in (("tag", wanted.tag), ("node", wanted.node), ("kb", wanted.kb)):
        if name is not None:
            yield mark(kind, name)
    if wanted.slot is not None:
        name, _, value = wanted.slot.partition("=")
        yield mark("slot", f"{name.strip()}={plain(value.strip())}")
