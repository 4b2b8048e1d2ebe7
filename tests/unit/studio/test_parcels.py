"""What strangers send: names that lead elsewhere, archives that would fill the disk, files that are not what they are called."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from contextlib import ExitStack
from pathlib import Path

import pytest

from callwright.errors import InputError, Problem
from callwright.studio.recordings import parcels
from callwright.studio.recordings.parcels import Parcel, Piece, lay, open_parcel, sorted_out, whats_wrong

WAV = b"RIFF\x24\x00\x00\x00WAVEfmt "


def packed(path: Path, files: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> Parcel:
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return Parcel(path.name, path)


def opened(parcel: Parcel) -> list[Piece]:
    with ExitStack() as stack:
        return open_parcel(parcel, stack)


def refused(parcel: Parcel) -> str:
    with pytest.raises(InputError) as error:
        opened(parcel)
    return error.value.problems[0].code


def test_an_archive_of_a_folder_is_unpacked_without_it_and_without_litter(tmp_path: Path) -> None:
    files = {
        "speaker/a.wav": WAV,
        "speaker/sub/b.wav": WAV,
        "__MACOSX/speaker/._a.wav": b"x",
        "speaker/.DS_Store": b"x",
    }
    with ExitStack() as stack:
        pieces = open_parcel(packed(tmp_path / "s.zip", files), stack)
        assert [(piece.name, piece.problem) for piece in pieces] == [("a.wav", None), ("sub/b.wav", None)]
        pieces[0].unpack(tmp_path / "0.in")
    assert (tmp_path / "0.in").read_bytes() == WAV


@pytest.mark.parametrize("name", ["../a.wav", "x/../../a.wav", "/etc/a.wav", "C:/a.wav", "..\\a.wav"])
def test_names_that_lead_out_are_told_and_never_opened(tmp_path: Path, name: str) -> None:
    (piece,) = [one for one in opened(packed(tmp_path / "s.zip", {name: WAV, "b.wav": WAV})) if one.problem]
    assert piece.problem is not None
    assert piece.problem.code == "leads-out"
    ((_, file, problem),) = sorted_out(["a.wav"], [piece])
    assert (file, problem) == ("", piece.problem)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """40 entries of 31 MiB are 1.2 GiB out of 1.2 MiB."""
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = b"".join([squeezer.compress(bytes(1 << 20)) for _ in range(31)] + [squeezer.flush()])
    crc = 0
    for _ in range(31):
        crc = zlib.crc32(bytes(1 << 20), crc)
    with (tmp_path / "bomb.zip").open("wb") as file:
        directory = b""
        for number in range(40):
            name, at = f"{number}.wav".encode(), file.tell()
            fields = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 33, crc, len(data), 31 << 20, len(name), 0)
            file.write(b"PK\x03\x04" + fields + name + data)
            directory += b"PK\x01\x02" + struct.pack("<H", 20) + fields + struct.pack("<HHHII", 0, 0, 0, 0, at) + name
        at = file.tell()
        file.write(directory + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 40, 40, len(directory), at, 0))
    parcel = Parcel("bomb.zip", tmp_path / "bomb.zip")
    assert refused(parcel) == "archive-too-large"
    monkeypatch.setattr(parcels, "MOST_UNPACKED", 2 << 30)
    assert len(opened(parcel)) == 40  # it was the bound, nothing else
    monkeypatch.setattr(parcels, "MOST_BYTES", 30 << 20)
    assert {piece.problem.code for piece in opened(parcel) if piece.problem} == {"too-large"}


def test_an_entry_that_lies_about_its_size_does_not_get_more(tmp_path: Path) -> None:
    parcel = packed(tmp_path / "s.zip", {"a.wav": bytes(200_000)})
    data = parcel.path.read_bytes().replace(struct.pack("<I", 200_000), struct.pack("<I", 10))
    parcel.path.write_bytes(data)
    with ExitStack() as stack:
        (piece,) = open_parcel(parcel, stack)
        with pytest.raises(InputError, match="damaged"):
            piece.unpack(tmp_path / "0.in")
    assert (tmp_path / "0.in").stat().st_size <= 10


@pytest.mark.parametrize(("count", "directory"), [(65_535, 100), (10, 0x7FFFFFFF), (3_000, 90_000)])
def test_a_directory_of_millions_is_not_read(tmp_path: Path, count: int, directory: int) -> None:
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count, count, directory, 0, 0)
    (tmp_path / "s.zip").write_bytes(b"PK\x03\x04" + bytes(100) + end)
    assert refused(Parcel("s.zip", tmp_path / "s.zip")) == "archive-too-large"
    (tmp_path / "64.zip").write_bytes(
        b"PK\x03\x04" + bytes(100) + b"PK\x06\x07" + bytes(16) + b"PK\x05\x06" + bytes(18)
    )
    assert refused(Parcel("64.zip", tmp_path / "64.zip")) == "archive-too-large"


def test_damaged_sealed_and_strangely_packed_archives_say_so(tmp_path: Path) -> None:
    (tmp_path / "cut.zip").write_bytes(packed(tmp_path / "s.zip", {"a.wav": WAV}).path.read_bytes()[:-30])
    assert refused(Parcel("cut.zip", tmp_path / "cut.zip")) == "bad-archive"
    (piece,) = opened(packed(tmp_path / "l.zip", {"a.wav": WAV}, zipfile.ZIP_LZMA))
    assert piece.problem is not None and piece.problem.code == "bad-archive"
    data = bytearray(packed(tmp_path / "p.zip", {"a.wav": WAV}).path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "p.zip").write_bytes(data)
    (piece,) = opened(Parcel("p.zip", tmp_path / "p.zip"))
    assert piece.problem is not None and piece.problem.code == "sealed"


def test_an_archive_of_nothing_says_so(tmp_path: Path) -> None:
    assert refused(packed(tmp_path / "s.zip", {})) == "empty-archive"
    assert refused(packed(tmp_path / "l.zip", {"__MACOSX/._a.wav": b"x"})) == "empty-archive"


def test_names_of_old_chinese_programs_are_read(tmp_path: Path) -> None:
    plain = packed(tmp_path / "s.zip", {"kaichang.wav": WAV, "b.wav": WAV}).path.read_bytes()
    name = "开场白字".encode("gb18030")  # as long as `kaichang`
    (tmp_path / "s.zip").write_bytes(plain.replace(b"kaichang", name))
    with ExitStack() as stack:
        piece = open_parcel(Parcel("s.zip", tmp_path / "s.zip"), stack)[0]
        assert piece.name == "开场白字.wav"
        piece.unpack(tmp_path / "0.in")


def test_a_file_is_what_its_beginning_says(tmp_path: Path) -> None:
    for data, told in (
        (WAV, "wav"), (b"ID3\x04" + bytes(20), "mp3"), (b"\xff\xfb\x90\x64", "mp3"), (b"\xff\xf1\x50\x80", "aac"),
        (b"\0\0\0\x20ftypM4A ", "mp4"), (b"OggS", "ogg"), (b"fLaC", "flac"),
    ):  # fmt: skip
        (tmp_path / "x.exe").write_bytes(data)
        assert whats_wrong(tmp_path / "x.exe", "x.exe") == told
    for data, code in ((b"", "empty-audio"), (b"MZ\x90\0", "bad-audio"), (b"RIFF\0\0\0\0AVI ", "bad-audio")):
        (tmp_path / "x.wav").write_bytes(data)
        problem = whats_wrong(tmp_path / "x.wav", "x.wav")
        assert isinstance(problem, Problem)
        assert (problem.code, problem.place.file) == (code, "x.wav")


def test_too_long_a_file_is_cut_off_while_it_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="longer than"):
        lay(io.BytesIO(bytes(200_000)), tmp_path / "a", "a.wav", 100_000)
    assert (tmp_path / "a").stat().st_size <= 100_000
    monkeypatch.setattr(parcels, "MOST_BYTES", 10)
    (tmp_path / "b").write_bytes(WAV)
    (piece,) = opened(Parcel("b.wav", tmp_path / "b"))
    assert piece.problem is not None and piece.problem.code == "too-large"


def test_pieces_find_their_lines_and_two_of_one_name_find_none() -> None:
    def piece(name: str) -> Piece:
        return Piece(name, lambda _: None)

    pieces = [piece("OK.mp3"), piece("x.wav"), piece("sub/bye.wav"), piece("sub/bye.flac"), piece("hi.1.m4a")]
    found = sorted_out(["ok.wav", "sub/bye.wav", "hi.1.wav"], pieces)
    assert [(file, problem and problem.code) for _, file, problem in found] == [
        ("ok.wav", None),
        ("", "not-on-sheet"),
        ("sub/bye.wav", "recording-twice"),
        ("sub/bye.wav", "recording-twice"),
        ("hi.1.wav", None),
    ]


def test_one_that_could_be_several_lines_is_none_of_them() -> None:
    def found(files: list[str], *names: str) -> list[tuple[str, str | None]]:
        pieces = [Piece(name, lambda _: None) for name in names]
        return [(file, problem.code if problem else None) for _, file, problem in sorted_out(files, pieces)]

    assert found(["a/hi.wav", "b/hi.wav"], "hi.mp3") == [("", "several-lines")]
    assert found(["a/hi.wav", "b/hi.wav"], "a/hi.wav", "b/hi.wav") == [("a/hi.wav", None), ("b/hi.wav", None)]
    assert found(["a/hi.wav", "b/hi.wav"], "a/hi.wav", "hi.wav") == [("a/hi.wav", None), ("b/hi.wav", None)]
    assert found(["a/hi.wav", "hi.wav"], "hi.wav") == [("hi.wav", None)]  # it is called just so
