"""Questions nobody could answer: put together, turned into a draft of an answer, or left aside."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import anyio.to_thread
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Row, bindparam, select, update

from callwright import audit
from callwright.accounts.roles import Permission
from callwright.campaigns.result_tables import unanswered
from callwright.campaigns.tables import script_version
from callwright.http.fields import Id, Said
from callwright.http.here import Here, needs
from callwright.http.problems import absent, answers
from callwright.insight.questions import TO_WRITE, Asked, clustered, draft, entry_name
from callwright.store.crypto import TenantKeys
from callwright.store.metadata import TENANT

__all__ = ["router"]

router = APIRouter()

MOST = 2000
_SHOWN = 20
_SPOKEN = (script_version.c.tenant_id == unanswered.c.tenant_id) & (
    script_version.c.id == unanswered.c.script_version_id
)
_LIST = (
    select(
        unanswered.c.id, unanswered.c.attempt_id, unanswered.c.sentence, unanswered.c.node, unanswered.c.at_ms,
        script_version.c.script_id,
    )
    .join(script_version, _SPOKEN, isouter=True)
    .where(unanswered.c.tenant_id == TENANT)
)  # fmt: skip
_MOVE = (
    update(unanswered)
    .where(unanswered.c.tenant_id == TENANT, unanswered.c.id.in_(bindparam("ids", expanding=True)))
    .values(state=bindparam("new_state"))
)

State = Literal["open", "drafted", "ignored"]


class QuestionQuery(BaseModel):
    """Which of them."""

    model_config = ConfigDict(extra="forbid")

    state: State = "open"
    script_version: Id | None = None


class AskedView(BaseModel):
    """It was asked in this call."""

    call: str
    sentence: str
    node: str
    at_ms: int


class Question(BaseModel):
    """Sentences that say nearly the same."""

    sentence: str = Field(examples=["有没有停车位"])
    times: int
    ids: list[int] = Field(description="of all its sentences, for /unanswered/settle and /unanswered/draft")
    scripts: list[str] = Field(
        description="that did not know it, the one that was asked most often first", examples=[["appointment"]]
    )
    asked: list[AskedView] = Field(description="the newest ones")


class Questions(BaseModel):
    """The most asked first."""

    items: list[Question]
    more: bool = Field(description="only the newest two thousand sentences were looked at")


class SettleBody(BaseModel):
    """What becomes of sentences."""

    model_config = ConfigDict(extra="forbid")

    ids: list[Id] = Field(min_length=1, max_length=MOST)
    state: State


class DraftBody(BaseModel):
    """An answer to a question. entry: its id in the script, null = made of the question; answer: null = somebody writes it in the studio."""

    model_config = ConfigDict(extra="forbid")

    ids: list[Id] = Field(min_length=1, max_length=MOST)
    entry: str | None = Field(None, pattern=r"^[a-z][a-z0-9_]{0,63}$", examples=["parking"])
    answer: Annotated[Said, Field(max_length=500)] | None = None
    title: Annotated[Said, Field(max_length=100)] | None = None


class Draft(BaseModel):
    """What belongs into the script: an entry of its knowledge base and a test that the question is answered."""

    kb: list[dict[str, Any]]
    tests: list[dict[str, Any]]
    yaml: str


class Settled(BaseModel):
    """How many sentences."""

    sentences: int


@router.get("/unanswered")
async def list_unanswered(
    here: Annotated[Here, needs(Permission.RESULTS_READ)], asked: Annotated[QuestionQuery, Query()]
) -> Questions:
    """What people asked and the script did not know, the same questions put together. Noted in the audit log."""
    statement = _LIST.where(unanswered.c.state == asked.state).order_by(unanswered.c.created_at.desc()).limit(MOST + 1)
    if asked.script_version is not None:
        statement = statement.where(unanswered.c.script_version_id == asked.script_version)
    async with here.keyed() as (scope, keys):
        rows = await scope.all(statement)
        found = await anyio.to_thread.run_sync(_questions, keys, rows[:MOST])
        if rows:
            detail = {"sentences": len(rows)}
            await audit.note(scope, keys, here.viewer, "unanswered.list", ("unanswered", ""), detail, now=here.now())
    return Questions(items=found, more=len(rows) > MOST)


@router.post("/unanswered/settle")
async def settle_unanswered(here: Annotated[Here, needs(Permission.KNOWLEDGE_WRITE)], body: SettleBody) -> Settled:
    """They are drafted, ignored, or open again."""
    async with here.keyed() as (scope, keys):
        count = await scope.run(_MOVE, ids=body.ids, new_state=body.state)
        detail = {"sentences": count, "state": body.state}
        await audit.note(scope, keys, here.viewer, "unanswered.settle", ("unanswered", ""), detail, now=here.now())
    return Settled(sentences=count)


@router.post("/unanswered/draft", responses=answers(404))
async def draft_answer(here: Annotated[Here, needs(Permission.KNOWLEDGE_WRITE)], body: DraftBody) -> Draft:
    """The entry and its test, to be put into a draft of the script. Changes nothing."""
    async with here.reading() as scope:
        keys = await here.keys(scope)
        statement = _LIST.where(unanswered.c.id.in_(bindparam("ids", expanding=True))).order_by(unanswered.c.id.desc())
        rows = await scope.all(statement, ids=body.ids)
    clusters = await anyio.to_thread.run_sync(lambda: clustered([_asked(keys, row) for row in rows]))
    sentences = [_unnamed(one.sentence) for cluster in clusters for one in cluster.asked]
    first = [_unnamed(clusters[0].sentence)] if clusters else []
    if not first:
        raise absent("open question")
    entry = body.entry or entry_name(first[0])
    return Draft(**draft(entry, body.title or first[0][:100], [*first, *sentences], body.answer or TO_WRITE))


def _questions(keys: TenantKeys, rows: Sequence[Row[Any]]) -> list[Question]:
    return [
        Question(
            sentence=cluster.sentence,
            times=len(cluster.asked),
            ids=[one.id for one in cluster.asked],
            scripts=cluster.scripts,
            asked=[
                AskedView(call=one.call, sentence=one.sentence, node=one.node, at_ms=one.at_ms)
                for one in cluster.asked[:_SHOWN]
            ],
        )
        for cluster in clustered([_asked(keys, row) for row in rows])
    ]


def _asked(keys: TenantKeys, row: Row[Any]) -> Asked:
    sentence = keys.open(bytes(row.sentence), f"unanswered.{row.attempt_id}").decode()
    return Asked(row.id, row.attempt_id, sentence, row.node, row.at_ms, row.script_id or "")


def _unnamed(sentence: str) -> str:
    """Without long numbers: what a caller says of himself does not belong into a script."""
    return re.sub(r"\d{5,}", "…", sentence)
