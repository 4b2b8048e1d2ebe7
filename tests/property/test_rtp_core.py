"""The compiled core does what numpy does, for many streams at once: the same packets, frames, counters and answers, whatever comes.

The same scenes run against a core with checks of memory and of undefined behaviour compiled in, in a process of their own.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.telephony.port import FRAME_SAMPLES, Codec
from callwright.telephony.rtp.core import CompiledInbound, CompiledOutbound, Core, available
from callwright.telephony.rtp.inbound import PACKET, Datagrams, Inbound
from callwright.telephony.rtp.outbound import Outbound
from callwright.telephony.rtp.packet import RtpPacket, serialise
from callwright.telephony.rtp.session import Session

ROOT = Path(__file__).parents[2]
PEER = ("192.0.2.1", 4000)
COUNTERS = ("_active", "_first", "_stamp", "_filled", "_taken", "_least", "_review", "_heard_at", "_arrival", "_jitter")

needs_core = pytest.mark.skipif(bool(available()), reason=f"no compiled core: {available()}")


def session(rng: random.Random) -> Session:
    new = Session(rng.getrandbits(32), rng.getrandbits(16), rng.getrandbits(32), rng.choice([None, None, -50]))
    codec: Codec = rng.choice(("PCMU", "PCMA"))
    new.configure(PEER, codec, 8 if codec == "PCMA" else 0, 101, "sendrecv")
    return new


class Far:
    """A far side: numbers its packets, and now and then sends what nobody expects."""

    def __init__(self, rng: random.Random, payload_type: int) -> None:
        self._rng = rng
        self._type = payload_type
        self._start = rng.getrandbits(16)
        self._ssrc = rng.getrandbits(32)
        self._sent = 0

    def packet(self) -> bytes:
        at = self._start + self._sent
        self._sent += 1
        payload = self._rng.randbytes(FRAME_SAMPLES)
        return serialise(RtpPacket(self._type, at & 0xFFFF, at * FRAME_SAMPLES & 0xFFFFFFFF, self._ssrc, payload))

    def odd(self) -> bytes:
        usual = bytearray(self.packet())
        happens = self._rng.randrange(6)
        if happens == 0:
            usual[self._rng.randrange(12)] ^= 1 << self._rng.randrange(8)
        elif happens == 1:
            return bytes(usual[: self._rng.randrange(PACKET)])
        elif happens == 2:
            return bytes(usual) + self._rng.randbytes(self._rng.randrange(1, 400))
        elif happens == 3:
            return self.packet()  # one is missing
        elif happens == 4:
            return self._rng.randbytes(self._rng.choice([0, 1, PACKET, 500]))
        return bytes(usual)


def inbound_scene(seed: int, core: Core, rows: int = 9, ticks: int = 220) -> int:
    """Two banks of streams with the same sessions hear the same datagrams; how many frames were heard steadily."""
    rng, twin = random.Random(seed), random.Random(seed)
    banks = (Inbound(), CompiledInbound(core))
    everyone = [[session(which) for _ in range(rows)] for which in (rng, twin)]
    far = [Far(rng, 8 if one.codec == "PCMA" else 0) for one in everyone[0]]
    places = rng.sample(range(rng.choice([rows, 70])), rows)
    steady = 0
    for tick in range(ticks):
        now_ms = tick * 20 + rng.random() * 3
        lent = sorted((place, n) for n, place in enumerate(places) if banks[0].lent(place))
        sent = {
            n: [far[n].packet() for _ in range(rng.choice([1] * 60 + [0, 0, 2, 2, 14, 18, 70]))] for n in range(rows)
        }
        for n in rng.sample(range(rows), 1 if tick > 60 and rng.random() < 0.2 else 0):
            sent[n].append(far[n].odd())
        while any(sent.values()):
            batch = [(place, n) for place, n in lent if sent[n] and banks[0].lent(place)]
            others = [n for n in range(rows) if sent[n] and not banks[0].lent(places[n])]
            taken = {n: sent[n].pop(0) for n in [*(n for _, n in batch), *others]}
            if batch:
                at = np.array([place for place, _ in batch], np.int64)
                datagrams = Datagrams.of(np.arange(len(batch)), [taken[n] for _, n in batch])
                odd = [bank.push(at, datagrams, now_ms) for bank in banks]
                assert odd[0] == odd[1]
                for position in odd[0]:
                    others.append(batch[position][1])
                    for bank in banks:
                        bank.leave(batch[position][0])
            for n in others:
                for sessions in everyone:
                    sessions[n].receive(taken[n], PEER, now_ms)
        at = np.array([place for place, _ in lent], np.int64)
        hungry = [bank.starving(at) for bank in banks]
        assert hungry[0] == hungry[1]
        for place in hungry[0]:
            for bank in banks:
                if bank.lent(place):
                    bank.leave(place)
        heard = [bank.pop(at) for bank in banks]
        assert np.array_equal(heard[0].rows, heard[1].rows)
        assert np.array_equal(heard[0].pcm, heard[1].pcm)
        assert np.allclose(heard[0].energy, heard[1].energy, rtol=1e-5)
        steady += len(heard[0].rows)
        for n in range(rows):
            if places[n] not in heard[0].rows:
                assert len({sessions[n].take() for sessions in everyone}) == 1
        same_columns(banks)
        for n in rng.sample(range(rows), rng.choice([0, 0, 1])):  # the event loop takes one back
            if banks[0].lent(places[n]):
                last = [bank.leave(places[n]) for bank in banks]
                assert [one is None for one in last] in ([True, True], [False, False])
                assert last[0] is None or last[1] is None or np.array_equal(last[0], last[1])
        for n in range(rows):
            assert everyone[0][n].stats == everyone[1][n].stats
            if not banks[0].lent(places[n]):
                assert (
                    len({bank.enter(places[n], sessions[n]) for bank, sessions in zip(banks, everyone, strict=True)})
                    == 1
                )
    return steady


def same_columns(banks: tuple[Inbound, Inbound]) -> None:
    for name in COUNTERS:
        assert np.array_equal(getattr(banks[0], name), getattr(banks[1], name)), name


def outbound_scene(seed: int, core: Core, rows: int = 7, ticks: int = 260) -> int:
    """Two banks of streams with the same sessions are told the same; how many packets carried prepared audio."""
    rng, twin = random.Random(seed), random.Random(seed)
    banks = (Outbound(), CompiledOutbound(core))
    everyone = [[session(which) for _ in range(rows)] for which in (rng, twin)]
    places = rng.sample(range(rng.choice([rows, 70])), rows)
    said = 0
    for tick in range(ticks):
        for n in range(rows):
            if rng.random() < 0.05:
                audio, mark = rng.randbytes(rng.randrange(1, 20_000)), str(rng.randrange(2))
                for bank, sessions in zip(banks, everyone, strict=True):
                    if bank.lent(places[n]):
                        bank.extend(places[n])
                    sessions[n].playout.play(audio, mark)
            happens = rng.random()
            for bank, sessions in zip(banks, everyone, strict=True):
                if not bank.lent(places[n]):
                    bank.enter(places[n], sessions[n])
                elif happens < 0.01:
                    bank.leave(places[n])
                elif happens < 0.02:
                    bank.requeue(places[n])
                    sessions[n].playout.paused = not sessions[n].playout.paused
                elif happens < 0.03:
                    bank.skip(places[n], 3)
        at = np.array(sorted(place for place in places if banks[0].lent(place)), np.int64)
        ended = [bank.step(at) for bank in banks]
        assert sorted(ended[0]) == sorted(ended[1])
        assert np.array_equal(banks[0].table[at], banks[1].table[at]), tick
        said += int(np.count_nonzero(banks[1]._used[at]))
        for n in range(rows):
            if banks[0].lent(places[n]):
                for bank in banks:
                    bank.refresh(places[n])
            else:
                assert len({sessions[n].give() for sessions in everyone}) == 1
            assert everyone[0][n].stats == everyone[1][n].stats
            assert everyone[0][n].playout.position() == everyone[1][n].playout.position()
    return said


@needs_core
@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_the_core_hears_what_numpy_hears(seed: int) -> None:
    assert inbound_scene(seed, Core()) > 0


@needs_core
@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_the_core_says_what_numpy_says(seed: int) -> None:
    assert outbound_scene(seed, Core()) > 0


def runtime(name: str) -> Path | None:
    """Of gcc's sanitizers."""
    if shutil.which("cc") is None or not sys.platform.startswith("linux"):
        return None
    told = subprocess.run(["cc", f"-print-file-name={name}"], capture_output=True, text=True, check=True).stdout.strip()
    return Path(told) if Path(told).is_absolute() else None


@pytest.fixture
def sanitised(tmp_path: Path) -> Iterator[Path]:
    target = tmp_path / "core.so"
    flags = "-g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all"
    subprocess.run(["sh", "scripts/core", target], cwd=ROOT, check=True, env={**os.environ, "CORE_FLAGS": flags})
    yield target


@needs_core
@pytest.mark.skipif(
    runtime("libasan.so") is None, reason="gcc has no sanitizers here: the core's memory is not checked"
)
def test_no_memory_is_touched_that_is_not_ours(sanitised: Path) -> None:
    preloaded = {
        "LD_PRELOAD": str(runtime("libasan.so")),
        "ASAN_OPTIONS": "detect_leaks=0:verify_asan_link_order=0",
        "PYTHONMALLOC": "malloc",
    }
    told = subprocess.run(
        [sys.executable, __file__, sanitised],
        env={**os.environ, **preloaded},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert told.returncode == 0, told.stderr[-4000:]
    assert told.stdout == "clean"


if __name__ == "__main__":
    checked = Core(Path(sys.argv[1]))
    for number in range(4):
        inbound_scene(number, checked, ticks=120)
        outbound_scene(number, checked, ticks=120)
    sys.stdout.write("clean")
