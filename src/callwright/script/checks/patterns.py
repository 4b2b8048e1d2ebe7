"""Expressions and regular expressions can be compiled, and no pattern can be made to run for ever by what a caller says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from callwright.errors import Problem
from callwright.script.checks.walk import error, expressions, patterns
from callwright.script.expression import compile_expression
from callwright.script.loader import LoadedScript

# Python's own reading of a pattern, which has no public name and so no types: how it is typed must not depend on which
# stubs a checker happens to hold.
sre: Any = import_module("re._constants")
_parser: Any = import_module("re._parser")

__all__ = ["MAX_PATTERN", "check_patterns", "slow_pattern"]

MAX_PATTERN = 500
_GRAMMAR = "Compare names with values, joined by and, or, not: slot.score <= 3 and 'booked' in tags."
_WIDE = 3  # a repeat that may run more often than this needs a body that can be read in one way only
_OPEN_REPEATS = 4


def check_patterns(loaded: LoadedScript) -> Iterator[Problem]:
    """Errors: bad-expression, bad-regex, slow-regex, long-regex, empty-regex."""
    for path, text in expressions(loaded.script):
        try:
            compile_expression(text)
        except ValueError as wrong:
            yield error(loaded, "bad-expression", f"the expression `{text[:60]}` is wrong: {wrong}", path, _GRAMMAR)
    for path, text in patterns(loaded.script):
        yield from _pattern(loaded, path, text)


def _pattern(loaded: LoadedScript, path: str, text: str) -> Iterator[Problem]:
    if len(text) > MAX_PATTERN:
        hint = "Split it, or use phrases."
        yield error(loaded, "long-regex", f"the pattern is longer than {MAX_PATTERN} characters", path, hint)
        return
    try:
        compiled = re.compile(text)
    except (re.error, OverflowError, RecursionError) as wrong:
        yield error(
            loaded,
            "bad-regex",
            f"the pattern `{text[:60]}` is wrong: {wrong}",
            path,
            "Test it, and escape . * + ? ( ) [ ].",
        )
        return
    reason = slow_pattern(text)
    if reason:
        hint = "Repeat only simple characters (\\d, [a-z], .), not groups of changing length."
        yield error(loaded, "slow-regex", f"the pattern could take for ever on some sentence: {reason}", path, hint)
    elif compiled.search(""):
        yield error(
            loaded,
            "empty-regex",
            "the pattern matches every sentence, even an empty one",
            path,
            "Demand at least one word.",
        )


def slow_pattern(text: str) -> str:
    """Why a compilable pattern may backtrack exponentially, or "" when it cannot.

    Conservative: a repeat that may run more than three times must have a body of fixed length whose alternatives begin differently,
    at most four repeats may be without limit, and back-references are not allowed.
    """
    try:
        return _Slow().look(_parser.parse(text), False)
    except RecursionError:  # pragma: no cover - the length limit keeps the nesting far below
        return "it is nested too deeply"


class _Slow:
    def __init__(self) -> None:
        self.open = 0

    def look(self, items: Any, repeated: bool) -> str:
        for op, arg in items:
            reason = self._one(op, arg, repeated)
            if reason:
                return reason
        return ""

    def _one(self, op: Any, arg: Any, repeated: bool) -> str:
        if op in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
            least, most, body = arg
            return self._repeat(least, most, body, repeated)
        if op is sre.BRANCH:
            if repeated and not _distinct(arg[1]):
                return "alternatives that begin alike are repeated"
            return next((reason for branch in arg[1] if (reason := self.look(branch, repeated))), "")
        if op in (sre.GROUPREF, sre.GROUPREF_EXISTS, sre.GROUPREF_IGNORE):
            return "it refers back to a group"
        if op is sre.SUBPATTERN:
            return self.look(arg[3], repeated)
        if op in (sre.ASSERT, sre.ASSERT_NOT):
            return self.look(arg[1], repeated)
        if op is sre.ATOMIC_GROUP:
            return self.look(arg, repeated)
        return ""

    def _repeat(self, least: int, most: Any, body: Any, repeated: bool) -> str:
        wide = most > _WIDE and most != least
        if most is sre.MAXREPEAT or most > 100:
            self.open += 1
            if self.open > _OPEN_REPEATS:
                return f"more than {_OPEN_REPEATS} repeats without limit"
        shortest, longest = body.getwidth()
        if wide and shortest != longest:
            return "a group of changing length is repeated"
        return self.look(body, repeated or wide)


def _distinct(branches: list[Any]) -> bool:
    firsts = [branch[0] if len(branch) else None for branch in branches]
    return all(first is not None and first[0] is sre.LITERAL for first in firsts) and len(
        {f[1] for f in firsts if f}
    ) == len(firsts)
