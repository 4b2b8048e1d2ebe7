"""The report: self-contained, safe for any words, in both languages."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser

import pytest

from callwright.calls.model import CallRecord
from callwright.calls.transcript import Line
from callwright.insight.report import ReportCall, render_report

EVIL = '<script>alert(1)</script> & "quoted"'


def record(**more: object) -> CallRecord:
    given = {
        "call_id": "c1",
        "number": "+1202***0123",
        "script": "visit",
        "started_at": "2026-11-20T10:00:00+00:00",
        "disposition": "completed",
        "answered": True,
        "talk_ms": 61_000,
        "grade": "A",
        "reason": "rule 1 of 2 holds",
    }
    return CallRecord(**(given | more))  # type: ignore[arg-type]


def page(*calls: ReportCall, language: str = "en") -> str:
    return render_report("Run", language, calls, "2026-11-20 10:00")


class Balanced(HTMLParser):
    """Counts elements and checks that they are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.append(tag)
        if tag not in ("meta", "input", "br", "link", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def parsed(text: str) -> Balanced:
    parser = Balanced()
    parser.feed(text)
    assert parser.open == []
    return parser


def test_a_call_with_its_audio_and_words() -> None:
    call = ReportCall(
        record(slots={"when": {"text": "Sunday", "iso": "2026-11-22"}, "age": 7}, tags=("booked",)),
        "01-agrees",
        (Line("robot", 1000, "Hello.", "cut off after 300 ms"), Line("caller", 62_000, "yes")),
        b"RIFFdata",
        "completed +booked",
        True,
    )
    text = page(call)
    parsed(text)
    assert "data:audio/wav;base64," + base64.b64encode(b"RIFFdata").decode() in text
    for shown in ("01-agrees", "+1202***0123", "when: Sunday, age: 7", "booked", "1:02", "cut off after 300 ms", "1/1"):
        assert shown in text


def test_it_needs_nothing_from_elsewhere() -> None:
    text = page(ReportCall(record(), "01-agrees", (), audio=b"x"))
    assert not re.search(r"https?://", text)
    assert not re.search(r"(?:src|href)=\"(?!data:|#)", text)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_any_words_are_only_words(language: str) -> None:
    call = ReportCall(
        record(reason=EVIL, slots={EVIL: EVIL}, tags=(EVIL,), faults=(EVIL,), follow_up=EVIL, disposition=EVIL),
        EVIL,
        (Line("caller", 0, EVIL, EVIL),),
        b"",
        EVIL,
        False,
    )
    text = page(call, language=language)
    assert "<script>alert" not in text
    assert parsed(text).seen.count("script") <= 1


def test_no_calls_and_calls_without_talk() -> None:
    parsed(page())
    text = page(
        ReportCall(record(disposition="busy", answered=False, talk_ms=0, grade=None, recording=""), "02-busy", ())
    )
    parsed(text)
    assert "data:audio" not in text
    assert "<audio" not in text


def test_mandarin_speaks_mandarin() -> None:
    text = page(ReportCall(record(), "01-agrees", ()), language="zh")
    assert 'lang="zh-CN"' in text
    assert "通话结果" in text
