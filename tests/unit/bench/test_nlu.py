from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from callwright.bench.intents import Sentences, banking77, clinc150, few_shot, massive_zh
from callwright.bench.nlu import run, script_of
from callwright.bench.noise import garble
from callwright.errors import SettingsError

INTENTS = {
    "价格": ["多少钱", "什么价位", "收费吗", "学费高吗", "费用多少"],
    "地点": ["在哪里", "什么位置", "地址发我", "怎么过去", "远不远"],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [(text, label) for label, texts in INTENTS.items() for text in texts]
    (tmp_path / "banking77").mkdir()
    for name in ("train", "test"):
        lines = "\n".join(f"{text},{label}" for text, label in rows)
        (tmp_path / "banking77" / f"{name}.csv").write_text(f"text,category\n{lines}\n", encoding="utf-8")
    (tmp_path / "clinc150").mkdir()
    clinc = {"train": rows, "test": rows, "oos_test": [("天气", "oos")]}
    (tmp_path / "clinc150" / "data_full.json").write_text(json.dumps(clinc), encoding="utf-8")
    (tmp_path / "massive").mkdir()
    massive = [{"text": t, "label": label, "split": split} for split in ("train", "test") for t, label in rows]
    (tmp_path / "massive" / "zh_cn.jsonl").write_text("\n".join(json.dumps(row) for row in massive), encoding="utf-8")
    return tmp_path


def test_sets_are_read(folder: Path) -> None:
    assert banking77(folder)[0].labels.count("价格") == 5
    assert clinc150(folder)[2] == ("天气",)
    assert len(massive_zh(folder)[1].texts) == 10


def test_missing_and_damaged_sets_are_named(folder: Path) -> None:
    (folder / "massive" / "zh_cn.jsonl").write_text("{}", encoding="utf-8")
    with pytest.raises(SettingsError, match="not the expected"):
        massive_zh(folder)
    with pytest.raises(SettingsError, match="--data FOLDER"):
        banking77(folder / "nowhere")


def test_a_draw_is_repeatable() -> None:
    whole = Sentences.of([(text, label) for label, texts in INTENTS.items() for text in texts])
    assert few_shot(whole, 2, 1) == few_shot(whole, 2, 1)
    assert sorted(few_shot(whole, 2, 1).labels) == sorted(["价格", "价格", "地点", "地点"])
    assert len(few_shot(whole, 99, 1).texts) == 10
    assert set(script_of(whole, "zh-CN").intents) == {"intent-0", "intent-1"}


def test_noise_is_repeatable_and_of_the_asked_size() -> None:
    text = "明天上午九点请老师给我打电话说一说课程的价格" * 20
    noisy = garble(text, 0.2, random.Random(3))
    assert noisy == garble(text, 0.2, random.Random(3))
    assert garble(text, 0.0, random.Random(3)) == text
    lost = len(text) - len(noisy)
    assert 0 < lost < 0.06 * len(text)
    assert garble("call me ok", 1.0, random.Random(1)) == "call me ok"


def test_every_figure_is_measured(folder: Path) -> None:
    parts: list[str] = []
    report = run(folder, say=parts.append)
    assert len(parts) == 5
    assert len(report.figures) == 10
    assert {figure.unit for figure in report.figures} == {"s", "us", "turns/s", "%", "points"}
    assert all(figure.target is not None for figure in report.figures)
    by_name = {figure.name: figure for figure in report.figures}
    assert by_name["BANKING77 full accuracy"].value == 100
