"""Recordings as speakers send them: WAV, FLAC, MP3, Ogg by libsndfile; M4A and AAC by the ffmpeg program, in a process of its own."""

from __future__ import annotations

import io
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from callwright.errors import AudioError, Place, Problem
from callwright.speech.recordings.levels import Samples

__all__ = ["KINDS", "SUFFIXES", "Sound", "read_sound", "sound_kind"]

SUFFIXES = (".wav", ".flac", ".mp3", ".ogg", ".m4a", ".aac", ".mp4")
_BY_FFMPEG = (".m4a", ".aac", ".mp4")
KINDS = {
    "wav": "audio/wav", "flac": "audio/flac", "mp3": "audio/mpeg", "ogg": "audio/ogg", "mp4": "audio/mp4", "aac": "audio/aac",
}  # fmt: skip
"""What `sound_kind` tells, with the media type of each."""

_DEMUXERS = {
    "mp4": "mov",
    "aac": "aac",
}  # what ffmpeg is told to take it for: it does not look for lists of other files then
_MOST_SECONDS = 600
_MOST_A_SECOND = 96_000  # samples of all channels: 48 kHz in stereo, or 96 kHz in mono
_MOST_BYTES = 512 * 1024**2
_TIMEOUT_S = (
    60  # less than this process is given (`studio.recordings.service`): ended first, it would leave ffmpeg behind
)
_CLIPPED = 0.999
_RUN = 4  # samples in a row at full scale


@dataclass(frozen=True, slots=True)
class Sound:
    """A recording as it is. samples: mono float64 (channels averaged), full scale 1.0; rate: Hz; clipped: stretches cut off at full scale."""

    samples: Samples
    rate: int
    channels: int
    clipped: int


def sound_kind(head: bytes) -> str:
    """What the first 16 bytes of a file say it is: a key of `KINDS`, "" = no audio that is taken."""
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return "wav"
    if head[:4] in (b"fLaC", b"OggS"):
        return "flac" if head[:1] == b"f" else "ogg"
    if head[4:8] == b"ftyp":
        return "mp4"
    if len(head) > 2 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        return "aac"  # ADTS: the layer is 0, as in no MP3
    if head[:3] == b"ID3" or (len(head) > 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 0x06):
        return "mp3"
    return ""


def read_sound(path: Path, *, ffmpeg: str = "ffmpeg", most_seconds: int = _MOST_SECONDS) -> Sound:
    """Read a recording of up to 10 minutes. Its beginning says what it is; where that says nothing, its name does. ffmpeg: name or path of
    that program; most_seconds: a bound below 10 minutes.

    Raises AudioError: no such file, not audio, damaged, too long or of too many samples a second, ffmpeg is needed and missing.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            kind = sound_kind(file.read(16))
    except OSError as error:
        raise _error(path, "unreadable-audio", f"cannot be read: {error.strerror}", "check the path") from error
    if size > _MOST_BYTES:
        raise _error(path, "audio-too-long", "is larger than 512 MiB", "cut it into prompts")
    source: Path | io.BytesIO = path
    if kind in _DEMUXERS or (not kind and path.suffix.lower() in _BY_FFMPEG):
        source = io.BytesIO(_through_ffmpeg(path, ffmpeg, _DEMUXERS.get(kind), most_seconds))
    return _read(path, source, most_seconds)


def _read(path: Path, source: Path | io.BytesIO, most_seconds: int) -> Sound:
    try:
        with soundfile.SoundFile(str(source) if isinstance(source, Path) else source) as file:
            if file.frames > most_seconds * file.samplerate:
                long = f"{most_seconds // 60} minutes" if most_seconds >= 120 else f"{most_seconds} seconds"
                raise _error(path, "audio-too-long", f"is longer than {long}", "cut it into prompts")
            if file.frames * file.channels > most_seconds * _MOST_A_SECOND:
                hint = "save it with 48 kHz and one channel"
                raise _error(path, "audio-too-long", "has more samples than a recording needs", hint)
            rate, channels = int(file.samplerate), int(file.channels)
            samples = file.read(dtype="float64", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError, OSError) as error:
        hint = "save it as WAV, FLAC, MP3 or M4A"
        told = getattr(error, "error_string", str(error))[:100]  # without the path: whoever sent it did not choose that
        raise _error(path, "bad-audio", f"is no audio that can be read ({told})", hint) from error
    if not len(samples):
        raise _error(path, "empty-audio", "holds no audio", "record it again")
    if not np.isfinite(samples).all():
        raise _error(path, "damaged-audio", "holds samples that are no numbers", "save it again")
    clipped = max(_clipped(samples[:, channel]) for channel in range(channels))
    return Sound(samples.mean(axis=1), rate, channels, clipped)


def _clipped(samples: Samples) -> int:
    full = np.concatenate([[False], np.abs(samples) >= _CLIPPED, [False]])
    edges = np.flatnonzero(np.diff(full.astype(np.int8)))
    return int((edges[1::2] - edges[::2] >= _RUN).sum())


def _through_ffmpeg(path: Path, program: str, demuxer: str | None, most_seconds: int) -> bytes:
    """As WAV. The file goes in by its name only, as an input that cannot be taken for an option or an address."""
    found = shutil.which(program)
    if found is None:
        hint = "install it (Debian: apt-get install ffmpeg), or save the recording as WAV, FLAC or MP3"
        raise _error(path, "no-ffmpeg", "needs the program ffmpeg, which is not installed", hint)
    command = [
        found, "-v", "error", "-nostdin", "-protocol_whitelist", "file,pipe", *(("-f", demuxer) if demuxer else ()), "-i",
        f"file:{path.absolute()}", "-vn", "-t", str(most_seconds + 1), "-c:a", "pcm_s16le", "-f", "wav", "pipe:1",
    ]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, timeout=_TIMEOUT_S, check=False, stdin=subprocess.DEVNULL)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise _error(path, "bad-audio", f"took ffmpeg longer than {_TIMEOUT_S} s", "save it as WAV") from None
    except OSError as error:
        raise _error(
            path, "no-ffmpeg", f"cannot be given to ffmpeg: {error.strerror}", "look at that program"
        ) from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").replace(f"file:{path.absolute()}", path.name)
        told = " ".join(said.split())[-150:]
        raise _error(path, "bad-audio", f"is nothing ffmpeg can read ({told})", "save it as WAV, FLAC or MP3")
    return _whole_header(done.stdout)


def _whole_header(wav: bytes) -> bytes:
    """ffmpeg cannot go back in a pipe: the sizes in the header are made what they are."""
    at = wav.find(b"data", 12)
    if wav[:4] != b"RIFF" or at < 0:
        return wav
    sized = bytearray(wav)
    sized[4:8] = (len(wav) - 8).to_bytes(4, "little")
    sized[at + 4 : at + 8] = (len(wav) - at - 8).to_bytes(4, "little")
    return bytes(sized)


def _error(path: Path, code: str, message: str, hint: str) -> AudioError:
    return AudioError(Problem(code, f"the recording {message}", Place(str(path)), hint))
