"""Speaks with a sherpa-onnx voice, in a process of its own: `python -m callwright.speech.tts.sherpa_process CONFIG`.

The engine holds espeak-ng (GPL-3) and ends its process on a model it cannot use: this process is the boundary for both. CONFIG is JSON
{kind, arguments, rules, threads}. A line {text, speaker, speed} comes on stdin; (rate, bytes) as two uint32, little endian, and int16 PCM leave
on stdout. The first answer, of rate 0, tells that the voice is loaded.
"""

from __future__ import annotations

import json
import os
import struct
import sys
from typing import Any

import numpy as np

__all__ = ["load", "serve"]


def load(config: dict[str, Any]) -> Any:
    """The engine's voice. Raises RuntimeError when it does not take the files."""
    import sherpa_onnx

    kinds = {
        "vits": sherpa_onnx.OfflineTtsVitsModelConfig,
        "matcha": sherpa_onnx.OfflineTtsMatchaModelConfig,
        "kokoro": sherpa_onnx.OfflineTtsKokoroModelConfig,
    }
    kind = config["kind"]
    part = {kind: kinds[kind](**config["arguments"])}
    model = sherpa_onnx.OfflineTtsModelConfig(**part, num_threads=config["threads"])
    settings = sherpa_onnx.OfflineTtsConfig(model=model, rule_fsts=",".join(config["rules"]), max_num_sentences=1)
    if not settings.validate():
        raise RuntimeError("sherpa-onnx does not take the files of this voice")
    return sherpa_onnx.OfflineTts(settings)


def serve(config: dict[str, Any]) -> None:
    """Answer lines until stdin ends. Nothing but answers may reach stdout: what the engine prints goes to stderr."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    voice = load(config)
    out.write(struct.pack("<II", 0, 0))
    out.flush()
    for line in sys.stdin.buffer:
        wanted = json.loads(line)
        made = voice.generate(wanted["text"], sid=wanted["speaker"], speed=wanted["speed"])
        samples = np.asarray(made.samples, np.float32)
        pcm = np.clip(np.rint(samples * 32768.0), -32768, 32767).astype("<i2").tobytes()
        out.write(struct.pack("<II", max(1, int(made.sample_rate)), len(pcm)) + pcm)
        out.flush()


if __name__ == "__main__":
    try:
        serve(json.loads(sys.argv[1]))
    except (RuntimeError, OSError, ValueError, IndexError, ImportError) as error:
        sys.exit(f"sherpa-onnx: {error}")
