"""An answer to the question that was asked goes before what the ranker guesses; what an author wrote, and an opt-out, do not give way."""

from __future__ import annotations

from typing import Any

from callwright.dialogue.engine import Dialogue
from callwright.dialogue.values import Answered, Candidate, Heard, Understood
from callwright.script.model import Script


def node_after(candidate: Candidate, sentence: str = "年卡") -> tuple[str, str | None]:
    script = Script.model_validate({
        "format": "script/1", "id": "s", "title": "t", "lang": "zh", "purpose": "inbound",
        "slots": {"plan": {"type": "enum", "ask": "年卡还是季卡？", "choices": {"年卡": [], "季卡": []}}},
        "flow": {"start": "ask", "nodes": {
            "ask": {"type": "collect", "slot": "plan", "next": {"filled": "bye", "refused": "bye", "failed": "bye"}},
            "bye": {"say": ["再见。"], "end": "done"}}},
        "kb": [{"id": "price", "phrases": ["年卡多少钱"], "answers": ["免费的。"]}],
        "globals": [
            {"id": "later", "phrases": ["晚点打"], "end": "later"},
            {"id": "dnd", "role": "do_not_disturb", "phrases": ["别打了"], "end": "optout"}],
    })  # fmt: skip

    class Fixed:
        def understand(self, text: str, context: Any, alternatives: Any = ()) -> Understood:
            return Understood(text, text, (candidate,), "accept")

    dialogue = Dialogue(script, Fixed())
    state = dialogue.step(dialogue.start({}), Answered(0, "human")).state
    state = dialogue.step(state, Heard(1000, sentence)).state
    return state.node, state.end


def test_a_guess_gives_way_to_the_answer() -> None:
    assert node_after(Candidate("kb", "price", (0, 2), "ranker", 0.9)) == ("bye", "done")
    assert node_after(Candidate("global", "later", (0, 2), "ranker", 0.9)) == ("bye", "done")


def test_a_guess_stands_when_nothing_is_answered() -> None:
    assert node_after(Candidate("global", "later", (0, 2), "ranker", 0.9), "回头吧") == ("ask", "later")


def test_a_phrase_and_an_opt_out_do_not_give_way() -> None:
    assert node_after(Candidate("kb", "price", (0, 2), "phrase")) == ("ask", None)
    assert node_after(Candidate("global", "later", (0, 2), "phrase")) == ("ask", "later")
    assert node_after(Candidate("global", "dnd", (0, 2), "ranker", 0.9)) == ("ask", "optout")
