"""Conversations with a draft: whose they are, how many, how long, and what they tell."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from callwright.dialogue.engine import Dialogue
from callwright.http.problems import ApiError
from callwright.script.builtin import template_path
from callwright.studio.talks import EACH, IDLE_S, TURNS, Talks, prepare

NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
ANNA, BO = (1, 3, None), (1, 4, None)


@pytest.fixture(scope="module")
def dialogue() -> Dialogue:
    return prepare(template_path("appointment_en").read_text(encoding="utf-8"), date(2026, 11, 26))


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_conversation_says_what_was_understood_and_why(dialogue: Dialogue) -> None:
    talks = Talks(Clock())
    talk, first = talks.start(ANNA, dialogue, {"name": "Mr Blue"}, "human", NOW)
    assert "Mr Blue" in first.said[0].text
    assert "Acme Heating" in first.said[0].text  # the example of a variable that was left out
    assert first.said[0].source == "node:opening/say/0"
    _, asked = talks.deed(ANNA, talk.id, "say", "how much is it")
    assert "forty pounds" in asked.said[0].text
    understood = next(entry for entry in asked.entries if entry.kind == "understood")
    assert understood.data["candidates"][0]["id"] == "price"
    assert any(line.startswith("kb price") for line in asked.explained)
    assert talk.came.kb == {"price": 1}
    _, done = talks.deed(ANNA, talk.id, "say", "yes please")
    assert ("webhook", "order.confirm") in done.acts
    assert "tag confirmed" in done.explained
    assert (talk.state.phase, talk.state.end, talk.came.tags) == ("ended", "done", ("confirmed",))
    assert talk.came.grade is not None
    with pytest.raises(ApiError, match="over"):
        talks.deed(ANNA, talk.id, "say", "hello?")


def test_nobody_hears_another_ones_conversation(dialogue: Dialogue) -> None:
    talks = Talks(Clock())
    talk, _ = talks.start(ANNA, dialogue, {}, "human", NOW)
    for other in (BO, (2, 3, None), (1, 3, 9)):
        with pytest.raises(ApiError) as refused:
            talks.deed(other, talk.id, "say", "hello")
        assert refused.value.status == 404
    talks.end(ANNA, talk.id)
    with pytest.raises(ApiError):
        talks.find(ANNA, talk.id)


def test_they_are_few_and_end_by_themselves(dialogue: Dialogue) -> None:
    clock = Clock()
    talks = Talks(clock)
    begun = [talks.start(ANNA, dialogue, {}, "human", NOW)[0] for _ in range(EACH + 1)]
    with pytest.raises(ApiError):
        talks.find(ANNA, begun[0].id)
    assert [talks.find(ANNA, talk.id) for talk in begun[1:]] == begun[1:]
    clock.now = IDLE_S + 1
    with pytest.raises(ApiError):
        talks.find(ANNA, begun[-1].id)


def test_no_conversation_goes_on_for_ever(dialogue: Dialogue) -> None:
    talks = Talks(Clock())
    talk, _ = talks.start(ANNA, dialogue, {}, "human", NOW)
    with pytest.raises(ApiError, match=r"over|at most"):
        for _ in range(TURNS + 1):
            talks.deed(ANNA, talk.id, "say", "how long does it take")
