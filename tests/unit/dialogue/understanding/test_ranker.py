from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from callwright.dialogue.understanding.features import ngrams, readable
from callwright.dialogue.understanding.nlu import Nlu
from callwright.dialogue.understanding.normalise import normalise
from callwright.dialogue.understanding.ranker import Calibration, Ranker
from callwright.dialogue.understanding.training import confusions
from callwright.dialogue.values import Context
from callwright.errors import ModelError

PRICE = [
    "这个课程收费吗",
    "一学期大概什么价位",
    "学费是怎么算的",
    "上一节课要花多少",
    "费用贵不贵呀",
    "你们怎么收费的",
    "课程费用高吗",
    "价格能便宜一点吗",
]
PLACE = [
    "你们学校在什么位置",
    "上课的地方远吗",
    "离地铁站近不近",
    "具体地址发我一下",
    "在哪个区上课",
    "怎么坐车过去",
    "教室在几楼呢",
    "位置好找吗",
]
TEACHER = [
    "老师是什么学历",
    "哪位老师来讲课",
    "老师有经验吗",
    "讲课的老师水平怎么样",
    "是外教老师吗",
    "老师教了几年书了",
    "一个老师带几个学生",
    "老师负责任吗",
]
STOP = [
    "以后不要给我打电话了",
    "别再联系我",
    "你们怎么老打电话",
    "把我的号码拉黑",
    "不想再接到你们电话",
    "再打过来我就报警",
    "不要骚扰我",
    "停止给我来电",
]


def blocks() -> dict[str, Any]:
    return {
        "lexicon": {"affirm": ["可以", "好的", "行"], "deny": ["不是"], "refuse": ["不需要"], "backchannel": ["嗯"]},
        "kb": [
            {"id": "price", "phrases": ["多少钱"], "examples": PRICE, "answers": ["x"]},
            {"id": "place", "phrases": ["在哪里"], "examples": PLACE, "answers": ["x"]},
        ],
        "intents": {"teacher": {"phrases": ["师资"], "examples": TEACHER}},
        "globals": [{"id": "stop", "phrases": ["别打了"], "examples": STOP, "end": "out"}],
    }


@pytest.fixture(scope="module")
def trained() -> Nlu:
    from callwright.script.model import Script

    base = {"format": "script/1", "id": "t", "title": "t", "lang": "zh-CN", "purpose": "service"}
    flow = {"start": "a", "nodes": {"a": {"say": ["?"], "end": "done"}}}
    return Nlu.train(Script.model_validate(base | {"flow": flow} | blocks()))


@pytest.mark.parametrize(
    ("said", "ident"),
    [
        ("课程大概是什么价位", "price"),
        ("你们那边怎么收费", "price"),
        ("学校的位置在什么地方", "place"),
        ("坐地铁怎么过去", "place"),
        ("讲课的是哪位老师", "teacher"),
        ("刻成大概是什么架位", "price"),  # homophones
    ],
)
def test_new_wordings_are_understood(trained: Nlu, said: str, ident: str) -> None:
    found = trained.understand(said, Context())
    assert found.decision == "accept"
    assert [(c.id, c.source, c.span) for c in found.candidates] == [(ident, "ranker", (0, len(found.normalised)))]
    assert found.candidates[0].why.count(" +") == 2
    assert found.ranking[0][0].endswith(ident)


@pytest.mark.parametrize("said", ["今天股市大涨", "我家猫生了五只小猫", "阿弥陀佛"])
def test_strange_sentences_are_not_accepted(trained: Nlu, said: str) -> None:
    found = trained.understand(said, Context())
    assert found.candidates == ()
    assert found.decision != "accept"


def test_an_authors_phrase_is_never_outvoted(trained: Nlu) -> None:
    found = trained.understand("不需要，你们学校在什么位置我也不想知道", Context())
    assert [c.kind for c in found.candidates] == ["refuse"]
    found = trained.understand("多少钱，学校具体地址在什么位置", Context())
    assert [c.id for c in found.candidates] == ["price"]


