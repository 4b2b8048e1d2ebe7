"""Knowledge from a table: question, answer, further wordings; a CSV as spreadsheets write it, in Chinese or English. Pure."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from dataclasses import dataclass

from callwright.errors import InputError, Place, Problem

__all__ = ["MOST", "Question", "Questions", "read_questions"]

MOST = 2000
_LONGEST = 2000  # characters of a cell
_NAMES = {
    "question": "question", "q": "question", "phrase": "question", "问题": "question", "标准问": "question", "标准问题": "question",
    "问法": "question",
    "answer": "answer", "a": "answer", "reply": "answer", "答案": "answer", "回答": "answer", "回复": "answer", "话术": "answer",
    "phrases": "phrases", "similar": "phrases", "alternatives": "phrases", "相似问": "phrases", "相似问题": "phrases", "相似问法": "phrases",
    "扩展问": "phrases", "关键词": "phrases", "keywords": "phrases",
    "title": "title", "name": "title", "标题": "title", "名称": "title", "分类": "title", "id": "id", "编号": "id",
}  # fmt: skip
_SPLIT = re.compile(r"[|｜;；\n]+")
_UNSAFE = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, slots=True)
class Question:
    """One entry of the knowledge base, as `kb` has it. line: of the table."""

    id: str
    title: str
    phrases: tuple[str, ...]
    answers: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Questions:
    """Entries in the order of the table, and the rows that are none."""

    entries: tuple[Question, ...]
    problems: tuple[Problem, ...]


def read_questions(text: str) -> Questions:
    """Rows with one question become one entry; a question that comes again adds its answer to the first one.

    Raises:
        InputError: there are no columns for question and answer, or too many rows.
    """
    dialect = "," if (first := text.split("\n", 1)[0]).count(",") >= first.count("\t") else "\t"
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=dialect)
    columns: dict[str, int] | None = None
    found: dict[str, Question] = {}
    problems: list[Problem] = []
    try:
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            if columns is None:
                columns = _columns(row)
                continue
            one = _entry(row, columns, rows.line_num, problems)
            if one is None:
                continue
            same = found.get(_key(one))
            found[_key(one)] = one if same is None else _joined(same, one)
            if len(found) > MOST:
                raise InputError(Problem("too-many", f"more than {MOST} questions", hint="Split the file."))
    except csv.Error as error:
        raise InputError(
            Problem(
                "not-csv", f"it cannot be read as CSV: {error}", Place(line=rows.line_num), "Save it as CSV (UTF-8)."
            )
        ) from None
    if columns is None:
        raise InputError(
            Problem("empty", "the table is empty", hint="The first line names the columns: question,answer")
        )
    return Questions(tuple(_named(list(found.values()))), tuple(problems[:200]))


def _columns(row: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for n, cell in enumerate(row):
        name = _NAMES.get(unicodedata.normalize("NFKC", cell).strip().casefold())
        if name is not None:
            found.setdefault(name, n)
    missing = [name for name in ("question", "answer") if name not in found]
    if missing:
        hint = "The first line names the columns: question,answer,phrases,title (问题,答案,相似问,标题)."
        raise InputError(
            Problem("no-column", f"there is no column {' and no column '.join(missing)}", Place(line=1), hint)
        )
    return found


def _entry(row: list[str], columns: dict[str, int], line: int, problems: list[Problem]) -> Question | None:
    cells = {name: row[n].strip() if n < len(row) else "" for name, n in columns.items()}
    for name in ("question", "answer"):
        if not cells[name]:
            problems.append(
                Problem(
                    "missing",
                    f"the {name} is empty",
                    Place(line=line, field=name),
                    "Fill it in, or delete the row.",
                    "warning",
                )
            )
            return None
    long = next((name for name, cell in cells.items() if len(cell) > _LONGEST or "\x00" in cell), None)
    if long is not None:
        problems.append(
            Problem(
                "too-long",
                f"the {long} is longer than {_LONGEST} characters",
                Place(line=line, field=long),
                "Shorten it.",
                "warning",
            )
        )
        return None
    further = [part.strip() for part in _SPLIT.split(cells.get("phrases", ""))]
    phrases = tuple(dict.fromkeys(part for part in (cells["question"], *further) if part))
    return Question(cells.get("id", ""), cells.get("title", ""), phrases, (cells["answer"],), line)


def _key(one: Question) -> str:
    return one.id or one.phrases[0].casefold()


def _joined(first: Question, again: Question) -> Question:
    phrases = tuple(dict.fromkeys((*first.phrases, *again.phrases)))
    return Question(
        first.id,
        first.title or again.title,
        phrases,
        tuple(dict.fromkeys((*first.answers, *again.answers))),
        first.line,
    )


def _named(entries: list[Question]) -> list[Question]:
    """With ids that are names: made of the title or question where the table has none."""
    taken: set[str] = set()
    named = []
    for one in entries:
        stem = _UNSAFE.sub("_", one.id or one.title or one.phrases[0]).strip("_.-")[:40] or "question"
        name, n = stem, 2
        while name in taken:
            name, n = f"{stem}_{n}", n + 1
        taken.add(name)
        named.append(Question(name, one.title or one.phrases[0][:60], one.phrases, one.answers, one.line))
    return named
