"""Sound of browsers in tests: a microphone that says a tone, and a way to look at what a page plays."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

__all__ = ["PEAK", "WATCH", "write_microphone"]

# Keeps what the page makes, so that the test can look at the sound that comes out of it.
WATCH = """
const Real = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Real {
  constructor(...given) {
    super(...given);
    this.addEventListener("track", (event) => { window.heard = event.streams[0] ?? new MediaStream([event.track]); });
  }
};
"""
# The strongest frequency that comes from the call, and how loud it is.
PEAK = """
async () => {
  if (!window.heard) return [0, -200];
  window.ears ??= (() => {
    const sound = new AudioContext({ sampleRate: 16000 });
    const analyser = sound.createAnalyser();
    analyser.fftSize = 4096;
    sound.createMediaStreamSource(window.heard).connect(analyser);
    return analyser;
  })();
  await new Promise((done) => setTimeout(done, 400));
  const bins = new Float32Array(window.ears.frequencyBinCount);
  window.ears.getFloatFrequencyData(bins);
  const at = bins.indexOf(Math.max(...bins));
  return [at * 16000 / 4096, bins[at]];
}
"""


def write_microphone(path: Path, on: npt.NDArray[np.int16]) -> Path:
    """A tone that comes and goes: what is steady counts as noise, which browsers take away. on: at 48 kHz; written thrice as loud."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes(np.tile(np.concatenate([3 * on, np.zeros(12_000, np.int16)]), 4).tobytes())
    return path
