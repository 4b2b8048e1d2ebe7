"""The script of `bench turns` says what the prompts of the situations say, and leads where a situation wants."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

import callwright.bench.turns
from callwright.bench.situations_draw import ANSWERS, BACKCHANNEL
from callwright.bench.turns import script_for
from callwright.bench.turns_texts import PROMPTS
from callwright.script.checks import check
from callwright.script.loader import load

LANGUAGES = ("zh", "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_a_right_script(language: str) -> None:
    loaded = load(Path(callwright.bench.turns.__file__).with_name(f"turns_{language}.yaml"))
    assert [problem.message for problem in check(loaded, date(2026, 11, 26)) if problem.severity == "error"] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("node", ["offer", "ask", "number"])
def test_the_disclosure_leads_to_the_prompt_of_the_situation(language: str, node: str) -> None:
    script = script_for(language, node)
    opening = script.flow.nodes["opening"]
    assert opening.listen is False
    assert opening.next["any"] == node


@pytest.mark.parametrize("name", PROMPTS)
def test_prompts_are_those_of_the_situations(name: str) -> None:
    language, _, node = name.partition("-")
    script = script_for(language, "offer")
    if node == "number":
        slot = script.flow.nodes["number"].slot
        assert slot is not None
        assert script.slots[slot].ask == PROMPTS[name].text
        return
    (variant,) = script.flow.nodes["opening" if node == "disclosure" else node].say
    assert (variant.text, variant.audio) == (PROMPTS[name].text, f"prompt-{name}.wav")


@pytest.mark.parametrize("language", LANGUAGES)
def test_answers_and_backchannels_are_known_to_it(language: str) -> None:
    lexicon = script_for(language, "offer").lexicon
    known = {"affirm": lexicon.affirm, "deny": lexicon.deny, "refuse": lexicon.refuse}
    for kind, phrases in ANSWERS[language].items():  # type: ignore[index]  # one of the two
        assert set(phrases) <= set(known[kind])
    assert set(BACKCHANNEL[language]) <= set(lexicon.backchannel)  # type: ignore[index]  # as above
