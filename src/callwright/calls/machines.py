"""What machines that answer a phone say: voicemail, assistants, call screeners, menus, as data. Pure.

Compared like announcements: Chinese by toneless, fuzzy syllables, English by words. Only words that people who pick up do not say.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

from callwright.calls.announcements import Language, announcement_vocabulary, contains, read_announcement, tokens
from callwright.speech.port import Vocabulary

__all__ = ["MACHINES", "MachineKind", "machine_vocabulary", "read_machine"]

MachineKind = Literal["screening", "assistant", "voicemail", "menu", "announcement"]

_FORGIVING = 7  # a person's 等会儿再打 must not pass for 请稍后再拨

MACHINES: dict[MachineKind, dict[Language, tuple[str, ...]]] = {
    "screening": {
        "zh": (
            "请说明来电目的", "请说明您的来意", "请说明来意", "请说明您的身份",
            "请说出您的姓名", "请留下您的姓名", "来电防骚扰", "防骚扰助理",
            "请问您找机主有什么事", "请告诉我您的来电目的", "机主会看到您说的内容",
        ),
        "en": (
            "state your name", "say your name", "record your name", "tell me your name", "reason for calling", "reason for your call",
            "why you are calling", "call screening", "screening service", "screen this call", "see if this person is available",
            "before i try to connect you",
        ),
    },
    "assistant": {
        "zh": (
            "我是机主的", "机主的智能助理", "机主的语音助手", "机主的电话助理",
            "智能语音助理", "秘书服务", "来电秘书", "机主现在不方便", "机主暂时无法接听",
            "机主正在忙", "我会转告机主", "会转达给机主", "我是智能助理", "电话助理为您服务",
        ),
        "en": (
            "virtual assistant", "digital assistant", "automated assistant",
            "call assistant", "answering this call for", "i will pass on your message",
        ),
    },
    "voicemail": {
        "zh": (
            "请在提示音后留言", "请在嘀声后留言", "听到提示音后", "请在滴声后", "语音信箱", "请留下您的口信", "请给我留言", "请给我们留言",
            "暂时无法接听您的电话", "无法接听您的来电", "录音完毕请挂机",
        ),
        "en": (
            "leave a message", "leave your message", "leave me a message",
            "leave your name and number", "leave your name", "leave a brief message",
            "after the tone", "after the beep", "at the tone", "at the beep", "voicemail", "voice mail", "the mailbox of",
            "not available to take your call", "can not take your call", "unable to take your call", "can not come to the phone",
            "can not answer the phone", "can not get to the phone", "away from the phone", "away from my desk", "record your message",
            "get back to you as soon as", "is not available right now",
        ),
    },
    "menu": {
        "zh": ("请直拨分机号", "查号请拨零", "请按井号键", "中文服务请按一", "人工服务请按零", "您的通话可能会被录音"),
        "en": ("press one", "press two", "press zero", "main menu", "listen carefully", "dial the extension"),
    },
}  # fmt: skip

# Somebody who picks up another's phone, or has no time: with these words "not available" and "leave a message" are no voicemail's.
_PEOPLE: dict[Language, tuple[str, ...]] = {
    "zh": (),
    "en": (
        "he is not", "she is not", "he can not", "she can not", "they are not", "they can not",
        "who is calling", "who is this", "who is speaking", "take a message", "like to leave", "want to leave", "i am driving",
    ),
}  # fmt: skip
_PEOPLE_SAY: dict[Language, tuple[str, ...]] = {
    "zh": (),
    "en": (
        "no he is not available right now", "no she is not available right now", "sorry he can not come to the phone right now",
        "sorry she can not come to the phone right now", "he is not here", "she is not here", "they are not here",
        "who is calling", "who is calling please", "who is this", "who is speaking", "can i take a message",
        "would you like to leave a message", "do you want to leave a message", "i can not take your call now i am driving",
        "i can not answer the phone i am driving",
    ),
}  # fmt: skip

_SENTENCES: dict[Language, tuple[str, ...]] = {
    "zh": (
        "您好请说明来电目的", "您好我是机主的智能助理", "您好机主现在不方便接听电话",
        "请问您有什么事", "我会转告机主", "您好这里是秘书服务",
        "您好您拨打的用户暂时无法接听您的电话", "请在提示音后留言", "您好现在无法接听您的电话请在嘀声后留言", "欢迎致电", "请按井号键结束",
    ),
    "en": (
        "hi the person you are calling is using a screening service", "please say your name and why you are calling",
        "please state your name and the reason for your call", "go ahead and say your name and why you are calling",
        "i will see if this person is available", "if you record your name and reason for calling", "please stay on the line",
        "hello this is the virtual assistant of", "hi you have reached",
        "you have reached the voicemail of", "i can not take your call right now",
        "i am sorry i missed your call", "please leave a message after the tone", "please leave your name and number after the beep",
        "and i will get back to you as soon as i can", "i can not come to the phone right now", "is not available right now",
        "the person you are trying to reach is not available",
        "at the tone please record your message", "when you have finished recording you may hang up",
        "thank you for calling", "for english press one", "please listen carefully",
    ),
}  # fmt: skip


def read_machine(text: str, language: Language) -> tuple[MachineKind, str] | None:
    """(kind, the phrase it is told by) when a machine says this, or None. The best fit wins; among equals screeners and assistants, which
    can be talked to. A voicemail's words beside those of a person (`he is not here, who is calling`) are a person's."""
    heard = tokens(text, language)
    person = any(contains(heard, tokens(phrase, language), exact=True) for phrase in _PEOPLE[language])
    best, found = 0.0, None
    for kind, phrase, known in _phrases(language):
        fit = contains(heard, known, exact=len(known) < _FORGIVING)
        if fit > best and not (kind == "voicemail" and person):
            best, found = fit, (kind, phrase)
    if found is not None:
        return found
    announced = read_announcement(text, language)
    if announced is None or announced.score < 1 or (announced.kind == "voicemail" and person):
        return None
    return "announcement", announced.phrase


@cache
def _phrases(language: Language) -> tuple[tuple[MachineKind, str, tuple[str, ...]], ...]:
    return tuple(
        (kind, phrase, tokens(phrase, language))
        for kind, by_language in MACHINES.items()
        for phrase in by_language[language]
    )


def machine_vocabulary(language: Language) -> Vocabulary:
    """What machines say, announcements included, for the recogniser of the first seconds."""
    phrases = [phrase for by_language in MACHINES.values() for phrase in by_language[language]]
    return announcement_vocabulary(language, (*_SENTENCES[language], *_PEOPLE_SAY[language], *phrases))
