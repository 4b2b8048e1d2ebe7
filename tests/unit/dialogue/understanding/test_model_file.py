from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from callwright.dialogue.understanding.nlu import Nlu
from callwright.dialogue.values import Context
from callwright.errors import ModelError
from callwright.script.model import Script


@pytest.fixture
def made(make_script: Any) -> Script:
    script: Script = make_script(
        kb=[
            {"id": "price", "examples": ["这个收费吗", "大概什么价位", "学费怎么算"], "answers": ["x"]},
            {"id": "place", "examples": ["学校在什么位置", "上课的地方远吗", "怎么坐车过去"], "answers": ["x"]},
        ]
    )
    return script


@pytest.fixture
def saved(made: Script, tmp_path: Path) -> Path:
    path = tmp_path / "folder" / "nlu.npz"
    Nlu.train(made).save(path)
    return path


def test_what_is_loaded_answers_the_same(made: Script, saved: Path) -> None:
    loaded, trained = Nlu.load(saved, made), Nlu.train(made)
    for said in ("收费吗", "位置远不远", "你好"):
        assert loaded.understand(said, Context()) == trained.understand(said, Context())
    assert saved.stat().st_size < 1_000_000
    assert [path.name for path in saved.parent.iterdir()] == ["nlu.npz"]


def test_a_stale_file_is_refused(made: Script, saved: Path, make_script: Any) -> None:
    with pytest.raises(ModelError, match="another script"):
        Nlu.load(saved, make_script(kb=[{"id": "price", "examples": ["多少钱"], "answers": ["x"]}]))


def test_rules_have_nothing_to_save(make_script: Any, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nothing to save"):
        Nlu.rules_only(make_script()).save(tmp_path / "x.npz")


def test_an_unwritable_place_is_an_error(made: Script, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ModelError, match="cannot be written"):
        Nlu.train(made).save(tmp_path / "file" / "x.npz")


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PK\x03\x04broken"])
def test_a_damaged_file_is_refused(made: Script, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.npz"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="damaged"):
        Nlu.load(path, made)


def test_a_missing_file_is_refused(made: Script, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not there"):
        Nlu.load(tmp_path / "x.npz", made)


def _head(change: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
    def apply(arrays: dict[str, Any]) -> None:
        head = json.loads(arrays["head"].tobytes())
        change(head)
        arrays["head"] = np.frombuffer(json.dumps(head).encode(), dtype=np.uint8)

    return apply


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.pop("bias"), "it holds"),
        (lambda a: a.update(head=a["head"][:5]), "head is unreadable"),
        (_head(lambda h: h.update(format="other")), "no callwright-nlu/1"),
        (_head(lambda h: h.update(labels=["kb:price"])), "do not fit"),
        (_head(lambda h: h.update(labels=3)), "do not fit"),
        (_head(lambda h: h.update(calibration=[1, 2])), "do not fit"),
        (_head(lambda h: h.update(calibration=[1, 2, "a", 4])), "do not fit"),
        (_head(lambda h: h.update(lang="fr")), "do not fit"),
        (lambda a: a.update(bias=a["bias"] * np.nan), "`bias`"),
        (lambda a: a.update(columns=a["columns"].astype(float)), "`columns`"),
        (lambda a: a.update(columns=a["columns"] + 10_000), "do not fit"),
        (lambda a: a.update(columns=a["columns"] - 10), "do not fit"),
        (lambda a: a.update(values=a["values"][:-1]), "do not fit"),
        (lambda a: a.update(starts=a["starts"][::-1]), "do not fit"),
        (lambda a: a.update(first=a["first"][:-1]), "do not fit"),
        (lambda a: a.update(weights=a["weights"][:-1]), "do not fit"),
        (lambda a: a.update(idf=np.array(["x"], dtype=object)), "damaged"),
    ],
)
def test_parts_that_do_not_fit_are_refused(
    made: Script, saved: Path, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    with np.load(saved) as archive:
        arrays = dict(archive)
    change(arrays)
    np.savez(saved, **arrays)
    with pytest.raises(ModelError, match=message):
        Nlu.load(saved, made)
