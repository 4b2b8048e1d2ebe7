"""What an author should know about the words of a script before callers find out."""

from __future__ import annotations

from collections import defaultdict

from callwright.dialogue.understanding.normalise import normalise
from callwright.dialogue.understanding.patterns import Pattern, example_wordings
from callwright.dialogue.understanding.rules import Rules
from callwright.dialogue.understanding.training import confusions
from callwright.errors import Place, Problem
from callwright.script.model import Script

__all__ = ["MIN_EXAMPLES", "lint"]

MIN_EXAMPLES = 5
_CONFUSED = 0.2  # share of an entry's held-out sentences that go to one other entry


def lint(script: Script, rules: Rules, seed: int) -> tuple[Problem, ...]:
    """Warnings in file order: `same-words`, `unreachable-phrase`, `few-examples`, `confused`."""
    return (*_same_words(script, rules), *_unreachable(script, rules), *_few(script), *_confused(script, seed))


def _name(kind: str, ident: str) -> str:
    return f"{kind} {ident}".strip()


def _same_words(script: Script, rules: Rules) -> list[Problem]:
    places: dict[str, list[Pattern]] = defaultdict(list)
    for pattern in rules.patterns:
        if pattern.source == "phrase":
            places[normalise(pattern.text, script.language)].append(pattern)
    return [
        Problem(
            "same-words",
            f"{later.text!r} belongs to {_name(later.kind, later.id)} and to {_name(first.kind, first.id)}",
            Place(field=later.field),
            "Keep it in one place; globals go before knowledge, knowledge before answers.",
            "warning",
        )
        for words, (first, *others) in places.items()
        if words
        for later in others
        if (later.kind, later.id) != (first.kind, first.id)
    ]


def _unreachable(script: Script, rules: Rules) -> list[Problem]:
    """Phrases that do not find themselves: all punctuation, or swallowed by a longer rule of another entry."""
    found: list[Problem] = []
    for pattern in rules.patterns:
        if pattern.source != "phrase":
            continue
        text = normalise(pattern.text, script.language)
        hits = rules.find(text, pattern.text)
        if any((hit.kind, hit.candidate.id) == (pattern.kind, pattern.id) for hit in hits):
            continue
        owner = ", ".join(dict.fromkeys(_name(hit.kind, hit.candidate.id) for hit in hits)) or "nothing"
        found.append(
            Problem(
                "unreachable-phrase",
                f"whoever says {pattern.text!r} is understood as {owner}, not as {_name(pattern.kind, pattern.id)}",
                Place(field=pattern.field),
                "Change the phrase, or the longer one that contains it.",
                "warning",
            )
        )
    return found


def _few(script: Script) -> list[Problem]:
    sentences: dict[str, int] = defaultdict(int)
    with_examples: set[str] = set()
    for wording in example_wordings(script):
        sentences[wording.label] += 1
        if wording.is_example:
            with_examples.add(wording.label)
    return [
        Problem(
            "few-examples",
            f"{label.replace(':', ' ')} has {sentences[label]} sentence(s) to learn from",
            hint=f"Give at least {MIN_EXAMPLES} examples in callers' own words, or none at all.",
            severity="warning",
        )
        for label in sentences
        if label in with_examples and sentences[label] < MIN_EXAMPLES
    ]


def _confused(script: Script, seed: int) -> list[Problem]:
    wordings = [w for w in example_wordings(script) if not w.label.startswith(("affirm", "deny", "refuse"))]
    taught = {w.label for w in wordings if w.is_example}
    texts, labels = [w.text for w in wordings], [w.label for w in wordings]
    return [
        Problem(
            "confused",
            f"{wrong} of {total} sentences of {right.replace(':', ' ')} would be read as {taken.replace(':', ' ')} if they were new: {sample}",
            hint="Give both more examples that differ, or merge them.",
            severity="warning",
        )
        for right, taken, wrong, total, sample in confusions(texts, labels, script.language, seed)
        if right in taught and wrong >= 2 and wrong >= _CONFUSED * total
    ]
