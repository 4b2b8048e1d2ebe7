"""A way to say in one line what a script listens for."""

from __future__ import annotations

from typing import Any

import pytest

from callwright.dialogue.understanding.nlu import Nlu
from callwright.dialogue.values import Context, Understood
from callwright.script.model import Script


def _script(lang: str = "zh-CN", **blocks: Any) -> Script:
    base = {
        "format": "script/1",
        "id": "t",
        "title": "t",
        "lang": lang,
        "purpose": "service",
        "flow": {"start": "a", "nodes": {"a": {"say": ["?"], "end": "done"}}},
    }
    return Script.model_validate(base | blocks)


class Ears:
    """Understands with rules only; `read` gives (kind, id, words) of what was found."""

    def __init__(self, lang: str = "zh-CN", **blocks: Any) -> None:
        self.nlu = Nlu.rules_only(_script(lang, **blocks))

    def hear(self, text: str, context: Context | None = None, alternatives: tuple[str, ...] = ()) -> Understood:
        return self.nlu.understand(text, context or Context(), alternatives)

    def read(self, text: str) -> list[tuple[str, str, str]]:
        found = self.hear(text)
        return [(c.kind, c.id, found.normalised[c.span[0] : c.span[1]]) for c in found.candidates]


@pytest.fixture
def mandarin() -> Ears:
    return Ears(
        lexicon={
            "affirm": ["可以", "行", "好的", "方便", "感兴趣", "需要", "对"],
            "deny": ["不是", "不方便", "没时间", "不太", "不"],
            "refuse": ["不需要", "不用了"],
            "backchannel": ["嗯", "哦", "在听"],
        },
        intents={"enrolled": {"phrases": ["报过名"]}},
        kb=[
            {
                "id": "price",
                "phrases": ["多少钱", "电话+哪来", "5块"],
                "regex": r"\d+节课",
                "answers": ["x"],
            },
            {"id": "age", "regex": ["([0-9一二三四五六七八九十]{1,3})岁"], "answers": ["x"]},
        ],
        globals=[
            {"id": "profanity", "role": "profanity", "phrases": ["滚", "骗子"], "end": "bye"},
            {"id": "dnd", "role": "do_not_disturb", "phrases": ["不要再打", "再打我投诉"], "end": "out"},
            {"id": "complaint", "phrases": ["投诉"], "end": "bye"},
            {"id": "human", "role": "transfer", "phrases": ["转人工"], "then": {"transfer": "x"}},
        ],
    )


@pytest.fixture
def english() -> Ears:
    return Ears(
        "en",
        lexicon={
            "affirm": ["yes", "sure", "interested", "that works"],
            "deny": ["no", "not now"],
            "refuse": ["not interested"],
            "backchannel": ["mm hmm", "yeah", "uh huh"],
        },
        kb=[
            {
                "id": "price",
                "phrases": ["price", "cost+month", "5 dollars"],
                "regex": ["don't charge"],
                "answers": ["x"],
            }
        ],
        globals=[{"id": "dnd", "role": "do_not_disturb", "phrases": ["stop calling"], "end": "out"}],
    )


@pytest.fixture
def make_script() -> Any:
    """`make_script(lang="zh-CN", **blocks)`: a script with these blocks and one node."""
    return _script
