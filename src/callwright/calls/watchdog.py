"""The watchdog of one call: every turn ends in audio, a transfer or a hang-up within a bound, whatever hangs. Pure but for `watch`.

Turn-taking has bounds of its own, the recogniser, the desk and the last prompt have theirs. Should one of them not hold (a handler that never
returns, a prompt that does not move, frames that come no more, a final nobody waits for), the watchdog sees that nothing was heard of the robot
for too long: first it pushes the conversation on, then it ends the call. Both are faults in the event log.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

import anyio

from callwright.calls.log import EventLog

__all__ = ["BOUNDS_MS", "Alarm", "Sight", "Stage", "Watchdog", "watch"]

Stage = Literal["greeting", "answer", "prompt", "handler", "action", "transfer", "person"]
"""What the call waits for: the verdict who answered; the caller's answer; a prompt to be played on; the dialogue, a synthesis or the outbox;
an action's result; a person being rung; nothing of ours, because a person talks."""

BOUNDS_MS: dict[Stage, int] = {
    "greeting": 30_000,  # a machine may read out a long text
    "answer": 10_000,  # beyond what turn-taking allows itself
    "prompt": 30_000,  # a caller who puts us on hold stops the prompt
    "handler": 15_000,
    "action": 30_000,
    "transfer": 20_000,  # beyond `wait_s`
}
"""How long a stage may last while nothing is heard of the robot."""
_TALK: tuple[Stage, ...] = ("answer", "prompt", "handler")
_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Sight:
    """What is to be seen of a call now. place: which prompt is heard, and how much of it so far (ms); listens_ms: how long turn-taking may
    listen; rings_ms: how long a person may be rung."""

    at_ms: int
    stage: Stage
    place: tuple[str, int]
    listens_ms: int = 0
    rings_ms: int = 0


@dataclass(frozen=True, slots=True)
class Alarm:
    """Nothing was heard for `quiet_ms`. do: `push` the conversation on, or `end` the call, because a push did not help or is no use."""

    stage: Stage
    quiet_ms: int
    do: Literal["push", "end"]


class Watchdog:
    """`look` about once a second."""

    def __init__(self) -> None:
        self._place: tuple[str, int] = ("", 0)
        self._stage: Stage = "greeting"
        self._heard_at = 0
        self._stage_at = 0
        self._pushed = False

    def look(self, sight: Sight) -> Alarm | None:
        """Whether something has to be done now; after an alarm the time starts anew."""
        moved = sight.place != self._place and sight.place[1] > 0
        if moved or sight.stage == "person":
            self._place, self._pushed = sight.place, False
            self._heard_at = self._stage_at = sight.at_ms
        if sight.stage != self._stage:
            self._stage, self._stage_at = sight.stage, sight.at_ms
        if sight.stage == "person" or not self._overdue(sight):
            return None
        quiet_ms = sight.at_ms - self._heard_at
        end = self._pushed or sight.stage == "handler"
        self._heard_at = self._stage_at = sight.at_ms
        self._pushed = True
        return Alarm(sight.stage, quiet_ms, "end" if end else "push")

    def _overdue(self, sight: Sight) -> bool:
        """The stage lasts too long; or stages follow each other, and still nothing is heard."""
        more = {"answer": sight.listens_ms, "transfer": sight.rings_ms}.get(sight.stage, 0)
        if sight.at_ms - self._stage_at >= BOUNDS_MS[sight.stage] + more:
            return True
        longest = sight.listens_ms + sum(BOUNDS_MS[stage] for stage in _TALK)
        return sight.stage in _TALK and sight.at_ms - self._heard_at >= longest


async def watch(
    sight: Callable[[], Sight], push: Callable[[Stage], str], end: Callable[[], Awaitable[None]], log: EventLog
) -> None:
    """Look once a second, beside the conversation. push: returns what it did; end: hangs up."""
    watchdog = Watchdog()
    while True:
        await anyio.sleep(_EVERY_S)
        alarm = watchdog.look(sight())
        if alarm is None:
            continue
        did = push(alarm.stage) if alarm.do == "push" else "hung up"
        message = f"watchdog: nothing was heard for {alarm.quiet_ms / 1000:.0f} s (waiting for: {alarm.stage}); {did}"
        log.add("fault", message=message, stage=alarm.stage, quiet_ms=alarm.quiet_ms, did=did)
        if alarm.do == "end":
            await end()
            return
