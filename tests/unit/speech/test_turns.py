"""Turn-taking in virtual time: one test per rule of the turn algorithm, step 1."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from callwright.speech.turn_values import (
    Decision,
    EndUtterance,
    Interrupt,
    NoInput,
    Pause,
    Playing,
    ResumeAt,
    StartUtterance,
    Turn,
    TurnSettings,
    Words,
)
from callwright.speech.turns import TurnTaker

SETTINGS = TurnSettings(backchannel=("嗯", "哦", "你说"), min_ms=300, hangover_ms=0, onset_ms=0)
BOUNDARIES = (0, 1200, 2600)


class Call:
    """Drives a turn-taker with a mouth that obeys its decisions."""

    def __init__(self, settings: TurnSettings = SETTINGS, prompt_ms: int | None = None) -> None:
        self.taker = TurnTaker(settings)
        self.now = 0
        self.prompt_ms = prompt_ms
        self.played = 0
        self.paused = False
        self.mark = "1"
        self.seen: list[Decision] = []
        self.unread: list[int] = []  # beginnings of the utterances whose finals are to come

    def take(self, decisions: tuple[Decision, ...]) -> None:
        for decision in decisions:
            self.seen.append(decision)
            if isinstance(decision, EndUtterance):
                self.unread.append(decision.begin_ms)
            elif isinstance(decision, Pause):
                self.paused = True
            elif isinstance(decision, ResumeAt):
                self.paused, self.played = False, decision.prompt_ms
            elif isinstance(decision, Interrupt):
                self.prompt_ms, self.paused = None, False

    def run(self, ms: int, voice: bool = False) -> None:
        for _ in range(ms // 20):
            playing = None
            if self.prompt_ms is not None:
                self.played += 0 if self.paused else 20
                if self.played > self.prompt_ms:
                    self.prompt_ms = None
                else:
                    playing = Playing(self.played, BOUNDARIES, self.mark)
            self.take(self.taker.frame(self.now, voice, playing))
            self.now += 20

    def partial(self, text: str, **more: Any) -> None:
        self.take(self.taker.partial(self.now, Words(text, **more)))

    def final(self, text: str, **more: Any) -> None:
        self.take(self.taker.final(self.now, self.unread.pop(0), Words(text, **more)))

    def say_next(self, mark: str, ms: int) -> None:
        """The next prompt follows without a gap."""
        self.mark, self.prompt_ms, self.played = mark, ms, 0

    def of(self, kind: type) -> list[Decision]:
        return [d for d in self.seen if isinstance(d, kind)]


def test_a_plain_answer_becomes_a_turn_after_the_end_silence() -> None:
    call = Call()
    call.run(500)
    call.run(800, voice=True)
    call.run(660)
    assert call.of(EndUtterance) == []
    call.run(60)
    assert call.of(EndUtterance) == [EndUtterance(500, 1280, "silence")]
    call.final("可以")
    assert call.seen[-1] == Turn("可以", 500, 1280, False, False)
    assert call.seen[0] == StartUtterance(500)


def test_the_voice_flags_hangover_counts_as_silence() -> None:
    call = Call(replace(SETTINGS, hangover_ms=160))
    call.run(400, voice=True)
    call.run(520)
    assert call.of(EndUtterance) == []
    call.run(20)
    assert call.of(EndUtterance) == [EndUtterance(0, 380, "silence")]


@pytest.mark.parametrize(
    ("ending", "slot_type", "ended_after"),
    [
        ("complete", None, 180), ("open", None, 400), ("", None, 700), ("unfinished", None, 1500), ("complete", "phone", 180),
        ("", "phone", 1100), ("unfinished", "phone", 1500),
    ],
)  # fmt: skip
def test_how_an_utterance_ends_depends_on_its_words(ending: str, slot_type: str | None, ended_after: int) -> None:
    call = Call(replace(SETTINGS, slot_type=slot_type))
    call.run(600, voice=True)
    call.partial("可以", ending=ending)
    call.run(ended_after - 20)
    assert call.of(EndUtterance) == []
    call.run(20)
    assert len(call.of(EndUtterance)) == 1


def test_a_complete_phrase_that_went_on_without_words_is_not_complete_any_more() -> None:
    call = Call()
    call.run(600, voice=True)
    call.partial("可以", ending="complete")
    call.run(500, voice=True)
    call.run(680)
    assert call.of(EndUtterance) == []


def test_a_script_that_ends_sooner_than_the_robot_would_is_obeyed() -> None:
    call = Call(replace(SETTINGS, end_silence_ms=150))
    call.run(600, voice=True)
    call.partial("可以", ending="complete")
    call.run(160)
    assert call.of(EndUtterance)


def test_number_slots_wait_longer_than_the_end_silence() -> None:
    call = Call(replace(SETTINGS, slot_type="phone"))
    call.run(600, voice=True)
    call.run(1060)
    assert call.of(EndUtterance) == []
    call.run(60)
    assert call.of(EndUtterance)


def test_endless_speech_is_cut_at_the_longest_time() -> None:
    call = Call(replace(SETTINGS, max_speech_ms=2000))
    call.run(2100, voice=True)
    assert call.of(EndUtterance) == [EndUtterance(0, 2000, "too_long")]


def test_silence_after_the_prompt_is_no_input_once_per_timeout() -> None:
    call = Call(prompt_ms=1000)
    call.run(1000)
    call.run(3900)
    assert call.of(NoInput) == []
    call.run(200)
    assert len(call.of(NoInput)) == 1
    call.run(4000)
    assert len(call.of(NoInput)) == 2


def test_voice_inside_the_guard_does_not_pause() -> None:
    call = Call(prompt_ms=5000)
    call.run(440, voice=True)
    assert call.of(Pause) == []


def test_voice_shorter_than_the_minimum_does_not_pause() -> None:
    call = Call(prompt_ms=5000)
    call.run(1000)
    call.run(280, voice=True)
    call.run(200)
    assert call.of(Pause) == []


def test_backchannel_goes_on_from_the_sentence_boundary() -> None:
    call = Call(prompt_ms=5000)
    call.run(2000)
    call.run(300, voice=True)
    assert call.of(Pause) == [Pause(2280, 2300)]
    call.partial("嗯")
    call.run(320)
    call.final("嗯")
    assert call.of(ResumeAt) == [ResumeAt(call.now, 1200, "continue")]
    assert call.of(Interrupt) == [] and call.of(Turn) == []


@pytest.mark.parametrize(("how", "at"), [("restart", 0), ("reask", 0), ("continue", 1200)])
def test_how_a_prompt_is_resumed(how: str, at: int) -> None:
    call = Call(replace(SETTINGS, resume=how), prompt_ms=5000)  # type: ignore[arg-type]
    call.run(2000)
    call.run(400, voice=True)
    call.run(400)
    call.final("嗯")
    (resumed,) = call.of(ResumeAt)
    assert isinstance(resumed, ResumeAt)
    assert (resumed.prompt_ms, resumed.how) == (at, how)


def test_enough_words_interrupt_and_become_a_turn() -> None:
    call = Call(prompt_ms=5000)
    call.run(2000)
    call.run(400, voice=True)
    call.partial("多少钱")
    assert call.of(Interrupt) == [Interrupt(2400, 2300, "words")]
    call.run(720)
    call.final("多少钱啊")
    assert call.seen[-1] == Turn("多少钱啊", 2000, 2380, True, True)


def test_one_known_word_interrupts() -> None:
    call = Call(prompt_ms=5000)
    call.run(1000)
    call.run(400, voice=True)
    call.partial("滚", known=True)
    assert isinstance(call.seen[-1], Interrupt)


@pytest.mark.parametrize(
    ("more", "interrupts"),
    [({}, False), ({"known": True}, True), ({"urgent": True}, True)],
    ids=["", "known", "urgent"],
)
def test_words_a_bystander_may_have_said_interrupt_when_the_script_knows_them(
    more: dict[str, bool], interrupts: bool
) -> None:
    call = Call(prompt_ms=6000)
    call.run(2000)
    call.run(600, voice=True)
    call.partial("外面下大雨", faint=True, **more)
    call.run(800)
    call.final("外面下大雨", faint=True, **more)
    call.run(6000)
    assert any(isinstance(one, Interrupt) for one in call.seen) is interrupts
    assert any(isinstance(one, ResumeAt) for one in call.seen) is not interrupts
    assert [one.text for one in call.seen if isinstance(one, Turn)] == ["外面下大雨"]


def test_one_unknown_word_is_kept_until_the_prompt_is_over() -> None:
    call = Call(prompt_ms=5000)
    call.run(1000)
    call.run(400, voice=True)
    call.run(720)
    call.final("好")
    assert call.of(Interrupt) == [] and call.of(ResumeAt)
    call.run(5000)
    assert call.of(Turn) == [Turn("好", 1000, 1380, True, False)]


def test_a_node_that_cannot_be_interrupted_never_pauses_and_keeps_the_words() -> None:
    call = Call(replace(SETTINGS, mode="none"), prompt_ms=4000)
    call.run(1000)
    call.run(1000, voice=True)
    call.partial("不要再打", known=True)
    call.run(720)
    call.final("不要再打了", known=True)
    assert call.of(Pause) == [] and call.of(Interrupt) == [] and call.of(Turn) == []
    call.run(3000)
    assert call.of(Turn) == [Turn("不要再打了", 1000, 1980, True, False)]


def test_words_begun_under_the_prompt_and_ended_after_it_are_a_turn() -> None:
    call = Call(replace(SETTINGS, mode="none"), prompt_ms=1000)
    call.run(900)
    call.run(600, voice=True)
    call.run(720)
    call.final("你是谁")
    assert call.of(Turn) == [Turn("你是谁", 900, 1480, True, False)]


def test_mode_voice_needs_no_words() -> None:
    call = Call(replace(SETTINGS, mode="voice"), prompt_ms=5000)
    call.run(1000)
    call.run(300, voice=True)
    assert isinstance(call.seen[-1], Interrupt)


def test_mode_sentence_waits_for_the_whole_utterance() -> None:
    call = Call(replace(SETTINGS, mode="sentence"), prompt_ms=5000)
    call.run(1000)
    call.run(600, voice=True)
    call.partial("多少钱一节", known=True)
    assert call.of(Interrupt) == []
    call.run(720)
    call.final("多少钱一节课", known=True)
    assert call.of(Interrupt)
    assert isinstance(call.seen[-1], Turn)


def test_mode_keywords_only_hears_its_keywords() -> None:
    call = Call(replace(SETTINGS, mode="keywords", keywords=("停",)), prompt_ms=5000)
    call.run(1000)
    call.run(400, voice=True)
    call.partial("这个多少钱", known=True)
    assert call.of(Interrupt) == []
    call.partial("停一下", known=False)
    assert call.of(Interrupt) == [Interrupt(call.now, 1300, "keyword 停")]


def test_without_pause_first_the_prompt_plays_until_the_words_are_clear() -> None:
    call = Call(replace(SETTINGS, pause_first=False), prompt_ms=5000)
    call.run(1000)
    call.run(600, voice=True)
    assert call.of(Pause) == []
    call.partial("多少钱")
    assert call.of(Interrupt)


def test_noise_without_words_resumes_and_does_not_pause_again() -> None:
    call = Call(prompt_ms=8000)
    call.run(1000)
    call.run(4000, voice=True)
    assert len(call.of(Pause)) == 1
    assert len(call.of(ResumeAt)) == 1


def test_a_missing_final_is_replaced_by_the_partial_and_the_late_one_is_ignored() -> None:
    call = Call()
    call.run(600, voice=True)
    call.partial("可以的")
    call.run(720)
    call.run(2040)
    assert call.of(Turn) == [Turn("可以的", 0, 580, False, False)]
    call.final("可以的")
    assert len(call.of(Turn)) == 1


def sure(text: str, *kinds: str, **more: Any) -> dict[str, Any]:
    return {"meaning": tuple((kind, "") for kind in kinds), "ending": "complete", "sure": True, **more}


def test_words_that_a_final_would_only_repeat_are_handed_over_without_it() -> None:
    call = Call()
    call.run(600, voice=True)
    call.partial("可以", **sure("可以", "affirm"))
    call.run(220)
    assert call.seen[-1] == Turn("可以", 0, 580, False, False, early=True)
    call.final("可以", meaning=(("affirm", ""),))
    call.final("可以啊", meaning=(("affirm", ""),)) if call.unread else None
    assert len(call.of(Turn)) == 1


def test_a_final_that_says_something_else_corrects_an_early_turn() -> None:
    """Once before the answer to it is heard, once over it, once over a prompt that may not be interrupted."""
    for mode, prompt_ms in (("words", None), ("words", 3000), ("none", 3000)):
        call = Call()
        call.run(600, voice=True)
        call.partial("可以", **sure("可以", "affirm"))
        call.run(220)
        call.taker.configure(replace(SETTINGS, mode=mode))  # type: ignore[arg-type]  # one of the modes
        call.prompt_ms, call.played = prompt_ms, 0
        call.run(100)
        call.final("可以不用了", meaning=(("deny", ""),))
        corrected = Turn("可以不用了", 0, 580, False, mode == "words" and prompt_ms is not None, corrects=True)
        assert (corrected in call.seen) is (mode == "words")
        assert bool(call.of(Interrupt)) is (mode == "words" and prompt_ms is not None)
        call.run(3200)
        assert [turn.text for turn in call.of(Turn) if isinstance(turn, Turn)][-1] == "可以不用了"


def test_a_late_final_that_holds_more_than_the_partial_is_not_lost() -> None:
    call = Call()
    call.run(600, voice=True)
    call.run(720)
    call.run(2040)
    assert call.of(Turn) == [Turn("", 0, 580, False, False)]
    call.prompt_ms = 3000  # "sorry?"
    call.run(800)
    call.final("不要再打了", known=True, urgent=True, meaning=(("global", "dnd"),))
    assert isinstance(call.seen[-2], Interrupt)
    assert call.seen[-1] == Turn("不要再打了", 0, 580, False, True, corrects=True)


def test_a_final_of_an_unknown_utterance_changes_nothing() -> None:
    call = Call()
    call.run(600, voice=True)
    call.run(720)
    call.take(call.taker.final(call.now, 12_345, Words("可以")))
    assert call.of(Turn) == []


def test_what_a_global_rule_knows_stops_the_next_prompt_that_may_be_stopped() -> None:
    call = Call(replace(SETTINGS, mode="none"), prompt_ms=3000)
    call.run(500)
    call.run(800, voice=True)
    call.partial("不要再打", known=True, urgent=True)
    call.run(720)
    call.final("不要再打了", known=True, urgent=True)
    call.run(960)
    assert call.of(Interrupt) == []
    call.taker.configure(SETTINGS)
    call.say_next("2", 5000)
    call.run(20)
    assert call.seen[-2:] == [Interrupt(call.now - 20, 20, "said before"), Turn("不要再打了", 500, 1280, True, False)]


def test_a_greeting_over_the_disclosure_does_not_stop_the_question() -> None:
    call = Call(replace(SETTINGS, mode="none"), prompt_ms=3000)
    call.run(500)
    call.run(800, voice=True)
    call.run(720)
    call.final("好的好的", known=True)
    call.run(960)
    call.taker.configure(SETTINGS)
    call.say_next("2", 1000)
    call.run(900)
    assert call.of(Interrupt) == []
    call.run(200)
    assert [turn.text for turn in call.of(Turn) if isinstance(turn, Turn)] == ["好的好的"]


def test_an_urgent_word_within_the_guard_interrupts_all_the_same() -> None:
    call = Call(replace(SETTINGS, guard_ms=5000), prompt_ms=8000)
    call.run(500)
    call.run(800, voice=True)
    call.partial("别再打了", known=True, urgent=True)
    assert isinstance(call.seen[-1], Interrupt)


def test_coughs_do_not_hold_a_prompt_for_ever() -> None:
    call = Call(prompt_ms=6000)
    call.run(1000)
    for _ in range(12):
        call.run(320, voice=True)
        call.run(1500)
    assert len(call.of(Pause)) == len(call.of(ResumeAt)) == SETTINGS.pauses
    assert call.prompt_ms is None


def test_a_cough_while_an_answer_is_waited_for_is_none_but_not_for_ever() -> None:
    call = Call(replace(SETTINGS, timeout_ms=6000))
    for count in range(3):
        call.run(200, voice=True)
        call.run(800)
        call.final("")
        assert len(call.of(Turn)) == (count == 2)


def test_whoever_talks_on_and_on_hears_the_robot_in_the_end() -> None:
    call = Call(replace(SETTINGS, max_speech_ms=3000))
    call.run(3020, voice=True)
    call.final("我跟你说啊")
    call.prompt_ms, call.played = 2000, 0
    for _ in range(10):
        call.run(200, voice=True)
        call.partial("还有一件事情")
    assert call.of(Pause) == [] and call.of(Interrupt) == []
    call.run(60)
    assert call.prompt_ms is None


def test_a_key_starts_the_time_out_anew() -> None:
    call = Call()
    call.run(3000)
    call.taker.key(call.now)
    call.run(3900)
    assert call.of(NoInput) == []
    call.run(200)
    assert len(call.of(NoInput)) == 1


def test_words_that_interrupted_are_handed_over_whatever_is_said_meanwhile() -> None:
    call = Call(prompt_ms=5000)
    call.run(1000)
    call.run(400, voice=True)
    call.partial("多少钱")
    call.say_next("2", 3000)  # it was on its way already
    call.run(720)
    call.final("多少钱啊")
    assert isinstance(call.seen[-2], Interrupt)
    assert call.seen[-1] == Turn("多少钱啊", 1000, 1380, True, True)


def test_english_counts_words_not_letters() -> None:
    call = Call(replace(SETTINGS, language="en", backchannel=("uh huh",)), prompt_ms=5000)
    call.run(1000)
    call.run(400, voice=True)
    call.partial("what")
    assert call.of(Interrupt) == []
    call.partial("what is")
    assert call.of(Interrupt)


def test_backchannel_may_be_answered() -> None:
    call = Call(replace(SETTINGS, answer_backchannel=True), prompt_ms=5000)
    call.run(1000)
    call.run(400, voice=True)
    call.partial("你说")
    assert call.of(Interrupt)
