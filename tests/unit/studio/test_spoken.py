"""What an author is told of a conversation by microphone, and what the process that holds it is asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from callwright.calls.live import Look
from callwright.calls.model import CallRecord
from callwright.settings import Settings
from callwright.studio.spoken import Rehearsal, over, shown, stand


def record(**changes: object) -> CallRecord:
    given: dict[str, object] = {"end": "done", "cause": "bye", "answered": True, "talk_ms": 12_300}
    return CallRecord("1", "***", "visit", "2026-11-26", "completed", **(given | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("line", "event"),
    [
        ({"kind": "partial", "text": "yes th"}, {"what": "partial", "text": "yes th"}),
        (
            {
                "n": 4,
                "at_ms": 9,
                "kind": "utterance",
                "begin_ms": 5,
                "text": "yes",
                "overlapped": True,
                "early": True,
            },
            {"what": "caller", "text": "yes", "early": True},
        ),
        ({"n": 4, "at_ms": 9, "kind": "key", "digit": "1"}, {"what": "key", "text": "1"}),
        ({"n": 4, "at_ms": 9, "kind": "no_input"}, {"what": "silence", "text": ""}),
        (
            {"kind": "prompt", "begun_ms": 1, "text": "Well?", "source": "node:a/say/0", "voice": "v", "cut": True},
            {"what": "robot", "text": "Well?", "source": "node:a/say/0", "cut": True},
        ),
        (
            {"n": 4, "at_ms": 9, "kind": "next", "to": "ok", "spans": (1, 2)},
            {"what": "decision", "kind": "next", "data": {"to": "ok", "spans": [1, 2]}},
        ),
        (
            {"n": 4, "at_ms": 9, "kind": "recognised", "text": "yes", "raw": "yes", "score": 0.9},
            {"what": "decision", "kind": "recognised", "data": {"text": "yes", "raw": "yes", "score": 0.9}},
        ),
        ({"kind": "fault", "message": "nothing is heard"}, {"what": "fault", "text": "nothing is heard"}),
        ({"n": 4, "at_ms": 9, "kind": "rtp", "lost": 3}, None),
    ],
)
def test_lines_of_the_log_as_an_author_sees_them(line: dict[str, object], event: dict[str, object] | None) -> None:
    assert shown(line) == event


def test_where_it_stands_is_json() -> None:
    now = stand(Look("ask", "A", "confirmed", "'confirmed' in tags", ("confirmed",), {"day": ("mon", "tue")}, 2))
    assert json.loads(json.dumps(now)) == now
    assert (now["node"], now["slots"], now["tags"]) == ("ask", {"day": ["mon", "tue"]}, ["confirmed"])


@pytest.mark.parametrize(
    ("changes", "why", "told"),
    [
        ({}, "", "script"),
        ({"end": "hangup", "cause": "bye"}, "", "connection"),
        ({"answered": False, "cause": "timeout", "end": ""}, "", "connection"),
        ({"end": "too_long"}, "time", "time"),
        ({"end": "hangup"}, "left", "left"),
    ],
)
def test_why_it_ended(changes: dict[str, object], why: str, told: str) -> None:
    event = over(record(**changes), why)
    assert (event["why"], event["seconds"]) == (told, 12)


def test_only_settings_of_speech_leave_the_process() -> None:
    settings = Settings.from_environment(
        {
            "HOME": "/home/x", "CALLWRIGHT_MODELS": "/models", "CALLWRIGHT_CACHE": "/cache",
            "CALLWRIGHT_ASR": "{engine: pocketsphinx}", "CALLWRIGHT_ICE": "stun:a:1",
            "CALLWRIGHT_DATABASE_URL": "postgresql://u:secret@h/d", "CALLWRIGHT_SMTP_URL": "smtp://u:hidden@h", "CALLWRIGHT_QUIET_DBOV": "-60",
        }
    )  # fmt: skip
    line = Rehearsal("lang: zh\n# 你好\n", "v=0", {"name": "Ann"}, 600.0).with_settings(settings).to_line()
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert b"secret" not in line
    assert b"hidden" not in line
    assert b"/cache" not in line
    back = Rehearsal.from_line(line)
    assert (back.text, back.variables, back.seconds) == ("lang: zh\n# 你好\n", {"name": "Ann"}, 600.0)
    theirs = back.settings
    assert (theirs.models, theirs.asr, theirs.ice, theirs.quiet_dbov) == (
        Path("/models"), settings.asr, ("stun:a:1",), -60,
    )  # fmt: skip
    assert theirs.cache is None  # what is said is kept nowhere
