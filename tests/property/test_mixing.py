"""Supervision, tick by tick by hand over real sockets: who hears whom whatever happens in which order, and nothing is lost.

Everybody says a level of their own all the time, so that a packet tells by its level who is heard in it.
"""

from __future__ import annotations

import asyncio
import random
import socket
from itertools import combinations
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.errors import LineError
from callwright.telephony.port import Codec, SupervisionMode
from callwright.telephony.rtp import g711
from callwright.telephony.rtp.engine import RtpEngine, RtpStream, bridge, supervise, unbridge
from callwright.telephony.rtp.mixing import Mix, Voices, add_up, step
from callwright.telephony.rtp.packet import RtpPacket, parse, serialise

HOST = "127.0.0.1"
LEVELS = {"person": 1000, "agent": 2100, "supervisor": 4300, "prompt": 8800}
SUMS = {
    sum(LEVELS[name] for name in names): frozenset(names)
    for count in range(len(LEVELS) + 1)
    for names in combinations(LEVELS, count)
}


def said(level: int, codec: Codec) -> bytes:
    return g711.encode(np.full(160, level, np.int16), codec)


class Far:
    """The telephone at the other end of one stream."""

    def __init__(self, name: str, stream: RtpStream, codec: Codec) -> None:
        self.name = name
        self.stream = stream
        self.codec = codec
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((HOST, 0))
        self.socket.setblocking(False)
        self.pt = 8 if codec == "PCMA" else 0
        stream.configure((HOST, self.socket.getsockname()[1]), codec, self.pt, 101)
        self.sequence = 0
        self.last: RtpPacket | None = None

    def speak(self) -> None:
        level = LEVELS.get(self.name, 0)
        packet = RtpPacket(self.pt, self.sequence & 0xFFFF, self.sequence * 160, 7, said(level, self.codec))
        self.socket.sendto(serialise(packet), (HOST, self.stream.local_port))
        self.sequence += 1

    def hear(self) -> frozenset[str]:
        """Who is heard in the one packet of this tick, which follows the one before without a gap."""
        packet = parse(self.socket.recv(2048))
        with pytest.raises(BlockingIOError):
            self.socket.recv(2048)
        assert packet is not None
        if self.last is not None:
            assert packet.sequence == self.last.sequence + 1 & 0xFFFF
            assert packet.timestamp == self.last.timestamp + 160 & 0xFFFFFFFF
        self.last = packet
        level = float(np.mean(g711.decode(packet.payload, self.codec)))
        nearest = min(SUMS, key=lambda total: abs(total - level))
        assert abs(nearest - level) < 300, level
        return SUMS[nearest]


class Stage:
    """An engine whose ticks come when asked, with a person, an agent, a supervisor and a bystander."""

    def __init__(self, engine: RtpEngine, streams: list[RtpStream], codecs: list[Codec]) -> None:
        self.engine = engine
        names = ("person", "agent", "supervisor", "bystander")
        self.far = {name: Far(name, *pair) for name, pair in zip(names, zip(streams, codecs, strict=True), strict=True)}
        self.streams: list[RtpStream] = []
        self.ticks = 0
        self.mix: Mix | None = None
        self.mode: SupervisionMode | None = None
        self.bridged = False
        self.queued = self.heard_prompts = 0

    def tick(self) -> dict[str, frozenset[str]]:
        for far in self.far.values():
            far.speak()
        self.engine._come_and_go(self.streams)
        self.engine._tick(self.streams, self.ticks)
        self.ticks += 1
        return {name: far.hear() for name, far in self.far.items()}

    def do(self, what: str) -> None:
        person, agent, supervisor = (self.far[name].stream for name in ("person", "agent", "supervisor"))
        if what in ("listen", "whisper", "barge"):
            mode: SupervisionMode = what  # type: ignore[assignment]
            if what == "whisper" and not self.bridged:
                with pytest.raises(LineError, match="whispered"):
                    self.mix.mode(mode) if self.mix is not None else supervise(person, supervisor, mode)
                return
            if self.mix is None:
                self.mix = supervise(person, supervisor, mode)
            else:
                self.mix.mode(mode)
            self.mode = mode
        elif what == "end" and self.mix is not None:
            self.mix.end()
            self.mix = self.mode = None
        elif what == "bridge" and not self.bridged:
            bridge(person, agent)
            self.bridged = True
        elif what == "part" and self.bridged:
            unbridge(person)
            self.bridged = False
        elif what == "play":
            person.play(said(LEVELS["prompt"], self.far["person"].codec) * 3, "prompt")
            self.queued += 3

    def expected(self) -> dict[str, frozenset[str]]:
        """By the table of `rtp.mixing`, said once more in sets."""
        playing = self.heard_prompts < self.queued
        prompt = {"prompt"} if playing else set[str]()
        others = {"agent"} if self.bridged else set[str]()
        person = prompt or others
        agent = {"person"} if self.bridged else set[str]()
        supervisor = {"person"} | others | prompt if self.mode else set[str]()
        if self.mode == "barge":
            person = person | {"supervisor"}
        if self.mode in ("barge", "whisper") and self.bridged:
            agent = agent | {"supervisor"}
        sets = {"person": person, "agent": agent, "supervisor": supervisor, "bystander": set[str]()}
        return {name: frozenset(heard) for name, heard in sets.items()}