def test_a_question_beside_a_yes_is_heard(trained: Nlu) -> None:
    found = trained.understand("好的，学校具体地址是什么位置", Context())
    assert [(c.kind, c.id, c.source) for c in found.candidates] == [("affirm", "", "phrase"), ("kb", "place", "ranker")]
    assert "in: 学校" in found.candidates[1].why
    assert [c.kind for c in trained.understand("好的，嗯", Context()).candidates] == ["affirm"]
    assert [c.kind for c in trained.understand("好的，股市大涨了吗", Context()).candidates] == ["affirm"]


def test_the_context_masks_the_ranker(trained: Nlu) -> None:
    found = trained.understand("课程大概是什么价位", Context(kb=frozenset({"place"}), intents=frozenset()))
    assert all(label not in ("kb:price", "intent:teacher") for label, _ in found.ranking)
    assert found.candidates == ()


def test_answers_that_the_node_does_not_expect_are_left_out(trained: Nlu) -> None:
    assert trained.ranker is not None
    sure = Ranker(
        trained.ranker.labels, trained.ranker.vocabulary, trained.ranker.idf, trained.ranker.weights,
        trained.ranker.bias + np.array([9.0 if label == "affirm:" else 0.0 for label in trained.ranker.labels], dtype=np.float32),
        trained.ranker.examples, dataclasses.replace(trained.ranker.calibration, mix=0.0), "zh",
    )  # fmt: skip
    nlu = Nlu(trained._script, sure)
    assert [c.kind for c in nlu.understand("大概价位", Context()).candidates] == ["affirm"]
    assert nlu.understand("大概价位", Context(classes=frozenset({"deny"}))).decision == "reject"


def test_ending_a_call_needs_more_certainty(trained: Nlu) -> None:
    assert trained.ranker is not None
    ranking = trained.ranker.rank("以后不要给我来电话").ranking
    assert ranking[0][0] == "global:stop"
    score = ranking[0][1]
    for accept, expected in ((score - 0.01, "clarify"), (0.2, "accept")):
        nlu = Nlu(trained._script, _with(trained.ranker, Calibration(4.0, trained.ranker.calibration.mix, accept, 0.0)))
        assert nlu.understand("以后不要给我来电话", Context()).decision == expected


def _with(ranker: Ranker, calibration: Calibration) -> Ranker:
    return Ranker(
        ranker.labels,
        ranker.vocabulary,
        ranker.idf,
        ranker.weights,
        ranker.bias,
        ranker.examples,
        calibration,
        ranker.lang,
    )


def test_close_seconds_are_asked_back(trained: Nlu) -> None:
    assert trained.ranker is not None
    close = _with(trained.ranker, Calibration(4.0, 0.0, 0.3, 1.0)).rank("学费是怎么算的")
    assert close.decision == "clarify"
    assert close.why == ""
    unsure = _with(trained.ranker, Calibration(0.01, 0.0, 0.2, 1.0)).rank("学费是怎么算的")
    assert unsure.decision == "clarify" or unsure.ranking[0][1] < 0.2
    assert _with(trained.ranker, Calibration(0.01, 0.0, 0.9, 0.001)).rank("学费是怎么算的").decision == "reject"


def test_nothing_known_or_nothing_allowed_is_rejected(trained: Nlu) -> None:
    assert trained.ranker is not None
    assert trained.ranker.rank("♪").ranking == ()
    assert trained.ranker.rank("学费", np.array([], dtype=np.intp)).ranking == ()
    assert trained.ranker.scores(["♪"]) == [("", 0.0)]


