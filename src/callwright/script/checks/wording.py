"""How it sounds: long sentences, open questions, questions nobody waits for, and rules no test ever sets off. Warnings only."""

from __future__ import annotations

import re
from collections.abc import Iterator

from callwright.errors import Problem
from callwright.script.checks.walk import Found, texts, warning
from callwright.script.loader import LoadedScript
from callwright.script.model import GlobalRule, Script, Slot
from callwright.script.text import placeholders, render, sentences

__all__ = ["MAX_WORDS_EN", "MAX_WORDS_ZH", "check_wording", "length"]

MAX_WORDS_ZH = 45
MAX_WORDS_EN = 25

_WORD = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]|[A-Za-z0-9]+(?:['’.-][A-Za-z0-9]+)*|\{[^{}]*\}")
_OPEN = {
    "zh": re.compile(r"什么时候|什么时间|哪天|哪一天|几点|哪里|怎么样|怎么看|如何|为什么|什么(?!都)"),
    "en": re.compile(r"\b(what|when|which|where|how|why|who)\b", re.IGNORECASE),
}
_CHOICE = {"zh": re.compile(r"还是|或者|或|要么"), "en": re.compile(r"\b(or|either)\b", re.IGNORECASE)}
_FILLABLE_BY_ITSELF = ("int", "number", "duration", "phone", "money", "age", "name")


def check_wording(loaded: LoadedScript) -> Iterator[Problem]:
    """Warnings: long-sentence, question-without-choice, question-not-awaited, role-without-test."""
    script = loaded.script
    for path, text in texts(script):
        yield from _lengths(loaded, script, path, text)
    yield from _questions(loaded, script)
    for i, rule in enumerate(script.globals):
        if rule.role is not None and not any(_sets_off(rule, test) for test in _spoken(script)):
            message = f"no test sets off `{rule.id}` (role {rule.role})"
            hint = "Add a test; publishing needs it, or the reviewer's word."
            yield warning(loaded, "role-without-test", message, f"globals[{i}]", hint)


def length(sentence: str) -> int:
    """How long a sentence is to the ear: Chinese characters plus Latin words and numbers."""
    return len(_WORD.findall(sentence))


def _lengths(loaded: LoadedScript, script: Script, path: str, text: str) -> Iterator[Problem]:
    limit, unit = (MAX_WORDS_ZH, "characters") if script.language == "zh" else (MAX_WORDS_EN, "words")
    names = {name: f"{{{name}}}" for name in placeholders(text)}
    names |= {name: var.example for name, var in script.vars.items() if var.example}
    for sentence in sentences(render(text, names)):
        count = length(sentence)
        if count > limit:
            message = f"a sentence of {count} {unit} (more than {limit}): {sentence[:20]}…"
            yield warning(loaded, "long-sentence", message, path, "Split it: the listener cannot look back.")


def _questions(loaded: LoadedScript, script: Script) -> Iterator[Problem]:
    for name, slot in script.slots.items():
        if slot.ask and _open_question(slot.ask, script.language) and _needs_choice(slot):
            yield _without_choice(loaded, Found(f"slots.{name}.ask", slot.ask))
    for name, node in script.flow.nodes.items():
        if node.type != "say":
            continue
        for i, variant in enumerate(node.say):
            path = f"flow.nodes.{name}.say[{i}].text"
            last = sentences(variant.text)[-1:] or ("",)
            if last[0].endswith(("？", "?")) and (node.end is not None or not node.listen):
                hint = "Let the node listen, or make it a statement."
                yield warning(
                    loaded, "question-not-awaited", "a question is asked, but no answer is awaited", path, hint
                )
            elif _open_question(variant.text, script.language) and node.listen and node.end is None:
                yield _without_choice(loaded, Found(path, variant.text))


def _without_choice(loaded: LoadedScript, found: Found) -> Problem:
    hint = "Offer two answers (A or B), ask for yes or no, or give the slot `choices`."
    return warning(loaded, "question-without-choice", "an open question: it offers no choice", found.path, hint)


def _open_question(text: str, lang: str) -> bool:
    asked = [part for part in sentences(text) if part.endswith(("？", "?"))]
    return any(_OPEN[lang].search(part) and not _CHOICE[lang].search(part) for part in asked)


def _needs_choice(slot: Slot) -> bool:
    return not slot.choices and not slot.verbatim and slot.type not in _FILLABLE_BY_ITSELF


def _spoken(script: Script) -> Iterator[tuple[str, str | None, str | None]]:
    """(words, event, expected end) of every turn of every test."""
    for test in script.tests:
        for turn in test.turns:
            yield turn.say or "", turn.event or ("dtmf" if turn.dtmf else None), test.expect.end


def _sets_off(rule: GlobalRule, turn: tuple[str, str | None, str | None]) -> bool:
    words, event, end = turn
    if rule.event is not None and rule.event == event:
        return True
    if rule.count is not None:
        return rule.end is not None and rule.end == end
    bare = _squeeze(words)
    if any(_squeeze(phrase) in bare for phrase in rule.phrases):
        return True
    try:
        return any(re.search(pattern, words) for pattern in rule.regex)
    except re.error:
        return False  # reported by the patterns check


def _squeeze(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()
