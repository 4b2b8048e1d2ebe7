"""Whatever is said, understanding gives an answer, the same each time, and no span lies inside a longer one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.dialogue.understanding.nlu import Nlu
from callwright.dialogue.understanding.normalise import Language, normalise
from callwright.dialogue.values import Context
from callwright.script.model import Script


def _nlu(lang: str, words: list[str], trained: bool) -> Nlu:
    script = Script.model_validate(
        {
            "format": "script/1", "id": "t", "title": "t", "lang": lang, "purpose": "service",
            "lexicon": {"affirm": words[:3], "deny": words[3:5], "refuse": words[5:7], "backchannel": words[7:8]},
            "kb": [{"id": "a", "phrases": words[8:10], "examples": words[:4], "regex": r"\d+", "answers": ["x"]}],
            "globals": [{"id": "g", "role": "do_not_disturb", "phrases": words[10:], "examples": words[4:], "end": "x"}],
            "flow": {"start": "a", "nodes": {"a": {"say": ["?"], "end": "done"}}},
        }
    )  # fmt: skip
    return Nlu.train(script) if trained else Nlu.rules_only(script)


ZH = ["可以", "行", "方便", "不是", "不方便", "不需要", "不用了", "嗯", "多少钱", "多少+钱呢", "再打我投诉", "投诉"]
EN = [
    "yes",
    "sure",
    "that works",
    "no",
    "not now",
    "not interested",
    "no thanks",
    "mm hmm",
    "price",
    "cost+month",
    "stop calling",
    "do not call",
]
NLU: dict[Language, list[Nlu]] = {
    "zh": [_nlu("zh-CN", ZH, False), _nlu("zh-CN", ZH, True)],
    "en": [_nlu("en", EN, False), _nlu("en", EN, True)],
}
SAID: dict[Language, st.SearchStrategy[str]] = {
    "zh": st.one_of(
        st.text(max_size=40),
        st.lists(st.sampled_from([*ZH, "不", "没", "，", "呃", "我", "五", " ", "吗"]), max_size=8).map("".join),
    ),
    "en": st.one_of(
        st.text(max_size=60),
        st.lists(st.sampled_from([*EN, "not", "um", ",", "don't", "five", "'"]), max_size=8).map(" ".join),
    ),
}


@pytest.mark.parametrize("lang", ["zh", "en"])
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_text_is_understood_the_same_each_time(lang: Language, data: st.DataObject) -> None:
    said = data.draw(SAID[lang])
    for nlu in NLU[lang]:
        found = nlu.understand(said, Context(), (said[::-1],))
        assert found == nlu.understand(said, Context(), (said[::-1],))
        for candidate in found.candidates:
            begin, end = candidate.span
            assert 0 <= begin < end <= len(found.normalised)
            assert 0 < candidate.score <= 1
            assert candidate.why
        assert (found.decision == "accept") == bool(found.candidates)


@pytest.mark.parametrize("lang", ["zh", "en"])
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_span_lies_inside_a_longer_one(lang: Language, data: st.DataObject) -> None:
    found = NLU[lang][0].understand(data.draw(SAID[lang]), Context()).candidates
    whole = [c for c in found if c.source != "combination"]
    for inner in whole:
        for outer in whole:
            inside = outer.span[0] <= inner.span[0] and inner.span[1] <= outer.span[1]
            assert not inside or inner.span == outer.span


@pytest.mark.parametrize("lang", ["zh", "en"])
@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_normalising_twice_changes_nothing(lang: Language, data: st.DataObject) -> None:
    once = normalise(data.draw(SAID[lang]), lang)
    assert normalise(once, lang) == once
    assert once == once.strip()
