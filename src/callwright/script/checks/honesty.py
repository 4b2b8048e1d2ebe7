"""What the law and decency ask of every script: consent, disclosure, an honest answer, an opt-out, a person on request, clean words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from callwright.errors import Problem
from callwright.script.checks.walk import Found, error, texts, warning
from callwright.script.loader import LoadedScript
from callwright.script.model import Script, Then
from callwright.script.text import sentences

__all__ = ["REQUIRED_ROLES", "affirms_robot", "check_honesty", "denies_robot"]

REQUIRED_ROLES = ("profanity", "do_not_disturb", "ask_robot", "transfer", "repeat")
_OUTGOING = ("marketing", "service", "survey", "notice")

_WORDS = {
    "zh": {
        "ai": r"智能|AI|机器人",
        "company": r"\{\s*company\s*\}",
        "recording": r"录音",
        "opt_out": r"不要再打|别再打|退订|不想接",
    },
    "en": {
        "ai": r"\b(AI|robot|bot|virtual assistant|voice assistant|digital assistant|automated|artificial intelligence)\b",
        "company": r"\{\s*company\s*\}",
        "recording": r"\brecord(ed|ing|s)?\b",
        "opt_out": r"\b(opt out|unsubscribe|(do not|don['’]t|stop|not be) (call|called|calling)|remove (me|you))\b",
    },
}
_SHOWN = {
    "zh": {"ai": "智能, AI, 机器人", "company": "{company}", "recording": "录音", "opt_out": "不要再打, 别再打, 退订, 不想接"},
    "en": {"ai": "AI, robot, virtual assistant, automated", "company": "{company}", "recording": "recorded, recording",
           "opt_out": "opt out, unsubscribe, do not call, stop calling"},
}  # fmt: skip

_ZH_ROBOT = r"(机器人|智能(语音)?(助手|助理|客服|外呼|系统)|AI|人工智能|语音助手|语音助理|虚拟(助手|客服|助理))"
_ZH_YES = re.compile(rf"(?<![不非])是(?!不是)[^。！？；，,不]{{0,30}}{_ZH_ROBOT}", re.IGNORECASE)
_ZH_NO = re.compile(
    rf"(?<!是)(不|并非|非)(是|属于)?[^。！？；，,]{{0,6}}?(?<!不){_ZH_ROBOT}"
    rf"|(怎么(会|可能)|哪(里|儿)?(是|有|来)|才不|绝不)[^。！？；，,]{{0,6}}{_ZH_ROBOT}"
    r"|(?<![不非])是(一?[个位名])?(真人|活人|真实的人|大活人|人工(?!智能))"
    r"|真人(给|为|跟|和|在跟|在和|在为|在给)?您",
    re.IGNORECASE,
)
_EN_ROBOT = r"(AI|A\.I\.|robot|bot|machine|virtual|automated|artificial intelligence|computer|digital assistant|voice assistant|recording)"
_EN_NOT = r"(not|never|isn['’]t|aren['’]t|ain['’]t|no)"
_EN_YES = re.compile(
    rf"\b(I am|I['’]m|this is|you are (speaking|talking) (to|with)|you['’]re (speaking|talking) (to|with))\b"
    rf"(?:(?!\b{_EN_NOT}\b)[^.?!]){{0,60}}\b{_EN_ROBOT}\b",
    re.IGNORECASE,
)
_EN_NO = re.compile(
    rf"\b{_EN_NOT} ((speaking|talking) (to|with) )?(an?|any|the|some)? ?(\w+ )?{_EN_ROBOT}\b"
    r"|\b(I am|I['’]m|this is|speaking (to|with)|talking (to|with)) (an? )?(real |actual |live )?(person|human)\b",
    re.IGNORECASE,
)


def affirms_robot(text: str, lang: str) -> bool:
    """A statement (not a question) in `text` says that the speaker is a robot. lang: `zh` or `en`."""
    pattern = _ZH_YES if lang == "zh" else _EN_YES
    return any(pattern.search(part) for part in sentences(text) if not part.rstrip("”\"'").endswith(("？", "?")))


def denies_robot(text: str, lang: str) -> bool:
    """`text` says that the speaker is no robot, or is a human being. 不是真人 (no human being) is honest."""
    return bool((_ZH_NO if lang == "zh" else _EN_NO).search(text))


def check_honesty(loaded: LoadedScript) -> Iterator[Problem]:
    """Errors and warnings of consent, disclosure, roles, honest answers and forbidden words."""
    script = loaded.script
    yield from _consent(loaded, script)
    yield from _disclosure(loaded, script)
    yield from _roles(loaded, script)
    for path, text in texts(script):
        if denies_robot(text, script.language):
            hint = "The robot must never hide being one; take the words out."
            yield error(loaded, "denies-robot", "the text denies that a robot is speaking", path, hint)
    yield from _words(loaded, script)


def _consent(loaded: LoadedScript, script: Script) -> Iterator[Problem]:
    consent = script.compliance.consent
    if script.purpose == "marketing" and (not consent.required or consent.basis not in (None, "consent")):
        message = "a marketing script needs the consent of every person called"
        yield error(loaded, "consent-required", message, "compliance.consent", "Write `consent: {required: true}`.")
    if not script.compliance.honest_ai:
        message = "`honest_ai` cannot be switched off"
        yield error(loaded, "honest-ai-off", message, "compliance.honest_ai", "Write `honest_ai: true`, or remove it.")
    if not script.compliance.opt_out and script.purpose in _OUTGOING:
        message = "`opt_out` cannot be switched off for outgoing calls"
        yield error(loaded, "opt-out-off", message, "compliance.opt_out", "Write `opt_out: true`, or remove it.")


def _disclosure(loaded: LoadedScript, script: Script) -> Iterator[Problem]:
    disclosure = script.compliance.disclosure
    if disclosure is None:
        if script.purpose in _OUTGOING:
            hint = "Add `disclosure: {node: opening, must: [ai, company, purpose, recording]}`."
            yield error(loaded, "disclosure-missing", "no node tells who is calling", "compliance", hint)
        return
    path = "compliance.disclosure"
    node = script.flow.nodes.get(disclosure.node)
    if node is None:
        message = f"the disclosure node `{disclosure.node}` does not exist"
        yield error(loaded, "unknown-node", message, f"{path}.node", "Name the first node that speaks.")
        return
    if "ai" not in disclosure.must:
        message = "the disclosure must always tell that a robot is calling"
        yield error(loaded, "disclosure-incomplete", message, f"{path}.must", "Add `ai`.")
    if (node.barge.mode or script.turn.barge.mode) != "none" or disclosure.interruptible:
        where = f"{path}.interruptible" if disclosure.interruptible else f"flow.nodes.{disclosure.node}"
        message = "the disclosure can be interrupted"
        hint = "Write `barge: {mode: none}` in the node, and `interruptible: false`."
        yield error(loaded, "disclosure-interruptible", message, where, hint)
    where = f"flow.nodes.{disclosure.node}"
    if not node.say:
        yield error(
            loaded, "disclosure-words", f"the disclosure node `{disclosure.node}` says nothing", where, "Add `say`."
        )
    for i, variant in enumerate(node.say):
        for item in disclosure.must:
            if not _tells(item, variant.text, script.language):
                hint = f"Use one of: {_SHOWN[script.language][item]}."
                message = f"this wording of the disclosure does not tell `{item}`"
                yield error(loaded, "disclosure-words", message, f"{where}.say[{i}].text", hint)


def _roles(loaded: LoadedScript, script: Script) -> Iterator[Problem]:
    roles = {rule.role for rule in script.globals}
    for role in REQUIRED_ROLES:
        if role not in roles:
            hint = f"Add `- {{id: {role}, role: {role}, phrases: […], …}}`."
            yield error(loaded, "missing-role", f"no global rule has the role `{role}`", "globals", hint)
    for i, rule in enumerate(script.globals):
        path = f"globals[{i}]"
        if rule.role == "do_not_disturb" and not any(action.kind == "freeze" for action in rule.do):
            hint = "Add `do: [{freeze: {scope: company, days: 0, reason: dnd}}]`."
            yield error(loaded, "opt-out-without-freeze", f"`{rule.id}` does not freeze the number", path, hint)
        if rule.role in ("do_not_disturb", "transfer") and rule.count is not None:
            wish = "a request for a person" if rule.role == "transfer" else "a wish not to be called"
            message = f"{wish} must be honoured the first time, and `count` withholds it"
            yield error(loaded, "right-withheld", message, f"{path}.count", "Remove `count`.")
        if rule.role == "transfer" and rule.max < 99:
            message = "a request for a person must always be honoured, and `max` withholds it later"
            yield error(loaded, "right-withheld", message, f"{path}.max", "Remove `max`.")
        if rule.role == "do_not_disturb" and rule.then is not None and _goes_on(rule.then):
            message = f"`{rule.id}` wants to go on after an opt-out; the call ends there whatever it says"
            yield error(loaded, "opt-out-goes-on", message, f"{path}.then", "Write `end: optout` instead of `then`.")
        if rule.event == "answered_by_machine" and script.purpose == "marketing":
            yield from _left_message(loaded, script, i)
        if rule.role == "ask_robot":
            yield from _honest_answer(loaded, script, i)


def _goes_on(then: Then) -> bool:
    return then.resume in ("reask", "repeat", "goto", "transfer") or (
        then.resume is None and then.end is None and bool(then.goto or then.transfer)
    )


def _left_message(loaded: LoadedScript, script: Script, index: int) -> Iterator[Problem]:
    """What is left on a machine is heard without the disclosure node, so it must tell by itself who calls."""
    for i, variant in enumerate(script.globals[index].say):
        for item in ("ai", "company"):
            if not _tells(item, variant.text, script.language):
                message = f"the message left on a machine does not tell `{item}`"
                hint = f"Use one of: {_SHOWN[script.language][item]}."
                yield error(loaded, "disclosure-words", message, f"globals[{index}].say[{i}].text", hint)


def _tells(item: str, text: str, lang: str) -> bool:
    pattern = _WORDS[lang].get(item)
    return pattern is None or re.search(pattern, text, re.IGNORECASE if lang == "en" else 0) is not None


def _honest_answer(loaded: LoadedScript, script: Script, index: int) -> Iterator[Problem]:
    rule, path = script.globals[index], f"globals[{index}]"
    good = "是的，我是{company}的智能语音助手。" if script.language == "zh" else "Yes, I am {company}'s AI assistant."
    hint = f"Say for example: {good}"
    if not rule.say:
        yield error(loaded, "dishonest-answer", f"`{rule.id}` does not answer the question for a robot", path, hint)
    for i, variant in enumerate(rule.say):
        if not affirms_robot(variant.text, script.language):
            message = "the answer does not say that it is a robot"
            yield error(loaded, "dishonest-answer", message, f"{path}.say[{i}].text", hint)
    if rule.max < 99:
        message = "the question for a robot must be answered every time, and `max` limits it"
        yield error(loaded, "right-withheld", message, f"{path}.max", "Remove `max`.")


def _words(loaded: LoadedScript, script: Script) -> Iterator[Problem]:
    compliance = script.compliance
    named = (  # a choice is spoken where a text reads the slot back
        Found(f"slots.{name}.choices.{choice}", choice)
        for name, slot in script.slots.items()
        for choice in slot.choices or ()
    )
    for path, text in (*texts(script), *named):
        cleaned = text
        for phrase in sorted(compliance.forbidden_except, key=len, reverse=True):
            cleaned = re.sub(re.escape(phrase), "|", cleaned, flags=re.IGNORECASE)
        for word in compliance.forbidden:
            if _holds(cleaned, word, script.language):
                hint = "Rephrase it. A harmless use of it may be listed under `compliance.forbidden_except`."
                yield error(loaded, "forbidden-word", f"the text holds the forbidden word `{word}`", path, hint)
            elif _holds(text, word, script.language):
                message = f"`{word}` is used here under an exception (`forbidden_except`)"
                yield warning(loaded, "forbidden-exempt", message, path, "The reviewer confirms each such use.")
        for word in compliance.sensitive:
            if _holds(text, word, script.language):
                hint = "A second reviewer confirms it."
                yield warning(loaded, "sensitive-word", f"the text holds the sensitive word `{word}`", path, hint)


def _holds(text: str, word: str, lang: str) -> bool:
    if lang == "zh":  # 保 过 and ＡＩ are heard like 保过 and AI
        return _squeezed(word) in _squeezed(text)
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE) is not None


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).casefold()
