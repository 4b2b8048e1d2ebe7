"""Routes of talking to a draft."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from callwright.accounts.roles import Permission
from callwright.dialogue.state import plain
from callwright.http.fields import Text
from callwright.http.here import Here, needs
from callwright.http.problems import answers
from callwright.studio.api.views import Body, ScriptText, TalkId, Variables, owner
from callwright.studio.showing import DECISIONS
from callwright.studio.talks import Talk, TalkTurn, prepare
from callwright.studio.workshop import workshop

__all__ = ["router"]

router = APIRouter(prefix="/script-talks")
Reads = Annotated[Here, needs(Permission.SCRIPTS_READ)]


class NewTalk(Body):
    """variables: values of the script's `vars`; those left out take their example."""

    text: ScriptText
    variables: Variables
    answered_by: Literal["human", "machine"] = "human"


class TalkDeed(Body):
    """What the caller does: `say` words, `key` digits, `silence`, `hang_up`; `ok` or `failed` is how an awaited action or transfer came back."""

    deed: Literal["say", "key", "silence", "hang_up", "machine", "ok", "failed"]
    words: Text = Field("", max_length=1000, examples=["how much is it?"])


class TalkSaid(BaseModel):
    text: str
    source: str = Field(description="where the wording stands", examples=["node:opening/say/0"])
    node: str


class TalkDecision(BaseModel):
    """One decision and its data: candidates with scores, the ranking with the runner-up, the slot and its value, the next node."""

    kind: str = Field(examples=["understood"])
    data: dict[str, Any]


class TalkAct(BaseModel):
    kind: str
    text: str


class TalkTurnView(BaseModel):
    said: list[TalkSaid]
    acts: list[TalkAct]
    decisions: list[TalkDecision]
    explained: list[str] = Field(description="the decisions in short English lines")


class TalkStand(BaseModel):
    """How the conversation stands. phase: `listening`, `action` or `transfer` (answer with `ok` or `failed`), `ended`."""

    node: str
    phase: str
    turns: int
    end: str | None
    grade: str | None
    grade_title: str
    reason: str
    score: float
    milestone: int
    slots: dict[str, Any]
    tags: list[str]
    knowledge: dict[str, int]
    counters: dict[str, int]


class TalkView(BaseModel):
    id: str
    turn: TalkTurnView
    stand: TalkStand


@router.post("", status_code=201)
async def start_script_talk(here: Reads, body: NewTalk) -> TalkView:
    """Begin a conversation with a text: the call is answered, the robot speaks first. A viewer has at most three; they end after half an hour
    without a word."""
    shop = workshop(here)
    dialogue = shop.talks.trained(body.text)
    if dialogue is None:
        dialogue = await shop.beside(prepare, body.text, here.now().date())
        shop.talks.remember(body.text, dialogue)
    talk, turn = shop.talks.start(owner(here.viewer), dialogue, body.variables, body.answered_by, here.now())
    return _view(talk, turn)


@router.post("/{talk}", responses=answers(404, 409))
async def continue_script_talk(here: Reads, talk: TalkId, body: TalkDeed) -> TalkView:
    """The caller says or does something: what the robot answers, and why."""
    return _view(*workshop(here).talks.deed(owner(here.viewer), talk, body.deed, body.words))


@router.delete("/{talk}", status_code=204, responses=answers(404))
async def end_script_talk(here: Reads, talk: TalkId) -> None:
    """Forget a conversation."""
    workshop(here).talks.end(owner(here.viewer), talk)


def _view(talk: Talk, turn: TalkTurn) -> TalkView:
    came, state = talk.came, talk.state
    return TalkView(
        id=talk.id,
        turn=TalkTurnView(
            said=[TalkSaid(text=say.text, source=say.source, node=say.node) for say in turn.said],
            acts=[TalkAct(kind=kind, text=text) for kind, text in turn.acts],
            decisions=[
                TalkDecision(kind=entry.kind, data=plain(entry.data)) for entry in turn.entries if entry.kind in DECISIONS
            ],
            explained=list(turn.explained),
        ),
        stand=TalkStand(
            node=state.node, phase=state.phase, turns=talk.turns, end=state.end, grade=came.grade, grade_title=came.grade_title,
            reason=came.reason, score=came.score, milestone=came.milestone, slots=plain(came.slots), tags=list(came.tags),
            knowledge=dict(came.kb), counters=dict(came.counters),
        ),
    )  # fmt: skip
