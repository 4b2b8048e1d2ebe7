from __future__ import annotations

from typing import Any

import pytest

from callwright.dialogue.understanding.everyday import Everyday
from callwright.dialogue.understanding.nlu import Nlu
from callwright.dialogue.values import Context
from callwright.errors import ScriptError


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("好的，那多少钱", [("affirm", "", "好的"), ("kb", "price", "多少钱")]),
        ("不需要", [("refuse", "", "不需要")]),  # contains 需要
        ("不方便", [("deny", "", "不方便")]),  # contains 方便
        ("再打，我投诉", [("global", "dnd", "再打,我投诉")]),  # contains 投诉
        ("电话是从哪来的", [("kb", "price", "电话是从哪来")]),
        ("哪来的电话", []),  # the parts in the other order
        (
            "电话是不是要投诉才知道哪来的",
            [("kb", "price", "电话是不是要投诉才知道哪来"), ("global", "complaint", "投诉")],
        ),
        ("孩子8岁", [("kb", "age", "8岁")]),
        ("孩子八岁", [("kb", "age", "八岁")]),
        ("五块吗", [("kb", "price", "五块")]),
        ("十五块", []),
        ("上十二节课", [("kb", "price", "十二节课")]),
        ("你给我滚", [("global", "profanity", "滚")]),
        ("滚筒洗衣机", []),
        ("骗子", [("global", "profanity", "骗子")]),
        ("想看片子", []),  # two syllables by sound are no insult
        ("我报过名", [("intent", "enrolled", "报过名")]),
        ("步徐要", [("refuse", "", "步徐要")]),  # by sound
        ("", []),
    ],
)
def test_what_is_found(mandarin: Any, said: str, expected: list[tuple[str, str, str]]) -> None:
    assert mandarin.read(said) == expected


@pytest.mark.parametrize("said", ["不太感兴趣", "没那么感兴趣", "不可以", "我不感兴趣"])
def test_negation_is_derived(mandarin: Any, said: str) -> None:
    found = mandarin.read(said)
    assert [kind for kind, _, _ in found] == ["deny"]


def test_derived_negation_says_why(mandarin: Any) -> None:
    (found,) = mandarin.hear("没那么感兴趣").candidates
    assert (found.source, found.why, found.score) == ("derived", "没那么 + 感兴趣", 0.9)


@pytest.mark.parametrize(
    "said",
    ["可不可以便宜点", "方不方便", "方便不方便", "需不需要带什么", "可以不", "行不行", "我在银行", "带行李", "对面"],
)
def test_what_is_no_answer(mandarin: Any, said: str) -> None:
    assert mandarin.read(said) == []


@pytest.mark.parametrize(
    "said", ["不，可以", "不好意思，可以", "特别方便", "行", "行吧", "嗯行", "行行行", "对", "那行周六吧"]
)
def test_what_affirms(mandarin: Any, said: str) -> None:
    assert {kind for kind, _, _ in mandarin.read(said)} == {"affirm"}


@pytest.mark.parametrize("said", ["不是不是", "不需要不需要", "不是的", "不了"])
def test_repeated_refusals_are_no_questions(mandarin: Any, said: str) -> None:
    assert mandarin.read(said)
    assert {kind for kind, _, _ in mandarin.read(said)} <= {"deny", "refuse"}


def test_an_explicit_negator_keeps_the_affirmation_out(mandarin: Any) -> None:
    assert mandarin.read("不太方便") == [("deny", "", "不太")]


def test_another_rule_in_the_negation_leaves_both(mandarin: Any) -> None:
    ears = type(mandarin)(lexicon={"affirm": ["感兴趣"]}, kb=[{"id": "k", "phrases": ["没那么"], "answers": ["x"]}])
    assert ears.read("没那么感兴趣") == [("kb", "k", "没那么"), ("affirm", "", "感兴趣")]


def test_equal_spans_of_two_rules_both_stay(mandarin: Any) -> None:
    ears = type(mandarin)(lexicon={"deny": ["没空"]}, kb=[{"id": "k", "phrases": ["没空"], "answers": ["x"]}])
    assert ears.read("没空") == [("kb", "k", "没空"), ("deny", "", "没空")]


