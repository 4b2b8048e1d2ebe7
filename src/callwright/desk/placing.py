"""Somebody is called now, by name: the same gate, caps and record as any call, placed by this worker. `POST /dial` of the worker's port.

Without an offer the robot talks. With one an agent clicked, and nobody's telephone rings for a person who is not there: his browser is connected
first. It is a call of the robot that this person places: the robot says nothing as long as he talks, and goes on when he gives the call back.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from callwright.calls.live import LiveCall, LiveCalls, Placer
from callwright.campaigns.direct import Asked, dial_now
from callwright.campaigns.intents import Dial, Refused, Veto
from callwright.campaigns.model import plan_from
from callwright.campaigns.states import APPROVED
from callwright.campaigns.worker import Worker
from callwright.desk.joining import Browser, Joining, Session, read
from callwright.desk.port import refuse
from callwright.desk.store import TASK
from callwright.errors import CallwrightError, LineError
from callwright.store.crypto import TenantKeys
from callwright.store.database import Database

__all__ = ["ByName", "Order", "Place", "Placing"]

log = logging.getLogger(__name__)

_BEGUN_S = 20.0
_THERE_S = 7.0  # with what the robot needs, less than the permit is good for (`worker.Worker._call`)


class Order(BaseModel):
    """Who is called, in the frame of a task. lead: of whom is called, if one is known; offer, user, name: of the agent who clicked; "" = the
    robot's call."""

    model_config = ConfigDict(extra="forbid")

    number: str
    task: int
    lead: int | None = None
    variables: dict[str, str]
    offer: str = Field("", max_length=32_768)
    user: int = 0
    name: str = ""


class Place(Protocol):
    """Who places such calls."""

    async def prepare(self, order: Order) -> None:
        """Make ready whatever takes long, before anybody waits. Raises LineError: this worker does not have the line of this task."""

    async def __call__(self, order: Order, placer: Placer | None = None) -> Dial | Refused:
        """Decide, write it down, and begin the call; placer: the person who talks first. Raises LineError: the line has no room now."""


class _OnLine:
    """See `calls.live.Placer`: an agent with a browser. session: once the call has begun."""

    def __init__(self, joining: Joining) -> None:
        self._joining = joining
        self._session: asyncio.Future[Session] = asyncio.get_running_loop().create_future()
        self._leg: Browser | None = None
        self._left = False

    @property
    def here(self) -> bool:
        return not self._left and not (self._session.done() and self._session.result().over)

    async def answer(self, offer: str) -> str:
        """Connect the browser."""
        self._leg, answer = await self._joining.answer(offer, self._lost)
        return answer

    def begun(self, call: LiveCall, order: Order) -> Session:
        """The call is under way."""
        assert self._leg is not None
        session = self._joining.accompany(call, order.user, order.name, self._leg)
        if not self._session.done():
            self._session.set_result(session)
        return session

    async def leave(self) -> None:
        """Nothing comes of it."""
        self._left = True
        if self._leg is not None:
            await self._leg.hangup("over")

    async def there(self) -> None:
        try:
            async with asyncio.timeout(_THERE_S):
                session = await self._session
                if session.leg is not None:
                    await session.leg.connected()
        except TimeoutError:
            await self.leave()
            raise LineError("the browser of the agent did not connect in time: nobody was rung") from None

    async def talk(self) -> bool:
        session = self._session.result()
        if not self.here:
            return False
        try:
            return await self._joining.talk(session)
        except CallwrightError as error:
            log.info(
                "call %s: its agent cannot be brought together with whom he calls: %s", session.call.call_id, error
            )
            return False

    def _lost(self) -> None:
        self._left = True
        if self._session.done():
            self._joining.lost(self._session.result())


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
        try:
            await self.place.prepare(order)
        except LineError as error:
            raise refuse(409, "no-line", str(error)) from None
        if order.offer:
            return await self._for_agent(self.place, order)
        found = await self.place(order)
        if isinstance(found, Refused):
            return JSONResponse({"refused": _told(found)})
        return JSONResponse({"call": found.attempt, "record": found.record})

    async def _for_agent(self, place: Place, order: Order) -> Response:
        person = _OnLine(self._joining)
        answer = await person.answer(order.offer)
        try:
            found = await place(order, person)
            if isinstance(found, Refused):
                await person.leave()
                return JSONResponse({"refused": _told(found)})
            session = person.begun(await self._begun(found.attempt), order)
        except BaseException:
            await person.leave()
            raise
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


def _told(found: Refused) -> Mapping[str, str | None]:
    following = found.next_allowed_at
    return {
        "pack": found.pack, "rule": found.reason, "detail": found.detail, "record": found.record,
        "next_allowed_at": None if following is None else following.isoformat(),
    }  # fmt: skip


async def _nothing(data: Mapping[str, object]) -> Veto | None:
    return None


@dataclass(frozen=True, slots=True)
class ByName:
    """See `Place`: decided, written and begun by a worker, beside its tasks.

    ready: makes who speaks a version (its digest); veto: asks the customer's pre-dial webhook; lines: names of the trunks it has, None = all;
    placers: by attempt, of calls that a person of ours places, until they begin.
    """

    worker: Worker
    database: Database
    tenant: int
    keys: TenantKeys
    tasks: asyncio.TaskGroup
    ready: Callable[[str], Awaitable[object]]
    veto: Callable[[Mapping[str, object]], Awaitable[Veto | None]] = _nothing
    lines: frozenset[str] | None = None
    placers: dict[str, Placer] = field(default_factory=dict)

    async def prepare(self, order: Order) -> None:
        self.worker.check_rested()
        asked = await self._asked(order)
        if self.lines is not None and asked.line not in self.lines:
            raise LineError(f"this worker does not have the line {asked.line}")
        await self.ready(asked.script)

    async def __call__(self, order: Order, placer: Placer | None = None) -> Dial | Refused:
        asked = await self._asked(order)
        veto = await self.veto({"task": order.task, "lead": order.lead, "attempt": 1, "origin": asked.origin})
        asked = replace(asked, veto=veto)
        worker, permitted = self.worker, time.monotonic()
        async with self.database.scope(self.tenant, keyed=True) as scope:
            found = await dial_now(scope, self.keys, worker.terms, asked, order.variables, worker.name, worker.now())
        if isinstance(found, Dial):
            if placer is not None:
                self.placers[found.attempt] = placer
            calling = self.tasks.create_task(worker.call(found, permitted))
            calling.add_done_callback(lambda _: self.placers.pop(found.attempt, None))
        return found

    async def _asked(self, order: Order) -> Asked:
        async with self.database.reading(self.tenant) as scope:
            row = await scope.first(TASK, task=order.task)
        if row is None:
            raise LineError(f"there is no task {order.task}")
        if row.state not in APPROVED:
            raise LineError(f"task {order.task} is {row.state}: its plan was not approved")
        plan = plan_from(row.plan)
        script, origin = plan.scripts[0].digest or "", "agent" if order.offer else "api"
        return Asked(order.number, script, row.company_id, row.line, plan.numbers, plan.ring_s, origin, plan)
