"""Whatever hangs: something is heard, a person comes, or the call is hung up, within a bound and with a fault that says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.calls.watchdog import BOUNDS_MS, Sight, Stage, Watchdog
from callwright.speech.turns import TurnTaker
from callwright.telephony.port import Codec
from callwright.telephony.rtp.playout import Playout
from callwright.testing.loopback import FakeMedia, Phone
from callwright.testing.stub_speech import Script as Recognition
from callwright.testing.stub_speech import StubPrompt

if TYPE_CHECKING:
    from tests.unit.calls.conftest import Bench

    Make = Callable[..., Bench]

STAGES: tuple[Stage, ...] = tuple(BOUNDS_MS)


async def asked(phone: Phone) -> None:
    await phone.answer()
    await phone.say("hello", 400)
    await phone.hears("Does that work")


def alarms(bench: Bench) -> list[tuple[str, str]]:
    return [(event["stage"], event["did"]) for event in bench.events("fault") if "stage" in event]


# ---------------------------------------------------------------- the machine


@given(st.lists(st.sampled_from(STAGES), min_size=200, max_size=200), st.integers(0, 20_000), st.integers(0, 20_000))
def test_without_audio_it_pushes_and_then_ends_whatever_the_call_waits_for(
    stages: list[Stage], listens_ms: int, rings_ms: int
) -> None:
    """Stages of a second each, in any order, then one that stays."""
    watchdog, did, now = Watchdog(), list[str](), 0
    for stage in stages + [stages[-1]] * 150:
        now += 1000
        alarm = watchdog.look(Sight(now, stage, ("1", 500), listens_ms, rings_ms))
        did += [alarm.do] if alarm is not None else []
    assert "end" in did


@given(st.lists(st.tuples(st.sampled_from(STAGES), st.integers(1, 9)), max_size=100))
def test_it_keeps_quiet_while_something_is_heard(course: list[tuple[Stage, int]]) -> None:
    watchdog, now = Watchdog(), 0
    for played, (stage, seconds) in enumerate(course):
        for _ in range(seconds):
            now += 1000
            assert watchdog.look(Sight(now, stage, ("1", played * 20))) is None


def test_a_person_may_talk_for_hours() -> None:
    watchdog = Watchdog()
    assert all(watchdog.look(Sight(now, "person", ("1", 0))) is None for now in range(0, 7_200_000, 1000))
    assert watchdog.look(Sight(7_200_000, "answer", ("1", 0))) is None


def test_a_handler_that_hangs_is_not_pushed() -> None:
    watchdog = Watchdog()
    found = [watchdog.look(Sight(now, "handler", ("1", 0))) for now in range(1000, 20_000, 1000)]
    assert [alarm.do for alarm in found if alarm is not None] == ["end"]


# ---------------------------------------------------------------- the call


def test_a_synthesis_that_hangs_ends_the_call(bench: Bench) -> None:
    prepare = bench.voice.prepare

    async def hanging(text: str, audio: str | None, codec: Codec, template: str) -> StubPrompt:
        if "It is free" in text:
            await asyncio.sleep(10_000)
        return await prepare(text, audio, codec, template)

    async def callee(phone: Phone) -> None:
        await asked(phone)
        await phone.say("how much is it")

    bench.parts["prepare"] = hanging
    record = bench.call(callee)
    assert (record.disposition, record.end) == ("interrupted_by_fault", "fault")
    assert alarms(bench) == [("handler", "hung up")]
    assert bench.line.legs[0].hangups == ["fault"]
    assert bench.seconds < 40


def test_an_outbox_that_hangs_does_not_keep_the_caller(bench: Bench) -> None:
    """What is to be kept may not be given up; the caller need not wait for it."""
    gone_at: list[float] = []

    async def hanging(call_id: str, number: str, act: Any) -> None:
        await asyncio.sleep(120)

    async def callee(phone: Phone) -> None:
        await asked(phone)
        await phone.say("yes that works")
        begun = asyncio.get_running_loop().time()
        await phone.leg.over.wait()
        gone_at.append(asyncio.get_running_loop().time() - begun)

    bench.outbox.put = hanging  # type: ignore[method-assign]
    record = bench.call(callee)
    assert record.end == "fault"
    assert bench.line.legs[0].hangups == ["fault"]


def test_a_prompt_that_does_not_move_is_dropped_then_the_call_ends(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.say("hello", 400)
        await phone.starts("Your visit")
        monkeypatch.setattr(Playout, "take", lambda self: None)  # nothing leaves any more

    record = bench.call(callee)
    assert record.end == "fault"
    assert alarms(bench) == [("prompt", "asked again"), ("prompt", "hung up")]
    assert bench.seconds < 90


def test_frames_that_come_no_more_are_noticed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The media play on and deliver nothing: nobody else counts the silence."""
    bench.script = bench.script.model_copy(
        update={"limits": bench.script.limits.model_copy(update={"max_seconds": 900})}
    )

    async def callee(phone: Phone) -> None:
        await asked(phone)
        media = phone.leg.media
        assert media is not None
        monkeypatch.setattr(media, "_on_frame", None)

    record = bench.call(callee)
    assert ("answer", "asked again") in alarms(bench)
    assert any("can you hear me" in text for text in bench.heard)
    assert record.disposition in ("no_interaction", "interrupted_by_fault")


def test_turn_taking_that_tells_nothing_is_noticed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.script = bench.script.model_copy(
        update={"limits": bench.script.limits.model_copy(update={"max_seconds": 900})}
    )

    async def callee(phone: Phone) -> None:
        await asked(phone)
        monkeypatch.setattr(TurnTaker, "frame", lambda self, at_ms, voice, playing: ())

    record = bench.call(callee)
    assert alarms(bench)[0] == ("answer", "asked again")
    assert record.disposition in ("no_interaction", "interrupted_by_fault")


def test_a_verdict_that_never_comes_is_taken_for_a_person(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def callee(phone: Phone) -> None:
        await phone.answer()
        media = phone.leg.media
        assert isinstance(media, FakeMedia)
        heard = media._on_frame
        while heard is None:
            await phone.wait(20)
            heard = media._on_frame
        monkeypatch.setattr(media, "_on_frame", None)
        await phone.starts("AI assistant")
        monkeypatch.setattr(media, "_on_frame", heard)
        await phone.hears("Does that work")
        await phone.say("yes that works")

    record = bench.call(callee)
    assert alarms(bench) == [("greeting", "took the answer for a person's")]
    assert record.tags == ("confirmed",)


def test_a_desk_that_rings_for_ever_is_given_up(bench: Bench) -> None:
    async def hanging(act: Any, call_id: str) -> None:
        await asyncio.sleep(10_000)

    async def callee(phone: Phone) -> None:
        await asked(phone)
        await phone.say("get me a person")
        await phone.hears("Nobody is free")
        await phone.say("yes")

    bench.parts["desk"] = hanging
    record = bench.call(callee)
    assert alarms(bench) == [("transfer", "gave the transfer up")]
    assert record.tags == ("confirmed",)


@pytest.mark.parametrize("final_ms", [120, 1900])
def test_a_whole_call_sets_no_alarm_off(make_bench: Make, final_ms: int) -> None:
    bench = make_bench(recognition=Recognition(final_ms=final_ms))

    async def callee(phone: Phone) -> None:
        await asked(phone)
        await phone.say("well you see it is like this", 14_000)
        await phone.hears("Does Monday work")
        await phone.wait(3500)
        await phone.say("yes")

    record = bench.call(callee)
    assert record.tags == ("confirmed",)
    assert alarms(bench) == []
