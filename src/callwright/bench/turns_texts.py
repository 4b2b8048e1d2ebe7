"""What the robot of `bench turns` says: its prompts, sentence by sentence, clauses apart. One script a language speaks them (`turns_script`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["PROMPTS", "Spoken"]


@dataclass(frozen=True, slots=True)
class Spoken:
    """sentences: each a tuple of clauses with their punctuation."""

    language: Literal["zh", "en"]
    sentences: tuple[tuple[str, ...], ...]

    @property
    def text(self) -> str:
        glue = " " if self.language == "en" else ""
        return glue.join(glue.join(clauses) for clauses in self.sentences)


PROMPTS: Mapping[str, Spoken] = {
    "zh-disclosure": Spoken("zh", (("您好，", "我是智能语音助手，", "通话会录音。"), ("不想接听，", "请说不要再打。"))),
    "zh-offer": Spoken(
        "zh",
        (
            ("给您留的是周六上午的编程试听课。",),
            ("课程四十分钟，", "家长可以在旁边听。"),
            ("全程免费，不收任何费用。",),
            ("您看愿意来听听吗？",),
        ),
    ),
    "zh-ask": Spoken("zh", (("请问您现在方便吗？",),)),
    "zh-number": Spoken("zh", (("请说一下您的订单号码。",),)),
    "zh-thanks": Spoken("zh", (("好的，", "已经记下了，", "谢谢您，", "再见。"),)),
    "en-disclosure": Spoken(
        "en", (("Hello,", "this is an AI assistant on a recorded line."), ("To opt out,", "say stop calling."))
    ),
    "en-offer": Spoken(
        "en",
        (
            ("Your boiler check is booked for Tuesday at ten.",),
            ("The engineer needs about one hour,", "and an adult should be at home."),
            ("The visit costs you nothing under your contract.",),
            ("Does that time work for you?",),
        ),
    ),
    "en-ask": Spoken("en", (("Is this a good time to talk?",),)),
    "en-number": Spoken("en", (("Please tell me your phone number.",),)),
    "en-thanks": Spoken("en", (("All right,", "that is noted."), ("Thank you and goodbye.",))),
}
"""`LANGUAGE-NODE`: what that node says."""