def test_a_phrase_of_punctuation_finds_nothing(mandarin: Any) -> None:
    assert type(mandarin)(lexicon={"affirm": ["？！", "c++"]}).read("用c++") == [("affirm", "", "c")]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Yes please", [("affirm", "", "yes")]),
        ("not really interested", [("deny", "", "not really interested")]),
        ("I'm not interested", [("refuse", "", "not interested")]),
        ("what are the prices?", [("kb", "price", "prices")]),
        ("pricey", []),
        ("what does it cost me every month", [("kb", "price", "cost me every month")]),
        ("five dollars", [("kb", "price", "five dollars")]),
        ("you don't charge", [("kb", "price", "do not charge")]),  # a pattern that names the apostrophe
        ("not sure", [("deny", "", "not sure")]),
        ("no, sure", [("deny", "", "no"), ("affirm", "", "sure")]),
        ("no problem, that works", [("affirm", "", "that works")]),
        ("please stop calling", [("global", "dnd", "stop calling")]),
    ],
)
def test_english(english: Any, said: str, expected: list[tuple[str, str, str]]) -> None:
    assert english.read(said) == expected


def test_a_wish_for_no_calls_is_heard_without_the_authors_words(mandarin: Any) -> None:
    (found,) = mandarin.hear("把我号码删了，别给我打电话了").candidates
    assert (found.kind, found.id, found.source) == ("global", "dnd", "derived")
    assert "curated list" in found.why


def test_curated_lists_need_a_rule_of_that_role(mandarin: Any) -> None:
    assert type(mandarin)(lexicon={"affirm": ["可以"]}).read("别给我打电话了") == []


@pytest.mark.parametrize(
    ("said", "only"), [("嗯", True), ("嗯嗯，在听", True), ("嗯可以", False), ("", False), ("在", False)]
)
def test_backchannel(mandarin: Any, said: str, only: bool) -> None:
    assert mandarin.hear(said).only_backchannel is only


def test_backchannel_in_english(english: Any) -> None:
    assert english.hear("Uh-huh, yeah").only_backchannel
    assert not english.hear("yeah sure").only_backchannel


def test_the_context_masks_entries_and_intents(mandarin: Any) -> None:
    only = Context(kb=frozenset(), intents=frozenset())
    assert mandarin.hear("多少钱", only).candidates == ()
    assert mandarin.hear("报过名", only).candidates == ()
    assert [c.id for c in mandarin.hear("多少钱", Context(kb=frozenset({"price"}))).candidates] == ["price"]


def test_an_alternative_with_an_authors_phrase_wins(mandarin: Any) -> None:
    found = mandarin.hear("哆烧前", alternatives=("度少钱", "多少钱"))
    assert found.normalised == "多少钱"
    assert found.text == "哆烧前"
    assert found.candidates[0].why == "多少钱 (alternative 2: 多少钱)"


def test_what_was_recognised_stays_when_it_matches(mandarin: Any) -> None:
    assert mandarin.hear("好的", alternatives=("多少钱",)).normalised == "好的"
    assert mandarin.hear("天气", alternatives=("地铁",)).normalised == "天气"


def test_a_whole_everyday_answer_gives_way_to_a_wish_for_no_more_calls_alone(make_script: Any) -> None:
    script = make_script(
        globals=[
            {"id": "dnd", "role": "do_not_disturb", "phrases": ["别再打"], "end": "bye"},
            {"id": "repeat", "role": "repeat", "phrases": ["没听清"], "say": ["?"]},
            {"id": "later", "role": "callback", "phrases": ["在忙"], "end": "bye"},
        ]
    )
    nlu = Nlu(script, everyday=Everyday(script))

    def heard(*readings: str) -> list[str]:
        return [found.id for found in nlu.understand(readings[0], Context(), readings[1:]).candidates]

    assert heard("明天再说吧", "没听清再说吧") == ["later"]
    assert heard("明天再说八", "没听清再说吧") == ["repeat"]
    assert heard("明天再说吧", "没听清再说吧", "别再打") == ["dnd"]


