"""What carriers say instead of connecting a call, as data, and how a recognised text is read for it. Pure.

Chinese is compared by toneless, fuzzy syllables, English by words, and a word or two of a long phrase may be wrong: announcements come
through recognisers. Short phrases (`已关机`) only count after words that name the called party (`您拨打的`), since songs and greetings hold
short phrases too.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Literal

from callwright.dialogue.understanding.normalise import normalise
from callwright.dialogue.understanding.pinyin import syllables
from callwright.speech.port import Vocabulary

__all__ = [
    "ANNOUNCEMENTS",
    "Announcement",
    "AnnouncementKind",
    "Language",
    "announcement_vocabulary",
    "contains",
    "read_announcement",
    "tokens",
]

Language = Literal["zh", "en"]
AnnouncementKind = Literal[
    "own_line", "carrier_blocked", "empty_number", "number_changed", "suspended", "switched_off", "barred", "out_of_service", "line_busy",
    "no_answer", "unreachable", "network_busy", "voicemail", "reminder",
]  # fmt: skip

# The called party, before or after which a short phrase counts.
_PARTY: dict[Language, tuple[str, ...]] = {
    "zh": ("您拨打的", "您所拨打的", "您呼叫的", "您所呼叫的", "您拨叫的", "你拨打的", "对方"),
    "en": (
        "you have dialed", "you dialed", "you have dialled", "you dialled", "you have called", "you called", "you are calling",
        "you are trying to reach", "you have reached", "the subscriber", "the customer", "the number",
    ),
}  # fmt: skip

# "*" marks a phrase that counts without the party.
ANNOUNCEMENTS: dict[AnnouncementKind, dict[Language, tuple[str, ...]]] = {
    "own_line": {
        "zh": ("*您的电话已欠费", "*您的电话已停机", "*您的号码已停机", "*您的手机已停机",
            "*您的余额不足", "*您的话费余额不足", "*您的电话呼出受限"),
        "en": ("*your account balance", "*insufficient credit", "*your service has been suspended", "*your phone is restricted"),
    },
    "carrier_blocked": {
        "zh": ("*您的呼叫已被拦截", "*来电已被拦截", "*已为用户拦截", "已被拦截"),
        "en": ("*your call has been blocked", "*this call has been blocked", "*blocked as spam"),
    },
    "empty_number": {
        "zh": ("*号码是空号", "是空号", "*号码不存在", "号码有误", "*号码未启用"),
        "en": (
            "*no longer in service", "not in service", "has been disconnected", "does not exist", "not a working number", "is not valid",
            "is invalid", "not been recognised", "not been recognized", "has not been assigned", "is vacant",
        ),
    },
    "number_changed": {
        "zh": ("*号码已更改", "*号码已改为", "已改号"),
        "en": ("*number has been changed", "has changed to", "*the new number is"),
    },
    "suspended": {
        "zh": ("已停机", "已暂停服务", "*已欠费停机", "已欠费", "*因欠费停机", "已经停机"),
        "en": ("is out of service", "has been suspended", "*temporarily disconnected", "temporarily out of service"),
    },
    "switched_off": {
        "zh": ("已关机", "*用户已关机", "*电话已关机", "*手机已关机", "已经关机"),
        "en": ("switched off", "powered off", "is power off", "turned off", "phone is off"),
    },
    "barred": {
        "zh": ("*已设置呼入限制", "*呼入受限", "*限制呼入", "呼叫受限", "呼叫限制", "已设置呼叫限制"),
        "en": ("*does not accept incoming calls", "*not accepting calls", "incoming calls are barred", "calling restrictions"),
    },
    "out_of_service": {
        "zh": ("*不在服务区", "不在服务区内"),
        "en": ("*out of the service area", "*not in the service area", "*out of service area", "*outside the coverage area"),
    },
    "line_busy": {
        "zh": ("*正在通话中", "正在通话", "正忙", "占线", "用户忙"),
        "en": ("is busy", "busy now", "*on another call", "is engaged", "in a call", "*the line is busy"),
    },
    "no_answer": {
        "zh": ("*暂时无人接听", "无人接听", "无人应答", "暂时无法接听"),
        "en": ("is not answering", "does not answer", "there is no answer", "did not answer"),
    },
    "unreachable": {
        "zh": ("*暂时无法接通", "无法接通", "暂时无法联系", "*暂时不能接通"),
        "en": ("can not be reached", "can not be connected", "not reachable", "is unavailable", "is not available"),
    },
    "network_busy": {
        "zh": ("*网络繁忙", "*线路繁忙", "*网络忙请稍后再拨", "*线路忙请稍后再拨", "*系统忙请稍后再拨"),
        "en": ("*all circuits are busy", "*network is busy", "*can not be completed at this time", "*due to network"),
    },
    "voicemail": {
        "zh": ("*转接到语音信箱", "*转至语音信箱", "*转接语音信箱", "*语音信箱", "*提示音后留言"),
        "en": ("*forwarded to voice mail", "*forwarded to an automated", "*leave a message", "*voice mail", "*voicemail"),
    },
    "reminder": {
        "zh": ("*来电提醒", "*已启用来电提醒", "*短信的形式通知", "*短信通知对方"),
        "en": ("*missed call notification", "*be notified by sms", "*by text message", "*short message to inform"),
    },
}  # fmt: skip

_BESIDE = frozenset({"voicemail", "reminder"})  # said beside another kind, which is then meant


@dataclass(frozen=True, slots=True)
class Announcement:
    """What was announced. phrase: the known words it was told by; score 0..1: how much of them was heard, less without the party."""

    kind: AnnouncementKind
    phrase: str
    score: float


def read_announcement(text: str, language: Language) -> Announcement | None:
    """The announcement in a recognised text, or None. The surest wins, among equals the longest phrase; what is said beside it comes last."""
    heard = tokens(text, language)
    if not heard:
        return None
    party = max(contains(heard, phrase) for phrase in _party(language))
    found = []
    for kind, phrase, known, alone in _phrases(language):
        fit = contains(heard, known, exact=kind == "own_line")
        if fit and (party or alone):
            score = round(fit * (1.0 if party else 0.8), 3)
            found.append(((score, kind not in _BESIDE, len(known), len(phrase)), Announcement(kind, phrase, score)))
    return max(found, key=lambda one: one[0])[1] if found else None


def tokens(text: str, language: Language) -> tuple[str, ...]:
    """What is compared: fuzzy syllables of the Chinese characters, or plain words."""
    if language == "zh":
        return syllables("".join(re.findall(r"[\u4e00-\u9fff]", text)))
    return tuple(re.findall(r"[a-z]+", normalise(text, "en")))


def contains(heard: Sequence[str], phrase: Sequence[str], *, exact: bool = False) -> float:
    """How much of a phrase stands somewhere in what was heard, 0..1; 0 when more is missing or wrong than its length forgives."""
    forgiven = 0 if exact or len(phrase) < 5 else 1 if len(phrase) < 8 else 2
    if not forgiven:
        size = len(phrase)
        found = any(tuple(heard[i : i + size]) == tuple(phrase) for i in range(len(heard) - size + 1))
        return 1.0 if found else 0.0
    # Edit distance of the phrase to the nearest part of what was heard (Sellers 1980).
    row = [0] * (len(heard) + 1)
    for wanted in phrase:
        before, row[0] = row[0], row[0] + 1
        for place, token in enumerate(heard, 1):
            before, row[place] = row[place], min(before + (token != wanted), row[place] + 1, row[place - 1] + 1)
    return 1.0 - min(row) / len(phrase) if min(row) <= forgiven else 0.0


@cache
def _party(language: Language) -> tuple[tuple[str, ...], ...]:
    return tuple(tokens(phrase, language) for phrase in _PARTY[language])


@cache
def _phrases(language: Language) -> tuple[tuple[AnnouncementKind, str, tuple[str, ...], bool], ...]:
    """(kind, phrase, its tokens, whether it counts without the party). Longer phrases of a kind first."""
    return tuple(
        (kind, phrase.lstrip("*"), tokens(phrase, language), phrase.startswith("*"))
        for kind, by_language in ANNOUNCEMENTS.items()
        for phrase in sorted(by_language[language], key=len, reverse=True)
    )


# ---------------------------------------------------------------- for the recogniser

_FRAMES: dict[Language, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "zh": (
        ("您拨打的", "对不起您拨打的", "您好您拨打的", "您所拨打的"),
        ("号码", "电话", "用户", "手机"),
        ("", "请稍后再拨", "请核对后再拨", "请查证后再拨"),
    ),
    "en": (
        ("the number you have dialed", "sorry the number you dialed", "the subscriber you have called", "the person you are calling",
         "the subscriber you dialed", "the number you have called"),
        ("",),
        ("", "please try again later", "please check the number and dial again", "please call again later"),
    ),
}  # fmt: skip
_FIXED: dict[Language, tuple[str, ...]] = {
    "zh": (
        "请不要挂机", "请稍候", "正在为您转接", "正在为您接通请稍候", "请在提示音后留言", "您的来电将转接到语音信箱",
        "您的来电信息将以短信的形式通知对方",
        "您拨打的用户暂时无法接通已启用来电提醒",
    ),
    "en": (
        "please hold", "please wait", "please hold while we connect your call", "your call is being connected",
        "please leave a message after the tone",
        "your call has been forwarded to voice mail", "you can send a text message", "we are sorry", "thank you",
    ),
}  # fmt: skip


def announcement_vocabulary(language: Language, extra: Sequence[str] = ()) -> Vocabulary:
    """Sentences of announcements, for a recogniser that hears nothing else. extra: more sentences to expect."""
    before, party, after = _FRAMES[language]
    gap = "" if language == "zh" else " "
    said: dict[str, None] = dict.fromkeys((*_FIXED[language], *extra))
    # Not every combination: the recogniser's language model joins what follows each other somewhere.
    for begin, whom in product(before, party):
        said[gap.join(part for part in (begin, whom) if part)] = None
    for _, phrase, _, alone in _phrases(language):
        said.update(dict.fromkeys(gap.join(part for part in (phrase, end) if part) for end in after))
        if not alone or language == "zh":
            said.update(dict.fromkeys(gap.join(p for p in (before[0], whom, phrase) if p) for whom in party))
            said.update(dict.fromkeys(gap.join(p for p in (begin, party[0], phrase) if p) for begin in before))
    phrases = tuple((text, 1.0) for text in said)
    digest = hashlib.sha256(repr((language, phrases)).encode()).hexdigest()
    return Vocabulary(f"announcements-{language}-{digest[:16]}", language, phrases)
