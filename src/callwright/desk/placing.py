"""An agent calls somebody by a click: the same gate, caps and record as any call, placed by this worker, with the agent's browser on it as soon
as somebody answers. `POST /dial` of the worker's port.

It is a call of the robot that a person takes over at once: the robot says nothing as long as that person talks, and goes on when the call is
given back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from callwright.calls.live import LiveCall, LiveCalls
from callwright.campaigns.direct import Asked
from callwright.campaigns.gate import Refused
from callwright.desk.joining import Joining, Wish, read
from callwright.desk.port import refuse

__all__ = ["Click", "Place", "Placing"]

Place = Callable[[Asked, Mapping[str, str]], Awaitable[str | Refused]]
"""Decide, write it down, and begin the call: its id. Raises LineError: no room now."""

_BEGUN_S = 20.0


class Click(BaseModel):
    """Whom an agent calls, and with what."""

    model_config = ConfigDict(extra="forbid")

    number: str
    script: str
    company: int
    line: str
    pool: str
    ring_s: float
    variables: dict[str, str]
    offer: str = Field(min_length=1, max_length=32_768)
    user: int
    name: str


class Placing:
    """Of one worker. place: set once the worker is there."""

    def __init__(self, live: LiveCalls, joining: Joining) -> None:
        self.place: Place | None = None
        self._live, self._joining = live, joining

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """For the port."""
        return (Route("/dial", self._dial, methods=["POST"]),)

    async def _dial(self, request: Request) -> Response:
        click = await read(request, Click)
        if self.place is None:
            raise refuse(409, "not-ready", "this worker is not ready yet")
        asked = Asked(click.number, click.script, click.company, click.line, click.pool, click.ring_s, origin="agent")
        found = await self.place(asked, click.variables)
        if isinstance(found, Refused):
            return JSONResponse({"refused": found.reason, "record": found.record})
        call = await self._begun(found)
        wish = Wish(offer=click.offer, mode="takeover", user=click.user, name=click.name)
        session, answer = await self._joining.begin(call, wish)
        self._joining.run(session, self._answered(call))
        return JSONResponse({"call": found, "session": session.id, "answer": answer})

    async def _begun(self, call_id: str) -> LiveCall:
        """The call is under way: it may still be that its robot is made ready."""
        begun: asyncio.Future[LiveCall] = asyncio.get_running_loop().create_future()

        def take(call: LiveCall) -> None:
            if call.call_id == call_id and not begun.done():
                begun.set_result(call)

        self._live.on_begin.append(take)
        try:
            known = self._live.get(call_id)
            if known is not None:
                return known
            async with asyncio.timeout(_BEGUN_S):
                return await begun
        except TimeoutError:
            raise refuse(409, "not-begun", "the call could not be begun in time") from None
        finally:
            self._live.on_begin.remove(take)

    async def _answered(self, call: LiveCall) -> bool:
        """Wait until somebody has answered; False: the call is over without."""
        answered, over = asyncio.Event(), asyncio.Event()

        def line(told: Mapping[str, Any]) -> None:
            if told["kind"] == "connected":
                answered.set()
            elif told["kind"] == "ended":
                over.set()
                answered.set()

        call.log.watchers.append(line)
        try:
            if not call.answered:
                await answered.wait()
        finally:
            call.log.watchers.remove(line)
        while call.take_over is None and call.answered and not over.is_set():  # noqa: ASYNC110 - set just after that line
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.02)  # its conversation has begun
        return call.answered
