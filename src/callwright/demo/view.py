"""What the demo shows while it runs and when it is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from callwright.calls.disposition import disposition_title
from callwright.calls.model import CallRecord

__all__ = ["progress_table", "results_table", "short_reason"]

_WORDS = {
    "en": ("Person", "State", "Said last", "Outcome", "Grade", "Why", "Slots", "Tags", "Seconds", "Expected"),
    "zh": ("被叫人", "状态", "最近一句", "结果", "等级", "原因", "槽位", "标签", "秒", "应为"),
}


def progress_table(language: str, states: Mapping[str, tuple[str, str]], done: int, total: int) -> Table:
    """Live view: who is being rung, in which state, the last sentence."""
    person, state, said = _WORDS[language][:3]
    table = Table(title=f"{done}/{total}", title_justify="left", expand=True)
    table.add_column(person, no_wrap=True)
    table.add_column(state, no_wrap=True, min_width=12)
    table.add_column(said, no_wrap=True, overflow="ellipsis", ratio=1)
    for name, (what, last) in states.items():
        table.add_row(name, what, last)
    return table


def results_table(language: str, rows: Sequence[tuple[str, CallRecord, str, bool]], width: int) -> Table:
    """Every call: (person, record, expected label, came out right), in `width` columns. One line a call; a wrong one has a second line with
    what was expected. What does not fit is cut with an ellipsis: the whole stands in the report."""
    person, _, _, outcome, grade, why, slots, tags, seconds, expected = _WORDS[language]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    spare = max(24, width - 68)
    for name in ("", person, outcome, grade, why, slots, tags):
        table.add_column(name, no_wrap=True)
    table.add_column(seconds, justify="right", no_wrap=True)
    for name, record, right_outcome, right in rows:
        filled = ", ".join(f"{key}={plain(value)}" for key, value in record.slots.items())
        table.add_row(
            "[green]✓[/]" if right else "[red]✗[/]",
            _cut(name, 20),
            disposition_title(record.disposition, language),
            record.grade or "–",
            _cut(short_reason(record), spare // 2),
            _cut(filled, spare // 4),
            _cut(", ".join(record.tags), spare // 4),
            f"{record.talk_ms / 1000:.0f}" if record.answered else "",
        )
        if not right:
            table.add_row("", f"[red]{expected}:[/]", f"[red]{escape(right_outcome)}[/]", "", "", "", "", "")
    return table


def _cut(text: str, width: int) -> Text:
    shown = Text(text)
    shown.truncate(width, overflow="ellipsis")
    return shown


def short_reason(record: CallRecord) -> str:
    """What the grade means and the rule that gave it, without the rule's number; the whole reason stands in the record and the report."""
    rule = record.reason.split(": ", 1)[-1].split("；", 1)[0].split("; where", 1)[0].split("：", 1)[-1]
    if rule == "True" or not record.grade_title:
        return record.grade_title or rule
    return f"{record.grade_title}: {rule}"


def plain(value: Any) -> str:
    """A slot's value as people read it."""
    return str(value.get("text", value)) if isinstance(value, Mapping) else str(value)
