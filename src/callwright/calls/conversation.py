"""The conversation of one answered call: events go into the dialogue, its acts go to mouth, ears, outbox and desk."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import anyio
from anyio.abc import TaskGroup

from callwright.calls.ears import Ears, EarsParts
from callwright.calls.log import EventLog
from callwright.calls.mouth import Mouth, Prepare
from callwright.calls.outbox import Outbox
from callwright.dialogue.engine import Dialogue
from callwright.dialogue.values import (
    Act,
    ActionDone,
    Answered,
    Do,
    Dtmf,
    End,
    Event,
    Hangup,
    Heard,
    Listen,
    Say,
    Silence,
    TimeUp,
    Transfer,
    TransferDone,
)
from callwright.telephony.port import Leg, Media

__all__ = ["Conversation", "Seat"]

Handover = Callable[
    [Leg, Transfer, EventLog, Callable[[], None]], Awaitable[bool]
]  # returns when the person has gone again


@dataclass(frozen=True, slots=True)
class Seat:
    """What a conversation is given: the shared parts, and this call's log, variables and watcher."""

    dialogue: Dialogue
    ears: EarsParts
    prepare: Prepare
    outbox: Outbox
    handover: Handover
    log: EventLog
    variables: Mapping[str, str]
    tell: Callable[[str, str], None]


class Conversation:
    """`run` talks until the dialogue ends or the caller is gone. A fault ends the call with a named cause, never silently."""

    def __init__(self, seat: Seat, leg: Leg, media: Media, now: datetime) -> None:
        self._seat = seat
        self._leg = leg
        self._media = media
        self._begun_ms = seat.log.now_ms()
        self._send, self._inbox = anyio.create_memory_object_stream[Event](math.inf)
        self._mouth = Mouth(media, seat.prepare, seat.log, seat.log.now_ms)
        self._ears = Ears(seat.ears, self._mouth, seat.log, self.now_ms, self._hear)
        self._over = anyio.Event()
        self._ended = False
        self._gone = False
        self._with_person = False
        self._tasks: TaskGroup
        self.state = seat.dialogue.start(seat.variables, now.isoformat(timespec="minutes"))
        self.end = ""
        self.turns = 0

    def now_ms(self) -> int:
        """ms since the call was answered: the dialogue's clock."""
        return self._seat.log.now_ms() - self._begun_ms

    def key(self, digit: str) -> None:
        """A key was pressed."""
        self._seat.log.add("key", digit=digit)
        self._hear(Dtmf(self.now_ms(), digit))

    def gone(self, by: Literal["us", "peer", "network"]) -> None:
        """The leg has ended; what was agreed so far stays."""
        if not self._gone:
            self._gone = True
            self._hear(Hangup(self.now_ms(), "network" if by == "network" else "caller"))

    async def run(self) -> None:
        """Talk. Returns when the call has been hung up by either side."""
        try:
            async with anyio.create_task_group() as tasks:
                self._tasks = tasks
                tasks.start_soon(self._limit)
                tasks.start_soon(self._ears.open)
                self._media.listen(self._ears.on_frame, self.key)
                self._seat.tell("answered", "")
                async for event in self._inbox:
                    await self._step(event)
                    if self._ended:
                        break
                tasks.cancel_scope.cancel()
        except Exception as error:  # noqa: BLE001 - the boundary of one call: its fault must not reach the others
            self._seat.log.add("fault", message=f"{type(error).__name__}: {error}")
            self.end = self.end or "fault"
        finally:
            with anyio.CancelScope(shield=True):
                await self._ears.close()
                if not self._gone:
                    await self._leg.hangup(self.end)

    def _hear(self, event: Event) -> None:
        self._send.send_nowait(event)

    async def _limit(self) -> None:
        await anyio.sleep(self._seat.dialogue.script.limits.max_seconds)
        self._hear(TimeUp(self.now_ms()))

    async def _step(self, event: Event) -> None:
        log, dialogue = self._seat.log, self._seat.dialogue
        if isinstance(event, Heard):
            self.turns += 1
            self._seat.tell("heard", event.text)
        elif isinstance(event, Silence):
            log.add("no_input")
        elif isinstance(event, Answered) and event.by == "machine":
            self._mouth.stop()
        step = dialogue.step(self.state, event)
        self.state = step.state
        for entry in step.entries:
            log.add(entry.kind, entry.data)
        if isinstance(event, Hangup):
            self._finish_without_words(step.acts)
        elif step.acts or self.state.phase == "action":
            await self._perform(step.acts)

    async def _perform(self, acts: tuple[Act, ...]) -> None:
        last = acts[-1] if acts else None
        self._ears.deafen(closing=isinstance(last, End | Transfer))
        kept = True
        for act in acts:
            match act:
                case Say():
                    self._seat.tell("speaking", act.text)
                    await self._mouth.queue(act)
                case Do():
                    kept = await self._do(act) and kept
                case Listen():
                    self._ears.listen(act)
                case Transfer():
                    self._tasks.start_soon(self._hand_over, act)
                case End(value=value):
                    await self._finish(value)
        if self.state.phase == "action":
            self._hear(ActionDone(self.now_ms(), kept, "" if kept else "could not be kept"))

    async def _finish(self, value: str) -> None:
        self.end = value
        self._ended = True
        if not self._with_person:
            await self._mouth.finished()

    async def _do(self, act: Do) -> bool:
        try:
            await self._seat.outbox.put(self._leg.call_id, act)
        except OSError as error:
            self._seat.log.add("fault", message=f"{act.kind} could not be kept: {error}")
            return False
        return True

    async def _hand_over(self, act: Transfer) -> None:
        """Ring a person; once one talks, the robot is silent until either side has hung up."""
        await self._mouth.finished()
        self._seat.tell("transferring", act.group)

        def joined() -> None:
            self._with_person = True
            self._ears.mute()
            self._seat.tell("with a person", act.group)

        met = await self._seat.handover(self._leg, act, self._seat.log, joined)
        self._hear(TransferDone(self.now_ms(), met))

    def _finish_without_words(self, acts: tuple[Act, ...]) -> None:
        values: list[Any] = [act.value for act in acts if isinstance(act, End)]
        met = "transfer" if self._with_person else "hangup"
        self.end = self.end or (met if self._with_person or not values else values[-1])
        self._ended = True
