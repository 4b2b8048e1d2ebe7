"""kill -9 in the middle of 20 calls: every recording plays, every log can be read, the next process reports each call once."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from callwright.calls.log import read_log
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.sip.driver import SipLine
from callwright.testing.robots import answer_everybody

CALLS = 20
PROCESS = Path(__file__).with_name("robots_process.py")


async def call_and_kill(folder: Path) -> None:
    async with (
        RtpEngine.start() as engine,
        SipLine.open("127.0.0.1", engine=engine, grace_s=0.2) as far_side,
    ):
        answering = asyncio.create_task(answer_everybody(far_side))
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(PROCESS), str(folder), str(far_side.address[1]), str(CALLS), stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        try:
            said = await asyncio.wait_for(process.stdout.readline(), 120)
            assert said == b"up\n"
        finally:
            process.send_signal(signal.SIGKILL)
            await process.wait()
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)


def recover(folder: Path) -> dict[str, Any]:
    """What a new process reports."""
    command = [str(Path(sys.executable).with_name("callwright")), "calls", "recover", str(folder), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """(folder of the killed process, what the next one reports)"""
    folder = tmp_path_factory.mktemp("killed")
    asyncio.run(call_and_kill(folder))
    logs = sorted((folder / "events").glob("*.jsonl"))
    assert len(logs) == CALLS
    assert all(read_log(log)[-1]["kind"] not in ("ended", "recovered") for log in logs)
    return folder, recover(folder)


def test_the_next_process_reports_each_call_once(killed: tuple[Path, dict[str, Any]]) -> None:
    folder, found = killed
    assert sorted(call["call_id"] for call in found["calls"]) == [f"call-{number:02d}" for number in range(CALLS)]
    assert {(call["disposition"], call["answered"]) for call in found["calls"]} == {("unknown", True)}
    assert min(call["talk_ms"] for call in found["calls"]) >= 1_000
    assert (found["live"], found["faults"]) == (0, [])
    assert recover(folder)["calls"] == []


def test_every_recording_plays(killed: tuple[Path, dict[str, Any]]) -> None:
    for call in killed[1]["calls"]:
        with wave.open(call["recording"]) as recording:
            frames = recording.getnframes()
            samples = np.frombuffer(recording.readframes(frames), "<i2").reshape(-1, 2)
        assert call["fault"] == ""
        assert (len(samples), call["recording_ms"]) == (frames, frames // 8)
        assert frames >= 8000  # two seconds were spoken, at most the last one is lost
        assert samples[:, 0].any(), "what the callee said"
        assert samples[:, 1].any(), "what the robot said"


def test_every_log_has_a_readable_tail(killed: tuple[Path, dict[str, Any]]) -> None:
    for call in killed[1]["calls"]:
        lines = read_log(Path(call["log"]))
        kinds = [line["kind"] for line in lines]
        assert kinds[0] == "placed"
        assert kinds[-1] == "recovered"
        assert kinds.count("recovered") == 1
        assert [line["n"] for line in lines] == list(range(len(lines)))
        sent = [line["line"].split(" ")[0] for line in lines if line["kind"] == "sip" and line["direction"] == "->"]
        assert sent[0] == "INVITE"
        assert "ACK" in sent


def test_a_ladder_of_a_killed_call_can_be_drawn(killed: tuple[Path, dict[str, Any]]) -> None:
    command = [str(Path(sys.executable).with_name("callwright")), "sip", "trace", "call-07", "--folder", str(killed[0])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "200 OK (INVITE) SDP" in done.stdout
    assert "unknown (its process was killed)" in done.stdout
