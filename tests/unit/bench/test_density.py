"""The rim of `bench density`: how a caller measures turns, when a number of calls is held, what is read of peers."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from callwright.bench.density import Row, _figures, peer_figures
from callwright.bench.density_callers import Talk
from callwright.bench.density_robot import ANSWERS, SCRIPT
from callwright.errors import SettingsError
from callwright.script.loader import load
from callwright.speech.port import Final, Hearing, Partial, Vocabulary
from callwright.telephony.port import Frame
from callwright.telephony.rtp.playout import Playout
from callwright.telephony.rtp.stream import RtpStream
from callwright.testing.said_in_order import SaidInOrder

ROW = Row(100, 100, 250, 0.0, 400.0, 600.0, 0.5, 0.1, 0.3, 0.0, 0.4, 0.0, 0.35, 0, 0, 0)
QUIET, LOUD = 10.0, 1e6


class _Media:
    """A stream that only plays."""

    def __init__(self) -> None:
        self._playout = Playout(b"\xd5")
        self.play = self._playout.play
        self.position = self._playout.position
        self.take = self._playout.take


def test_a_turn_lasts_from_the_last_voice_sent_to_the_first_voice_heard() -> None:
    media = _Media()
    talk = Talk(cast(RtpStream, media), [bytes(160 * 50)])
    pcm = np.zeros(160, np.int16)
    last_sent = first_heard = 0
    for index in range(400):
        sent = media.take()
        last_sent = index if sent is not None else last_sent
        reply = last_sent and 20 <= index - last_sent < 120
        first_heard = first_heard or (index if reply else 0)
        talk.hear(Frame(index, pcm, False, LOUD if index < 60 or reply else QUIET))
    assert talk.turns[0] == (first_heard, 20)
    assert [ticks for _, ticks in talk.turns] == [20, 20]
    assert talk.said_ms == 2 * 1000, "the question after it was answered, too"


def test_an_answer_without_a_reply_is_a_turn_all_the_same() -> None:
    media = _Media()
    talk = Talk(cast(RtpStream, media), [bytes(160 * 50)])
    for index in range(400):
        media.take()
        talk.hear(Frame(index, np.zeros(160, np.int16), False, LOUD if index < 60 else QUIET))
    assert [ticks for _, ticks in talk.turns] == [None]


def test_who_speaks_over_an_answer_has_not_replied_to_it() -> None:
    media = _Media()
    talk = Talk(cast(RtpStream, media), [bytes(160 * 50)])
    for index in range(200):
        media.take()
        talk.hear(Frame(index, np.zeros(160, np.int16), False, LOUD if index < 60 or index > 120 else QUIET))
    assert [ticks for _, ticks in talk.turns] == [None]


@pytest.mark.parametrize(
    "change", [{"up": 99}, {"turns": 0}, {"turn_p95_ms": 650.1}, {"missing": 0.011}, {"faults": 1}], ids=str
)
def test_when_a_number_of_calls_is_held(change: dict[str, float]) -> None:
    assert ROW.held
    assert not replace(ROW, **change).held  # type: ignore[arg-type]
    assert len({figure.name for figure in _figures(ROW)}) == len(list(_figures(ROW)))


def test_what_a_peer_came_to_is_told_and_not_judged(tmp_path: Path) -> None:
    path = tmp_path / "density-x.json"
    row = {"calls": 20, "turn_p50_ms": 500, "turn_p95_ms": 700.5, "cpu_per_call": 0.04, "mb_per_call": 9}
    path.write_text(json.dumps({"peer": "x", "version": "1.2", "most_calls": 10, "rows": [row]}))
    found = {figure.name: figure for figure in peer_figures(path)}
    assert found["x 1.2, 20 calls: turn p95"].value == 700.5
    assert found["x 1.2, 20 calls: core, whole"].value == pytest.approx(80)
    assert found["x 1.2: calls held on one core"].value == 10
    assert all(figure.target is None for figure in found.values())


@pytest.mark.parametrize("text", ["", "[]", '{"peer": "x", "version": "1", "rows": [{"calls": 1}]}'])
def test_a_damaged_file_of_a_peer_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "density-x.json"
    path.write_text(text)
    with pytest.raises(SettingsError, match="no density of a peer"):
        list(peer_figures(path))


def test_the_script_expects_what_callers_say() -> None:
    script = load(SCRIPT).script
    assert set(ANSWERS) <= set(script.lexicon.affirm)


def test_the_stub_says_a_word_at_a_time_and_the_whole_at_the_end() -> None:
    async def talk() -> list[Hearing]:
        heard: list[Hearing] = []
        finals = asyncio.Semaphore(0)

        def hear(hearing: Hearing) -> None:
            heard.append(hearing)
            if isinstance(hearing, Final):
                finals.release()

        stream = await SaidInOrder(["one two", "three four five"]).open(Vocabulary("", "en", ()), hear)
        for voiced in (58, 40):
            stream.begin()
            for n in range(60):
                stream.push(np.full(160, 3000 if n < voiced else 9, np.int16))
            stream.end()
        async with asyncio.timeout(20):
            await finals.acquire()
            await finals.acquire()
        return heard

    heard = asyncio.run(talk())
    partials = [one.text for one in heard if isinstance(one, Partial)]
    assert partials == ["one", "one two", "three", "three four", "three four five"]
    assert [(one.text, one.begin_ms, one.end_ms) for one in heard if isinstance(one, Final)] == [
        ("one two", 0, 1200),
        ("three four five", 1200, 2400),
    ]
