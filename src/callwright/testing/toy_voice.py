"""A toy voice for sherpa-onnx (the "vits" kind): every word of its lexicon is a tone of 200 ms. Made here, byte by byte; no outside weights. For
tests of everything around synthesis; it says nothing about synthesis.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from callwright.speech.onnx_wire import INT64, field, model, node, tensor, value

__all__ = ["TONES_HZ", "write_toy_voice"]

_RATE, _LENGTH = 16_000, 3200
TONES_HZ = {"one": 500, "two": 800, "three": 1300}
_LEVEL = 0.1


def write_toy_voice(folder: Path) -> None:
    """`model.onnx`, `tokens.txt` and `lexicon.txt`: a network that looks the sound of each token up in a table."""
    at = np.arange(_LENGTH) / _RATE
    tones = [_LEVEL * np.sin(2 * np.pi * hz * at) for hz in TONES_HZ.values()]
    table = np.stack([np.zeros(_LENGTH), *tones])
    graph = b"".join((
        field(1, node("Gather", ["table", "x"], ["sounds"])),
        field(1, node("Reshape", ["sounds", "flat"], ["y"])),
        field(2, b"toy"),
        field(5, tensor("table", table)),
        field(5, tensor("flat", np.array([1, 1, -1]))),
        field(11, value("x", ["N", "L"], INT64)),
        field(11, value("x_length", ["N"], INT64)),
        field(11, value("noise_scale", [1])),
        field(11, value("length_scale", [1])),
        field(11, value("noise_scale_w", [1])),
        field(12, value("y", [1, 1, "S"])),
    ))  # fmt: skip
    facts = {
        "model_type": "vits", "comment": "toy", "language": "English", "sample_rate": str(_RATE), "n_speakers": "1",
        "add_blank": "0", "punctuation": ", . ! ?",
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(model(graph, facts))
    symbols = [" ", *(word.upper() for word in TONES_HZ)]  # the first one stands between words, and is silent
    table_of_tokens = "".join(f"{symbol} {number}\n" for number, symbol in enumerate(symbols))
    (folder / "tokens.txt").write_text(table_of_tokens, encoding="utf-8")
    lexicon = "".join(f"{word} {word.upper()}\n" for word in TONES_HZ)
    (folder / "lexicon.txt").write_text(lexicon, encoding="utf-8")
