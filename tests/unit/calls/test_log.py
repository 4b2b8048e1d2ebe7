"""The event log keeps order, writes as it goes, and survives a torn last line."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import anyio
import anyio.to_thread

from callwright.calls.log import EventLog, LogWriter, being_written, read_log


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


def write(log: EventLog, *kinds: str, cancel: bool = False) -> None:
    async def run() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(log.run)
            await anyio.lowlevel.checkpoint()
            for kind in kinds:
                log.add(kind)
            if cancel:
                tasks.cancel_scope.cancel()
                with anyio.CancelScope(shield=True):
                    await anyio.lowlevel.checkpoint()
            log.add("ended")
            log.close()

    anyio.run(run)


async def reached(path: Path, lines: int) -> None:
    """Wait until so many are in the file."""
    with anyio.fail_after(20):
        while len(read_log(path)) < lines:  # noqa: ASYNC110 - a file tells nobody
            await anyio.sleep(0.01)


def test_a_cancelled_call_keeps_its_last_lines(tmp_path: Path) -> None:
    write(EventLog(tmp_path / "call.jsonl", lambda: 0), "placed", cancel=True)
    assert [line["kind"] for line in read_log(tmp_path / "call.jsonl")] == ["placed", "ended"]


def test_a_log_that_cannot_be_written_says_so_and_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / "events").write_text("in the way")
    log = EventLog(tmp_path / "events" / "call.jsonl", lambda: 0)
    write(log, "placed")
    assert log.error
    assert [line["kind"] for line in log.lines] == ["placed", "ended"]


def test_a_line_torn_within_a_character_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    path.write_bytes('{"n": 0, "kind": "heard"}\n{"n": 1, "text": "喂'.encode()[:-1])
    assert [line["n"] for line in read_log(path)] == [0]


def test_separators_of_unicode_end_no_line(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "call.jsonl", lambda: 0)
    log.add("prompt", text="one\u2028two\x85three", when=Path("x"))
    write(log)
    assert [line["kind"] for line in read_log(tmp_path / "call.jsonl")] == ["prompt", "ended"]
    assert read_log(tmp_path / "call.jsonl")[0]["text"] == "one\u2028two\x85three"


def test_a_log_is_held_while_its_call_lives(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"

    async def run() -> None:
        log = EventLog(path, lambda: 0)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(log.run)
            log.add("placed")
            await log.begun()
            assert [line["kind"] for line in read_log(path)] == ["placed"]
            assert being_written(path)
            other = EventLog(path, lambda: 0)
            tasks.start_soon(other.run)
            other.add("placed")
            await other.begun()
            assert "another call is writing this log" in other.error
            other.close()
            log.close()

    anyio.run(run)
    assert not being_written(path)
    assert len(read_log(path)) == 1


def test_a_log_without_a_file_begins_at_once() -> None:
    log = EventLog(None, lambda: 0)
    write(log, "placed")
    anyio.run(log.begun)
    assert not log.error


def test_logs_that_share_a_writer_are_written_together_and_whole(tmp_path: Path) -> None:
    threads = 0
    in_thread = anyio.to_thread.run_sync

    async def counted(*arguments: object) -> object:
        nonlocal threads
        threads += 1
        return await in_thread(*arguments)  # type: ignore[arg-type]

    async def run() -> None:
        writer = LogWriter()
        logs = [EventLog(tmp_path / f"{number}.jsonl", lambda: 0, writer) for number in range(20)]
        async with anyio.create_task_group() as tasks:
            for log in logs:
                tasks.start_soon(log.run)
                log.add("placed")
            for log in logs:
                await log.begun()
            for moment in range(3):
                for log in logs[moment:]:  # the one that waited for the others is over first
                    log.add("heard", moment=moment)
                await reached(tmp_path / "19.jsonl", moment + 2)
                logs[moment].add("ended")
                logs[moment].close()
            for log in logs:
                log.close()

    with mock.patch("anyio.to_thread.run_sync", counted):
        anyio.run(run)
    for number in range(20):
        kinds = [line["kind"] for line in read_log(tmp_path / f"{number}.jsonl")]
        assert kinds == ["placed", *["heard"] * min(number + 1, 3), *(["ended"] if number < 3 else [])]
    assert threads < 60  # 20 to open, 20 to close, a few between: not one for each log and moment


def test_a_log_that_cannot_go_on_does_not_hold_up_those_it_is_written_with(tmp_path: Path) -> None:
    async def run() -> EventLog:
        writer = LogWriter()
        broken, sound = (EventLog(tmp_path / f"{name}.jsonl", lambda: 0, writer) for name in ("broken", "sound"))
        async with anyio.create_task_group() as tasks:
            for log in (broken, sound):
                tasks.start_soon(log.run)
                log.add("placed")
                await log.begun()
            broken.add("heard", {"no": {("a", "key"): 1}})
            sound.add("heard")
            await reached(tmp_path / "sound.jsonl", 2)
            for log in (broken, sound):
                log.add("ended")
                log.close()
        return broken

    assert "TypeError" in anyio.run(run).error
    assert [line["kind"] for line in read_log(tmp_path / "sound.jsonl")] == ["placed", "heard", "ended"]
    assert [line["kind"] for line in read_log(tmp_path / "broken.jsonl")] == ["placed"]
