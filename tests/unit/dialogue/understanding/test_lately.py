"""What was understood lately is not worked out again, and never taken for something else."""

from __future__ import annotations

from callwright.dialogue.understanding.lately import Lately
from callwright.dialogue.understanding.port import Understander
from callwright.dialogue.values import Context, Understood


class Counting:
    def __init__(self) -> None:
        self.asked: list[tuple[str, Context, tuple[str, ...]]] = []

    def understand(self, text: str, context: Context, alternatives: tuple[str, ...] = ()) -> Understood:
        self.asked.append((text, context, alternatives))
        return Understood(text, f"{text} {sorted(context.kb or ())} {alternatives}")


def test_the_same_at_the_same_question_is_asked_once() -> None:
    counting = Counting()
    lately: Understander = Lately(counting)
    one = Context(frozenset({"price"}), None, frozenset({"affirm"}), "2026-11-26T10:00", ("09:00", "20:00"))
    later = Context(frozenset({"price"}), None, frozenset({"affirm"}), "2026-11-26T10:01")
    first = lately.understand("yes", one)
    assert lately.understand("yes", later) is first
    assert len(counting.asked) == 1


def test_whatever_may_change_the_answer_is_asked_anew() -> None:
    counting = Counting()
    lately = Lately(counting)
    cases: list[tuple[str, Context, tuple[str, ...]]] = [
        ("yes", Context(), ()),
        ("no", Context(), ()),
        ("yes", Context(kb=frozenset()), ()),
        ("yes", Context(kb=frozenset({"price"})), ()),
        ("yes", Context(intents=frozenset({"move"})), ()),
        ("yes", Context(classes=frozenset()), ()),
        ("yes", Context(), ("yet",)),
    ]
    for _ in range(2):
        answers = [lately.understand(*case) for case in cases]
    assert counting.asked == cases
    assert answers == [Counting().understand(*case) for case in cases]
