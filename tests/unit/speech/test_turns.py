"""Turn-taking in virtual time: one test per rule of the turn algorithm, step 1."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callwright.speech.turns import (
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
    TurnTaker,
    only_backchannel,
)

SETTINGS = TurnSettings(backchannel=("嗯", "哦", "你说"), hangover_ms=0)
BOUNDARIES = (0, 1200, 2600)


class Call:
    """Drives a turn-taker with a mouth that obeys its decisions."""

    def __init__(self, settings: TurnSettings = SETTINGS, prompt_ms: int | None = None) -> None:
        self.taker = TurnTaker(settings)
        self.now = 0
        self.prompt_ms = prompt_ms
        self.played = 0
        self.paused = False
        self.seen: list[Decision] = []

    def take(self, decisions: tuple[Decision, ...]) -> None:
        for decision in decisions:
            self.seen.append(decision)
            if isinstance(decision, Pause):
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
                    playing = Playing(self.played, BOUNDARIES)
            self.take(self.taker.frame(self.now, voice, playing))
            self.now += 20

    def partial(self, text: str, *, complete: bool = False, known: bool = False) -> None:
        self.take(self.taker.partial(self.now, text, complete=complete, known=known))

    def final(self, text: str, *, known: bool = False) -> None:
        self.take(self.taker.final(self.now, text, known=known))

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


def test_a_complete_phrase_ends_early_but_not_in_a_number_slot() -> None:
    for slot_type, ended in ((None, True), ("phone", False)):
        call = Call(replace(SETTINGS, slot_type=slot_type))
        call.run(600, voice=True)
        call.partial("可以", complete=True)
        call.run(320)
        assert bool(call.of(EndUtterance)) is ended


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


def test_only_backchannel() -> None:
    words = ("嗯", "嗯嗯", "uh huh")
    assert only_backchannel("嗯，嗯嗯。", words)
    assert only_backchannel("Uh-huh", words)
    assert not only_backchannel("嗯好", words)
    assert not only_backchannel("", words)
    assert not only_backchannel("嗯", ())