@pytest.mark.parametrize(
    "text",
    ["可以换个时间吗", "改成周三可以吗", "我可以晚点来吗", "需要带身份证吗", "方便停车吗", "周末可以,那个,周一行吗"],
)
def test_what_asks_is_no_yes(mandarin: Any, text: str) -> None:
    assert ("affirm", "", "行") not in mandarin.read(text)
    assert len(mandarin.read(text)) == ("," in text)


@pytest.mark.parametrize(
    "text",
    [
        "可以吗", "行吗", "可以嘛", "好的周末上课吗", "可以啊那周末行吗", "嗯可以我周末过去行吗", "对需要带什么吗", "可以,要钱吗",
        "方便有什么事吗", "方便你说吧有事吗", "我方便你说吧有事吗", "感兴趣可以试听吗", "感兴趣能介绍一下吗", "可以可以你们有停车场吗",
        "哎好的那周末上课吗", "诶可以你们在地铁边吗", "你好可以你说吧有什么事吗", "周六可以啊几点有老师在吗", "可以几点能过来吗",
    ],
)  # fmt: skip
def test_a_yes_before_a_question_is_one(mandarin: Any, text: str) -> None:
    assert {kind for kind, _, _ in mandarin.read(text)} == {"affirm"}


@pytest.mark.parametrize("text", ["不太感兴趣你们能晚点吗", "我现在不太方便你能晚点打吗", "不是很需要你还有事吗"])
def test_a_no_before_a_question_is_one(mandarin: Any, text: str) -> None:
    assert [kind for kind, _, _ in mandarin.read(text)] == ["deny"]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("would that be ok", []),
        ("can i bring my son would that be ok", ["affirm"]),  # not at the beginning: who knows
        ("is that fine for you", []),
        ("so is tuesday at nine ok", []),
        ("could it be fine on friday", []),
        ("yes is that ok for you", ["affirm", "affirm"]),
        ("could you, that's ok", ["affirm"]),
        ("can you hear me ok go ahead", ["affirm"]),
        ("did you say tuesday ok", ["affirm"]),
        ("could you keep the visit please", ["affirm"]),
        ("do it", ["affirm"]),
        ("did you say monday, not ok for me", ["deny"]),
        ("ok", ["affirm"]),
        ("that is ok", ["affirm"]),
    ],
)
def test_what_asks_in_english(make_script: Any, text: str, kinds: list[str]) -> None:
    nlu = Nlu.rules_only(make_script("en", lexicon={"affirm": ["yes", "ok", "fine", "keep the visit", "do it"]}))
    assert [found.kind for found in nlu.understand(text, Context()).candidates] == kinds


def test_an_everyday_question_is_no_yes_for_a_word_of_yes_in_it(make_script: Any) -> None:
    script = make_script(
        lexicon={"affirm": ["可以", "好的", "没问题", "有问题", "可以修吗"]},
        kb=[{"id": "warranty", "phrases": ["保修多久", "质保"], "answers": ["x"]}],
    )
    nlu = Nlu(script, everyday=Everyday(script))

    def heard(text: str, context: Context | None = None) -> list[tuple[str, str]]:
        return [(found.kind, found.id) for found in nlu.understand(text, context or Context()).candidates]

    assert heard("可以再修吗") == [("kb", "warranty")]
    assert heard("有问题怎么办") == [("kb", "warranty")]
    assert heard("有问题怎么办", Context(kb=frozenset())) == [("affirm", "")]  # not asked here
    assert heard("可以修吗") == [("affirm", "")]  # the author's own words, all of them
    assert set(heard("好的可以")) == {("affirm", "")}


def test_a_broken_pattern_is_a_script_error(make_script: Any) -> None:
    with pytest.raises(ScriptError, match=r"kb\[0\]\.regex\[0\]"):
        Nlu.rules_only(make_script(kb=[{"id": "k", "regex": "(", "answers": ["x"]}]))


def test_very_long_text_is_cut(make_script: Any) -> None:
    found = Nlu.rules_only(make_script()).understand("啊" * 100_000, Context())
    assert len(found.normalised) <= 500