async def run(codecs: list[Codec], actions: list[tuple[str, int]]) -> None:
    first = random.Random(str(actions)).randrange(16384, 30000, 2)
    engine = RtpEngine((first, first + 400), random.Random(1))
    streams = [await engine.open(HOST) for _ in range(4)]
    stage = Stage(engine, streams, codecs)
    try:
        for _ in range(4):
            stage.tick()
        for what, ticks in actions:
            stage.do(what)
            for _ in range(ticks):
                wanted = stage.expected()
                heard = stage.tick()
                assert heard == wanted, (what, stage.mode, stage.bridged)
                stage.heard_prompts += "prompt" in heard["person"]
        while stage.heard_prompts < stage.queued:  # every frame that was queued is heard
            stage.heard_prompts += "prompt" in stage.tick()["person"]
        assert "prompt" not in stage.tick()["person"]
        assert engine.stats.failed == 0
    finally:
        for stream in streams:
            await end(engine, stage.streams, stream)
        for far in stage.far.values():
            far.socket.close()
        engine._writer.stop()


async def end(engine: RtpEngine, streams: list[RtpStream], stream: RtpStream) -> None:
    closing = asyncio.ensure_future(stream.close())
    await asyncio.sleep(0)
    engine._come_and_go(streams)
    await closing


CODECS = st.lists(st.sampled_from(["PCMA", "PCMU"]), min_size=4, max_size=4)
ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["listen", "whisper", "barge", "end", "bridge", "part", "play", "play"]), st.integers(0, 4)
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(CODECS, ACTIONS)
def test_who_hears_whom(codecs: list[Codec], actions: list[tuple[str, int]]) -> None:
    asyncio.run(run(codecs, actions))


def test_long_enough_to_be_steady_before_and_after() -> None:
    """The streams come from the arrays of steady streams and go back there."""
    actions = [("play", 80), ("listen", 3), ("bridge", 3), ("whisper", 3), ("barge", 3), ("end", 3), ("part", 80)]
    asyncio.run(run(["PCMA", "PCMU", "PCMA", "PCMA"], [*actions, ("barge", 5), ("listen", 2), ("end", 20)]))


pcm = st.lists(st.integers(-32768, 32767), min_size=160, max_size=160).map(lambda v: np.array(v, np.int16))
maybe = st.none() | pcm


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.builds(Voices, pcm, maybe, pcm, maybe, maybe, maybe), st.sampled_from(["listen", "whisper", "barge"])
        ),
        min_size=1,
        max_size=4,
    )
)
def test_sums_saturate_and_calls_do_not_mix(calls: list[tuple[Voices, SupervisionMode]]) -> None:
    together = add_up(calls)
    for row, (voices, mode) in enumerate(calls):
        assert (add_up([(voices, mode)])[0] == together[row]).all()
        person = voices.to_person if voices.to_person is not None else voices.agent
        wide = np.zeros(160, np.int64) + (0 if person is None else person)
        if mode == "barge":
            wide += voices.supervisor
        assert (together[row, 0] == np.clip(wide, -32768, 32767)).all()


async def refusals() -> None:
    async with RtpEngine.start() as engine:
        person, agent, supervisor, other = [await engine.open(HOST) for _ in range(4)]
        ended: list[str] = []
        mix = supervise(person, supervisor, "listen", lambda: ended.append("over"))
        for call, third in ((person, other), (other, supervisor), (other, other), (supervisor, other)):
            with pytest.raises(LineError):
                supervise(call, third, "listen")
        with pytest.raises(LineError):
            bridge(agent, supervisor)
        with pytest.raises(LineError, match="not one of"):
            mix.mode("shout")  # type: ignore[arg-type]
        bridge(person, agent)
        mix.mode("whisper")
        await agent.close()
        assert not mix.over
        await person.close()
        assert mix.over
        assert ended == ["over"]
        assert supervisor.mix is None
        mix.end()
        with pytest.raises(LineError):
            mix.mode("listen")
        with pytest.raises(LineError):
            supervise(person, supervisor, "listen")


def test_what_is_refused_and_when_it_ends() -> None:
    asyncio.run(refusals())


def test_a_mix_that_ends_while_the_tick_looks_at_it() -> None:
    """`Mix.end` belongs to the event loop, `step` to the tick thread: what one look shows may be gone at the next."""

    class Leaving:
        looks = 0

        @property
        def mix(self) -> object:
            self.looks += 1
            return SimpleNamespace(supervisor=None) if self.looks == 1 else None

    step([cast(RtpStream, Leaving())])
