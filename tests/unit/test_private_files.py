"""What holds people's data is written whole, for its owner alone, or not at all."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from callwright.errors import InputError
from callwright.private_files import private


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_what_was_there_is_replaced_once_the_new_is_whole(tmp_path: Path) -> None:
    out = tmp_path / "people.csv"
    out.write_text("old")
    out.chmod(0o644)
    with private(out) as part:
        part.write_text("new")
        assert out.read_text() == "old"
        assert part.parent == out.parent
        assert mode(part) == 0o600
    assert out.read_text() == "new"
    assert mode(out) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["people.csv"]


def test_what_fails_leaves_the_old_and_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "people.csv"
    out.write_text("old")
    with pytest.raises(ZeroDivisionError), private(out) as part:
        part.write_text("half")
        raise ZeroDivisionError
    with pytest.raises(InputError, match="No space left"), private(out):
        raise OSError(28, "No space left on device")
    assert out.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["people.csv"]


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "people.csv"
    link.symlink_to(tmp_path / "real" / "people.csv")
    with private(link) as part:
        part.write_text("new")
    assert link.is_symlink()
    assert (tmp_path / "real" / "people.csv").read_text() == "new"


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    with private(pipe) as part:
        part.write_text("told")
    reader.join(20)
    assert read == ["told"]
    assert pipe.is_fifo()


def test_a_descriptor_is_written_to() -> None:
    """As `/dev/stdout` is when it leads into a pipe, and what a shell makes of `>(...)`."""
    reading, writing = os.pipe()
    with private(Path(f"/dev/fd/{writing}")) as part:
        part.write_text("told")
    os.close(writing)
    with os.fdopen(reading) as told:
        assert told.read() == "told"


@pytest.mark.parametrize("name", ["", "missing/people.csv", "file/people.csv"])
def test_where_nothing_can_be_written(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written") as told, private(tmp_path / name):
        pytest.fail("not reached")
    assert str(tmp_path) in str(told.value)


def test_a_long_name_has_room_for_its_part(tmp_path: Path) -> None:
    name = "号" * 80 + ".csv"  # 244 bytes
    with private(tmp_path / name) as part:
        part.write_text("x")
    (tmp_path / name).unlink()
    with private(tmp_path / ("n" * 250)) as part:
        part.write_text("x")
    assert [each.name for each in tmp_path.iterdir()] == ["n" * 250]
