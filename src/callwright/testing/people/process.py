"""The process of simulated people: `python -m callwright.testing.people.process --lang en --calls 24 --seed 1`.

Prints one JSON line (who can be rung where, and the desk that takes transferred calls) when everybody is at the phone, then answers calls
until standard input is closed, so that it never outlives who started it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import sys
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path

import numpy as np

from callwright.errors import CallwrightError, LineError
from callwright.speech.port import Pcm
from callwright.telephony.port import IncomingLeg, LegEnded, Media
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.rtp.g711 import encode
from callwright.telephony.sip.driver import SipLine
from callwright.testing.people.cast import DESK_LINE, VOICEMAIL, cast_for, number_format
from callwright.testing.people.manner import HangUp, Manner, Speak
from callwright.testing.people.person import Person, draw
from callwright.testing.people.voices import Voices, open_voices

__all__ = ["main", "serve"]

HOST = "127.0.0.1"
VOICE_RMS = 250.0
BREATH_SAMPLES = 1200


class Phone:
    """One person's telephone: answers in the person's manner, one call at a time."""

    def __init__(self, person: Person, sounds: dict[str, Pcm]) -> None:
        self.person = person
        self._sounds = sounds

    async def attend(self, line: SipLine) -> None:
        """Take calls until cancelled."""
        async with asyncio.TaskGroup() as calls:
            async for leg in line.incoming():
                calls.create_task(self._take(leg))

    async def _take(self, leg: IncomingLeg) -> None:
        """One call; a caller who gives up meanwhile is no reason for anybody else to leave the phone."""
        try:
            await self._answer(leg)
        except LineError as error:
            sys.stderr.write(f"{self.person.id}: {error}\n")

    async def _answer(self, leg: IncomingLeg) -> None:
        codes = {"busy": (486, "Busy Here"), "rejected": (603, "Decline"), "unknown_number": (404, "Not Found")}
        person = self.person
        if person.answer in codes:
            if person.answer == "rejected":
                await leg.ring()
                await asyncio.sleep(person.ring_ms / 1000)
            await leg.reject(*codes[person.answer])
            return
        await leg.ring()
        if person.answer == "no_answer":
            async for event in leg.events():
                if isinstance(event, LegEnded):
                    return
        await asyncio.sleep(person.ring_ms / 1000)
        await leg.answer()
        assert leg.media is not None
        await self._talk(leg, leg.media)

    async def _talk(self, leg: IncomingLeg, media: Media) -> None:
        manner = Manner(self.person)
        speaking_until = 0
        tick = 0
        wants_to_leave = asyncio.Event()

        def say(text: str) -> None:
            nonlocal speaking_until
            encoded = encode(self._sounds[text], media.codec)
            speaking_until = max(tick, speaking_until) + math.ceil(len(encoded) / 160)
            media.play(encoded, text)

        def on_frame(frame: object) -> None:
            nonlocal tick
            tick += 1
            pcm: Pcm = frame.pcm  # type: ignore[attr-defined]
            robot_voice = float(np.sqrt(np.mean(pcm.astype(np.float64) ** 2))) > VOICE_RMS
            act = manner.tick(robot_voice, tick < speaking_until)
            if isinstance(act, Speak):
                say(act.text)
            elif isinstance(act, HangUp):
                wants_to_leave.set()

        if self.person.answer == "voicemail":
            media.listen(lambda frame: None, lambda digit: None)
            say(VOICEMAIL)
        else:
            media.listen(on_frame, lambda digit: None)
        leaving = asyncio.create_task(_leave(leg, wants_to_leave))
        try:
            async for event in leg.events():
                if isinstance(event, LegEnded):
                    return
        finally:
            leaving.cancel()


async def _leave(leg: IncomingLeg, when: asyncio.Event) -> None:
    await when.wait()
    await leg.hangup("person left")


async def _sounds(person: Person, voices: Voices, beep: Pcm) -> dict[str, Pcm]:
    texts = [line.text for line in person.lines] + ([person.hello] if person.hello else [])
    sounds = {text: await voices.say(person.voice, text) for text in texts}
    if person.answer == "voicemail":
        greeting = [await voices.say(person.voice, text) for text in person.variables["greeting"].split("|")]
        pause = np.zeros(BREATH_SAMPLES, np.int16)
        sounds[VOICEMAIL] = np.concatenate([piece for part in greeting for piece in (_spoken(part), pause)] + [beep])
    return sounds


def _spoken(pcm: Pcm) -> Pcm:
    """Without the silence around it: a greeting is spoken in one breath."""
    loud = np.flatnonzero(np.abs(pcm.astype(np.int32)) > 400)
    return pcm[loud[0] : loud[-1] + 1] if loud.size else pcm


def _beep() -> Pcm:
    t = np.arange(int(0.5 * 8000)) / 8000
    return (8000 * np.sin(2 * np.pi * 1000 * t)).astype(np.int16)


async def serve(language: str, calls: int, seed: int, shared: Path) -> None:
    """Put everybody at the phone, print where they are, answer until standard input ends."""
    voices = open_voices(language, shared)
    people = draw(cast_for(language), calls, seed, voices.names, number_format(language))
    desk = Person("desk", "desk", "desk", voices.names[0], people[0].expected, lines=())
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(RtpEngine.start())
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        addresses = []
        attending = []
        for person in people:
            line = await stack.enter_async_context(SipLine.open(HOST, 0, engine=engine))
            phone = Phone(person, await _sounds(person, voices, _beep()))
            attending.append(tasks.create_task(phone.attend(line)))
            entry = asdict(person) | {
                "port": line.address[1],
                "expected": asdict(person.expected) | {"label": person.expected.label()},
            }
            addresses.append(entry)
        desk_line = await stack.enter_async_context(SipLine.open(HOST, 0, engine=engine))
        desk_sounds = {DESK_LINE[language]: await voices.say(desk.voice, DESK_LINE[language])}
        clerk = Person(
            "desk",
            "desk",
            "desk",
            desk.voice,
            desk.expected,
            hello=DESK_LINE[language],
            ring_ms=200,
            leaves_after_ms=6000,
        )
        attending.append(tasks.create_task(Phone(clerk, desk_sounds).attend(desk_line)))
        sys.stdout.write(json.dumps({"people": addresses, "desk": desk_line.address[1]}, ensure_ascii=False) + "\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)
        for task in attending:
            task.cancel()


def main() -> None:
    """Command line of the process; errors go to standard error with exit code 2."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--lang", choices=("en", "zh"), default="en")
    parser.add_argument("--calls", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    options = parser.parse_args()
    try:
        asyncio.run(serve(options.lang, options.calls, options.seed, options.shared))
    except CallwrightError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
