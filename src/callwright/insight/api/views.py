"""Calls as the API shows them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy import Row

from callwright.calls.model import mask
from callwright.calls.transcript import Line
from callwright.insight.call_store import Named

__all__ = ["CallRow", "Said", "row_of", "said_of"]


class Said(BaseModel):
    """One sentence."""

    who: str = Field(examples=["caller"], description="robot, caller, agent or note")
    at_ms: int = Field(description="since the call was placed")
    text: str
    note: str = ""


class CallRow(BaseModel):
    """A call in a list."""

    call: str = Field(examples=["4f2a9c0e5b6d47aa8c21"])
    started_at: datetime
    number: str = Field(examples=["+86139***0001"], description='masked, unless you may see it; "" = erased')
    own_number: str
    task: int | None
    task_name: str
    script: str = Field(examples=["membership_renewal"])
    script_version: int | None
    version: str = Field(examples=["9f3c21ab"], description="the beginning of its digest")
    direction: str = Field(examples=["out"])
    answered: bool
    talk_ms: int
    disposition: str = Field(examples=["completed"])
    grade: str = Field(examples=["A"], description='A to F; "" = none')
    reason: str = Field(examples=["agreed to the appointment"])
    tags: list[str]
    agent: int | None = Field(None, description="the user of ours who talked; null = the robot alone", examples=[3])
    agent_name: str = Field("", examples=["Anna Berg"])
    follow_up: str
    recorded: bool
    hits: list[Said] = Field([], description="sentences that hold the words that were looked for")


def row_of(
    row: Row[Any], named: Named, *, whole_numbers: bool, hits: Mapping[str, list[Line]] | None = None
) -> CallRow:
    """A row of `call_store.COLUMNS`."""
    script, digest = named.scripts.get(row.script_version_id, ("", ""))
    number = named.numbers.get(row.person_id, "")
    return CallRow(
        call=row.attempt_id,
        started_at=row.started_at,
        number=number if whole_numbers or not number else mask(number),
        own_number=row.own_number,
        task=row.task_id,
        task_name=named.tasks.get(row.task_id, ""),
        script=script,
        script_version=row.script_version_id,
        version=digest[:8],
        direction=row.direction,
        answered=row.answered,
        talk_ms=row.talk_ms,
        disposition=row.disposition,
        grade=row.grade,
        reason="; ".join(row.grade_reasons),
        tags=row.tags,
        agent=row.agent_id,
        agent_name=named.agents.get(row.agent_id, ""),
        follow_up=row.follow_up,
        recorded=bool(row.recording),
        hits=[said_of(line) for line in (hits or {}).get(row.attempt_id, ())],
    )


def said_of(line: Line) -> Said:
    """A line of a transcript."""
    return Said(who=line.who, at_ms=line.at_ms, text=line.text, note=line.note)
