"""Telephones that answer every call, hum a tone as long as it lasts, and say which tone they hear: `python -m callwright.testing.humming`.

The first line tells the port. Then one JSON line every half second of each call: {"call", "hz", "loud"} - the strongest frequency heard and its
amplitude of 32768. Made for tests of people who take a call over: what they say is measured at the far end of a real line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys

import numpy as np
import numpy.typing as npt

from callwright.telephony.port import Frame, IncomingLeg, LegEnded
from callwright.telephony.rtp import g711
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.sip.driver import SipLine

__all__ = ["tone"]

_RATE = 8000
_HALF_SECOND = 25  # frames of 20 ms


def tone(hertz: float, samples: int, rate: int = _RATE) -> npt.NDArray[np.int16]:
    """A steady tone at a fifth of full scale."""
    wave: npt.NDArray[np.int16] = (6000 * np.sin(2 * np.pi * hertz / rate * np.arange(samples))).astype(np.int16)
    return wave


def _strongest(pcm: npt.NDArray[np.int16]) -> tuple[float, float]:
    power = np.abs(np.fft.rfft(pcm.astype(float) * np.hanning(len(pcm))))
    power[: 100 * len(pcm) // _RATE] = 0.0  # hum of the mains and below
    at = int(power.argmax())
    return at * _RATE / len(pcm), float(power[at] * 4 / len(pcm))


async def _hold(leg: IncomingLeg, hertz: float, number: int) -> None:
    heard: list[npt.NDArray[np.int16]] = []

    def hear(frame: Frame) -> None:
        heard.append(frame.pcm)
        if len(heard) == _HALF_SECOND:
            found, loud = _strongest(np.concatenate(heard))
            heard.clear()
            _tell({"call": number, "hz": round(found), "loud": round(loud)})

    await leg.ring()
    await leg.answer()
    assert leg.media is not None
    leg.media.listen(hear, lambda _: None)
    leg.media.play(g711.encode(tone(hertz, _RATE * 300), "PCMA"))
    async for event in leg.events():
        if isinstance(event, LegEnded):
            _tell({"call": number, "over": True})
            return


def _tell(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


async def _main(hertz: float) -> None:
    async with (
        RtpEngine.start() as engine,
        SipLine.open("127.0.0.1", 0, engine=engine) as line,
        asyncio.TaskGroup() as tasks,
    ):
        _tell({"port": line.address[1]})
        number = 0
        async for leg in line.incoming():
            number += 1
            tasks.create_task(_hold(leg, hertz, number))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--tone", type=float, default=400.0)
    asyncio.run(_main(parser.parse_args().tone))
