"""What the author wrote, as one flat list: every phrase, combination and regular expression with the rule it belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from callwright.script.model import Script

__all__ = ["Kind", "Pattern", "Wording", "author_patterns", "example_wordings", "parts"]

Kind = Literal["global", "kb", "intent", "affirm", "deny", "refuse"]
_CLASSES: tuple[Literal["affirm", "deny", "refuse"], ...] = ("affirm", "deny", "refuse")


@dataclass(frozen=True, slots=True)
class Pattern:
    """One way to recognise a rule. text: as the author wrote it; field: where it stands in the script (`kb[0].phrases[2]`);
    order: its place in the file, which settles ties."""

    kind: Kind
    id: str
    source: Literal["phrase", "combination", "regex"]
    text: str
    field: str
    order: int


@dataclass(frozen=True, slots=True)
class Wording:
    """A sentence that means a rule: what the ranker learns from. label: `kind:id`."""

    label: str
    text: str
    is_example: bool
    role: str = ""


def parts(phrase: str) -> tuple[str, ...]:
    """The parts of a combination: `电话+哪来` must both be said, in this order, in one sentence. One part = an ordinary phrase.

    A plus sign at an end, doubled or before a digit is just a plus sign (`c++`, `+86`).
    """
    found = tuple(part.strip() for part in phrase.split("+"))
    return found if len(found) > 1 and all(found) else (phrase,)


def author_patterns(script: Script) -> tuple[Pattern, ...]:
    """Every phrase, combination and regex of globals, knowledge, intents and lexicon, in file order of those blocks."""
    found: list[Pattern] = []

    def add(kind: Kind, ident: str, field: str, phrases: Iterable[str], patterns: Iterable[str] = ()) -> None:
        for position, text in enumerate(phrases):
            source: Literal["phrase", "combination"] = "combination" if len(parts(text)) > 1 else "phrase"
            found.append(Pattern(kind, ident, source, text, f"{field}[{position}]", len(found)))
        base = field.rsplit(".", 1)[0]
        for position, text in enumerate(patterns):
            found.append(Pattern(kind, ident, "regex", text, f"{base}.regex[{position}]", len(found)))

    for index, rule in enumerate(script.globals):
        add("global", rule.id, f"globals[{index}].phrases", rule.phrases, rule.regex)
    for index, entry in enumerate(script.kb):
        add("kb", entry.id, f"kb[{index}].phrases", entry.phrases, entry.regex)
    for name, intent in script.intents.items():
        add("intent", name, f"intents.{name}.phrases", intent.phrases, intent.regex)
    for kind in _CLASSES:
        add(kind, "", f"lexicon.{kind}", getattr(script.lexicon, kind))
    return tuple(found)


def example_wordings(script: Script) -> Iterator[Wording]:
    """Every phrase and example as a sentence to learn from (the parts of a combination run together)."""
    for rule in script.globals:
        yield from _wordings(f"global:{rule.id}", rule.phrases, rule.examples, rule.role or "")
    for entry in script.kb:
        yield from _wordings(f"kb:{entry.id}", entry.phrases, entry.examples)
    for name, intent in script.intents.items():
        yield from _wordings(f"intent:{name}", intent.phrases, intent.examples)
    for kind in _CLASSES:
        yield from _wordings(f"{kind}:", getattr(script.lexicon, kind), ())


def _wordings(label: str, phrases: Iterable[str], examples: Iterable[str], role: str = "") -> Iterator[Wording]:
    for phrase in phrases:
        yield Wording(label, " ".join(parts(phrase)), False, role)
    for example in examples:
        yield Wording(label, example, True, role)
