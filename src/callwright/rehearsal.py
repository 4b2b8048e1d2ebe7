"""An author talks to a draft by microphone: one conversation in a process of its own, `python -m callwright.rehearsal`. Part of the
composition root.

It is a call like any other one, with a browser as its leg; only nobody is dialled, what the script does is shown instead of done, and nothing
is kept.

stdin:  a line that says what to do (`studio.spoken.Rehearsal`), then `{"keys": "12"}`, `{"do": "hang_up"}`; its end ends the conversation
stdout: `{"what": "answer", "sdp"}` once the robot is ready, or `{"what": "refused", "code", "message", "hint"}`; then events (`studio.spoken`)
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from typing import Any

import anyio

from callwright.app import open_speech, robot_of
from callwright.calls.live import LiveCall, LiveCalls
from callwright.dialogue.values import Do, Transfer
from callwright.errors import CallwrightError, InputError, LineError
from callwright.script.loader import loads
from callwright.studio.showing import act_line, values_of
from callwright.studio.spoken import Rehearsal, over, shown, stand
from callwright.telephony.port import DialOrder, IncomingLeg, Leg, Way
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.webrtc.leg import BrowserLeg

__all__ = ["rehearse"]

Tell = Callable[[Mapping[str, Any]], None]

_LONGEST_LINE = 16 * 1024 * 1024
_INCOMING = frozenset({"inbound", "screening"})  # purposes of scripts whose callers call us
_CHANGES = frozenset(
    {"caller", "key", "silence", "robot", "decision"}
)  # after these the conversation may stand elsewhere


class _NoLine:
    """Nobody is dialled."""

    async def place(self, order: DialOrder) -> Leg:
        raise LineError("nobody is dialled while a script is tried")

    async def incoming(self) -> AsyncIterator[IncomingLeg]:
        return
        yield

    async def aclose(self) -> None:
        """There is nothing to close."""


class _Shown:
    """An outbox that shows what would be done."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell

    async def put(self, call_id: str, number: str, act: Do) -> None:
        _tell_act(self._tell, act)


class _Over:
    """Why it ended, where that is known before its record."""

    why = ""

    async def hang_up(self, leg: BrowserLeg, why: str) -> None:
        self.why = self.why or why
        await (leg.hangup(why) if why == "time" else leg.leave())


async def rehearse(order: Rehearsal, orders: asyncio.StreamReader, tell: Tell) -> None:
    """Talk until the script, the browser, `orders` or the time is over.

    Raises:
        InputError: the script has errors, or a model, a voice or a setting of speech is missing or wrong.
        LineError: the offer cannot be used.
        CallwrightError: the recogniser cannot be reached.
    """
    script, settings, ended = loads(order.text, "").script, order.settings, _Over()

    async def nobody(act: Transfer, _: str) -> Way | None:
        _tell_act(tell, act)
        return None

    async with (
        open_speech(script, settings, recordings=None, workers=1) as speech,
        RtpEngine.start(quiet_dbov=settings.quiet_dbov, core=settings.media_core) as engine,
    ):
        live = LiveCalls()
        live.on_begin.append(partial(_watch, tell))
        robot = robot_of(speech, _NoLine(), _Shown(tell), nobody, live)
        leg, answer = await BrowserLeg.answer_to(engine, order.offer, "rehearsal", lambda: None, settings.ice)
        tell({"what": "answer", "sdp": answer})
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_obey, orders, leg, ended)
            tasks.start_soon(_limit, order.seconds, leg, ended)
            values = values_of(script, order.variables)
            record = await robot.rehearse(leg, values, incoming=script.purpose in _INCOMING)
            tasks.cancel_scope.cancel()
    tell(over(record, ended.why))


async def _obey(orders: asyncio.StreamReader, leg: BrowserLeg, ended: _Over) -> None:
    while line := await orders.readline():
        order = json.loads(line)
        if order.get("do") == "hang_up":
            break
        leg.press(str(order.get("keys", "")))
    await ended.hang_up(leg, "left")


async def _limit(seconds: float, leg: BrowserLeg, ended: _Over) -> None:
    await anyio.sleep(seconds)
    await ended.hang_up(leg, "time")


def _watch(tell: Tell, call: LiveCall) -> None:
    """Tell of each line, and of where the call stands when that has changed."""
    last: list[dict[str, Any]] = []

    def take(line: Mapping[str, Any]) -> None:
        event = shown(line)
        if event is None:
            return
        tell(event)
        if event["what"] in _CHANGES and call.look is not None:
            now = stand(call.look())
            if [now] != last:
                last[:] = [now]
                tell(now)

    call.log.watchers.append(take)


def _tell_act(tell: Tell, act: Do | Transfer) -> None:
    kind, text = act_line(act)
    tell({"what": "act", "kind": kind, "text": text})


def _refusal(error: CallwrightError) -> dict[str, Any]:
    if isinstance(error, InputError):
        first = error.problems[0]
        return {"what": "refused", "code": first.code, "message": first.message, "hint": first.hint}
    code = "no-audio" if isinstance(error, LineError) else "no-speech"
    return {"what": "refused", "code": code, "message": str(error), "hint": ""}


async def _main() -> None:
    loop = asyncio.get_running_loop()
    orders = asyncio.StreamReader(_LONGEST_LINE)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # whatever writes to stdout besides does not stand between the events
    transport, protocol = await loop.connect_write_pipe(
        lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader()), out
    )
    told = asyncio.StreamWriter(transport, protocol, None, loop)

    def tell(event: Mapping[str, Any]) -> None:
        told.write(json.dumps(event, default=str).encode() + b"\n")

    try:
        await rehearse(Rehearsal.from_line(await orders.readline()), orders, tell)
    except CallwrightError as error:
        tell(_refusal(error))
    told.close()
    await told.wait_closed()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(_main())
