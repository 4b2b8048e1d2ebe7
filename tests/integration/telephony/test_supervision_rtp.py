"""Three telephones on loopback sockets, each sending a tone of its own; a Goertzel filter tells who hears whom. And the seam when a robot's
call is bridged to an agent: no packet is missing, no silence longer than a frame."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from callwright.telephony.port import Codec, Pcm
from callwright.telephony.rtp import g711
from callwright.telephony.rtp.engine import RtpEngine, RtpStream, bridge, supervise
from callwright.telephony.rtp.packet import RtpPacket, parse, serialise

pytestmark = [pytest.mark.anyio, pytest.mark.integration]

HOST = "127.0.0.1"
TONES = {"person": 400.0, "agent": 700.0, "supervisor": 1100.0, "robot": 1700.0}
CODECS: dict[str, Codec] = {"person": "PCMU", "agent": "PCMA", "supervisor": "PCMA"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def tone(hertz: float, frames: int, first: int = 0) -> Pcm:
    at = np.arange(first * 160, (first + frames) * 160)
    samples: Pcm = (5000 * np.sin(2 * np.pi * hertz / 8000 * at)).astype(np.int16)
    return samples


def goertzel(pcm: Pcm, hertz: float) -> float:
    """Amplitude of one frequency in the samples."""
    turn = 2 * np.cos(2 * np.pi * hertz / 8000)
    one = two = 0.0
    for sample in pcm.astype(float):
        one, two = sample + turn * one - two, one
    power = one * one + two * two - turn * one * two
    return float(np.sqrt(max(0.0, power)) * 2 / len(pcm))


class Telephone:
    """A real RTP peer: sends its tone every 20 ms of its own clock, keeps what comes."""

    def __init__(self, name: str, stream: RtpStream) -> None:
        self.name = name
        self.codec = CODECS[name]
        self.packets: list[RtpPacket] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((HOST, 0))
        self._socket.setblocking(False)
        self._to = (HOST, stream.local_port)
        self._pt = 8 if self.codec == "PCMA" else 0
        stream.configure((HOST, self._socket.getsockname()[1]), self.codec, self._pt, 101)
        self._sent = 0
        self.news = asyncio.Event()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_reader(self._socket, self._read)
        due = loop.time()
        try:
            while True:
                audio = g711.encode(tone(TONES[self.name], 1, self._sent), self.codec)
                packet = RtpPacket(self._pt, self._sent & 0xFFFF, self._sent * 160, 99, audio)
                with contextlib.suppress(BlockingIOError):
                    self._socket.sendto(serialise(packet), self._to)
                self._sent += 1
                due += 0.02
                await asyncio.sleep(max(0.0, due - loop.time()))
        finally:
            loop.remove_reader(self._socket)
            self._socket.close()

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                packet = parse(self._socket.recv(2048))
                if packet is not None:
                    self.packets.append(packet)
                    self.news.set()

    async def more(self, packets: int) -> Pcm:
        """The next so many packets, decoded."""
        begin = len(self.packets)
        while len(self.packets) < begin + packets:
            self.news.clear()
            await self.news.wait()
        return self.audio(begin, begin + packets)

    def audio(self, begin: int, end: int) -> Pcm:
        return g711.decode(b"".join(packet.payload for packet in self.packets[begin:end]), self.codec)

    async def hears(self) -> set[str]:
        """Who is heard, once the last change is through."""
        await self.more(15)
        pcm = await self.more(20)
        return {name for name, hertz in TONES.items() if goertzel(pcm, hertz) > 1200}


@contextlib.asynccontextmanager
async def stage() -> AsyncIterator[tuple[dict[str, RtpStream], dict[str, Telephone]]]:
    async with RtpEngine.start() as engine, asyncio.timeout(60):
        streams = {name: await engine.open(HOST) for name in CODECS}
        telephones = {name: Telephone(name, stream) for name, stream in streams.items()}
        tasks = [asyncio.ensure_future(telephone.run()) for telephone in telephones.values()]
        try:
            for telephone in telephones.values():
                await telephone.more(5)
            yield streams, telephones
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def everybody(telephones: dict[str, Telephone]) -> dict[str, set[str]]:
    found = await asyncio.gather(*(telephone.hears() for telephone in telephones.values()))
    return dict(zip(telephones, found, strict=True))


def gapless(telephone: Telephone) -> None:
    """Numbers follow each other; on a busy machine ticks may be skipped, then a packet begins anew with the marker."""
    for before, after in zip(telephone.packets, telephone.packets[1:], strict=False):
        assert after.sequence == before.sequence + 1 & 0xFFFF
        if not after.marker:
            assert after.timestamp == before.timestamp + 160 & 0xFFFFFFFF


async def test_who_hears_whom_and_what_is_recorded(tmp_path: Path) -> None:
    async with stage() as (streams, telephones):
        person, agent, supervisor = streams["person"], streams["agent"], streams["supervisor"]
        robot = g711.encode(tone(TONES["robot"], 1500), "PCMU")
        person.play(robot, "robot")
        assert await everybody(telephones) == {"person": {"robot"}, "agent": set(), "supervisor": set()}
        mix = supervise(person, supervisor, "listen")
        assert await everybody(telephones) == {"person": {"robot"}, "agent": set(), "supervisor": {"person", "robot"}}
        mix.mode("barge")
        assert (await everybody(telephones))["person"] == {"robot", "supervisor"}
        mix.mode("listen")
        bridge(person, agent)
        person.flush()
        all_three = {"person": {"agent"}, "agent": {"person"}, "supervisor": {"person", "agent"}}
        assert await everybody(telephones) == all_three
        person.record(str(tmp_path / "whisper.wav"))
        mix.mode("whisper")
        assert await everybody(telephones) == all_three | {"agent": {"person", "supervisor"}}
        person.record(str(tmp_path / "barge.wav"))
        mix.mode("barge")
        assert await everybody(telephones) == all_three | {
            "person": {"agent", "supervisor"},
            "agent": {"person", "supervisor"},
        }
        await supervisor.close()
        assert mix.over
        left = await asyncio.gather(telephones["person"].hears(), telephones["agent"].hears())
        assert list(left) == [{"agent"}, {"person"}]
        await person.close()
        for name in ("person", "agent"):
            gapless(telephones[name])
    # The recording of the call holds what the person says and hears: a barge, never a whisper.
    assert heard_in(tmp_path / "whisper.wav", 0) == {"person"}
    assert heard_in(tmp_path / "whisper.wav", 1) == {"agent"}
    assert heard_in(tmp_path / "barge.wav", 0) == {"person"}
    assert heard_in(tmp_path / "barge.wav", 1) == {"agent", "supervisor"}


def heard_in(path: Path, channel: int) -> set[str]:
    with wave.open(str(path)) as file:
        audio = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)[:, channel]
    middle = audio[len(audio) // 3 : len(audio) // 3 + 4000]
    return {name for name, hertz in TONES.items() if goertzel(middle, hertz) > 1200}


def longest_silence_ms(pcm: Pcm) -> float:
    """The longest run of samples near zero (a tone passes zero in a sample or two)."""
    quiet = np.concatenate([[False], np.abs(pcm) < 200, [False]])
    edges = np.flatnonzero(quiet[1:] != quiet[:-1])
    return float((edges[1::2] - edges[::2]).max(initial=0)) / 8


@pytest.mark.parametrize("watched", [False, True])
async def test_the_seam_from_robot_to_agent(watched: bool) -> None:
    """The robot is in mid-sentence when the agent's telephone is bridged in, with or without a supervisor listening."""
    async with stage() as (streams, telephones):
        person, agent, telephone = streams["person"], streams["agent"], telephones["person"]
        person.play(g711.encode(tone(TONES["robot"], 2000), "PCMU"), "robot")
        if watched:
            supervise(person, streams["supervisor"], "listen")
        await telephone.more(60)
        begin = len(telephone.packets) - 10
        bridge(person, agent)
        person.flush()
        await telephone.more(30)
        gapless(telephone)
        concealed = agent.stats
        seam = telephone.audio(begin, len(telephone.packets))
        assert longest_silence_ms(seam) <= 20 or concealed.lost or concealed.late
        assert goertzel(seam[:1280], TONES["robot"]) > 1200
        assert goertzel(seam[-1600:], TONES["agent"]) > 1200
        assert goertzel(seam[-1600:], TONES["robot"]) < 300
