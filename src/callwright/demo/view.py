"""What the demo shows while it runs and when it is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from callwright.calls.model import CallRecord

__all__ = ["progress_table", "results_table"]

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


def results_table(language: str, rows: Sequence[tuple[str, CallRecord, str, bool]]) -> Table:
    """Every call: (person, record, expected label, came out right)."""
    person, _, _, outcome, grade, why, slots, tags, seconds, expected = _WORDS[language]
    table = Table(show_lines=False)
    for name in ("", person, outcome, grade, why, slots, tags, seconds):
        table.add_column(name, overflow="fold", justify="right" if name == seconds else "left")
    for name, record, right_outcome, right in rows:
        shown = record.disposition if right else f"{record.disposition}\n{expected}: {right_outcome}"
        table.add_row(
            "[green]✓[/]" if right else "[red]✗[/]",
            name,
            shown,
            record.grade or "–",
            record.reason,
            ", ".join(f"{key}={plain(value)}" for key, value in record.slots.items()),
            ", ".join(record.tags),
            f"{record.talk_ms / 1000:.0f}" if record.answered else "",
        )
    return table


def plain(value: Any) -> str:
    """A slot's value as people read it."""
    return str(value.get("text", value)) if isinstance(value, Mapping) else str(value)
