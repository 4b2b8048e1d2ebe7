"""Voice activity measured: what is found and how soon, what is left out, and what it costs for many calls at once.

    python -m callwright.bench.vad [--webrtc] [--scenes N] [--json FILE]

Needs `audio/callers-zh` in CALLWRIGHT_SHARED. Cost is processor time of this process, one thread, calls that all speak (the worst case).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from rich.console import Console

from callwright.bench.report import Figure, Report, machine
from callwright.bench.vad_scenes import Heard, Scene, Voices, bystander, echo, in_noise, read_voices
from callwright.errors import InputError
from callwright.settings import Settings
from callwright.speech.vad_detector import VoiceDetector

__all__ = ["cost_ms", "listen", "run", "watch"]

_DELAYS, _RETURNS = (60, 140, 300), (-15.0, -20.0, -25.0)
_FRAMES_PER_S = 50


def watch(detector: VoiceDetector, scene: Scene) -> list[bool]:
    """The flag of each frame of a scene."""
    vad = detector.stream()
    flags = [vad.push(frame, None, played) for frame, played in zip(scene.frames, scene.played, strict=True)]
    vad.close()
    return flags


def listen(detector: VoiceDetector, scenes: Iterable[Scene]) -> Heard:
    """What is found in some scenes."""
    heard = Heard()
    for scene in scenes:
        heard.take(scene, watch(detector, scene))
    return heard


def cost_ms(detector: VoiceDetector, voices: Voices, calls: int, seconds: float = 2.0) -> float:
    """Processor time in ms for a second of one call, when so many speak without a pause, out of step."""
    pcm = np.concatenate(voices.callers[:20]).astype(np.int16)
    frames = pcm[: len(pcm) // 160 * 160].reshape(-1, 160)
    energy = np.square(frames.astype(np.float32)).mean(axis=1).tolist()
    streams = [detector.stream() for _ in range(calls)]
    ticks = int(seconds * _FRAMES_PER_S)
    for tick in range(-5, ticks):
        if tick == 0:
            begun = time.process_time()
        for number, stream in enumerate(streams):
            at = (tick + 5 + 7 * number) % len(frames)
            stream.push(frames[at], energy[at])
    took = time.process_time() - begun
    for stream in streams:
        stream.close()
    return took * 1000 / calls / (ticks / _FRAMES_PER_S)


def _quiet_us(detector: VoiceDetector) -> float:
    frame, vad = np.full(160, 5, np.int16), detector.stream()
    begun = time.process_time()
    for _ in range(20_000):
        vad.push(frame, 25.0)
    return (time.process_time() - begun) / 20_000 * 1e6


def run(shared: Path, *, engine: str = "auto", scenes: int = 24) -> Report:
    """Raises SettingsError: the recordings are missing; ModelError: `silero` is asked for and cannot be used."""
    voices, detector = read_voices(shared), VoiceDetector.open(engine)
    figures: list[Figure] = []
    for name, snr in (("quiet line", None), ("noise at 15 dB", 15.0), ("noise at 8 dB", 8.0)):
        heard = listen(detector, (in_noise(voices, number, snr) for number in range(scenes)))
        onset, end = np.array(heard.onset_ms), np.array(heard.end_ms)
        figures += [
            Figure(f"{name}: voiced frames found", round(100 * heard.found / heard.voiced, 1), "%", 90, "least"),
            Figure(f"{name}: other frames flagged", round(100 * heard.wrong / heard.rest, 2), "%", 1, "most"),
            Figure(f"{name}: sentences missed", heard.missed, f"of {scenes * 4}", 0, "most"),
            Figure(f"{name}: first voiced frame to flag p50", float(np.percentile(onset, 50)), "ms", 80, "most"),
            Figure(f"{name}: first voiced frame to flag p95", float(np.percentile(onset, 95)), "ms", 120, "most"),
            Figure(f"{name}: flag after last voiced frame p50", float(np.percentile(end, 50)), "ms"),
        ]
    figures += _others(detector, voices, scenes)
    for calls in (1, 32, 128, 400):
        figures.append(
            Figure(f"cost of a second of speech, {calls} calls", round(cost_ms(detector, voices, calls), 2), "ms")
        )
    figures.append(Figure("cost of a frame of silence", round(_quiet_us(detector), 1), "us", 15, "most"))
    return Report("vad", machine(), figures)


def _others(detector: VoiceDetector, voices: Voices, scenes: int) -> list[Figure]:
    """Echoes and bystanders."""
    kinds = [(delay, back) for delay in _DELAYS for back in _RETURNS]
    some = range(max(1, scenes // 6))
    alone = listen(detector, (echo(voices, n, *kind, talk=False) for kind in kinds for n in some))
    talked = listen(detector, (echo(voices, n, *kind, talk=True) for kind in kinds for n in some))
    counted = of = 0
    for number in range(scenes):
        scene = bystander(voices, number, 15, known=True)
        flags = watch(detector, scene)
        counted, of = counted + sum(any(flags[a : b + 1]) for a, b in scene.other), of + len(scene.other)
    return [
        Figure("echo of the prompt: frames flagged", round(100 * alone.wrong / alone.rest, 2), "%", 2, "most"),
        Figure("talk over the echo missed", talked.missed, f"of {len(kinds) * len(some)}", 0, "most"),
        Figure("talk over the echo: to flag p95", float(np.percentile(talked.onset_ms, 95)), "ms", 200, "most"),
        Figure("bystander 15 dB below the caller: counted", counted, f"of {of}", 0.1 * of, "most"),
    ]


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m callwright.bench.vad", description="Measure voice activity.")
    parser.add_argument("--webrtc", action="store_true", help="WebRTC's detector in place of the model")
    parser.add_argument("--scenes", type=int, default=24, help="how many of each kind")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures as JSON")
    given = parser.parse_args()
    try:
        engine = "webrtc" if given.webrtc else "auto"
        report = run(Settings.from_environment().shared, engine=engine, scenes=max(1, given.scenes))
        if given.json is not None:
            report.write(given.json)
    except InputError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    report.show(Console())
    return 0 if report.ok else 1


if __name__ == "__main__":
    raise SystemExit(main())
