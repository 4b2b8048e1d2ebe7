"""Actions are kept durably: whole lines only, in order, whatever the disk and the process do."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import anyio
import pytest

from callwright.calls.outbox import FileOutbox
from callwright.dialogue.values import Do

FREEZE = Do("freeze", {"scope": "company"})


def put(outbox: FileOutbox, *acts: Do) -> None:
    async def run() -> None:
        async with anyio.create_task_group() as tasks:
            for number, act in enumerate(acts):
                tasks.start_soon(outbox.put, f"call-{number}", f"+1202555{number:04d}", act)

    anyio.run(run)


def test_many_calls_write_whole_lines(tmp_path: Path) -> None:
    outbox = FileOutbox(tmp_path / "new" / "outbox.jsonl")
    put(outbox, *(Do("note", "字" * 2000 + str(number)) for number in range(30)))
    lines = outbox.lines()
    assert {line["call_id"] for line in lines} == {f"call-{number}" for number in range(30)}
    assert all(line["arg"].startswith("字") for line in lines)


def test_nothing_kept_is_no_error(tmp_path: Path) -> None:
    assert FileOutbox(tmp_path / "outbox.jsonl").lines() == []


def test_half_a_line_of_a_killed_process_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "outbox.jsonl"
    whole = '{"call_id": "a", "kind": "note", "arg": 1}\n'
    torn = '{"call_id": "b", "arg": "' + "字" * 3000
    path.write_bytes(whole.encode() + torn.encode()[:-1])
    outbox = FileOutbox(path)
    assert [line["call_id"] for line in outbox.lines()] == ["a"]
    put(outbox, FREEZE)
    assert [line["kind"] for line in outbox.lines()] == ["note", "freeze"]


def test_separators_of_unicode_end_no_line(tmp_path: Path) -> None:
    outbox = FileOutbox(tmp_path / "outbox.jsonl")
    put(outbox, Do("note", "one\u2028two\x85three\nfour"))
    assert [line["arg"] for line in outbox.lines()] == ["one\u2028two\x85three\nfour"]


def test_a_full_disk_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outbox = FileOutbox(tmp_path / "outbox.jsonl")
    put(outbox, FREEZE)
    real = os.write
    room = 20

    def full(handle: int, data: bytes) -> int:
        nonlocal room
        if not room:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = real(handle, bytes(data)[:room])
        room -= written
        return written

    with monkeypatch.context() as patch:
        patch.setattr("callwright.calls.outbox.os.write", full)
        with pytest.raises(BaseExceptionGroup) as caught:
            put(outbox, FREEZE)
    assert caught.group_contains(OSError)
    assert (tmp_path / "outbox.jsonl").read_bytes().endswith(b"}\n")
    put(outbox, FREEZE)
    assert [line["kind"] for line in outbox.lines()] == ["freeze", "freeze"]


def test_a_folder_in_the_way_raises(tmp_path: Path) -> None:
    (tmp_path / "outbox.jsonl").mkdir()
    with pytest.raises(BaseExceptionGroup) as caught:
        put(FileOutbox(tmp_path / "outbox.jsonl"), FREEZE)
    assert caught.group_contains(OSError)


def test_who_is_frozen_is_known_by_number(tmp_path: Path) -> None:
    outbox = FileOutbox(tmp_path / "outbox.jsonl")
    put(outbox, Do("note", "x"), FREEZE, FREEZE)
    assert outbox.frozen() == {"+12025550001", "+12025550002"}
