from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

from callwright.errors import ModelError
from callwright.speech.models.unpacking import unpack

Member = tuple[str, bytes] | tarfile.TarInfo


def archive(path: Path, members: list[Member], kind: Literal["bz2", "gz"] = "bz2") -> Path:
    file = path / f"a.tar.{kind}"
    with tarfile.open(file, "w:bz2" if kind == "bz2" else "w:gz") as tar:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                tar.addfile(member)
                continue
            info = tarfile.TarInfo(member[0])
            info.size = len(member[1])
            info.mode = 0o6777
            tar.addfile(info, io.BytesIO(member[1]))
    return file


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def everything(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("kind", ["bz2", "gz"])
def test_files_below_the_root_are_written_and_counted(tmp_path: Path, kind: Literal["bz2", "gz"]) -> None:
    members: list[Member] = [
        special("m", tarfile.DIRTYPE),
        ("m/a.onnx", b"aaa"),
        ("./m/d/b.txt", b"b"),
        ("other", b"x"),
    ]
    file = archive(tmp_path, members, kind)
    out = tmp_path / "out"
    told: list[int] = []
    written = unpack(file, f"tar.{kind}", out, root="m", progress=lambda done, whole: told.append(done))  # type: ignore[arg-type]
    assert everything(out) == {"a.onnx": b"aaa", "d/b.txt": b"b"}
    assert {path: pin.bytes for path, pin in written.items()} == {"a.onnx": 3, "d/b.txt": 1}
    assert (out / "a.onnx").stat().st_mode & 0o7111 == 0, "modes of an archive are not taken over"
    assert told


def test_only_what_is_to_be_kept_is_written(tmp_path: Path) -> None:
    file = archive(
        tmp_path, [("m/a.onnx", b"big"), ("m/a.int8.onnx", b"small"), ("m/._a.int8.onnx", b"junk"), ("m/t/w.wav", b"w")]
    )
    unpack(file, "tar.bz2", tmp_path / "out", root="m", keep=("a.int8.onnx", "t/*"))
    assert everything(tmp_path / "out") == {"a.int8.onnx": b"small", "t/w.wav": b"w"}


@pytest.mark.parametrize(
    ("member", "why"),
    [
        (("../evil", b"x"), "leads elsewhere"),
        (("m/../../evil", b"x"), "leads elsewhere"),
        (("/tmp/evil", b"x"), "leads elsewhere"),
        (("m/a\\b", b"x"), "leads elsewhere"),
        (special("m/link", tarfile.SYMTYPE, "/etc/passwd"), "link or a device"),
        (special("m/hard", tarfile.LNKTYPE, "m/good"), "link or a device"),
        (special("m/dev", tarfile.CHRTYPE), "link or a device"),
        (special("m/pipe", tarfile.FIFOTYPE), "link or a device"),
        (("m/good", b"again"), "a file twice"),
    ],
)
def test_hostile_members_refuse_the_whole_archive(tmp_path: Path, member: Member, why: str) -> None:
    file = archive(tmp_path, [("m/good", b"1"), member])
    out = tmp_path / "deep" / "out"
    with pytest.raises(ModelError, match=why):
        unpack(file, "tar.bz2", out, root="m")
    outside = [p for p in tmp_path.rglob("*") if p.is_file() and not p.is_relative_to(out)]
    assert outside == [file]


def test_a_bomb_is_stopped_before_it_fills_the_disk(tmp_path: Path) -> None:
    file = archive(tmp_path, [("m/zeros", bytes(20_000_000))])
    assert file.stat().st_size < 100_000
    with pytest.raises(ModelError, match="more than it should"):
        unpack(file, "tar.bz2", tmp_path / "out", root="m", most=10_000_000)
    assert everything(tmp_path / "out") == {}


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"no archive", lambda data: b""])
def test_a_damaged_archive_is_told(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    file = archive(tmp_path, [("m/a", bytes(range(256)) * 4000)])
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(ModelError, match="cannot be unpacked"):
        unpack(file, "tar.bz2", tmp_path / "out", root="m")
