"""The people who are rung by `callwright bench soak`: a line of our own in a process of its own, told what to do by the number dialled."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from dataclasses import asdict

import numpy as np

from callwright.bench.other_side import tell
from callwright.bench.soak_fates import fate
from callwright.bench.upkeep import held, resident_mb
from callwright.errors import LineError
from callwright.telephony.port import LegAnswered, LegEnded
from callwright.telephony.rtp import g711
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.sip.leg import SipIncomingLeg

__all__ = ["main"]

HOST = "127.0.0.1"
_VOICE = g711.encode((6000 * np.sin(np.arange(8000) * 0.3)).astype(np.int16), "PCMA")


async def main(talk_s: float) -> None:
    """Print our port; answer until standard input ends; every line of it is answered with what this process holds, as JSON."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with RtpEngine.start(ports=(40000, 49998)) as engine, SipLine.open(HOST, engine=engine) as line:
        tell({"port": line.address[1], **asdict(held())})
        async with asyncio.TaskGroup() as calls:
            door = calls.create_task(_attend(line, calls, talk_s))
            while await reader.readline():
                tell({"memory": resident_mb(), "idle": line.idle, **asdict(held())})
            door.cancel()


async def _attend(line: SipLine, calls: asyncio.TaskGroup, talk_s: float) -> None:
    async for leg in line.incoming():
        calls.create_task(_one(leg, talk_s))


async def _one(leg: SipIncomingLeg, talk_s: float) -> None:
    deed = fate(leg.called).deed
    if deed == "busy":
        await leg.reject(486)
    else:
        await leg.ring()
        if deed in ("we_hang_up", "they_hang_up"):
            with suppress(LineError):  # the caller has gone meanwhile: the events tell
                await leg.answer()
    async for event in leg.events():
        if isinstance(event, LegAnswered) and leg.media is not None:
            leg.media.play(_VOICE * max(1, round(talk_s)))
            if deed == "they_hang_up":
                await asyncio.sleep(talk_s)
                await leg.hangup()
        elif isinstance(event, LegEnded):
            return


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1])))
