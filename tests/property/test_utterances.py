"""Whatever engines do, every utterance that ended gets exactly one answer, in order; and one that fails before its end gets one error."""

from __future__ import annotations

import asyncio
import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.speech.asr.fallback import FallbackRecogniser
from callwright.speech.asr.funasr import FunAsrDialect
from callwright.speech.asr.ledger import Ledger
from callwright.speech.asr.sherpa_server import SherpaDialect
from callwright.speech.asr.websocket import Dialect, Reading
from callwright.speech.port import Final, Hearing, Partial, RecognitionError, Vocabulary
from callwright.testing.stub_speech import Script, StubRecogniser, Utterances
from callwright.testing.virtual_time import run_virtual

STEP = st.one_of(
    st.tuples(st.sampled_from(["begin", "end"]), st.just(0)),
    st.tuples(st.sampled_from(["final", "fail", "partial"]), st.integers(1, 6)),
)


@settings(deadline=None)
@given(st.lists(STEP, max_size=60))
def test_one_answer_each_in_order(steps: list[tuple[str, int]]) -> None:
    ledger, told, now = Ledger(), list[Hearing](), 0
    ended: list[int] = []
    failed_early: set[int] = set()
    for at_ms, (what, number) in enumerate(steps):
        match what:
            case "begin":
                now = ledger.begin(at_ms)
            case "end":
                gone, events = ledger.end(at_ms)
                ended += [gone] if gone else []
                told += events
            case "final":
                told += ledger.final(number, f"said {number}")
            case "partial":
                told += ledger.partial(number, "so far", at_ms)
            case "fail":
                early = ledger.under_way == number
                told += ledger.fail(number, f"failed {number}")
                failed_early |= {number} if early else set()
        assert ledger.under_way in (0, now)
    for number in ended:
        told += ledger.fail(number, f"failed {number}")
    answers = [e for e in told if isinstance(e, Final) or (isinstance(e, RecognitionError) and not e.under_way)]
    texts = [e.text if isinstance(e, Final) else e.message for e in answers]
    assert [int(text.split()[1]) for text in texts] == ended
    early_errors = [e for e in told if isinstance(e, RecognitionError) and e.under_way]
    assert len(early_errors) == len(failed_early)
    assert not failed_early & set(ended)
    assert ledger.waiting == ()


@settings(deadline=None)
@given(st.integers(0, 2000), st.integers(0, 2000), st.integers(-500, 5000), st.integers(-500, 5000))
def test_times_stay_within_the_utterance(begin: int, length: int, first: int, last: int) -> None:
    ledger = Ledger()
    number = ledger.begin(begin)
    ledger.end(begin + length)
    (final,) = ledger.final(number, "yes", (first, last))
    assert isinstance(final, Final)
    assert begin <= final.begin_ms <= final.end_ms <= begin + length


KEYS = ["text", "segment", "is_final", "timestamps", "timestamp", "start_time", "mode", "stamp_sents"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=8,
)
RESULT = st.fixed_dictionaries({"text": st.text(max_size=8)}, optional=dict.fromkeys(KEYS[1:], JSON))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.one_of(st.text(max_size=20), st.binary(max_size=20), JSON, RESULT), max_size=6), st.booleans())
def test_a_server_may_say_anything(messages: list[object], sherpa: bool) -> None:
    dialect: Dialect = SherpaDialect(8000) if sherpa else FunAsrDialect(8000, ["yes"], itn=False)
    dialect.begin()
    dialect.audio(np.zeros(160, np.int16))
    dialect.finish()
    for message in messages:
        raw = message if isinstance(message, str | bytes) else json.dumps(message)
        try:
            reading = dialect.take(raw)
        except ValueError:
            continue
        assert isinstance(reading, Reading)
        assert reading.span is None or reading.span[0] >= 0


def test_a_partial_counts_only_while_somebody_speaks() -> None:
    ledger = Ledger()
    number = ledger.begin(0)
    assert ledger.partial(number, "ye", 100) == [Partial("ye", 100)]
    ledger.end(200)
    assert ledger.partial(number, "yes", 210) == []
    assert ledger.partial(0, "yes", 220) == []


WAYS = ("fine", "break", "fail", "mute")
TALK = st.lists(
    st.tuples(st.sampled_from(WAYS), st.sampled_from(WAYS), st.integers(10, 60), st.integers(0, 3000)), max_size=5
)


@settings(max_examples=30, deadline=None)
@given(TALK)
def test_two_engines_that_fail_as_they_like_give_one_answer_each(talk: list[tuple[str, str, int, int]]) -> None:
    """(what the first engine does to an utterance, what the second does, its frames, the silence after it in ms)."""
    utterances = Utterances()
    texts = [f"{first} {second} {number}" for number, (first, second, _, _) in enumerate(talk)]
    told: list[Hearing] = []

    def engine(which: int) -> StubRecogniser:
        by_way = {way: tuple(text for text in texts if text.split()[which] == way) for way in WAYS}
        script = Script(break_on=by_way["break"], fail_final_on=by_way["fail"], mute_on=by_way["mute"])
        return StubRecogniser(utterances, script)

    async def call() -> None:
        joint = FallbackRecogniser(engine(0), engine(1), clock=asyncio.get_running_loop().time)
        stream = await joint.open(Vocabulary("k", "en", ()), told.append)
        for text, (_, _, frames, silence_ms) in zip(texts, talk, strict=True):
            stream.begin()
            for _ in range(frames):
                stream.push(utterances.frame(text))
                await asyncio.sleep(0.02)
            stream.end()
            await asyncio.sleep(silence_ms / 1000)
        await asyncio.sleep(60)
        await stream.close()

    run_virtual(call())
    answers = [event for event in told if not isinstance(event, Partial)]
    assert len(answers) == len(texts)
    assert all(isinstance(answer, Final | RecognitionError) for answer in answers)
    heard = [answer.text for answer in answers if isinstance(answer, Final)]
    assert heard == [text for text in texts if text in heard]  # in order, each once
    assert all("fine" in text for text in heard)
    assert all(text in heard for text in texts if text.startswith("fine fine"))
