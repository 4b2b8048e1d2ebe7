"""What a person may do in a running call of this worker, with a browser: listen, whisper, join in, take it over, give it back, hang up.

| request | body | answer |
|---|---|---|
| `POST /calls/{call}/join` | `{offer, mode, user, name}`; mode: `listen`, `takeover` | `{session, answer}` |
| `POST /sessions/{session}` | `{do, user, ...}`; do: `mode` (mode), `keys` (keys), `give_back`, `hang_up`, `leave` | `{}` |
| `POST /calls/{call}/hang-up` | `{user}` | `{}` |

A session is one browser on one call. It ends with the call, or with the browser; a browser that is lost while its person talks gives the call
back to the robot.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from callwright.calls.live import LiveCall, LiveCalls
from callwright.calls.supervision import Supervision, Watching
from callwright.desk.feed import Feed
from callwright.desk.port import refuse
from callwright.desk.waiting import Waiting
from callwright.dialogue.values import Transfer
from callwright.errors import CallwrightError, LineError
from callwright.telephony.port import IncomingLeg

__all__ = ["Answering", "Browser", "Joining", "Order", "Session", "Wish", "read"]

log = logging.getLogger(__name__)


class Browser(IncomingLeg, Protocol):
    """A leg that is a browser."""

    async def connected(self) -> None:
        """Wait until it hears us. Raises LineError: it never came, or has gone."""

    async def gone(self) -> None:
        """Wait until it is over and let go."""


Answering = Callable[[str, str, Callable[[], None]], Awaitable[tuple[Browser, str]]]
"""A browser's offer becomes a leg: (offer, id of the leg, what to call when it is lost) -> (leg, answer). Raises LineError."""

_GROUP = "desk"
_WAIT_S = 20

B = TypeVar("B", bound=BaseModel)


class Wish(BaseModel):
    """A browser wants to be on a call."""

    model_config = ConfigDict(extra="forbid")

    offer: str = Field(min_length=1, max_length=32_768)
    mode: Literal["listen", "takeover"]
    user: int = Field(ge=0)
    name: str = Field(max_length=100)


class Order(BaseModel):
    """What a browser on a call wants."""

    model_config = ConfigDict(extra="forbid")

    do: Literal["mode", "keys", "give_back", "hang_up", "leave"]
    user: int
    mode: Literal["listen", "whisper", "barge"] | None = None
    keys: str = Field("", pattern=r"^[0-9*#A-D]{0,32}$")


class _By(BaseModel):
    model_config = ConfigDict(extra="forbid")

    user: int


@dataclass(slots=True, eq=False)
class Session:
    """A browser on a call. watching: while it supervises; talks: its person has the call; over: it has left."""

    id: str
    call: LiveCall
    user: int
    name: str
    mode: str
    leg: Browser | None = None
    watching: Watching | None = None
    talks: bool = False
    over: bool = False
    task: asyncio.Task[None] | None = field(default=None, repr=False)


