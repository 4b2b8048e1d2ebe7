"""Keys of a caller: one by one, or gathered into a number where the question wants one. Pure; times are ms of the call."""

from __future__ import annotations

import re

__all__ = ["BETWEEN_MS", "Keypad"]

BETWEEN_MS = 2_500  # a number is over when so long no key follows
_MOST = 64
_DIGITS = "0123456789"


class Keypad:
    """`press` for every key, `tick` now and then; both return the keys that are an answer now, "" while there is none."""

    def __init__(self) -> None:
        self._gathered = ""
        self._last_ms = 0

    @property
    def gathering(self) -> bool:
        """A number is under way."""
        return bool(self._gathered)

    def press(self, at_ms: int, key: str, wanted: re.Pattern[str] | None) -> str:
        """wanted: the `dtmf` of the slot that is asked for, None where no slot is. A number ends when it is whole and cannot be longer, with #,
        or by time; * begins it anew."""
        if wanted is None or (not self._gathered and key not in _DIGITS):
            return self.flush() + key
        self._last_ms = at_ms
        if key == "#":
            return self.flush()
        if key == "*":
            self._gathered = ""
            return ""
        self._gathered += key
        longer = any(wanted.fullmatch(self._gathered + digit) for digit in _DIGITS)
        whole = wanted.fullmatch(self._gathered) is not None and not longer
        return self.flush() if whole or len(self._gathered) >= _MOST else ""

    def tick(self, at_ms: int) -> str:
        """Whether the number under way is over by time."""
        return self.flush() if self._gathered and at_ms - self._last_ms >= BETWEEN_MS else ""

    def flush(self) -> str:
        """Whatever was gathered, now: the caller has gone, say."""
        keys, self._gathered = self._gathered, ""
        return keys
