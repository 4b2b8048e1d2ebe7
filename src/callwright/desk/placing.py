"""Somebody is called now, by name: the same gate, caps and record as any call, placed by this worker. `POST /dial` of the worker's port.

Without an offer the robot talks. With one an agent clicked, and his browser is on the call as soon as somebody answers: a call of the robot that
a person takes over at once. The robot says nothing as long as that person talks, and goes on when the call is given back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from callwright.calls.live import LiveCall, LiveCalls
from callwright.campaigns.direct import Asked, dial_now
from callwright.campaigns.gate import Dial, Refused
from callwright.campaigns.worker import Worker
from callwright.desk.joining import Joining, Wish, read
from callwright.desk.port import refuse
from callwright.store.crypto import TenantKeys
from callwright.store.database import Database

__all__ = ["Order", "Place", "Placing", "placed_by"]

Place = Callable[[Asked, Mapping[str, str]], Awaitable[Dial | Refused]]
"""Decide, write it down, and begin the call. Raises LineError: no room now."""

_BEGUN_S = 20.0


class Order(BaseModel):
    """Who is called, and with what. offer, user, name: of the agent who clicked; "" = the robot's call."""

    model_config = ConfigDict(extra="forbid")

    number: str
    script: str
    company: int
    line: str
    pool: str
    ring_s: float
    variables: dict[str, str]
    offer: str = Field("", max_length=32_768)
    user: int = 0
    name: str = ""


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
        order = await read(request, Order)
        if self.place is None:
            raise refuse(409, "not-ready", "this worker is not ready yet")
        origin = "agent" if order.offer else "api"
        asked = Asked(order.number, order.script, order.company, order.line, order.pool, order.ring_s, origin)
        found = await self.place(asked, order.variables)
        if isinstance(found, Refused):
            again = found.next_allowed_at and found.next_allowed_at.isoformat()
            return JSONResponse({"refused": found.reason, "record": found.record, "next_allowed_at": again})
        if not order.offer:
            return JSONResponse({"call": found.attempt, "record": found.record})
        call = await self._begun(found.attempt)
        wish = Wish(offer=order.offer, mode="takeover", user=order.user, name=order.name)
        session, answer = await self._joining.begin(call, wish)
        self._joining.run(session, self._answered(call))
        return JSONResponse({"call": found.attempt, "session": session.id, "answer": answer})

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


def placed_by(
    worker: Worker,
    database: Database,
    tenant: int,
    keys: TenantKeys,
    tasks: asyncio.TaskGroup,
    ready: Callable[[str], Awaitable[object]],
) -> Place:
    """Decided, written and begun by this worker, beside its tasks. ready: makes who speaks a version (its digest) before anything is decided, so
    that no permit grows old meanwhile."""

    async def place(asked: Asked, variables: Mapping[str, str]) -> Dial | Refused:
        await ready(asked.script)
        permitted = time.monotonic()
        async with database.scope(tenant) as scope:
            order = await dial_now(scope, keys, worker.terms, asked, dict(variables), worker.name, worker.now())
        if isinstance(order, Dial):
            tasks.create_task(worker.call(order, permitted))
        return order

    return place