class Joining:
    """Of one worker. `routes` go to its port; tasks: who owns what goes on beside."""

    def __init__(
        self,
        live: LiveCalls,
        feed: Feed,
        supervision: Supervision,
        answering: Answering,
        tasks: asyncio.TaskGroup,
        waiting: Waiting | None = None,
    ) -> None:
        self._live, self._feed, self._supervision, self._answering, self._tasks = (
            live,
            feed,
            supervision,
            answering,
            tasks,
        )
        self._waiting = waiting
        self._sessions: dict[str, Session] = {}

    def close(self) -> None:
        """End every session; calls with a person go back to the robot."""
        for session in tuple(self._sessions.values()):
            self.lost(session)
            if session.task is not None:
                session.task.cancel()

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """For the port."""
        return (
            Route("/calls/{call}/join", self._join, methods=["POST"]),
            Route("/calls/{call}/hang-up", self._hang_up, methods=["POST"]),
            Route("/sessions/{session}", self._act, methods=["POST"]),
        )

    # ------------------------------------------------------------ requests

    async def _join(self, request: Request) -> Response:
        call = self._call(request)
        wish = await read(request, Wish)
        self._check(call, wish.mode)
        session = Session(secrets.token_urlsafe(12), call, wish.user, wish.name, wish.mode)
        session.leg, answer = await self.answer(wish.offer, lambda: self.lost(session))
        self._sessions[session.id] = session
        session.task = self._tasks.create_task(self._run(session))
        return JSONResponse({"session": session.id, "answer": answer})

    async def answer(self, offer: str, lost: Callable[[], None]) -> tuple[Browser, str]:
        """A leg that is being connected, and the answer for its browser. Raises LineError: the offer is none."""
        return await self._answering(offer, f"browser-{secrets.token_urlsafe(12)}", lost)

    def accompany(self, call: LiveCall, user: int, name: str, leg: Browser) -> Session:
        """The session of a person who places this call himself: it ends with the call, and a call that nobody has answered ends with it."""
        session = Session(secrets.token_urlsafe(12), call, user, name, "takeover", leg)
        self._sessions[session.id] = session
        session.task = self._tasks.create_task(self._accompany(session, leg))
        return session

    async def talk(self, session: Session) -> bool:
        """Bring the person of a session and the person called together; see `TakeOver`."""
        to = Transfer(_GROUP, wait_s=_WAIT_S)
        with self.talking(session):
            return await self._supervision.take_over(session.call.call_id, f"user:{session.user}", to, session.leg)

    async def _act(self, request: Request) -> Response:
        order = await read(request, Order)
        session = self._sessions.get(request.path_params["session"])
        if session is None or session.user != order.user:
            raise refuse(404, "absent", "there is no such session, or it is over")
        match order.do:
            case "mode":
                if session.watching is None or order.mode is None:
                    raise LineError("this session does not supervise a call")
                session.watching.mode(order.mode)
            case "keys":
                self._keys(session, order.keys)
            case "give_back":
                self._give_back(session)
            case "hang_up" if session.call.leg is None and session.leg is not None:
                await session.leg.hangup("left")  # its own call, which has not been placed yet
            case "hang_up":
                await self._end_call(session.call, order.user)
            case "leave":
                if session.talks:
                    self._give_back(session)
                elif session.leg is not None:
                    await session.leg.hangup("left")
        return JSONResponse({})

    async def _hang_up(self, request: Request) -> Response:
        call = self._call(request)
        await self._end_call(call, (await read(request, _By)).user)
        return JSONResponse({})

    def _call(self, request: Request) -> LiveCall:
        call = self._live.get(request.path_params["call"])
        if call is None:
            raise refuse(404, "absent", "there is no such live call")
        return call

    def _check(self, call: LiveCall, mode: str) -> None:
        row = self._feed.row(call.call_id) or {}
        if not call.answered:
            raise refuse(409, "not-answered", "nobody has answered this call yet, or it is over")
        if mode == "takeover" and (call.take_over is None or row.get("standing") == "person"):
            raise refuse(409, "taken", "this call is with a person already")
        if mode == "listen" and row.get("listeners"):
            raise refuse(409, "listened", "somebody listens to this call already")

    # ------------------------------------------------------------ on the call

    async def _run(self, session: Session) -> None:
        """Until the browser or the call is over."""
        try:
            if session.mode == "listen":
                await self._listen(session)
            else:
                await self._take_over(session)
        except CallwrightError as error:
            log.info("call %s: a browser could not join: %s", session.call.call_id, error)
        finally:
            self._sessions.pop(session.id, None)
            if session.leg is not None:
                await session.leg.hangup("over")

    async def _listen(self, session: Session) -> None:
        def joined(watching: Watching) -> None:
            session.watching = watching

        assert session.leg is not None
        await self._supervision.join(session.call.call_id, session.leg, "listen", f"user:{session.user}", joined)

    async def _take_over(self, session: Session) -> None:
        call, leg = session.call, session.leg
        if leg is not None and self._waiting is not None and self._waiting.give(call.call_id, leg):
            call.log.add("accepted", who=f"user:{session.user}")
            with self.talking(session):
                await leg.gone()
        else:
            await self.talk(session)

    async def _accompany(self, session: Session, leg: Browser) -> None:
        call, over = session.call, asyncio.Event()
        both = (asyncio.create_task(leg.gone()), asyncio.create_task(over.wait()))
        try:
            with call.until_over(over.set):
                if self._live.get(call.call_id) is call:
                    await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
                session.over = True  # a call whose INVITE is just leaving is hung up by its robot
                if not over.is_set() and not call.answered and call.leg is not None:
                    await call.leg.hangup("nobody of ours")
        finally:
            session.over = True
            for one in both:
                one.cancel()
            self._sessions.pop(session.id, None)
            await leg.hangup("over")

    def talking(self, session: Session) -> _Talking:
        """While the body runs, the row of the call says who talks once the two are together."""
        return _Talking(self._feed, session)

    def _give_back(self, session: Session) -> None:
        call = session.call
        if not session.talks or call.give_back is None or not call.give_back():
            raise refuse(409, "not-with-you", "you do not have this call")

    def lost(self, session: Session) -> None:
        """The browser is gone: whoever it talked to goes on with the robot."""
        if session.talks and session.call.give_back is not None:
            session.call.give_back()

    def _keys(self, session: Session, keys: str) -> None:
        if not session.talks or session.call.media is None:
            raise refuse(409, "not-with-you", "you do not have this call")
        session.call.media.send_dtmf(keys)

    async def _end_call(self, call: LiveCall, user: int) -> None:
        if call.leg is None:
            raise refuse(409, "not-dialled", "this call is not under way")
        call.log.add("hung_up", who=f"user:{user}")
        await call.leg.hangup("operator")


class _Talking:
    """Watches the log of a call for the moment in which the two are together."""

    def __init__(self, feed: Feed, session: Session) -> None:
        self._feed, self._session = feed, session

    def __enter__(self) -> None:
        self._session.call.log.watchers.append(self._line)

    def __exit__(self, *_: object) -> None:
        self._session.talks = False
        self._session.call.log.watchers.remove(self._line)

    def _line(self, line: Any) -> None:
        if line["kind"] == "bridged":
            session = self._session
            session.talks = True
            self._feed.tell(session.call.call_id, person=session.name, user=session.user)
        elif line["kind"] in ("given_back", "ended"):
            self._session.talks = False


async def read(request: Request, kind: type[B]) -> B:
    """The body of a request.

    Raises:
        HTTPException: 422, it is none of this kind.
    """
    try:
        return kind.model_validate_json(await request.body())
    except ValidationError as error:
        where = json.dumps([".".join(map(str, one["loc"])) for one in error.errors()])
        raise refuse(422, "invalid", f"the request is not valid: {where}") from None
