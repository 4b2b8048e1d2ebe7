"""Cells that a spreadsheet must not take for a formula. Source: OWASP, "CSV Injection".

A cell that begins as a formula does gets a `'` in front, which spreadsheets read as "this is text". Reading takes it off again, so that what was
written comes back, `+8613800138000` too.
"""

from __future__ import annotations

import re

__all__ = ["as_text", "from_text", "risky"]

_RISKY = re.compile(r"'*\s*[=+\-@＝＋－＠\t\r\n]")  # the wide ones are signs to a Chinese spreadsheet


def risky(cell: str) -> bool:
    """Whether a spreadsheet could take it for a formula, or a reader take its `'` for one of ours."""
    return _RISKY.match(cell) is not None


def as_text(cell: str) -> str:
    """The cell as it is written."""
    return "'" + cell if risky(cell) else cell


def from_text(cell: str) -> str:
    """The cell as it was before `as_text`."""
    return cell[1:] if cell[:1] == "'" and risky(cell) else cell
