"""What may be remembered of a person: declared attributes only, each with the sentence it came from, its consent and its expiry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from callwright.dialogue.state import State
from callwright.script.expression import compile_expression
from callwright.script.model import Script

__all__ = ["Attribute", "attributes"]


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute to write. value: the slot's value, or True when the rule's expression holds; consent: the consent it needs."""

    key: str
    value: Any
    sentence: str
    source: str
    ttl_days: int
    consent: str


def attributes(script: Script, state: State, names: Mapping[str, Any]) -> tuple[Attribute, ...]:
    """The attributes this conversation supports. One without a sentence of the caller behind it is not written.

    names: the names of expressions, as in grading. Raises ValueError for an expression that does not compile.
    """
    found = []
    for rule in script.portrait:
        expression = compile_expression(rule.from_)
        value = expression.evaluate(names)
        slot = rule.from_.strip().removeprefix("slot.")
        if f"slot.{slot}" == rule.from_.strip():
            value = state.slots[slot].value if slot in state.slots else None
        elif value:
            value = True
        sentence = next((state.evidence[name] for name in sorted(expression.names) if state.evidence.get(name)), "")
        if value is not None and value is not False and value != "" and sentence and (value or slot in state.slots):
            found.append(Attribute(rule.key, value, sentence, rule.from_, rule.ttl_days, rule.consent))
    return tuple(found)
