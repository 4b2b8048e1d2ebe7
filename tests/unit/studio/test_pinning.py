"""A version says which recordings it is spoken with, and nobody speaks it with others."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.errors import DamagedError
from callwright.script.sheet import Line
from callwright.speech.recordings.judging import Measured
from callwright.studio.model import Person
from callwright.studio.recordings.model import Recording, spoken, stand, unheard
from callwright.studio.recordings.pinning import bring, sealed, unsealed

NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
SOUND = b"RIFF sound"
ONE = Recording(
    1, "s", "ok.wav", "Great.", "ok.mp3", "mp3", "prompts/ab", "0" * 64, 10, hashlib.sha256(SOUND).hexdigest(), 1.0,
    Measured(1.0, 48_000, 1, 0, -21.0, -70.0, still=True), Person("anna", 3), NOW,
)  # fmt: skip
LINE = Line("ok.wav", "Great.", "Great.", "flow.nodes.ok.say[0]", named=True)


class Kept:
    def __init__(self, **blobs: bytes) -> None:
        self.blobs = blobs

    async def get(self, name: str) -> bytes:
        return self.blobs[name.split("/")[1]]


@given(st.text(alphabet="ab #\n\r", max_size=40))
def test_a_seal_comes_off_as_it_went_on(text: str) -> None:
    once = sealed(text, [ONE])
    assert once.startswith(text)
    assert sealed(once, [ONE]) == once  # handing in a version again is no other version
    assert unsealed(once) in (text, f"{text}\n")
    assert sealed(once, []) == unsealed(once)
    assert sealed(text, []) == unsealed(text)


def test_other_recordings_are_another_version() -> None:
    other = replace(ONE, sha256="1" * 64)
    two = replace(ONE, file="bye.wav")
    assert len({sealed("id: s\n", these) for these in ([ONE], [other], [ONE, two], [])}) == 4
    assert sealed("id: s\n", [ONE, two]) == sealed("id: s\n", [two, ONE])


@pytest.mark.anyio
async def test_what_was_reviewed_is_brought_and_nothing_else(tmp_path: Path) -> None:
    text = sealed("id: s\n", [ONE])
    assert await bring(Kept(ab=SOUND), text, [ONE], tmp_path / "v") == tmp_path / "v"
    assert (tmp_path / "v" / "recordings" / "ok.wav").read_bytes() == SOUND
    assert await bring(Kept(), "id: s\n", [], tmp_path / "w") is None
    for recordings, words, blob in (
        ([], text, SOUND),
        ([ONE], "id: s\n", SOUND),
        ([replace(ONE, sha256="1" * 64)], text, SOUND),
        ([ONE], text, b"another sound"),
    ):
        with pytest.raises(DamagedError):
            await bring(Kept(ab=blob), words, recordings, tmp_path / "x")
    out = [replace(ONE, file="../ok.wav")]
    with pytest.raises(DamagedError, match="no name"):
        await bring(Kept(ab=SOUND), sealed("id: s\n", out), out, tmp_path / "x")
    assert not (tmp_path / "ok.wav").exists()


def test_what_a_version_is_spoken_with() -> None:
    def speaks(line: Line, recording: Recording) -> bool:
        return bool(spoken(stand([line], [recording], "en")))

    assert speaks(LINE, ONE)
    assert speaks(replace(LINE, text="great!"), ONE)  # nobody hears that
    assert not speaks(replace(LINE, text="Great, bye."), ONE)  # stale
    assert not speaks(replace(LINE, named=False), ONE)
    assert not speaks(LINE, replace(ONE, decision="rejected"))
    assert [one.state for one in stand([LINE, replace(LINE, file="x.wav")], [ONE], "en")] == ["recorded", "missing"]


def test_a_recording_is_known_by_a_recogniser_or_a_person() -> None:
    for changed, known in (
        ({}, False), ({"verdict": "same"}, True), ({"verdict": "differs"}, False), ({"verdict": "not_heard"}, False),
        ({"verdict": "differs", "decision": "accepted"}, True), ({"verdict": "same", "decision": "rejected"}, False),
    ):  # fmt: skip
        assert (unheard([replace(ONE, **changed)]) == ()) is known, changed  # type: ignore[arg-type]
