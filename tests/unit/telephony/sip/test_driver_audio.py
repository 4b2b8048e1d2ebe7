"""What two lines agree on about audio: codecs, encryption, what this machine lacks. Over real sockets on 127.0.0.1."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from callwright.errors import LineError
from callwright.telephony.port import LegAnswered, LegEnded, LegEvent, LegRejected, WireCodec
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.wire_audio import SrtpPolicy, WireAudio
from callwright.testing.media import FakeMediaEngine
from callwright.testing.sipp import HOST, order

BOTH: tuple[WireCodec, ...] = ("OPUS", "PCMA")


class WithoutOpus(FakeMediaEngine):
    def lacks(self, codec: WireCodec) -> str:
        return "libopus is missing" if codec == "OPUS" else ""


class Talk:
    """One call, held and resumed once when it is answered."""

    def __init__(self, ours: FakeMediaEngine | None = None) -> None:
        self.ours, self.theirs = ours or FakeMediaEngine(), FakeMediaEngine()
        self.events: list[LegEvent] = []

    async def run(
        self, near: SrtpPolicy, far: SrtpPolicy, codecs: tuple[WireCodec, ...] = ("PCMA",), *, hold: bool = False
    ) -> None:
        async def serve(line: SipLine) -> None:
            async for leg in line.incoming():
                await leg.answer()

        async with (
            asyncio.timeout(20),
            asyncio.TaskGroup() as tasks,
            SipLine.open(HOST, engine=self.theirs, srtp=far, codecs=BOTH) as theirs,
            SipLine.open(HOST, engine=self.ours, srtp=near) as ours,
        ):
            tasks.create_task(serve(theirs))
            leg = await ours.place(order(theirs.address[1], codecs=codecs))
            async for event in leg.events():
                self.events.append(event)
                if isinstance(event, LegAnswered):
                    if hold:
                        await leg.hold()
                        await leg.resume_call()
                    await leg.hangup()

    def wires(self, engine: FakeMediaEngine) -> list[WireAudio]:
        return [wire for stream in engine.streams for wire in stream.wires if wire is not None]


@pytest.mark.parametrize(
    ("near", "far", "encrypted"),
    [
        ("off", "off", False),
        ("off", "optional", False),
        ("optional", "off", False),
        ("optional", "optional", True),
        ("required", "optional", True),
        ("required", "required", True),
    ],
)
def test_what_two_policies_agree_on(near: SrtpPolicy, far: SrtpPolicy, encrypted: bool) -> None:
    talk = Talk()
    asyncio.run(talk.run(near, far, hold=True))
    ours, theirs = talk.wires(talk.ours), talk.wires(talk.theirs)
    assert len(ours) == len(theirs) == 3
    assert {wire.srtp for wire in ours} == {ours[0].srtp}  # a hold keeps the keys
    assert (ours[0].srtp is not None) == (theirs[0].srtp is not None) == encrypted
    if ours[0].srtp is not None and theirs[0].srtp is not None:
        mirrored = replace(theirs[0].srtp, ours=theirs[0].srtp.theirs, theirs=theirs[0].srtp.ours)
        assert mirrored == ours[0].srtp


@pytest.mark.parametrize(("near", "far"), [("required", "off"), ("off", "required"), ("optional", "required")])
def test_who_insists_is_not_overruled(near: SrtpPolicy, far: SrtpPolicy) -> None:
    talk = Talk()
    asyncio.run(talk.run(near, far))
    rejected = [event.code for event in talk.events if isinstance(event, LegRejected)]
    assert rejected == [488]
    assert isinstance(talk.events[-1], LegEnded)
    assert not talk.wires(talk.ours)


def test_keys_differ_from_call_to_call() -> None:
    seen = set()
    for _ in range(3):
        talk = Talk()
        asyncio.run(talk.run("required", "required"))
        keys = talk.wires(talk.ours)[0].srtp
        assert keys is not None
        seen |= {keys.ours, keys.theirs}
    assert len(seen) == 6


def test_opus_is_spoken_where_both_can() -> None:
    talk = Talk()
    asyncio.run(talk.run("off", "off", BOTH))
    assert [wire.codec for wire in talk.wires(talk.ours) + talk.wires(talk.theirs)] == ["OPUS", "OPUS"]


def test_what_the_machine_lacks_is_not_offered(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        talk = Talk(WithoutOpus())
        asyncio.run(talk.run("off", "off", BOTH))
        assert [wire.codec for wire in talk.wires(talk.theirs)] == ["PCMA"]
    assert caplog.text.count("OPUS is not offered: libopus is missing") <= 1  # said once

    async def alone() -> None:
        async with SipLine.open(HOST, engine=WithoutOpus(), codecs=("OPUS",)):
            pass

    with pytest.raises(LineError, match="libopus is missing"):
        asyncio.run(alone())


def test_keys_in_the_clear_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    talk = Talk()
    asyncio.run(talk.run("required", "required"))
    said = [record.message for record in caplog.records if "who reads it has the keys" in record.message]
    assert len(said) == 2  # once for each line
    keys = talk.wires(talk.ours)[0].srtp
    assert keys is not None
    assert keys.ours.hex() not in caplog.text
    assert str(keys.ours) not in caplog.text
