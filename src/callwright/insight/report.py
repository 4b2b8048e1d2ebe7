"""The report of a run: one self-contained HTML file with table, charts, audio players and transcripts."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape

from callwright.calls.disposition import disposition_title
from callwright.calls.model import CallRecord
from callwright.calls.transcript import Line

__all__ = ["ReportCall", "render_report"]

_ENVIRONMENT = Environment(
    loader=PackageLoader("callwright.insight", "pages"), autoescape=select_autoescape(default=True), trim_blocks=True
)
_GRADES = ("A", "B", "C", "D", "E", "F")


@dataclass(frozen=True, slots=True)
class ReportCall:
    """A call in the report. audio: a small WAV (bytes) or b"" when there is none; title: who was rung; right: None when nothing was expected."""

    record: CallRecord
    title: str
    lines: tuple[Line, ...]
    audio: bytes = b""
    expected: str = ""
    right: bool | None = None


_WORDS: dict[str, dict[str, str]] = {
    "en": {
        "calls": "calls", "answered": "answered", "right": "came out right", "talk": "talk time", "dispositions": "Outcomes", "grades": "Grades",
        "who": "Person", "outcome": "Outcome", "grade": "Grade", "reason": "Why", "slots": "Slots", "tags": "Tags",
        "duration": "Seconds", "transcript": "Transcript", "expected": "Expected", "search": "Filter: person, outcome, words",
        "none": "No call matches the filter.", "robot": "robot", "caller": "caller", "agent": "agent", "note": "", "ungraded": "none",
        "no_audio": "not answered: nothing was recorded", "follow_up": "Next", "faults": "Faults",
    },
    "zh": {
        "calls": "通电话", "answered": "接通", "right": "结果正确", "talk": "通话时长", "dispositions": "通话结果", "grades": "意向等级",
        "who": "被叫人", "outcome": "结果", "grade": "等级", "reason": "原因", "slots": "槽位", "tags": "标签",
        "duration": "秒", "transcript": "对话文本", "expected": "应为", "search": "筛选：被叫人、结果、关键词",
        "none": "没有符合条件的通话。", "robot": "机器人", "caller": "客户", "agent": "坐席", "note": "", "ungraded": "无",
        "no_audio": "未接通，没有录音", "follow_up": "跟进", "faults": "故障",
    },
}  # fmt: skip


def render_report(title: str, language: str, calls: Sequence[ReportCall], made_at: str) -> str:
    """The page as text.

    Args:
        language: `zh` or `en`.
        made_at: when the run ended, as shown.
    """
    words = _WORDS[language]
    longest = max((call.record.talk_ms for call in calls), default=0)
    rows = [_row(index, call, longest, language) for index, call in enumerate(calls)]
    judged = [call.right for call in calls if call.right is not None]
    summary = {
        "calls": len(calls),
        "answered": sum(call.record.answered for call in calls),
        "right": f"{sum(judged)}/{len(judged)}" if judged else "",
        "talk": _clock(sum(call.record.talk_ms for call in calls)),
    }
    page = _ENVIRONMENT.get_template("report.html.j2")
    return page.render(
        title=title,
        language="zh-CN" if language == "zh" else "en",
        words=words,
        rows=rows,
        summary=summary,
        made_at=made_at,
        dispositions=_bars(
            Counter(disposition_title(call.record.disposition, language) for call in calls).most_common()
        ),
        grades=_bars([(grade, sum(call.record.grade == grade for call in calls)) for grade in _GRADES]),
    )


def _row(index: int, call: ReportCall, longest: int, language: str) -> dict[str, Any]:
    record = call.record
    return {
        "index": index,
        "title": call.title,
        "record": record,
        "outcome": disposition_title(record.disposition, language),
        "seconds": f"{record.talk_ms / 1000:.0f}" if record.answered else "",
        "share": round(100 * record.talk_ms / longest) if longest else 0,
        "audio": base64.b64encode(call.audio).decode() if call.audio else "",
        "lines": [
            {"who": line.who, "clock": _clock(line.at_ms), "text": line.text, "note": line.note} for line in call.lines
        ],
        "expected": call.expected,
        "right": call.right,
        "slots": ", ".join(f"{key}: {_plain(value)}" for key, value in record.slots.items()),
        "tags": ", ".join(record.tags),
    }


def _plain(value: Any) -> str:
    return str(value.get("text", value)) if isinstance(value, dict) else str(value)


def _clock(ms: int) -> str:
    seconds = ms // 1000
    return f"{seconds // 60}:{seconds % 60:02d}"


def _bars(counts: Sequence[tuple[str, int]]) -> list[dict[str, Any]]:
    top = max((count for _, count in counts), default=0)
    return [{"name": name, "count": count, "share": round(100 * count / top) if top else 0} for name, count in counts]
