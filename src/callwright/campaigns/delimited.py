"""CSV as people have it: UTF-8 with or without mark, UTF-16, GB18030 (what Chinese spreadsheets write); commas, semicolons or tabs."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from callwright.campaigns.rows import MAX_COLUMNS, MAX_ROWS, Fault, Row, Source, blank
from callwright.campaigns.wording import Language, problem
from callwright.errors import LeadsError, Place

__all__ = ["ENCODINGS", "read_csv"]

ENCODINGS = (
    "utf-8",
    "utf-16",
    "gb18030",
    "big5",
    "shift_jis",
    "euc_kr",
    "windows-1250",
    "windows-1251",
    "windows-1252",
)
"""What may be named. The first three are found out."""

_PIECE = 1 << 20
_BEGIN = 1 << 16
_LONGEST_LINE = 4 << 20  # a reader holds a line in memory
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(slots=True)
class _Looked:
    """After one pass through the bytes. bad_at: where it stopped being this encoding, -1 = nowhere."""

    sha256: str
    lines: int
    bad_at: int


def read_csv(path: Path, lang: Language = "en", encoding: str = "") -> Source:
    """Look through the file once, so that nothing about its bytes can go wrong later.

    Args:
        encoding: one of `ENCODINGS`, "" = find out.

    Raises:
        LeadsError: it is no text of an encoding we know, or has no header; or none of this name may be named.
    """
    place = Place(str(path))
    codec, looked = _decoded(path, lang, encoding)
    with path.open(encoding=codec, newline="") as file:
        beginning = file.read(_BEGIN)
    if not beginning.strip():
        raise LeadsError(problem("no-column", lang, Place(str(path), 1), field="number"))
    delimiter = _delimiter(beginning)
    told = beginning[:5].lower() == f"sep={delimiter}"
    header = next(iter(_records(io.StringIO(beginning, newline=""), delimiter, told)), None)
    if header is None or isinstance(header.cells, Fault):
        why = "" if header is None else str(header.cells.values.get("why", ""))  # type: ignore[union-attr]
        raise LeadsError(problem("not-csv", lang, Place(str(path), header.line if header else 1), why=why))
    if len(header.cells) > MAX_COLUMNS:
        raise LeadsError(problem("too-many-columns", lang, place, most=MAX_COLUMNS))

    def rows() -> Iterator[Row]:
        with path.open(encoding=codec, newline="") as file:
            records = _records(file, delimiter, told)
            next(records, None)
            for count, row in enumerate(records):
                if count >= MAX_ROWS:
                    raise LeadsError(problem("too-many", lang, Place(str(path), row.line), most=MAX_ROWS))
                yield row

    name = {"utf-8-sig": "UTF-8", "utf-8": "UTF-8", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}.get(
        codec, codec.upper()
    )
    how = {"encoding": name, "delimiter": _DELIMITERS[delimiter]}
    columns = tuple(cell.strip() for cell in header.cells)
    return Source(str(path), "csv", looked.sha256, columns, rows, max(0, looked.lines - 1), how)


def _records(file: io.TextIOBase | io.StringIO, delimiter: str, told: bool) -> Iterator[Row]:
    """Every record that is not blank. One that is broken does not end the reading: the next line begins anew."""
    if told:
        file.readline()
    reader = csv.reader(file, delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1 + told
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(line, Fault("", "not-csv", {"why": str(error)}))
            continue
        if not blank(cells):
            yield Row(reader.line_num + told, cells)


def _delimiter(beginning: str) -> str:
    """What gives the first lines the most columns; a file of one column has commas."""
    first = beginning.split("\n", 1)[0].strip()
    if first[:4].lower() == "sep=" and first[4:] in _DELIMITERS:
        return first[4:]

    def columns(delimiter: str) -> int:
        try:
            return len(next(csv.reader(io.StringIO(beginning, newline=""), delimiter=delimiter), []))
        except csv.Error:
            return 0

    return max(_DELIMITERS, key=columns)


def _decoded(path: Path, lang: Language, encoding: str) -> tuple[str, _Looked]:
    """The codec to read it with, and what a pass with it found."""
    with path.open("rb") as file:
        beginning = file.read(_BEGIN)
    named = _named(path, lang, encoding) if encoding else _marked(beginning)
    if named:
        codec = "utf-8-sig" if named == "utf-8" else named
        looked = _look(path, codec)
        if looked.bad_at >= 0:
            raise LeadsError(
                problem("bad-encoding", lang, Place(str(path)), byte=looked.bad_at, encoding=codec.upper())
            )
        return codec, looked
    looked = _look(path, "utf-8")
    if looked.bad_at < 0:
        return "utf-8", looked
    looked = _look(path, "gb18030")
    if looked.bad_at >= 0 or not _chinese(beginning):
        raise LeadsError(problem("unknown-encoding", lang, Place(str(path))))
    return "gb18030", looked


def _named(path: Path, lang: Language, encoding: str) -> str:
    """One of `ENCODINGS`, by any of its names (`gbk` is a part of GB18030)."""
    try:
        meant = codecs.lookup(encoding).name
    except (LookupError, ValueError):  # no such name; or one with a zero byte
        meant = ""
    for each in ENCODINGS:
        if codecs.lookup(each).name == meant or (each == "gb18030" and meant in ("gbk", "gb2312")):
            return each
    known = ", ".join(ENCODINGS)
    raise LeadsError(problem("no-encoding", lang, Place(str(path)), name=encoding[:50], known=known))


def _marked(beginning: bytes) -> str:
    """The encoding that the first bytes show; "" = they show none."""
    for mark, codec in _MARKS:
        if beginning.startswith(mark):
            return codec
    half = max(1, len(beginning) // 2)
    zeros_first, zeros_second = beginning[0::2].count(0), beginning[1::2].count(0)
    if zeros_second > 0.3 * half and not zeros_first:
        return "utf-16-le"
    if zeros_first > 0.3 * half and not zeros_second:
        return "utf-16-be"
    return ""


def _chinese(beginning: bytes) -> bool:
    """Whether bytes that are GB18030 by form are Chinese by look: there, both bytes of nearly every character are high ones (GB 2312).

    A Western text has single high bytes among letters, and GB18030 would make a rare character of each with the letter behind it.
    """
    text = beginning.decode("gb18030", errors="ignore")
    wide = [character for character in text if not character.isascii()]
    common = sum(min(character.encode("gb18030")) >= 0xA1 for character in wide)
    return common >= 0.8 * len(wide)


def _look(path: Path, codec: str) -> _Looked:
    decoder = codecs.getincrementaldecoder(codec)()
    digest, lines, read, bad_at, line = hashlib.sha256(), 0, 0, -1, 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            last = max(piece.rfind(b"\n"), piece.rfind(b"\r"))
            line = line + len(piece) if last < 0 else len(piece) - last
            if line > _LONGEST_LINE:
                bad_at = read
            if bad_at < 0:
                try:
                    decoder.decode(piece)
                except UnicodeError as error:
                    bad_at = read + getattr(error, "start", 0)
            lines += piece.count(b"\n")
            read += len(piece)
    if bad_at < 0:
        try:
            decoder.decode(b"", final=True)
        except UnicodeError:
            bad_at = read
    return _Looked(digest.hexdigest(), lines, bad_at)
