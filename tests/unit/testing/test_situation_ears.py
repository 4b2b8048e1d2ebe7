"""The stub of the labelled situations knows a word when its audio was pushed, and not before."""

from __future__ import annotations

import asyncio

import numpy as np

from callwright.speech.port import Final, Hearing, Partial, Pcm, Vocabulary
from callwright.testing.situation_ears import SITUATION, Listener, Said, SituationRecogniser

RNG = np.random.default_rng(1)
AUDIO: Pcm = (RNG.standard_normal(100 * 160) * 3000).astype(np.int16)
SAID = Said("zh", AUDIO, (("不", 400, 600), ("要", 600, 800), ("了", 1200, 1400)))
FRAMES = AUDIO.reshape(-1, 160)


def hear(frames: list[Pcm]) -> tuple[list[str], str]:
    listener = Listener(SAID)
    listener.begin()
    return [listener.push(frame) for frame in frames], listener.text()


def test_a_word_comes_a_tenth_of_a_second_after_its_end() -> None:
    texts, _ = hear(list(FRAMES[:80]))
    assert texts.index("不") == 34  # its last frame is 29, and 100 ms more
    assert texts.index("不要") == 44
    assert texts[-1] == "不要了"


def test_the_end_brings_words_that_were_heard_to_their_end() -> None:
    texts, final = hear(list(FRAMES[15:31]))
    assert texts[-1] == ""
    assert final == "不"


def test_what_was_not_pushed_is_not_heard() -> None:
    _, final = hear(list(FRAMES[28:80]))
    assert final == "要了"


def test_an_echo_does_not_hide_words() -> None:
    echo = (RNG.standard_normal(AUDIO.shape) * 900).astype(np.int16)
    _, final = hear(list((AUDIO + echo).reshape(-1, 160)))
    assert final == "不要了"


def test_other_audio_says_nothing() -> None:
    other = (RNG.standard_normal((80, 160)) * 3000).astype(np.int16)
    assert hear(list(other)) == ([""] * 80, "")


def test_events_of_a_call() -> None:
    events: list[Hearing] = []

    async def call() -> None:
        over = asyncio.Event()

        def take(event: Hearing) -> None:
            events.append(event)
            if isinstance(event, Final):
                over.set()

        recogniser = SituationRecogniser({"s": SAID})
        SITUATION.set("s")
        stream = await recogniser.open(Vocabulary("k", "zh", ()), take)
        stream.push(FRAMES[0])  # between utterances: nobody listens
        stream.begin()
        for frame in FRAMES[10:90]:
            stream.push(frame)
            await asyncio.sleep(0)
        stream.end()
        await over.wait()
        await stream.close()

    asyncio.run(asyncio.wait_for(call(), 30))
    assert [event.text for event in events if isinstance(event, Partial)] == ["不", "不要", "不要了"]
    final = events[-1]
    assert isinstance(final, Final)
    assert (final.text, final.score, final.begin_ms) == ("不要了", 1.0, 20)
