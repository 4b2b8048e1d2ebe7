"""What a sentence is found by: single Chinese characters and pairs of them, words and numbers of everything else. Pure.

Chinese has no spaces, so pairs of neighbours stand for words: whoever looks for 多少钱 finds what holds 多少 and 少钱, and the
sentence itself is looked at in the end (`holds`). Source: J. Nie et al., "On the use of words and n-grams for Chinese information
retrieval", IRAL 2000.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

__all__ = ["asked", "grams", "holds", "mark", "plain"]

_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af\U00020000-\U0003ffff"
_RUN = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+(?:['’][^\W\d_{_HAN}]+)?")
_IS_HAN = re.compile(rf"[{_HAN}]")
_LONGEST = 32  # characters of one word
_ENOUGH = 4  # grams of a question; what else it says is looked at in the sentences


def plain(text: str) -> str:
    """Wide and narrow, large and small letters alike."""
    return unicodedata.normalize("NFKC", text).casefold()


def _runs(text: str) -> list[str]:
    return _RUN.findall(plain(text))


def grams(text: str) -> Iterator[str]:
    """Everything by which this text is found, some of it more than once."""
    for run in _runs(text):
        if not _IS_HAN.match(run):
            yield run[:_LONGEST]
            continue
        yield from run
        yield from (run[at : at + 2] for at in range(len(run) - 1))


def asked(question: str) -> list[str]:
    """The grams that whatever answers the question must have: at most four, spread over it; none = it asks for nothing."""
    found: list[str] = []
    for run in _runs(question):
        if not _IS_HAN.match(run) or len(run) == 1:
            found.append(run[:_LONGEST])
        else:
            found += [run[at : at + 2] for at in range(len(run) - 1)]
    distinct = list(dict.fromkeys(found))
    if len(distinct) <= _ENOUGH:
        return distinct
    step = (len(distinct) - 1) / (_ENOUGH - 1)
    return [distinct[round(step * at)] for at in range(_ENOUGH)]


def holds(texts: Iterable[str], question: str) -> bool:
    """Whether one of these sentences says it: each of the question's runs stands in it, words as whole words."""
    wanted = _runs(question)
    return any(_says(_runs(text), wanted) for text in texts)


def _says(runs: list[str], wanted: list[str]) -> bool:
    words = set(runs)
    return all(any(one in run for run in runs) if _IS_HAN.match(one) else one in words for one in wanted)


def mark(kind: str, name: str) -> str:
    """A gram that no text has: for what a call is found by besides its words, like `mark("tag", "vip")`."""
    return f"\x01{kind}={name}"
