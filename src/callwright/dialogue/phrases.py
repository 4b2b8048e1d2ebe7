"""What the robot says, and how grades are explained, when the script says nothing: per language, several wordings each."""

from __future__ import annotations

from typing import Literal

__all__ = ["DEFAULTS", "Default", "defaults"]

Default = Literal["no_input", "not_heard", "goodbye", "transfer_failed", "robot"]

DEFAULTS: dict[str, dict[Default, tuple[str, ...]]] = {
    "zh": {
        "no_input": ("喂，您好，听得到吗？", "您好，请问您还在吗？", "您好，能听见我说话吗？"),
        "not_heard": ("不好意思，没听清。", "抱歉，刚才没听清楚。", "不好意思，麻烦您再说一遍。"),
        "goodbye": ("那先不打扰您了，再见。", "好的，感谢您的接听，再见。"),
        "transfer_failed": ("抱歉，现在没有同事能接听。", "不好意思，同事都在忙，暂时转接不上。"),
        "robot": ("您好，我是智能语音助手。", "您好，跟您通话的是语音机器人。"),
    },
    "en": {
        "no_input": ("Hello, can you hear me?", "Hello, are you still there?", "Sorry, can you hear me all right?"),
        "not_heard": ("Sorry, I didn't catch that.", "I'm sorry, I missed that.", "Sorry, could you say that again?"),
        "goodbye": ("I won't keep you any longer. Goodbye.", "Thank you for your time. Goodbye."),
        "transfer_failed": ("Sorry, nobody is free right now.", "I'm sorry, I can't reach a colleague just now."),
        "robot": ("Hello, I am an AI assistant.", "Hello, this is an automated assistant speaking."),
    },
}


def defaults(language: Literal["zh", "en"], what: Default) -> tuple[str, ...]:
    """The wordings of one default sentence; the first is the one used first."""
    return DEFAULTS[language][what]
