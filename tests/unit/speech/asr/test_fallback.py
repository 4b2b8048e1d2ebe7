"""Two engines for one call, in virtual time: what the first one fails, the second one hears from its first frame."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from callwright.errors import CallwrightError, ModelError, Problem
from callwright.speech.asr.backoff import Backoff
from callwright.speech.asr.fallback import FallbackRecogniser, FallbackStream, Health
from callwright.speech.port import Final, Hearing, Partial, RecognitionError, Vocabulary
from callwright.testing.stub_speech import Script, StubRecogniser, Utterances
from callwright.testing.virtual_time import run_virtual

WORDS = Vocabulary("k", "en", (("yes", 1.0),))


@dataclass
class Pair:
    """Two stub recognisers joined, and what a call was told."""

    first: Script = field(default_factory=Script)
    second: Script = field(default_factory=Script)
    utterances: Utterances = field(default_factory=Utterances)
    told: list[Hearing] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.primary = StubRecogniser(self.utterances, self.first)
        self.backup = StubRecogniser(self.utterances, self.second)
        self.engine: FallbackRecogniser

    async def open(self) -> FallbackStream:
        clock = asyncio.get_running_loop().time
        self.engine = FallbackRecogniser(self.primary, self.backup, retry=Backoff(2.0, 8.0), clock=clock)
        return await self.engine.open(WORDS, self.told.append)

    async def say(self, stream: FallbackStream, text: str, *, ms: int = 600, wait_s: float = 3.0) -> None:
        stream.begin()
        for _ in range(ms // 20):
            stream.push(self.utterances.frame(text))
            await asyncio.sleep(0.02)
        stream.end()
        await asyncio.sleep(wait_s)

    @property
    def texts(self) -> list[str]:
        return [event.text for event in self.told if isinstance(event, Final)]

    @property
    def errors(self) -> list[RecognitionError]:
        return [event for event in self.told if isinstance(event, RecognitionError)]


def played(pair: Pair, *texts: str, between: Callable[[int], None] = lambda at: None, wait_s: float = 3.0) -> Pair:
    async def call() -> None:
        stream = await pair.open()
        for at, text in enumerate(texts):
            between(at)
            await pair.say(stream, text, wait_s=wait_s)
        await stream.close()

    run_virtual(call())
    return pair


def test_a_healthy_first_engine_is_alone() -> None:
    pair = played(Pair(), "yes", "no")
    assert pair.texts == ["yes", "no"]
    assert pair.backup.streams == []
    assert [e.text for e in pair.told if isinstance(e, Partial)] == ["yes", "no"]


def test_an_utterance_that_breaks_off_is_heard_by_the_second_from_its_first_frame() -> None:
    pair = played(Pair(first=Script(break_on=("yes",))), "yes")
    assert pair.texts == ["yes"]
    assert pair.errors == []
    final = next(e for e in pair.told if isinstance(e, Final))
    assert (final.begin_ms, final.end_ms) == (0, 600)


def test_a_final_that_fails_is_heard_again() -> None:
    pair = played(Pair(first=Script(fail_final_on=("yes",))), "yes")
    assert pair.texts == ["yes"]
    assert pair.errors == []


def test_a_final_that_never_comes_is_replaced_in_time() -> None:
    pair = Pair(first=Script(mute_on=("yes",)))
    at: list[float] = []

    async def call() -> None:
        stream = await pair.open()
        loop = asyncio.get_running_loop()
        stream._on_event = lambda event: at.append(loop.time()) if isinstance(event, Final) else None
        await pair.say(stream, "yes")
        await stream.close()

    run_virtual(call())
    assert len(at) == 1
    assert at[0] == pytest.approx(0.6 + 1.2 + 0.12, abs=0.05)  # well within the two seconds of the turn taker


def test_times_are_on_the_calls_clock_whoever_hears() -> None:
    pair = played(Pair(first=Script(break_on=("no",))), "yes", "no")
    spans = [(e.begin_ms, e.end_ms) for e in pair.told if isinstance(e, Final)]
    assert spans == [(0, 600), (600, 1200)]


def test_a_first_engine_that_is_down_is_spared_and_comes_back(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    pair = Pair(first=Script(break_on=("yes",)))

    def recover(at: int) -> None:
        if at == 2:
            pair.first.break_on = ()

    played(pair, *["yes"] * 6, between=recover, wait_s=1.0)
    assert pair.texts == ["yes"] * 6
    assert pair.errors == []
    assert not pair.engine.health.down
    messages = [record.message for record in caplog.records]
    assert [m for m in messages if "hears in its place" in m] == messages[:1]
    assert messages[-1].endswith("stub is back")


def test_both_fail_and_the_call_is_told_once() -> None:
    bad = Script(break_on=("yes",))
    pair = played(Pair(first=bad, second=Script(break_on=("yes",))), "yes", "no")
    assert pair.errors == [RecognitionError("the stub broke off", under_way=True)]
    assert pair.texts == ["no"]


def test_neither_gives_a_final() -> None:
    mute = Script(mute_on=("yes",))
    pair = played(Pair(first=mute, second=Script(mute_on=("yes",))), "yes", "no", wait_s=10)
    assert [e.under_way for e in pair.errors] == [False]
    assert pair.texts == ["no"]


def test_a_first_engine_that_cannot_be_opened_is_no_fault_of_the_call() -> None:
    pair = played(Pair(first=Script(unopened=CallwrightError("gone"))), "yes", "no")
    assert pair.texts == ["yes", "no"]
    assert pair.errors == []


def test_neither_can_be_opened() -> None:
    gone = Script(unopened=CallwrightError("gone"))
    with pytest.raises(CallwrightError, match="gone"):
        played(Pair(first=gone, second=gone), "yes")


def test_the_answers_keep_their_order() -> None:
    pair = Pair(first=Script(fail_final_on=("yes",), final_ms=20), second=Script(final_ms=900))
    heard_by_first: list[str] = []

    async def call() -> None:
        stream = await pair.open()
        await pair.say(stream, "yes", wait_s=0.1)
        await pair.say(stream, "no", wait_s=6)
        await stream.close()

    run_virtual(call())
    assert heard_by_first == []  # "no" is known, and waits for "yes"
    assert pair.texts == ["yes", "no"]


def test_the_context_of_an_utterance_goes_with_it() -> None:
    pair = Pair(first=Script(mute_on=("yes",)))

    async def call() -> None:
        stream = await pair.open()
        stream.set_context(("yes", "no"), ("acme",))
        await pair.say(stream, "yes", wait_s=0.1)
        stream.set_context(("later",))
        await asyncio.sleep(4)
        await stream.close()

    run_virtual(call())
    assert pair.backup.streams[0].contexts == [("yes", "no", "acme")]
    assert pair.texts == ["yes"]


def test_nothing_is_left_after_close() -> None:
    pair = Pair(first=Script(mute_on=("yes",)))

    async def call() -> set[asyncio.Task[Any]]:
        stream = await pair.open()
        await pair.say(stream, "yes", wait_s=0)
        await stream.close()
        await asyncio.sleep(5)
        return asyncio.all_tasks() - {asyncio.current_task()}

    assert run_virtual(call()) == set()
    assert pair.told == [Partial("yes", 400)]
    assert all(stream.closed for stream in pair.primary.streams)


def test_ready_asks_the_second_engine() -> None:
    async def ask(first: Script, second: Script) -> FallbackRecogniser:
        utterances = Utterances()
        engine = FallbackRecogniser(StubRecogniser(utterances, first), StubRecogniser(utterances, second))
        await engine.ready(WORDS)
        return engine

    missing = ModelError(Problem("model-missing", "no model"))
    assert run_virtual(ask(Script(unopened=CallwrightError("down")), Script())).health.down
    with pytest.raises(ModelError):
        run_virtual(ask(Script(), Script(unopened=missing)))


def test_health_waits_longer_each_time() -> None:
    health = Health(Backoff(2.0, 8.0))
    assert health.failed(0)
    assert not health.failed(0.5)
    assert not health.due(4.4)
    assert health.due(4.6)
    assert not health.due(4.6)
    assert health.succeeded()
    assert not health.succeeded()
    assert not health.due(100)


def test_abilities_are_those_of_both() -> None:
    stub = StubRecogniser(Utterances())
    assert FallbackRecogniser(stub, stub).abilities.name == "stub, else stub"
