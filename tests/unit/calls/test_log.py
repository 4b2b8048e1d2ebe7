"""The event log keeps order, writes as it goes, and survives a torn last line."""

from __future__ import annotations

from pathlib import Path

import anyio

from callwright.calls.log import EventLog, read_log


def test_lines_reach_the_file_in_order(tmp_path: Path) -> None:
    path = tmp_path / "events" / "call.jsonl"
    clock = iter(range(100))

    async def run() -> None:
        log = EventLog(path, lambda: next(clock))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(log.run)
            log.add("placed", {"to": "somebody"})
            await anyio.lowlevel.checkpoint()
            log.add("answered")
            log.close()

    anyio.run(run)
    assert [(line["n"], line["at_ms"], line["kind"]) for line in read_log(path)] == [
        (0, 0, "placed"),
        (1, 1, "answered"),
    ]


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    path.write_text('{"n": 0, "at_ms": 0, "kind": "placed"}\n{"n": 1, "at_', encoding="utf-8")
    assert [line["n"] for line in read_log(path)] == [0]
