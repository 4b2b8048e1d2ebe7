"""Calls to baresip, an independent softphone, over UDP, TCP and TLS on 127.0.0.1: answer, hold, resume, hang up."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from callwright.telephony.port import LegAnswered, LegEnded
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.sip.tls import TlsSettings
from callwright.testing.media import FakeMediaEngine
from callwright.testing.sipp import CALLEE, HOST, bound, order

MODULES = Path("/usr/lib/baresip/modules")

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("baresip") is None or not MODULES.is_dir(), reason="baresip is not installed"),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed"),
]

CONFIG = """sip_listen {host}:{port}
sip_certificate {folder}/both.pem
module_path {modules}
module g711.so
module aufile.so
module_tmp account.so
module_app menu.so
audio_source aufile,{folder}/tone.wav
audio_player aufile,{folder}/heard.wav
audio_alert aufile,{folder}/heard.wav
"""


def prepare(folder: Path, port: int, transport: str) -> None:
    """A configuration, an account that answers, a certificate for 127.0.0.1 and something to play."""
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "2", "-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=phone"),
            *("-addext", f"subjectAltName=IP:{HOST}"),
        ],
        cwd=folder,
        check=True,
        capture_output=True,
        timeout=30,
    )
    (folder / "both.pem").write_text((folder / "key.pem").read_text() + (folder / "cert.pem").read_text())
    with wave.open(str(folder / "tone.wav"), "wb") as tone:
        tone.setnchannels(1)
        tone.setsampwidth(2)
        tone.setframerate(8000)
        tone.writeframes(b"\0\1" * 16_000)
    (folder / "config").write_text(CONFIG.format(host=HOST, port=port, folder=folder, modules=MODULES))
    account = f"<sip:{CALLEE}@{HOST};transport={transport}>;regint=0;answermode=auto;audio_codecs=PCMA\n"
    (folder / "accounts").write_text(account)
    (folder / "contacts").write_text("")


def free_pair() -> int:
    """A port that is free for UDP and TCP, and so is the next one (baresip takes TLS there)."""
    for _ in range(50):
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port = int(probe.getsockname()[1])
        if port < 65_000 and not bound(port) and not bound(port + 1):
            return port
    raise AssertionError("no free ports")


@asynccontextmanager
async def baresip(folder: Path, transport: str) -> AsyncIterator[int]:
    """The port the telephone listens on."""
    port = free_pair()
    prepare(folder, port, transport)
    process = await asyncio.create_subprocess_exec(
        *("baresip", "-f", str(folder), "-t", "30"),
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    port += transport == "tls"
    try:
        for _ in range(1_000):
            if bound(port):
                break
            await asyncio.sleep(0.01)
        yield port
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_a_call_with_hold_and_resume(tmp_path: Path, transport: str) -> None:
    async def run() -> None:
        seen = []
        async with asyncio.timeout(40), baresip(tmp_path, transport) as port:
            tls = TlsSettings(ca_file=str(tmp_path / "cert.pem")) if transport == "tls" else None
            engine = FakeMediaEngine()
            async with SipLine.open(HOST, engine=engine, transport=transport, tls=tls) as line:  # type: ignore[arg-type]
                leg = await line.place(order(port))
                async for event in leg.events():
                    seen.append(event)
                    if isinstance(event, LegAnswered):
                        await leg.hold()
                        await leg.resume_call()
                        await leg.hangup()
        assert isinstance(seen[-1], LegEnded)
        assert (seen[-1].cause, seen[-1].by) == ("bye", "us")
        assert [item[4] for item in engine.streams[0].configured] == ["sendrecv", "sendonly", "sendrecv"]

    asyncio.run(run())
