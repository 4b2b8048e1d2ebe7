"""One side of a call in a test: plays a tone, notes what it hears, keys, holds and the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from callwright.telephony.port import LegAnswered, LegDtmf, LegEnded
from callwright.telephony.sip.leg import SipLeg
from callwright.testing.tone import HeardTone, tone

__all__ = ["OUR_HZ", "Talk", "until"]

OUR_HZ = 1_000


class Talk:
    """Made by `Talk.of`. heard: the tone that comes in; keys: pressed by the far side, in order."""

    def __init__(self, leg: SipLeg) -> None:
        self.leg = leg
        self.heard = HeardTone()
        self.keys = ""
        self._end: asyncio.Future[LegEnded] = asyncio.get_running_loop().create_future()

    @classmethod
    @asynccontextmanager
    async def of(cls, leg: SipLeg) -> AsyncIterator[Talk]:
        """The call while the body runs; it is hung up at the end if it is still up."""
        talk = cls(leg)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(talk._follow())
            yield talk
            if not talk._end.done():
                await leg.hangup()

    @property
    def held(self) -> bool:
        """Whether the far side wants no audio of ours."""
        session = self.leg._call.session
        return session is not None and "send" not in session.direction

    async def ended(self) -> LegEnded:
        """How the call ended, once it has."""
        return await asyncio.shield(self._end)

    async def _follow(self) -> None:
        async for event in self.leg.events():
            if isinstance(event, LegAnswered):
                assert self.leg.media is not None
                self.leg.media.listen(self.heard.take, lambda _digit: None)
                self.leg.media.play(tone(OUR_HZ, 60, self.leg.media.codec))
            elif isinstance(event, LegDtmf):
                self.keys += event.digit
            elif isinstance(event, LegEnded):
                self._end.set_result(event)


async def until(done: Callable[[], bool], limit_s: float = 30.0) -> None:
    """Wait until something is true."""
    for _ in range(int(limit_s / 0.02)):
        if done():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not happen in time")
