"""Public intent sets, read from a folder: BANKING77, CLINC150, MASSIVE zh-CN. Where to get them: docs/reference/bench.md."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from callwright.errors import Place, Problem, SettingsError

_T = TypeVar("_T")

__all__ = ["Sentences", "banking77", "clinc150", "few_shot", "massive_zh"]


@dataclass(frozen=True, slots=True)
class Sentences:
    """Sentences with their intents, in file order."""

    texts: tuple[str, ...]
    labels: tuple[str, ...]

    @classmethod
    def of(cls, pairs: Sequence[tuple[str, str]]) -> Sentences:
        return cls(tuple(text for text, _ in pairs), tuple(label for _, label in pairs))


def banking77(folder: Path) -> tuple[Sentences, Sentences]:
    """(train, test) of banking77/train.csv and test.csv. Raises SettingsError when they are missing or of another shape."""
    return _read_banking(folder / "banking77" / "train.csv"), _read_banking(folder / "banking77" / "test.csv")


def clinc150(folder: Path) -> tuple[Sentences, Sentences, tuple[str, ...]]:
    """(train, in-scope test, out-of-scope test sentences) of clinc150/data_full.json. Raises SettingsError."""

    def read(text: str) -> tuple[Sentences, Sentences, tuple[str, ...]]:
        data: Any = json.loads(text)
        train, test, strange = ([(row[0], row[1]) for row in data[key]] for key in ("train", "test", "oos_test"))
        return Sentences.of(train), Sentences.of(test), tuple(text for text, _ in strange)

    return _open(folder / "clinc150" / "data_full.json", read)


def massive_zh(folder: Path) -> tuple[Sentences, Sentences]:
    """(train, test) of massive/zh_cn.jsonl. Raises SettingsError."""

    def read(text: str) -> tuple[Sentences, Sentences]:
        rows = [json.loads(line) for line in text.splitlines() if line.strip()]
        train, test = (
            [(row["text"], row["label"]) for row in rows if row["split"] == split] for split in ("train", "test")
        )
        return Sentences.of(train), Sentences.of(test)

    return _open(folder / "massive" / "zh_cn.jsonl", read)


def few_shot(sentences: Sentences, per_label: int, seed: int) -> Sentences:
    """A draw of `per_label` sentences of every intent; the same seed draws the same ones."""
    generator = random.Random(seed)
    groups: dict[str, list[str]] = {}
    for text, label in zip(sentences.texts, sentences.labels, strict=True):
        groups.setdefault(label, []).append(text)
    return Sentences.of(
        [
            (text, label)
            for label in sorted(groups)
            for text in generator.sample(groups[label], min(per_label, len(groups[label])))
        ]
    )


def _read_banking(path: Path) -> Sentences:
    def read(text: str) -> Sentences:
        return Sentences.of([(row["text"], row["category"]) for row in csv.DictReader(text.splitlines(keepends=True))])

    return _open(path, read)


def _open(path: Path, read: Callable[[str], _T]) -> _T:
    hint = "Get the sets as docs/reference/bench.md says and pass --data FOLDER (default: nlu in CALLWRIGHT_SHARED)."
    try:
        return read(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            Problem("no-data", f"the intent set cannot be read: {error.strerror}", Place(str(path)), hint)
        ) from error
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise SettingsError(
            Problem("bad-data", f"this is not the expected intent set: {error!r}", Place(str(path)), hint)
        ) from error
