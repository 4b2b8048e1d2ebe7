"""Routes of tables: knowledge that comes as CSV, and the sheet of what a speaker has to read."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from callwright.accounts.roles import Permission
from callwright.http.fields import Text
from callwright.http.here import Here, needs
from callwright.http.problems import Detail, detail_of
from callwright.script.loader import loads
from callwright.script.sheet import recording_sheet, unrecordable
from callwright.studio.api.views import Body, ScriptText
from callwright.studio.questions import read_questions
from callwright.studio.workshop import workshop
from callwright.yaml_file import MAX_BYTES

__all__ = ["router"]

router = APIRouter()
Reads = Annotated[Here, needs(Permission.SCRIPTS_READ)]


class QuestionTable(Body):
    """text: of a CSV in UTF-8. Its first line names the columns: question, answer, phrases, title, id (问题, 答案, 相似问, 标题, 编号)."""

    text: Annotated[Text, Field(max_length=MAX_BYTES, examples=["question,answer\nhow much is it?,Forty pounds.\n"])]


class QuestionView(BaseModel):
    id: str
    title: str
    phrases: list[str]
    answers: list[str]
    line: int


class QuestionsView(BaseModel):
    """Entries for `kb`, and the rows that are none."""

    entries: list[QuestionView]
    problems: list[Detail]


class SheetText(Body):
    text: ScriptText


class SheetLine(BaseModel):
    """One recording. text: what is read; whole: the wording it is a part of (in [ ]); where: its place in the script; named: whether the
    script names this file in `audio`."""

    file: str
    text: str
    whole: str
    where: str
    named: bool


class SheetView(BaseModel):
    lines: list[SheetLine]
    spoken: list[str] = Field(description="texts that are always synthesised")


@router.post("/script-questions")
async def read_script_questions(here: Reads, body: QuestionTable) -> QuestionsView:
    """Read a table of questions and answers as knowledge entries. Nothing is kept: an editor adds them to its text."""
    found = await workshop(here).beside(read_questions, body.text)
    return QuestionsView(
        entries=[
            QuestionView(
                id=one.id, title=one.title, phrases=list(one.phrases), answers=list(one.answers), line=one.line
            )
            for one in found.entries
        ],
        problems=[detail_of(each) for each in found.problems],
    )


@router.post("/script-sheets")
async def read_script_sheet(here: Reads, body: SheetText) -> SheetView:
    """What a speaker has to read for a text, wording by wording, with the name of each file."""
    return await workshop(here).beside(_sheet, body.text)


def _sheet(text: str) -> SheetView:
    script = loads(text, "").script
    lines = [
        SheetLine(file=one.file, text=one.text, whole=one.whole, where=one.where, named=one.named)
        for one in recording_sheet(script)
    ]
    return SheetView(lines=lines, spoken=list(unrecordable(script)))
