"""RTCP with baresip, an independent softphone: it takes our reports, we take its, and both tell the same story."""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
import wave
from pathlib import Path

import pytest

from callwright.telephony.port import LegAnswered, LegEnded, MediaStats
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.sip.driver import SipLine
from callwright.testing.sipp import CALLEE, HOST, bound, order

MODULES = Path("/usr/lib/baresip/modules")

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("baresip") is None or not MODULES.is_dir(), reason="baresip is not installed"),
]

CONFIG = """sip_listen {host}:{port}
module_path {modules}
module g711.so
module aufile.so
module_tmp account.so
module_app menu.so
net_interface {host}
rtp_stats yes
audio_source aufile,{folder}/tone.wav
audio_player aufile,{folder}/heard.wav
audio_alert aufile,{folder}/heard.wav
"""


def prepare(folder: Path, port: int) -> None:
    with wave.open(str(folder / "tone.wav"), "wb") as tone:
        tone.setnchannels(1)
        tone.setsampwidth(2)
        tone.setframerate(8000)
        tone.writeframes(b"\0\1" * 480_000)
    (folder / "config").write_text(CONFIG.format(host=HOST, port=port, folder=folder, modules=MODULES))
    (folder / "accounts").write_text(f"<sip:{CALLEE}@{HOST}>;regint=0;answermode=auto;audio_codecs=PCMA\n")
    (folder / "contacts").write_text("")


def free_port() -> int:
    """Free for UDP and TCP, and so is the next one."""
    for _ in range(50):
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port = int(probe.getsockname()[1])
        if port < 65_000 and not bound(port) and not bound(port + 1):
            return port
    raise AssertionError("no free ports")


async def call(folder: Path) -> tuple[MediaStats, str]:
    """A call that lasts until a round trip was measured; our figures, and what baresip said."""
    port = free_port()
    prepare(folder, port)
    process = await asyncio.create_subprocess_exec(
        *("baresip", "-v", "-f", str(folder), "-t", "60"),
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    stats = MediaStats()
    try:
        for _ in range(1_000):
            if bound(port):
                break
            await asyncio.sleep(0.01)
        async with RtpEngine.start() as engine, SipLine.open(HOST, engine=engine) as line:
            leg = await line.place(order(port))
            async for event in leg.events():
                if isinstance(event, LegAnswered):
                    assert leg.media is not None
                    for _ in range(150):
                        stats = leg.media.stats
                        if stats.round_trip_ms is not None and stats.rtcp_sent > 1:
                            break
                        await asyncio.sleep(0.1)
                    await leg.hangup()
                if isinstance(event, LegEnded):
                    assert event.cause == "bye", event
    finally:
        if process.returncode is None:
            process.terminate()
        said = (await process.communicate())[0].decode(errors="replace")
    return stats, said


def test_both_sides_report(tmp_path: Path) -> None:
    async def run() -> tuple[MediaStats, str]:
        async with asyncio.timeout(80):
            return await call(tmp_path)

    stats, said = asyncio.run(run())
    assert stats.rtcp_received >= 1
    assert stats.round_trip_ms is not None, said
    assert 0 <= stats.round_trip_ms < 2_000
    assert stats.far_loss < 0.5
    # What it prints at the end of a call in which reports came: what both sides told by them.
    told = re.search(r"pkt\.report:\s+(\d+)\s+(\d+)\s+lost:\s+(\d+)", said)
    assert told is not None, said
    ours_seen, theirs_seen, lost = (int(number) for number in told.groups())
    assert min(ours_seen, theirs_seen) > 10
    assert lost < ours_seen
