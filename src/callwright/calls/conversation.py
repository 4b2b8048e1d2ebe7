"""The conversation of one answered call: events go into the dialogue, its acts go to mouth, ears, outbox and desk."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from datetime import datetime

import anyio
import anyio.lowlevel
from anyio.abc import TaskGroup

from callwright.calls.ears import AskAgain, Ears
from callwright.calls.first_words import FirstWords
from callwright.calls.greeting import CALLED_US
from callwright.calls.keypad import Keypad
from callwright.calls.mouth import Mouth
from callwright.calls.person import Person, causes
from callwright.calls.reasking import short_question
from callwright.calls.seat import Seat
from callwright.calls.watchdog import Sight, Stage, watch
from callwright.dialogue.engine import Step
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
    OtherParty,
    Say,
    Silence,
    TimeUp,
    Transfer,
    TransferDone,
)
from callwright.errors import LineError
from callwright.telephony.port import Frame, Leg, LegEnded, Media, Way

__all__ = ["Conversation"]


@dataclass(frozen=True, slots=True)
class _Gone:
    """The leg has ended."""

    how: LegEnded


@dataclass(frozen=True, slots=True)
class _HandedOver:
    """Somebody else is on the line."""


@dataclass(frozen=True, slots=True)
class _Back:
    """The person who talked has given the call back to the robot."""


_Happening = Event | AskAgain | FirstWords | _Gone | _HandedOver | _Back | Exception


class Conversation:
    """`run` talks until the dialogue ends or the caller is gone. A fault ends the call with a named cause, never silently."""

    def __init__(self, seat: Seat, leg: Leg, media: Media, now: datetime) -> None:
        self._seat = seat
        self._leg = leg
        self._media = media
        self._begun_ms = seat.log.now_ms()
        self._waiting: deque[_Happening] = deque()
        self._arrived = anyio.Event()
        self._mouth = Mouth(media, seat.prepare, seat.log, seat.log.now_ms)
        self._ears = Ears(
            seat.ears, self._mouth, seat.log, self.now_ms, self._hear, CALLED_US if seat.incoming else None
        )
        self._over = False  # the dialogue has ended; its last words may still be under way
        self._ended = False  # nothing more is taken
        self._gone = False
        self._hung_up = False
        self._person = Person(
            leg,
            seat.handover,
            seat.log,
            before=self._mouth.finished,
            joined=self._joined,
            done=self._person_done,
            back=lambda: self._hear(_Back()),
        )
        self._pad = Keypad()
        self._busy = False  # an event is being worked on
        self._met = False  # a person of ours has talked
        self._tasks: TaskGroup
        self.state = seat.dialogue.start(seat.variables, now.isoformat(timespec="minutes"))
        self.end = ""
        self.turns = 0

    def now_ms(self) -> int:
        """ms since the call was answered: the dialogue's clock."""
        return self._seat.log.now_ms() - self._begun_ms

    def key(self, digit: str) -> None:
        """A key was pressed."""
        if self._ended:
            return
        self._seat.log.add("key", digit=digit)
        if self._person.talks:
            return  # it is meant for the person, to whom the bridge passes it on
        self._ears.key()
        self._press(self._pad.press(self.now_ms(), digit, self._wanted_keys()))
        if self._pad.gathering:
            self._ears.cut_in()

    def _wanted_keys(self) -> re.Pattern[str] | None:
        dialogue = self._seat.dialogue
        node = dialogue.script.flow.nodes.get(self.state.node)
        slot = dialogue.plan.slots.get(node.slot or "") if node is not None and node.type == "collect" else None
        return slot.dtmf if slot is not None else None

    def _press(self, keys: str) -> None:
        if keys:
            self._hear(Dtmf(self.now_ms(), keys))

    def wind_up(self) -> None:
        """Come to an end: the script says what it says when its time is over."""
        self._hear(TimeUp(self.now_ms()))

    def replaced(self) -> None:
        """Somebody else goes on in the far side's place: they hear that a robot speaks, when it is the robot that does."""
        self._hear(_HandedOver())

    def gone(self, how: LegEnded) -> None:
        """The leg has ended; what was agreed so far stays."""
        if not self._gone:
            self._press(self._pad.flush())
            self._gone = True
            self._hear(_Gone(how))

    async def run(self) -> None:
        """Talk. Returns when the call has been hung up by either side."""
        try:
            async with anyio.create_task_group() as tasks:
                self._tasks = tasks
                tasks.start_soon(self._limit)
                tasks.start_soon(watch, self._sight, self._push, self._give_up, self._seat.log)
                tasks.start_soon(self._ears.open)
                tasks.start_soon(self._begin)
                # Keys come as events of the leg, which knows those sent as RTP events and those sent by INFO.
                self._media.listen(self._on_frame, lambda digit: None)
                while not self._over:
                    happening = await self._next()
                    self._busy = True
                    await self._step(happening)
                    self._busy = False
                await self._parting_words()
                tasks.cancel_scope.cancel()
        except Exception as error:  # noqa: BLE001 - the boundary of one call: its fault must not reach the others
            self._fault(error)
        except BaseException:
            if not self.end:
                self._seat.log.add("fault", message="the call was cancelled")
                self.end = "fault"
            raise
        finally:
            self._ended = True
            with anyio.CancelScope(shield=True):
                await self._leave()

    async def _begin(self) -> None:
        """Who is there? A person of ours who placed the call talks first; when he has gone before, it is a call of the robot."""
        placer = self._seat.placer
        if placer is not None and (await placer.talk() or self._met):
            return
        await self._ears.find_out()

    async def _leave(self) -> None:
        self._mouth.cut()
        try:
            await self._ears.close()
        except Exception as error:  # noqa: BLE001 - as above: the caller is hung up on whatever the recogniser says
            self._fault(error)
        await self._hang_up()

    async def _hang_up(self) -> None:
        if not (self._gone or self._hung_up):
            self._hung_up = True
            await self._leg.hangup(self.end)

    def _fault(self, error: BaseException) -> None:
        for cause in causes(error):
            self._seat.log.add("fault", message=f"{type(cause).__name__}: {cause}")
        self.end = self.end or "fault"

    def _hear(self, happening: _Happening) -> None:
        if not self._ended:
            self._waiting.append(happening)
            self._arrived.set()

    async def _next(self) -> _Happening:
        await anyio.lowlevel.checkpoint()
        while not self._waiting:
            self._arrived = anyio.Event()
            await self._arrived.wait()
        return self._waiting.popleft()

    def _on_frame(self, frame: Frame) -> None:
        if self._ended:
            return
        try:
            if self._pad.gathering:
                self._press(self._pad.tick(self.now_ms()))
            self._ears.on_frame(frame)
        except Exception as error:  # noqa: BLE001 - told to the call, which ends by it; the media engine only complains to its loop
            self._hear(error)

    async def _limit(self) -> None:
        await anyio.sleep(self._seat.dialogue.script.limits.max_seconds)
        self._hear(TimeUp(self.now_ms()))

    # ------------------------------------------------------------ one event

    async def _step(self, happening: _Happening) -> None:
        match happening:
            case Exception():
                raise happening
            case AskAgain(node=node):
                await self._ask_again(node)
            case _Gone(how=how):
                await self._caller_gone(how)
            case FirstWords():
                await self._first_words(happening)
            case _HandedOver():
                await self._handed_over()
            case _Back():
                await self._given_back()
            case _:
                await self._dialogue(happening)

    async def _dialogue(self, event: Event, *, spared: bool = False) -> None:
        """One event through the dialogue, and what follows from it. spared: what would be said now is not."""
        dialogue = self._seat.dialogue
        if isinstance(event, Heard):
            if self._person.talks and not _opts_out(dialogue.step(self.state, event)):
                return  # said before the person came, who is talked to now
            self.turns += 1
            self._seat.tell("heard", event.text)
        elif isinstance(event, Silence):
            self._seat.log.add("no_input")
        elif isinstance(event, Answered) and event.by in ("machine", "screening"):
            self._mouth.stop()
        step, kept = await self._decide(event)
        if self._gone or self._person.talks:
            self._perform_silently(event, step.acts)
            return
        if spared:
            for act in step.acts:
                if isinstance(act, Say):
                    self._seat.log.add("unsaid", source=act.source, why="the caller opted out before it began")
            return
        if isinstance(event, Dtmf | TimeUp) and step.acts:
            self._ears.cut_in()
        if step.acts:
            await self._perform(step.acts)
        if any(entry.kind == "awaiting" for entry in step.entries):
            self._hear(ActionDone(self.now_ms(), kept, "" if kept else "could not be kept"))

    async def _decide(self, event: Event) -> tuple[Step, bool]:
        """The step, logged, and its actions kept (False: some could not be). Before anything is said about them: whoever hangs up at
        the first word has opted out all the same."""
        step = self._seat.dialogue.step(self.state, event)
        self.state = step.state
        for entry in step.entries:
            self._seat.log.add(entry.kind, entry.data)
        if self.state.phase != "transfer":
            self._person.stop()
        return step, await self._keep(step.acts)

    async def _first_words(self, first: FirstWords) -> None:
        """Words from before our first one. Whoever opts out by them is spared the opening, or what is left of it."""
        dialogue, state = self._seat.dialogue, self.state
        if first.answered is not None:
            state = dialogue.step(state, first.answered).state
        spared = _opts_out(dialogue.step(state, first.heard))
        if first.answered is not None:
            await self._dialogue(first.answered, spared=spared)
        if spared and not self._gone:
            self._mouth.stop()
        await self._dialogue(first.heard)

    async def _handed_over(self) -> None:
        if self._person.talks:
            self._seat.log.add("undisclosed", why="a person talks, not the robot")
            return
        await self._dialogue(OtherParty(self.now_ms(), self._mouth.stop()))

    async def _parting_words(self) -> None:
        """The dialogue is over, but an opt-out counts at any time: what was said over the last words is taken before we hang up."""
        if not self._person.talks:
            await self._ears.parting_words(gone=self._gone)
        while self._waiting:
            happening = self._waiting.popleft()
            event = happening.heard if isinstance(happening, FirstWords) else happening
            if isinstance(event, Exception):
                self._fault(event)
            elif isinstance(event, _HandedOver):
                await self._handed_over()
            elif isinstance(event, _Back):
                self._seat.log.add("undisclosed", why="the call was given back when it was over")
            elif isinstance(event, Heard | Dtmf):
                step, _ = await self._decide(event)
                if step.acts:
                    self.turns += 1
                    self.end = step.state.end or self.end

    async def _keep(self, acts: tuple[Act, ...]) -> bool:
        kept = True
        for act in acts:
            if isinstance(act, Do):
                kept = await self._do(act) and kept
        return kept

    async def _do(self, act: Do) -> bool:
        try:
            with anyio.CancelScope(shield=True):  # what was agreed is kept, whatever ends the call meanwhile
                await self._seat.outbox.put(self._leg.call_id, self._seat.number, act)
        except OSError as error:
            self._seat.log.add("fault", message=f"{act.kind} could not be kept: {error}")
            return False
        return True

    async def _perform(self, acts: tuple[Act, ...]) -> None:
        firm = isinstance(acts[0], Say) and acts[0].barge == "none"
        self._ears.deafen(closing=isinstance(acts[-1], End | Transfer), firm=firm)
        for act in acts:
            match act:
                case Say():
                    await self._say(act)
                case Listen():
                    self._ears.listen(act)
                case Transfer():
                    self._person.fetch(self._tasks, act, self._seat.tell)
                case End(value=value):
                    self.end = value
                    await self._mouth.finished()
                    self._over = not self._person.talks  # somebody may have taken the call over during the goodbye
        if self.state.phase == "transfer":
            self._ears.overhear()

    async def _say(self, act: Say) -> None:
        self._seat.tell("speaking", act.text)
        try:
            await self._mouth.queue(act)
        except LineError as error:  # the caller has just gone; the leg's last event is on its way
            self._seat.log.add("unsaid", source=act.source, why=str(error))

    def _perform_silently(self, event: Event, acts: tuple[Act, ...]) -> None:
        """Nobody can hear the robot any more: only how the conversation ended counts."""
        for act in acts:
            if isinstance(act, End):
                self.end = self.end or act.value
                self._over = not self._person.talks  # who talks with a person is not hung up on
        if isinstance(event, Hangup | TransferDone):
            self.end = self.end or ("transfer" if self._person.talks else "hangup")
            self._over = True

    async def _caller_gone(self, how: LegEnded) -> None:
        if self._person.talks:
            self._hear(TransferDone(self.now_ms(), True))
            return
        self._mouth.cut()
        await self._ears.last_words()
        if how.cause == "bye" and how.by == "us":  # the line's own limit
            self.end = self.end or "too_long"
        self._hear(Hangup(self.now_ms(), "caller" if how.by == "peer" else "network"))

    async def _ask_again(self, node_id: str) -> None:
        """Say the node's short question in place of a prompt that was paused (barge `resume: reask`)."""
        state = self.state
        if state.node != node_id or self._gone or self._person.talks:
            return
        values = {**state.variables, **{name: filled.spoken for name, filled in state.slots.items()}}
        say = short_question(self._seat.dialogue.script, node_id, values, self._seat.ears.barge(node_id).mode)
        if say is not None:
            await self._say(say)

    # ------------------------------------------------------------ a person

    def _joined(self, group: str) -> None:
        self._met = True
        self._ears.mute()
        self._mouth.stop()
        self._seat.tell("with a person", group)

    def _person_done(self, met: bool) -> None:
        self._hear(TransferDone(self.now_ms(), met))

    async def _given_back(self) -> None:
        """Whoever talked with a person hears that a robot speaks again, and then where the script stands."""
        if self._person.talks or self._gone:
            return
        self._ears.unmute()
        self._seat.tell("answered", "")
        waiting = self.state.phase == "transfer"
        now = self.now_ms()
        await self._dialogue(TransferDone(now, False, back=True) if waiting else OtherParty(now, self._mouth.stop()))

    def give_back(self) -> bool:
        """See `calls.live.LiveCall`."""
        return not (self._ended or self._gone or self._over) and self._person.give_back()

    async def take_over(self, act: Transfer, order: Way | None = None) -> bool:
        """Somebody watching moves the call to a person (see `calls.live.TakeOver`). The robot goes on talking until that person talks.

        Raises:
            LineError: the call is over, a person talks already, or is being fetched for another takeover.
        """
        if self._ended or self._gone or self._over:
            raise LineError("takeover: the call is over")
        return await self._person.take_over(self._tasks, act, order)

    # ------------------------------------------------------------ the watchdog

    def _sight(self) -> Sight:
        rung = self._person.rung
        rings_ms = rung.wait_s * 1000 if rung is not None else 0
        return Sight(self.now_ms(), self._stage(), self._mouth.place, self._ears.longest_ms, rings_ms)

    def _stage(self) -> Stage:
        if self._person.talks:
            return "person"
        if self._mouth.paused:
            return "answer"
        if self._mouth.busy:
            return "prompt"
        if self._busy:
            return "handler"
        if self.state.phase == "new":
            return "greeting"
        if self.state.phase == "transfer":
            return "transfer"
        return "action" if self.state.phase == "action" else "answer"

    async def _give_up(self) -> None:
        """Nothing helps: hang up, whatever hangs."""
        self.end = self.end or "fault"
        self._ended = True
        self._tasks.cancel_scope.cancel()
        with anyio.CancelScope(shield=True):
            await self._hang_up()

    def _push(self, stage: Stage) -> str:
        now = self.now_ms()
        match stage:
            case "greeting":
                self._hear(Answered(now, "unknown"))
                return "took the answer for a person's"
            case "transfer":
                self._person.stop()
                self._hear(TransferDone(now, False))
                return "gave the transfer up"
            case "action":
                self._hear(ActionDone(now, False, "no result came"))
                return "gave the action up"
        self._mouth.stop()
        self._hear(Silence(now))
        return "asked again"


def _opts_out(step: Step) -> bool:
    return any(
        entry.kind in ("global", "late_opt_out") and entry.data.get("role") == "do_not_disturb"
        for entry in step.entries
    )
