"""A robot worker for the tests of the proxy: answers every call, plays a tone, notes what happened as one line of JSON each.

worker.py HZ FOLDER; says its port on standard output. TERM: ends every call and itself.
When it has heard the caller's tone it presses `1`.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

from callwright.telephony.port import Frame, LegAnswered, LegEnded, Media
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.sip.leg import SipIncomingLeg
from callwright.testing.scaleout import INSIDE
from callwright.testing.tone import HeardTone, tone


class Worker:
    """Serves calls; `log` gets what happened to each, at once."""

    def __init__(self, hz: int, log: Path) -> None:
        self._log = log.open("a")
        self._hz = hz

    def note(self, leg: SipIncomingLeg, event: str, **facts: object) -> None:
        self._log.write(json.dumps({"call_id": leg.call_id, "event": event, **facts}) + "\n")
        self._log.flush()

    async def serve(self, leg: SipIncomingLeg) -> None:
        self.note(leg, "offered")
        await leg.ring()
        await leg.answer()
        assert leg.media is not None
        heard = self._listen(leg.media)
        async for event in leg.events():
            if isinstance(event, LegAnswered):
                self.note(leg, "answered")
                leg.media.play(tone(self._hz, 60, leg.media.codec))
            elif isinstance(event, LegEnded):
                received = leg.media.stats.received
                self.note(leg, "ended", cause=event.cause, by=event.by, packets=received, heard=heard.hz)

    def _listen(self, media: Media) -> HeardTone:
        heard = HeardTone()

        def take(frame: Frame) -> None:
            before = heard.hz
            heard.take(frame)
            if heard.hz and not before:
                media.send_dtmf("1")

        media.listen(take, lambda _digit: None)
        return heard


async def main(hz: int, folder: Path) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    async with (
        RtpEngine.start() as engine,
        SipLine.open(INSIDE, engine=engine, tcp=True, allow=frozenset({INSIDE})) as line,
        asyncio.TaskGroup() as tasks,
    ):
        worker = Worker(hz, folder / f"worker-{hz}.jsonl")
        sys.stdout.write(f"{line.address[1]}\n")
        sys.stdout.flush()

        async def take() -> None:
            async for leg in line.incoming():
                tasks.create_task(worker.serve(leg))

        tasks.create_task(take())
        await stop.wait()
        await line.aclose()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