def test_scores_agree_with_the_library(trained: Nlu) -> None:
    """The numpy scorer equals a plain dense computation."""
    ranker = trained.ranker
    assert ranker is not None
    columns, values = ranker.vector(normalise("学费是怎么算的", "zh"))
    dense = np.zeros(len(ranker.vocabulary), dtype=np.float64)
    dense[columns] = values
    assert np.linalg.norm(dense) == pytest.approx(1, abs=1e-5)
    margins = dense @ ranker.weights + ranker.bias
    assert ranker.labels[int(margins.argmax())] == ranker.rank("学费是怎么算的").ranking[0][0]


def test_training_is_deterministic_and_seeded(trained: Nlu) -> None:
    again = Nlu.train(trained._script)
    assert trained.ranker is not None
    assert again.ranker is not None
    assert np.array_equal(again.ranker.weights, trained.ranker.weights)
    assert again.ranker.calibration == trained.ranker.calibration


def test_two_labels_and_english() -> None:
    ranker = Ranker.train(
        ["what is the price", "how much is it", "where are you", "what is the address"], list("ppaa"), "en"
    )
    assert ranker.rank("how much").ranking[0][0] == "p"
    assert ranker.rank("your address").ranking[0][0] == "a"
    with pytest.raises(ModelError, match="at least two"):
        Ranker.train(["one", "two"], ["a", "a"], "en")


def test_a_script_without_examples_gets_rules_only(make_script: Any) -> None:
    assert Nlu.train(make_script(kb=[{"id": "k", "phrases": ["多少钱"], "answers": ["x"]}])).ranker is None
    assert Nlu.train(make_script(kb=[{"id": "k", "examples": ["多少钱"], "answers": ["x"]}])).ranker is None


def test_numbers_agree_and_names_are_readable() -> None:
    assert ngrams("十二岁", "zh") == ngrams("12岁", "zh")
    assert readable("a\tb") == "a..b"
    assert "=how much" in ngrams("how much", "en")


def test_confusions() -> None:
    texts, labels = PRICE + PLACE + PRICE[:4], ["p"] * 8 + ["a"] * 8 + ["q"] * 4
    found = confusions(texts, labels, "zh")
    assert found[0][:2] in (("q", "p"), ("p", "q"))
    assert confusions(["a"], ["x"], "zh") == []


def test_check_names_what_an_author_should_mend(make_script: Any) -> None:
    made = make_script(
        lexicon={"affirm": ["可以", "好的"], "deny": ["可以", "？"], "refuse": ["不可以", "可不可以"]},
        kb=[
            {"id": "k", "phrases": ["多少钱"], "examples": PRICE[:1], "answers": ["x"]},
            {"id": "p", "examples": PRICE, "answers": ["x"]},
            {"id": "q", "examples": [f"{text}呢" for text in PRICE], "answers": ["x"]},
        ],
    )
    found = Nlu.rules_only(made).check()
    codes = {problem.code for problem in found}
    assert {"same-words", "unreachable-phrase", "few-examples", "confused"} <= codes
    assert all(problem.severity == "warning" for problem in found)
    same = next(problem for problem in found if problem.code == "same-words")
    assert same.place.field == "lexicon.deny[0]"
    lost = [problem.place.field for problem in found if problem.code == "unreachable-phrase"]
    assert "lexicon.deny[1]" in lost


def test_run_time_needs_neither_sklearn_nor_scipy(trained: Nlu, tmp_path: Path) -> None:
    trained.save(tmp_path / "x.npz")
    (tmp_path / "s.json").write_text(
        trained._script.model_dump_json(by_alias=True, exclude_defaults=True), encoding="utf-8"
    )
    code = """
import sys, pathlib
from callwright.script.model import Script
from callwright.dialogue.understanding.nlu import Nlu
from callwright.dialogue.values import Context
folder = pathlib.Path(sys.argv[1])
nlu = Nlu.load(folder / "x.npz", Script.model_validate_json((folder / "s.json").read_text(encoding="utf-8")))
assert nlu.understand("课程大概是什么价位", Context()).candidates[0].id == "price"
assert not {"sklearn", "scipy"} & set(sys.modules), "sklearn was imported"
print("ok")
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "ok\n", done.stderr
