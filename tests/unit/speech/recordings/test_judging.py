from __future__ import annotations

from dataclasses import replace

import pytest

from callwright.speech.recordings.differing import compare
from callwright.speech.recordings.judging import Measured, faults_of
from callwright.speech.recordings.naming import match

GOOD = Measured(1.4, 48_000, 1, 0, -21.0, -70.0, still=True)
TEXT = "Great, see you then. Goodbye."


@pytest.mark.parametrize(
    ("changed", "codes"),
    [
        ({}, []),
        ({"speech": -5.0}, ["too-loud"]),
        ({"speech": -5.0, "clipped": 3}, ["clipped"]),  # the cause, not both
        ({"speech": -50.0}, ["too-quiet", "noisy"]),
        ({"speech": -50.0, "floor": -80.0}, ["too-quiet"]),
        ({"floor": -40.0}, ["noisy"]),
        ({"rate": 6000}, ["low-rate"]),
        ({"seconds": 0.3}, ["too-short"]),
        ({"seconds": 9.0}, ["too-long"]),
    ],
)
def test_each_fault_has_its_code(changed: dict[str, float], codes: list[str]) -> None:
    measured = replace(GOOD, **changed)  # type: ignore[arg-type]
    assert [fault.code for fault in faults_of(TEXT, "en", measured, None)] == codes


def marked(stretches: object) -> str:
    return "".join(one.text if one.same else f"<{one.text}>" for one in stretches)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("written", "heard", "language", "ours", "theirs"),
    [
        (TEXT, "great see you then goodbye", "en", TEXT, "great see you then goodbye"),
        (TEXT, "great see them goodbye", "en", "Great, see <you then. >Goodbye.", "great see <them >goodbye"),
        ("好的，下午3点见。", "好 的 下午 三 点", "zh", "好的，下午三点<见。>", "好 的 下午 三 点"),
        ("您好", "", "zh", "<您好>", ""),
        ("It's 9:30", "it's nine thirty", "en", "It's nine thirty", "it's nine thirty"),
        ("…", "hm", "en", "<…>", "<hm>"),
    ],
)
def test_differences_are_marked_and_nothing_is_lost(
    written: str, heard: str, language: str, ours: str, theirs: str
) -> None:
    left, right = compare(written, heard, language)  # type: ignore[arg-type]
    assert (marked(left), marked(right)) == (ours, theirs)


def test_names_match_whatever_their_ending_and_case() -> None:
    found = match(["a.1.wav", "p/b.wav", "c.wav"], ["A.1.MP3", "b.flac", "d.wav", "p/b.wav"])
    assert found.found == {"a.1.wav": ("A.1.MP3",), "p/b.wav": ("p/b.wav",)}
    assert found.extra == ("b.flac", "d.wav")
