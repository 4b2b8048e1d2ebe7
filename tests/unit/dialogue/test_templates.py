"""The templates' own dialogues, with the author's rules alone and with the trained ranker beside them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from callwright.dialogue.engine import Dialogue
from callwright.dialogue.rehearsal import rehearse
from callwright.dialogue.understanding.nlu import Nlu
from callwright.dialogue.values import Answered, Heard
from callwright.script.builtin import template_path, templates
from callwright.script.loader import load

NOW = "2026-11-20T17:00"
DEMOS = {"trial_lesson": "edu-trial-invite", "appointment": "repair-appointment-confirm"}


@pytest.mark.parametrize("trained", [False, True], ids=["rules", "trained"])
@pytest.mark.parametrize("name", templates())
def test_every_dialogue_of_a_template_goes_as_written(name: str, trained: bool) -> None:
    script = load(template_path(name)).script
    understander = Nlu.train(script) if trained else Nlu.rules_only(script)
    results = rehearse(script, understander, now=NOW)
    assert [(result.name, result.failures) for result in results if not result.ok] == []
    assert len(results) == len(script.tests)


@pytest.mark.shared
@pytest.mark.parametrize("name", sorted(DEMOS))
def test_what_real_callers_say_is_among_the_phrases(shared: Path, name: str) -> None:
    index = json.loads((shared / "audio" / "callers-zh" / "index.json").read_text("utf-8"))
    script = load(template_path(name)).script
    nlu = Nlu.rules_only(script)
    context = Dialogue(script, nlu).plan.context("opening", NOW)
    missed: set[tuple[str, str]] = set()
    for item in index["items"]:
        if item["script"] in (DEMOS[name], "any") and item["value"] is None:
            found = {c.id or c.kind for c in nlu.understand(item["text"], context).candidates}
            if item["intent"] not in found:
                missed.add((item["intent"], item["text"]))
        elif item["intent"] == "out_of_script":
            assert nlu.understand(item["text"], context).candidates == (), item["text"]
    assert missed == set()


ENGLISH_DEMO = {
    "yes that works": ("done", "ok"),
    "please don't call me again": ("optout", "opening"),
    "are you a robot": (None, "opening"),
    "how much does it cost": (None, "opening"),
    "i'd like to speak to a person": (None, "opening"),
    "could we do another day": (None, "ask_time"),
    "no thanks cancel it": (None, "keep_it"),
}


@pytest.mark.parametrize("words", sorted(ENGLISH_DEMO))
def test_what_the_english_demo_says_is_understood(words: str) -> None:
    script = load(template_path("appointment_en")).script
    dialogue = Dialogue(script, Nlu.train(script))
    state = dialogue.start({name: var.example or "" for name, var in script.vars.items()}, NOW)
    state = dialogue.step(state, Answered(0, "human")).state
    state = dialogue.step(state, Heard(1000, words)).state
    assert (state.end, state.node) == ENGLISH_DEMO[words]
