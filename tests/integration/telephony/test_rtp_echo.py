"""Our media against sipp's RTP echo: an independent peer that sends back every packet it gets, keys included."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from callwright.telephony.port import Codec, Frame
from callwright.telephony.rtp import g711
from callwright.telephony.rtp.engine import RtpEngine

pytestmark = [pytest.mark.anyio, pytest.mark.integration]
HOST = "127.0.0.1"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def _free_even_port() -> int:
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((HOST, 0))
            port = int(probe.getsockname()[1])
        if port % 2 == 0:
            return port


@pytest.fixture
def echo_port(tmp_path: Path) -> Iterator[int]:
    """Media port of a running sipp -rtp_echo."""
    sipp = shutil.which("sipp")
    if sipp is None:
        pytest.skip("sipp is not installed (apt-get install sip-tester)")
    port = _free_even_port()
    command = [
        sipp,
        "-sn",
        "uas",
        "-i",
        HOST,
        "-p",
        str(_free_even_port()),
        "-mi",
        HOST,
        "-mp",
        str(port),
        "-rtp_echo",
        "-nostdin",
    ]
    with (tmp_path / "sipp.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield port
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(("codec", "payload_type"), [("PCMA", 8), ("PCMU", 0)])
async def test_audio_and_keys_come_back(echo_port: int, codec: Codec, payload_type: int) -> None:
    frames: list[Frame] = []
    keys: list[str] = []
    news = asyncio.Event()

    def heard(frame: Frame) -> None:
        frames.append(frame)
        news.set()

    async with RtpEngine.start() as engine:
        stream = await engine.open(HOST)
        stream.configure((HOST, echo_port), codec, payload_type, 101)
        stream.listen(heard, keys.append)
        async with asyncio.timeout(20):
            while not stream.stats.received:  # sipp is up when our own silence comes back
                news.clear()
                await news.wait()
        said = g711.encode((9000 * np.sin(np.arange(160 * 25) * 0.25)).astype(np.int16), codec)
        stream.play(said, "tone")
        await asyncio.wait_for(stream.drained(), 20)
        stream.send_dtmf("42#")
        async with asyncio.timeout(20):
            while len(keys) < 3:
                news.clear()
                await news.wait()
        assert "".join(keys) == "42#"
        audio = np.concatenate([frame.pcm for frame in frames])
        wanted = g711.decode(said, codec)
        start = int(np.argmax(np.abs(audio) > 1000)) - int(np.argmax(np.abs(wanted) > 1000))
        echoed = audio[start : start + len(wanted)]
        # A frame may be concealed on a busy machine; what is heard is ours, not noise.
        assert np.mean(echoed == wanted[: len(echoed)]) > 0.8
        assert stream.stats.garbage == 0
        assert stream.stats.received > 25
