"""The file of rows that were not taken: line, field, code, what, how to mend it. It holds no number and nothing a spreadsheet would run."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from callwright.campaigns.cells import as_text
from callwright.campaigns.rows import Fault
from callwright.campaigns.wording import FIELD_WORDS, Language, problem, say
from callwright.errors import LeadsError, Place, Problem, SettingsError

__all__ = ["Complaints"]

_SHOWN = 20


class Complaints:
    """Collects what is wrong with rows: all of it in a file, if there is one, the first of it for the screen, and how often each code came."""

    def __init__(self, file: str, lang: Language, writer: Any = None) -> None:
        self.counts: Counter[str] = Counter()
        self.rows = 0
        self.first: list[Problem] = []
        self.lang = lang
        self._file, self._writer = file, writer

    @classmethod
    @contextmanager
    def to(cls, path: Path | None, file: str, lang: Language) -> Iterator[Complaints]:
        """path: where the file of errors is written (None = nowhere), as CSV with a mark for spreadsheets; file: the list they are about.

        Raises:
            SettingsError: it cannot be written, or is the list itself.
        """
        if path is None:
            yield cls(file, lang)
            return
        if _same(path, Path(file)):  # opened for writing, the list would be empty before it is read
            raise SettingsError(
                Problem("unwritable", "this is the list itself", Place(str(path)), "choose another file")
            )
        try:
            with path.open("w", encoding="utf-8-sig", newline="") as stream:
                writer = csv.writer(stream)
                writer.writerow(FIELD_WORDS[lang])
                yield cls(file, lang, writer)
        except OSError as error:
            problem = Problem(
                "unwritable", f"cannot write the errors: {error}", Place(str(path)), "choose another file"
            )
            raise SettingsError(problem) from None

    def add(self, line: int, *faults: Fault) -> None:
        """A row that was not taken."""
        self.rows += 1
        for field, code, values in faults:
            self.counts[code] += 1
            if self._writer is not None:
                what, hint = say(code, self.lang, **values)
                self._writer.writerow([line, *(as_text(cell) for cell in (field, code, what, hint))])
            if len(self.first) < _SHOWN:
                self.first.append(problem(code, self.lang, Place(self._file, line, field=field), **values))

    def error(self) -> LeadsError:
        """All that is shown of them, as an error."""
        shown = list(self.first)
        left = self.counts.total() - len(shown)
        if left:
            shown.append(problem("more", self.lang, Place(self._file), count=left))
        return LeadsError(shown)


def _same(one: Path, other: Path) -> bool:
    """Whether both are one file, whatever leads to it."""
    try:
        return one.samefile(other)
    except OSError:  # one of them is not there
        return False
