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
import soundfile

from callwright.telephony.port import Codec
from callwright.telephony.rtp import audio_files, g711, recording
from callwright.telephony.rtp.recording import Recording, RecordingWriter, Taken, TakenTogether

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
import sys, time, numpy as np
from callwright.telephony.rtp.recording import Recording, RecordingWriter, Taken, TakenTogether
from callwright.telephony.rtp import g711
folder, suffix, count, ticks = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
writer = RecordingWriter()
ones = [Recording(f"{folder}/{n}{suffix}", sys.exit) for n in range(count)]
for one in ones:
    writer.begin(one)
axis = np.arange(160 * ticks)
left = (6000 * np.sin(axis * 2 * np.pi * 400 / 8000)).astype(np.int16).reshape(-1, 160)
right = (6000 * np.sin(axis * 2 * np.pi * 1000 / 8000)).astype(np.int16).reshape(-1, 160)
for tick in range(ticks):
    said = g711.encode(right[tick], "PCMA")
    writer.put([Taken(one, tick, left[tick], said, "PCMA") for one in ones])
    while writer._lane(ones[0])._queue.qsize() > 100:
        time.sleep(0.005)
while writer._lane(ones[0])._queue.qsize():
    time.sleep(0.005)
print("written", flush=True)
sys.stdin.read()
"""


def loudness(samples: np.ndarray[tuple[int], np.dtype[np.int16]], hertz: float) -> float:
    """Amplitude of one frequency."""
    turn = np.exp(-2j * np.pi * hertz / 8000 * np.arange(len(samples)))
    return float(2 * np.abs(np.sum(samples * turn)) / len(samples))


@pytest.mark.parametrize("suffix", [".wav", ".ogg"])
def test_killed_with_twenty_recordings_all_play(tmp_path: Path, suffix: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _VICTIM, str(tmp_path), suffix, "20", "170"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == "written\n"
        victim.send_signal(signal.SIGKILL)
    assert victim.returncode == -signal.SIGKILL
    for n in range(20):
        audio, rate = soundfile.read(tmp_path / f"{n}{suffix}", dtype="int16")
        assert (rate, audio.shape[1]) == (8000, 2)
        assert 3.4 - 1.1 <= len(audio) / 8000 <= 3.4  # 3.4 s were spoken
        middle = audio[4000:16000]
        assert loudness(middle[:, 0], 400) > 5000 > 200 > loudness(middle[:, 0], 1000)
        assert loudness(middle[:, 1], 1000) > 5000 > 200 > loudness(middle[:, 1], 400)


def test_a_whole_opus_file(tmp_path: Path) -> None:
    path, errors = tmp_path / "a.opus", list[str]()
    writer = RecordingWriter()
    one, wav = Recording(str(path), errors.append), Recording(str(tmp_path / "a.wav"), errors.append)
    writer.begin(one)
    writer.begin(wav)
    for tick in range(7, 132):
        writer.put([Taken(one, tick, TONE, None, "PCMA"), Taken(wav, tick, TONE, None, "PCMA")])
    finish(writer, one)
    finish(writer, wav)
    writer.stop()
    audio, _rate = soundfile.read(path, dtype="int16")
    assert len(audio) == 125 * 160 == len(read(tmp_path / "a.wav"))
    assert path.stat().st_mode & 0o077 == 0
    assert path.stat().st_size < (tmp_path / "a.wav").stat().st_size / 3
    assert errors == []


def test_a_torn_last_page_is_passed_over(tmp_path: Path) -> None:
    path, torn = tmp_path / "a.ogg", tmp_path / "torn.ogg"
    one = Recording(str(path), pytest.fail)
    one.open()
    for tick in range(160):
        one.add(tick, TONE, None, "PCMA")
    whole = path.read_bytes()
    one.close()
    for cut in range(0, 400, 37):
        torn.write_bytes(whole[: len(whole) - cut])
        audio, _rate = soundfile.read(torn, dtype="int16")
        assert len(audio) / 8000 > 0.9, cut


@pytest.mark.parametrize("suffix", [".wav", ".ogg"])
def test_a_file_that_cannot_grow(tmp_path: Path, suffix: str) -> None:
    """The system refuses to write more: told once, the process goes on, what is there plays."""
    program = """
