"""Words on which a sentence turns: what was nearly heard is not taken for a known sentence where one of them differs. Pure; English."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["turns"]

_NO = (
    "no not never none nothing nobody nor neither without cannot stop cancel refuse decline unless hardly except wrong"
)
_NUMBERS = (
    "zero oh one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen "
    "twenty thirty forty fifty sixty seventy eighty ninety hundred thousand half quarter first second third fourth fifth last next once twice"
)
_TIMES = (
    "monday tuesday wednesday thursday friday saturday sunday weekend weekday today tomorrow tonight yesterday morning afternoon evening "
    "night noon midnight now later before after january february march april may june july august september october november december"
)
_TURNING = frozenset(f"{_NO} {_NUMBERS} {_TIMES}".split())


def turns(wrote: Iterable[str], known: Iterable[str]) -> bool:
    """Whether one of two nearly equal sentences has a word of no, a number or a time that the other has not."""
    return any(word in _TURNING or word.endswith("n't") for word in set(wrote) ^ set(known))
