"""Questions that nobody could answer, put together when they say nearly the same, and drafted as an entry of the knowledge base. Pure.

Clustering by leaders: sentences in a fixed order, each joins the first leader it is like enough to (Dice over grams), else leads itself. The
same sentences give the same clusters, without a model. Source: J. Hartigan, "Clustering Algorithms", 1975, ch. 3; L. Dice, Ecology 26, 1945.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from callwright.insight.grams import grams, plain

__all__ = ["TO_WRITE", "Asked", "Cluster", "clustered", "draft", "entry_name"]

ALIKE = 0.5
_FILLER = frozenset("吗呢啊呀吧的了么哦嗯那个这个请问你们我想 ")
_PHRASES = 12
_WORDS = 4
TO_WRITE = "…"
"""An answer that somebody still has to write."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A sentence of one call. id: of its row; script: that was spoken, "" = nobody knows."""

    id: int
    call: str
    sentence: str
    node: str
    at_ms: int
    script: str = ""


@dataclass(frozen=True, slots=True)
class Cluster:
    """sentence: the one that is most like the others; asked: newest first."""

    sentence: str
    asked: tuple[Asked, ...]

    @property
    def scripts(self) -> list[str]:
        """That did not know it, the one that was asked most often first."""
        counted = Counter(one.script for one in self.asked if one.script)
        return sorted(counted, key=lambda script: (-counted[script], script))


def clustered(asked: Sequence[Asked]) -> list[Cluster]:
    """The largest first."""
    features = {one.id: _features(one.sentence) for one in asked}
    leaders: list[int] = []
    members: dict[int, list[Asked]] = defaultdict(list)
    holding: dict[str, set[int]] = defaultdict(set)
    for one in sorted(asked, key=lambda each: (-len(features[each.id]), each.sentence, each.id)):
        mine = features[one.id]
        near = {leader for gram in mine for leader in holding[gram]}
        best = max(near, key=lambda leader: (_alike(mine, features[leader]), -leader), default=None)
        if best is None or _alike(mine, features[best]) < ALIKE:
            best = one.id
            leaders.append(best)
            for gram in mine:
                holding[gram].add(best)
        members[best].append(one)
    found = [_cluster(members[leader], features) for leader in leaders]
    return sorted(found, key=lambda cluster: (-len(cluster.asked), cluster.sentence))


def _features(sentence: str) -> frozenset[str]:
    """Grams without what is said in any question."""
    found = frozenset(gram for gram in grams(sentence) if gram not in _FILLER)
    return found or frozenset({plain(sentence).strip() or "?"})


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    return 2 * len(one & other) / (len(one) + len(other))


def _cluster(members: list[Asked], features: dict[int, frozenset[str]]) -> Cluster:
    weight = Counter(gram for one in members for gram in features[one.id])
    best = max(members, key=lambda one: (sum(weight[g] for g in features[one.id]) / len(features[one.id]), -one.id))
    return Cluster(best.sentence, tuple(sorted(members, key=lambda one: -one.id)))


def entry_name(sentence: str) -> str:
    """An id for an entry that answers this: its first words, Chinese ones as they are spelled (有没有停车位: `you_mei_you_ting`)."""
    from pypinyin import lazy_pinyin  # half a second: whoever drafts nothing need not wait for it

    said = re.findall(r"[a-z0-9]+", " ".join(lazy_pinyin(sentence)).lower())
    name = "_".join(said[:_WORDS])[:64].rstrip("_")
    return name if name[:1].isalpha() else "question"


def draft(entry: str, title: str, sentences: Sequence[str], answer: str) -> dict[str, Any]:
    """What belongs into a script (script/1): `kb` with one entry, `tests` with one test that the question is answered, and both as YAML."""
    distinct = list(dict.fromkeys(sentence.strip() for sentence in sentences if sentence.strip()))
    found = {
        "id": entry,
        "title": title,
        "phrases": distinct[:1],
        "examples": distinct[1:_PHRASES],
        "answers": [{"text": answer}],
        "then": {"resume": "reask"},
    }
    test = {"name": title, "turns": distinct[:1], "expect": {"kb": [entry]}}
    whole = {"kb": [{key: value for key, value in found.items() if value}], "tests": [test]}
    return whole | {"yaml": yaml.safe_dump(whole, allow_unicode=True, sort_keys=False, width=120)}
