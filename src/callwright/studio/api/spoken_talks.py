"""Routes of talking to a draft by microphone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Literal, cast

from fastapi import APIRouter
from pydantic import BaseModel, Field

from callwright.accounts.roles import Permission
from callwright.http.events import EventStream, events
from callwright.http.fields import Text
from callwright.http.here import Here, needs
from callwright.http.problems import ApiError, answers
from callwright.studio.api.views import Body, ScriptText, TalkId, Variables, owner
from callwright.studio.booths import Booths
from callwright.studio.spoken import Rehearsal
from callwright.studio.talks import checked
from callwright.studio.workshop import workshop

__all__ = ["router"]

router = APIRouter(prefix="/spoken-talks")
Reads = Annotated[Here, needs(Permission.SCRIPTS_READ)]


class NewSpokenTalk(Body):
    """variables: values of the script's `vars`; those left out take their example. offer: of the browser, with one audio stream."""

    text: ScriptText
    variables: Variables
    offer: Text = Field(min_length=1, max_length=32_768, description="SDP of the browser's offer", examples=["v=0..."])


class SpokenTalk(BaseModel):
    """The robot is ready, and speaks as soon as the browser is connected."""

    id: str = Field(examples=["Zk3v0xJ2m5bQpW1a"])
    answer: str = Field(description="SDP for the browser")
    seconds: int = Field(description="how long it lasts at most")


class SpokenDeed(Body):
    """What the caller does besides speaking: press `keys`, or hang up."""

    do: Literal["keys", "hang_up"]
    keys: str = Field("", pattern=r"^[0-9*#]{0,32}$", examples=["1"])


@router.post("", status_code=201, responses=answers(409))
async def start_spoken_talk(here: Reads, body: NewSpokenTalk) -> SpokenTalk:
    """Begin a conversation by microphone with a text. Nobody is dialled, actions are only shown, and nothing is kept. A viewer has one, which
    ends when another one begins; 409 tells that no speech model is there for the script's language, and how to get it; 503 `no-place` that as
    many people talk as can be served."""
    if "m=audio" not in body.offer:
        raise ApiError(422, "offer", "the offer holds no audio")
    await workshop(here).beside(checked, body.text, here.now().date())
    booths = _booths(here)
    rehearsal = Rehearsal(body.text, body.offer, body.variables, booths.bounds.seconds)
    booth = await booths.begin(owner(here.viewer), rehearsal.with_settings(here.settings))
    return SpokenTalk(id=booth.id, answer=booth.answer, seconds=int(booths.bounds.seconds))


@router.get("/{talk}/events", response_class=EventStream, responses=answers(404))
async def watch_spoken_talk(here: Reads, talk: TalkId) -> EventStream:
    """Events `line` of a conversation from its beginning: what is heard (as it is spoken) and said, every decision with its data, what would be
    done, where it stands; the last one is `over`. Events `begin`: they begin from the first one. Somebody must follow them: else it ends."""
    booths = _booths(here)
    booth = booths.find(owner(here.viewer), talk)

    async def told() -> AsyncIterator[tuple[str, str]]:
        yield "begin", "{}"
        async with aclosing(booths.follow(booth)) as told_so_far:
            async for event in told_so_far:
                yield "line", event

    return events(here, told())


@router.post("/{talk}", status_code=204, responses=answers(404, 409))
async def act_in_spoken_talk(here: Reads, talk: TalkId, body: SpokenDeed) -> None:
    """Press keys, or hang up: the script does what it does when a caller hangs up."""
    booth = _booths(here).find(owner(here.viewer), talk)
    if body.do == "hang_up":
        booth.order(do="hang_up")
    else:
        booth.order(keys=body.keys)


@router.delete("/{talk}", status_code=204, responses=answers(404))
async def end_spoken_talk(here: Reads, talk: TalkId) -> None:
    """End a conversation at once."""
    _booths(here).find(owner(here.viewer), talk).end()


def _booths(here: Here) -> Booths:
    return cast(Booths, here.request.app.state.booths)