import resource, sys
from callwright.telephony.rtp.recording import Recording, RecordingWriter, Taken, TakenTogether
import numpy as np, threading
resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))
writer, errors, done = RecordingWriter(), [], threading.Event()
one = Recording(sys.argv[1], errors.append)
writer.begin(one)
noise = np.random.default_rng(1).normal(size=(500, 160)) * 3000
for tick in range(500):
    writer.put([Taken(one, tick, noise[tick].astype(np.int16), None, "PCMA")])
writer.finish(one, done.set)
done.wait()
writer.stop()
print(len(errors), errors)
"""
    path = tmp_path / f"a{suffix}"
    result = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, timeout=120)
    assert result.stdout.startswith("1 "), (result.stdout, result.stderr)


def test_a_wav_file_ends_at_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audio_files, "_MOST", 64_000)
    path, errors = tmp_path / "a.wav", list[str]()
    writer = RecordingWriter()
    one = Recording(str(path), errors.append)
    writer.begin(one)
    for tick in range(200):
        writer.put([Taken(one, tick, TONE, None, "PCMA")])
    finish(writer, one)
    writer.stop()
    assert len(errors) == 1
    assert "4 GiB" in errors[0]
    assert len(read(path)) == 2 * 8000


@pytest.mark.parametrize("name", ["a.mp3", "a"])
def test_other_names_are_refused(tmp_path: Path, name: str) -> None:
    errors = list[str]()
    writer = RecordingWriter()
    one = Recording(str(tmp_path / name), errors.append)
    writer.begin(one)
    finish(writer, one)
    writer.stop()
    assert len(errors) == 1
    assert ".opus" in errors[0]
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("broken", ["open", "add"])
def test_a_fault_of_ours_ends_one_recording_and_not_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    errors: list[str] = []
    writer = RecordingWriter()
    bad, good = (Recording(str(tmp_path / name), errors.append) for name in ("a.wav", "b.wav"))

    def fails(*_: object) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr(bad, broken, fails)
    for one in (bad, good):
        writer.begin(one)
    writer.put([Taken(one, 0, TONE, None, "PCMA") for one in (bad, good)])
    finish(writer, bad)
    finish(writer, good)
    writer.stop()
    assert errors == [f"recording {tmp_path / 'a.wav'}: a fault"]
    assert len(read(tmp_path / "b.wav")) == 160


def test_ticks_written_together_are_those_written_one_by_one(tmp_path: Path) -> None:
    """Recordings come and go, are taken together and alone, miss a tick: the files are the same."""
    rng = np.random.default_rng(5)
    errors = list[str]()
    writer = RecordingWriter()
    laws = np.array([0, 1], np.int8)
    names: tuple[Codec, Codec] = ("PCMA", "PCMU")
    together, alone = ([Recording(str(tmp_path / f"{kind}{n}.wav"), errors.append) for n in range(2)] for kind in "ta")
    for one in (*together, *alone):
        writer.begin(one)
    for tick in [*range(3, 40), *range(42, 120)]:
        left = rng.integers(-9000, 9000, (2, 160)).astype(np.int16)
        right = rng.integers(0, 256, (2, 160)).astype(np.uint8)
        writer.put([Taken(one, tick, left[n], right[n].tobytes(), names[n]) for n, one in enumerate(alone)])
        if tick < 80 and tick % 23:
            writer.put_together(TakenTogether(together, tick, left, right, laws))
        else:
            writer.put([Taken(one, tick, left[n], right[n].tobytes(), names[n]) for n, one in enumerate(together)])
    for one in (*together, *alone):
        finish(writer, one)
    writer.stop()
    assert errors == []
    for n in range(2):
        wanted = read(tmp_path / f"a{n}.wav")
        assert len(wanted) == 117 * 160
        assert (read(tmp_path / f"t{n}.wav") == wanted).all()
