"""Which of several wordings is said: in turn, by weight, or once; never the same twice in a row when there is another."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

__all__ = ["choose", "fraction", "weighted"]


def choose(
    pick: str, admissible: Sequence[int], size: int, used: Sequence[int], weights: Sequence[float], seed: int, key: str
) -> int | None:
    """The index of the wording to say, or None when there is nothing (left) to say.

    pick: `sequence` in file order, from the first, over and over; `rotate` the same, but calls start at different ones (seed mod size);
    `random` by weight; `once` in file order, each at most once in a call.
    admissible: indexes allowed now; size: of the whole list; used: indexes said so far, in order; weights: by index.
    """
    if pick == "once":
        return next((index for index in admissible if index not in used), None)
    if not admissible:
        return None
    last = used[-1] if used else None
    if pick == "random":
        pool = [index for index in admissible if index != last] or list(admissible)
        return pool[weighted([weights[index] for index in pool], fraction(seed, key, len(used)))]
    first = seed % size if pick == "rotate" else 0
    begin = first if last is None else last + 1
    return min(admissible, key=lambda index: (index - begin) % size)


def weighted(weights: Sequence[float], at: float) -> int:
    """The index that `at` (0 <= at < 1) falls on when the weights are laid side by side."""
    rest = at * sum(weights)
    for index, weight in enumerate(weights):
        rest -= weight
        if rest < 0:
            return index
    return len(weights) - 1


def fraction(seed: int, key: str, count: int) -> float:
    """A number in [0, 1) that depends on its arguments only, the same on every machine and version."""
    digest = blake2b(f"{seed}/{key}/{count}".encode(), digest_size=7).digest()
    return int.from_bytes(digest) / 2**56
