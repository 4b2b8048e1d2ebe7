"""Patterns that are compiled when they are first used: those of spoken numbers and times take a third of a second together, and most commands
read nobody's words."""

from __future__ import annotations

import re
from typing import Any, cast

__all__ = ["compile_all", "later"]


class _Later:
    """Stands for a pattern."""

    __slots__ = ("_compiled", "_flags", "_text")

    def __init__(self, text: str, flags: int) -> None:
        self._text, self._flags = text, flags
        self._compiled: re.Pattern[str] | None = None

    def compiled(self) -> re.Pattern[str]:
        if self._compiled is None:
            self._compiled = re.compile(self._text, self._flags)
        return self._compiled

    def __getattr__(self, name: str) -> Any:
        return getattr(self.compiled(), name)


_ALL: list[_Later] = []


def later(text: str, flags: int = 0) -> re.Pattern[str]:
    """Like `re.compile`; what is wrong with the pattern is found at its first use."""
    _ALL.append(_Later(text, flags))
    return cast("re.Pattern[str]", _ALL[-1])


def compile_all() -> None:
    """Now: before somebody is on the line who would wait for it."""
    for each in _ALL:
        each.compiled()
