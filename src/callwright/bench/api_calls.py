"""A million calls that nobody made, for `bench api`: drawn from a set of stories, sealed and indexed as the product does, written in bulk.

What is said follows Zipf's law: some sentences in every third call, some words in one of ten thousand. The people and their numbers are made up.
"""

from __future__ import annotations

import json
import random
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from callwright.calls.transcript import Line
from callwright.campaigns.story import Step, Story
from callwright.insight import words
from callwright.insight.grams import grams, mark
from callwright.insight.tally import Tally, TallyCall
from callwright.store.crypto import TenantKeys

__all__ = ["END", "RARE", "Made", "Maker"]

END = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
_DAYS = 90
_STORIES = 12_000
_GRADES = ("A", "B", "C", "D", "E", "F", "")
_SHARES = (0.05, 0.10, 0.12, 0.20, 0.10, 0.03, 0.40)
_COMMON = (
    "好的", "可以", "不需要", "多少钱", "我现在在开会", "你说什么", "嗯对", "行吧", "晚点再打", "没兴趣", "怎么收费", "在哪里", "几点开始",
    "发个短信给我", "我考虑一下", "是的", "你是谁啊", "什么活动", "太贵了", "有优惠吗", "已经办过了", "周末有空", "我问问家里人", "不方便",
)  # fmt: skip
_ROBOT = (
    "您好，这里是和顺家电服务，我是智能语音助手，占用您一分钟。", "这次的空调清洗一台八十八元，两台一百五十元，师傅自带工具。",
    "请问您家里有几台空调需要清洗？", "好的，给您登记了，师傅上门前会打电话给您。", "不打扰您了，祝您生活愉快，再见。",
)  # fmt: skip
_NODES = ("opening", "offer", "count", "time", "confirm", "farewell")
RARE = tuple(f"{a}{b}{c}" for a in "停车电梯阳台" for b in "油烟漏水异响" for c in "保修发票师傅")
"""Words that few calls hold."""


@dataclass(frozen=True, slots=True)
class _Template:
    """A story, and what is made of it once. packed: as it is sealed for each call."""

    story: Story
    packed: bytes
    grams: tuple[str, ...]
    kb: bool


@dataclass(slots=True)
class Made:
    """Rows of one segment, in the order of the columns of `api_tables`; tally: of all so far."""

    results: list[tuple[Any, ...]]
    texts: list[tuple[Any, ...]]
    numbers: list[tuple[Any, ...]]
    words: list[tuple[Any, ...]]
    segment: tuple[Any, ...]


class Maker:
    """Makes calls for one tenant. people, tasks, scripts: ids of rows that are there."""

    def __init__(
        self,
        keys: TenantKeys,
        calls: int,
        people: Sequence[int],
        tasks: Sequence[int],
        scripts: Sequence[int],
        seed: int = 1,
    ) -> None:
        self._keys, self._calls = keys, calls
        self._people, self._tasks, self._scripts = people, tasks, scripts
        self._random = random.Random(seed)
        self._templates = [self._template() for _ in range(_STORIES)]
        self._summary = json.dumps({"reason": "said yes", "portrait": {}, "kb": [], "learn": []}).encode()
        self.tally = Tally()

    def segments(self) -> Iterator[Made]:
        """The oldest first."""
        for first in range(0, self._calls, words.SEGMENT):
            yield self._segment(first, min(words.SEGMENT, self._calls - first))

    def _template(self) -> _Template:
        draw = self._random
        lines, at, said = [], 8_000, []
        turns = draw.randint(1, 7)
        for turn in range(turns):
            lines.append(Line("robot", at, _ROBOT[min(turn, len(_ROBOT) - 1)]))
            at += 5_000
            rank = min(int(draw.paretovariate(0.8)) - 1, len(_COMMON) - 1)
            sentence = _COMMON[rank] + (draw.choice("，。啊呢吧") if draw.random() < 0.3 else "")
            if draw.random() < 0.01:
                sentence += "，" + draw.choice(RARE)
            elif draw.random() < 0.25:
                sentence += "，" + "".join(draw.choices(_LETTERS, weights=_WEIGHTS, k=draw.randint(2, 6)))
            lines.append(Line("caller", at, sentence))
            said.append(sentence)
            at += 3_000
        nodes = _NODES[: min(turns, len(_NODES))]
        steps = [Step("node", node, 8_000 + 5_000 * k) for k, node in enumerate(nodes)]
        kb = draw.random() < 0.3
        if kb:
            steps.append(Step("kb", "price", 14_000))
        story = Story(tuple(lines), tuple(steps), (), 8_000)
        plain = {
            "l": [[one.who, one.at_ms, one.text, one.note] for one in lines],
            "s": [[one.kind, one.name, one.at_ms] for one in steps],
            "o": [],
            "r": 8_000,
        }
        packed = zlib.compress(json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode(), 6)
        found = {gram for sentence in said for gram in grams(sentence)} | {mark(one.kind, one.name) for one in steps}
        return _Template(story, packed, tuple(found), kb)

    def _segment(self, first: int, count: int) -> Made:
        draw, keys = self._random, self._keys
        made = Made([], [], [], [], ())
        buckets: dict[int, dict[str, int]] = {}
        step = timedelta(days=_DAYS) / self._calls
        silent = _Template(Story(), zlib.compress(b'{"l":[],"s":[],"o":[],"r":0}'), (), False)
        where: dict[str, int] = {}
        for place in range(count):
            n = first + place
            name = f"{n:032x}"
            at = END - step * (self._calls - n)
            grade = draw.choices(_GRADES, _SHARES)[0]
            told = draw.choice(self._templates) if grade else silent
            disposition = (
                "completed" if grade in "AB" and grade else "declined" if grade else draw.choice(("no_answer", "busy"))
            )
            talk = len(told.story.lines) * 4_000
            task, script = draw.choice(self._tasks), draw.choice(self._scripts)
            tags = ["vip"] if draw.random() < 0.02 else []
            made.results.append(
                (
                    name, at, task, script, draw.choice(self._people), "+861085550000", "out", bool(grade), talk, disposition, grade,
                    json.dumps(["said yes"] if grade else []), json.dumps(tags), keys.seal(b"{}", f"slots.{name}"),
                    keys.seal(self._summary, f"summary.{name}"), "", "", "", f"calls/{name}.wav" if grade else "", at,
                )
            )  # fmt: skip
            made.texts.append((name, keys.seal(told.packed, f"call_text.{name}")))
            made.numbers.append((n, name))
            for gram in (*told.grams, *(mark("tag", tag) for tag in tags)):
                bucket = where.get(gram)
                if bucket is None:
                    bucket = where[gram] = words.bucket_of(keys, gram)
                grams_there = buckets.setdefault(bucket, {})
                grams_there[gram] = grams_there.get(gram, 0) | 1 << place
            self.tally.add(TallyCall(at, task, script, bool(grade), talk, disposition, grade, told.story))
        segment = words.segment_of(first)
        made.words = [
            (bucket, segment, words.seal_bucket(keys, bucket, segment, found))
            for bucket, found in sorted(buckets.items())
        ]
        made.segment = (segment, count, made.results[0][1], made.results[-1][1])
        return made


_LETTERS = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现"
    "当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很"
)
_WEIGHTS = [1 / (rank + 3) for rank in range(len(_LETTERS))]
