"""A trained ranker as one .npz file, without pickle: arrays only, checked before they are used, tied to the script they were learned from."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from callwright.dialogue.understanding.features import FEATURES_VERSION
from callwright.dialogue.understanding.patterns import author_patterns, example_wordings
from callwright.dialogue.understanding.ranker import Calibration, Examples, Ranker
from callwright.errors import ModelError, Place, Problem
from callwright.script.model import Script

__all__ = ["load_ranker", "save_ranker", "script_digest"]

FILE_FORMAT = "callwright-nlu/1"
_MAX_BYTES = 512 * 1024 * 1024
_ARRAYS = {
    "idf": ("f", 1), "weights": ("f", 2), "bias": ("f", 1), "columns": ("i", 1), "values": ("f", 1), "starts": ("i", 1), "first": ("i", 1),
    "head": ("u", 1), "vocabulary": ("u", 1),
}  # fmt: skip


def script_digest(script: Script) -> str:
    """SHA-256 of all that understanding is made from: language, phrases, patterns, examples, backchannel, the features' version."""
    content = [
        FEATURES_VERSION,
        script.language,
        [[p.kind, p.id, p.source, p.text] for p in author_patterns(script)],
        [[w.label, w.text, w.is_example, w.role] for w in example_wordings(script)],
        list(script.lexicon.backchannel),
    ]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


def save_ranker(ranker: Ranker, path: Path, digest: str, seed: int) -> None:
    """Write `path` (replacing it at once, never half). Weights are stored in half precision, as they were learned. Raises ModelError."""
    calibration = ranker.calibration
    head = {
        "format": FILE_FORMAT,
        "features": FEATURES_VERSION,
        "lang": ranker.lang,
        "labels": list(ranker.labels),
        "digest": digest,
        "seed": seed,
        "calibration": [calibration.temperature, calibration.mix, calibration.accept, calibration.margin],
    }
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            np.savez_compressed(
                file,
                head=_bytes(json.dumps(head, ensure_ascii=False)),
                vocabulary=_bytes(json.dumps(ranker.vocabulary, ensure_ascii=False)),
                idf=ranker.idf,
                weights=ranker.weights.astype(np.float16),
                bias=ranker.bias,
                columns=ranker.examples.columns.astype(np.int32),
                values=ranker.examples.values,
                starts=ranker.examples.starts.astype(np.int32),
                first=ranker.examples.first.astype(np.int32),
            )
        part.replace(path)
    except OSError as error:
        raise _broken(path, f"cannot be written: {error}", "Choose a folder that can be written.") from error


def load_ranker(path: Path, digest: str) -> Ranker:
    """Read a saved ranker. Raises ModelError when it is missing, damaged, from another version, or learned from another script."""
    arrays = _read(path)
    try:
        head = json.loads(arrays["head"].tobytes())
        vocabulary = json.loads(arrays["vocabulary"].tobytes())
    except ValueError as error:
        raise _broken(path, f"its head is unreadable: {error}") from error
    if not isinstance(head, dict) or head.get("format") != FILE_FORMAT or head.get("features") != FEATURES_VERSION:
        raise _broken(path, f"it is no {FILE_FORMAT} of this version")
    if head.get("digest") != digest:
        raise _broken(path, "it was learned from another script or another version of this one")
    _check(path, arrays, head, vocabulary)
    return Ranker(
        head["labels"],
        vocabulary,
        arrays["idf"].astype(np.float32),
        arrays["weights"].astype(np.float32),
        arrays["bias"].astype(np.float32),
        Examples(
            arrays["columns"].astype(np.intp),
            arrays["values"].astype(np.float32),
            arrays["starts"].astype(np.intp),
            arrays["first"].astype(np.intp),
        ),
        Calibration(*head["calibration"]),
        head["lang"],
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            if set(archive.files) != set(_ARRAYS):
                raise _broken(path, f"it holds {sorted(archive.files)}, expected {sorted(_ARRAYS)}")
            if sum(info.file_size for info in archive.zip.infolist()) > _MAX_BYTES:
                raise _broken(path, "it is larger than any trained understanding")
            return {name: archive[name] for name in _ARRAYS}
    except FileNotFoundError as error:
        raise _broken(path, "it is not there") from error
    except (OSError, ValueError, EOFError, AttributeError, KeyError, zipfile.BadZipFile) as error:
        raise _broken(path, f"it is damaged: {error}") from error


def _check(path: Path, arrays: dict[str, Any], head: dict[str, Any], vocabulary: Any) -> None:
    """Every index must lie inside its array and every number be finite: a damaged file is refused, never half used."""
    for name, (kind, dimensions) in _ARRAYS.items():
        array = arrays[name]
        if array.dtype.kind != kind or array.ndim != dimensions or (kind == "f" and not np.isfinite(array).all()):
            raise _broken(path, f"`{name}` is {array.dtype} with {array.ndim} dimension(s), or not finite")
    labels: Any = head.get("labels")
    calibration: Any = head.get("calibration")
    words, columns, starts, first = len(vocabulary), arrays["columns"], arrays["starts"], arrays["first"]
    sound = (
        head.get("lang") in ("zh", "en")
        and _texts(labels)
        and _texts(vocabulary)
        and isinstance(calibration, list)
        and len(calibration) == 4
        and all(isinstance(value, int | float) and np.isfinite(value) for value in calibration)
        and arrays["weights"].shape == (words, len(labels))
        and arrays["idf"].shape == (words,)
        and arrays["bias"].shape == (len(labels),)
        and arrays["values"].shape == columns.shape
        and _rising(starts, len(columns), strictly=True)
        and len(first) == len(labels) + 1
        and _rising(first, len(starts) - 1, strictly=False)
        and (not len(columns) or (columns.min() >= 0 and columns.max() < words))
    )
    if not sound:
        raise _broken(path, "its parts do not fit together")


def _texts(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 0 and all(isinstance(item, str) for item in value)


def _rising(array: Any, last: int, *, strictly: bool) -> bool:
    steps = np.diff(array)
    return (
        len(array) > 0 and array[0] == 0 and array[-1] == last and bool((steps > 0 if strictly else steps >= 0).all())
    )


def _bytes(text: str) -> Any:
    return np.frombuffer(text.encode(), dtype=np.uint8)


def _broken(path: Path, what: str, hint: str = "Train it again from the script (it takes a second).") -> ModelError:
    return ModelError(
        Problem("bad-understanding", f"the trained understanding cannot be used: {what}", Place(str(path)), hint)
    )
