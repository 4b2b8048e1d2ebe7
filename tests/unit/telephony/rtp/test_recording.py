from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import wave
from pathlib import Path

import numpy as np
import pytest

from callwright.telephony.rtp import g711, recording
from callwright.telephony.rtp.recording import Recording, RecordingWriter, Taken

TONE = np.full(160, 1000, np.int16)


def read(path: Path) -> np.ndarray[tuple[int, int], np.dtype[np.int16]]:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, 8000, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)


def finish(writer: RecordingWriter, one: Recording) -> None:
    done = threading.Event()
    writer.finish(one, done.set)
    assert done.wait(10)


def test_left_is_the_callee_right_is_what_was_sent(tmp_path: Path) -> None:
    path, errors = tmp_path / "a.wav", list[str]()
    writer = RecordingWriter()
    one = Recording(str(path), errors.append)
    writer.begin(one)
    for tick in range(7, 127):
        writer.put([Taken(one, tick, TONE, g711.encode(-TONE, "PCMU") if tick % 2 else None, "PCMU")])
    finish(writer, one)
    writer.stop()
    audio = read(path)
    assert audio.shape == (120 * 160, 2)
    assert (audio[:, 0] == 1000).all()
    assert (audio[:160, 1] == g711.decode(g711.encode(-TONE, "PCMU"), "PCMU")).all()
    assert not audio[160:320, 1].any()
    assert errors == []
    assert path.stat().st_mode & 0o077 == 0  # a person's voice is nobody else's business


def test_missing_ticks_become_silence(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    one = Recording(str(path), pytest.fail)
    one.open()
    for tick in (3, 4, 110):
        one.add(tick, TONE, None, "PCMA")
    one.close()
    left = read(path)[:, 0]
    assert len(left) == 108 * 160
    assert (left[:320] == 1000).all()
    assert not left[320:-160].any()
    assert (left[-160:] == 1000).all()


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    path, errors = tmp_path / "a.wav", list[str]()
    path.write_bytes(b"precious")
    writer = RecordingWriter()
    one = Recording(str(path), errors.append)
    writer.begin(one)
    writer.put([Taken(one, 0, TONE, None, "PCMA")])
    finish(writer, one)
    writer.stop()
    assert path.read_bytes() == b"precious"
    assert len(errors) == 1
    assert "exists" in errors[0]
    assert one.error == errors[0]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told_once_and_others_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full, fine, errors = tmp_path / "full.wav", tmp_path / "fine.wav", list[str]()
    writer = RecordingWriter()
    one, two = Recording(str(full), errors.append), Recording(str(fine), pytest.fail)
    real = os.pwrite
    sink = os.open("/dev/full", os.O_WRONLY)

    def pwrite(file: int, data: bytes, offset: int) -> int:
        at_full = Path(f"/proc/self/fd/{file}").resolve() == full.resolve()
        return real(sink if at_full and offset >= 44 else file, data, offset)

    monkeypatch.setattr(os, "pwrite", pwrite)
    writer.begin(one)
    writer.begin(two)
    for tick in range(200):
        writer.put([Taken(one, tick, TONE, None, "PCMA"), Taken(two, tick, TONE, None, "PCMA")])
    finish(writer, one)
    finish(writer, two)
    writer.stop()
    os.close(sink)
    assert len(errors) == 1
    assert "No space left" in errors[0]
    assert len(read(fine)) == 200 * 160
    assert len(read(full)) == 0  # still a valid file


def test_a_slow_disk_drops_frames_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    errors = list[str]()
    monkeypatch.setattr(recording, "_WAITING", 5)
    writer = RecordingWriter()
    gate = threading.Event()
    blocker = Recording(str(tmp_path / "b.wav"), errors.append)
    writer.finish(blocker, lambda: gate.wait(10))  # type: ignore[arg-type]  # holds the writer thread
    one = Recording(str(tmp_path / "a.wav"), errors.append)
    writer.begin(one)
    for tick in range(20):
        writer.put([Taken(one, tick, TONE, None, "PCMA")])
    gate.set()
    finish(writer, one)
    writer.stop()
    assert one.dropped > 0
    assert errors == [one.error]
    assert f"{one.dropped} frames" in one.error


def test_stop_closes_what_is_open(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    writer = RecordingWriter()
    one = Recording(str(path), pytest.fail)
    writer.begin(one)
    writer.put([Taken(one, 0, TONE, None, "PCMA")])
    writer.stop()
    assert len(read(path)) == 160


_VICTIM = """
import sys, numpy as np
from callwright.telephony.rtp.recording import Recording
one = Recording(sys.argv[1], print)
one.open()
for tick in range(275):
    one.add(tick, np.full(160, 1000, np.int16), None, "PCMA")
print("written", flush=True)
sys.stdin.read()
"""


def test_a_killed_process_leaves_a_playable_file(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with subprocess.Popen(
        [sys.executable, "-c", _VICTIM, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == "written\n"
        victim.send_signal(signal.SIGKILL)
    assert victim.returncode == -signal.SIGKILL
    audio = read(path)
    assert 4.5 <= len(audio) / 8000 <= 5.5  # 5.5 s were spoken
    assert (audio[:, 0] == 1000).all()
