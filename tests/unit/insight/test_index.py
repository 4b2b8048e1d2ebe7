"""The index of words: grams of Chinese and English, buckets that open only with the key, parts of files, waveforms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.errors import DamagedError
from callwright.http.ranges import part_of
from callwright.insight import words
from callwright.insight.grams import asked, grams, holds, mark
from callwright.insight.waveform import COLUMNS, peaks
from callwright.store.crypto import TenantKeys
from callwright.testing.results import two_channels

KEYS = TenantKeys(7, b"d" * 32, b"s" * 32)
TEXT = st.text(st.sampled_from("多少钱一年好的可以 vip Price 42 %\n，。"), max_size=30)


def test_grams_of_both_languages() -> None:
    assert set(grams("多少钱？VIP价")) == {"多", "少", "钱", "价", "多少", "少钱", "vip"}
    assert list(grams("Don't call ＡＢＣ 42")) == ["don't", "call", "abc", "42"]
    assert asked("多少钱") == ["多少", "少钱"]
    assert asked("贵") == ["贵"]
    assert len(asked("请问这个课程一年到底要多少钱")) == 4
    assert asked("，。!") == []


@given(TEXT, TEXT)
def test_what_holds_a_question_is_found_by_its_grams(before: str, question: str) -> None:
    said = f"{before} {question} 谢谢"
    assert set(asked(question)) <= set(grams(said))
    assert holds([said], question)


def test_sentences_are_looked_at_as_they_were_said() -> None:
    assert holds(["一年多少钱"], "多少钱")
    assert not holds(["多少", "少钱"], "多少钱")
    assert holds(["how much is it"], "much how")
    assert not holds(["pricey"], "price")


@given(st.dictionaries(TEXT.filter(bool), st.integers(0, 2**words.SEGMENT - 1), max_size=8))
def test_a_bucket_comes_back_as_it_was(grams_of: dict[str, int]) -> None:
    body = words.seal_bucket(KEYS, 3, 9, grams_of)
    kept = {gram: calls for gram, calls in grams_of.items() if calls}
    assert words.open_bucket(KEYS, 3, 9, body) == kept
    assert words.find(KEYS, 3, 9, body, [*kept, "nothing"]) == [*kept.values(), 0]


def test_few_calls_take_few_bytes_and_nobody_reads_them() -> None:
    body = words.seal_bucket(KEYS, 3, 9, {"多少": 1 << 1000 | 5, mark("tag", "a b%\n"): 1})
    assert words.find(KEYS, 3, 9, body, ["多少", mark("tag", "a b%\n")]) == [1 << 1000 | 5, 1]
    assert len(body) < 80
    assert "多少".encode() not in body
    with pytest.raises(DamagedError):
        words.open_bucket(KEYS, 4, 9, body)
    with pytest.raises(DamagedError):
        words.open_bucket(TenantKeys(7, b"e" * 32, b"s" * 32), 3, 9, body)


@pytest.mark.parametrize(
    ("asked_for", "first", "end", "whole"),
    [
        (None, 0, 100, True),
        ("bytes=0-", 0, 100, False),
        ("bytes=10-19", 10, 20, False),
        ("bytes=90-200", 90, 100, False),
        ("bytes=-5", 95, 100, False),
        ("bytes=-", 0, 100, True),
        ("bytes=0-1,5-6", 0, 100, True),
        ("lines=1-2", 0, 100, True),
    ],
)
def test_parts_of_a_recording(asked_for: str | None, first: int, end: int, whole: bool) -> None:
    part = part_of(asked_for, 100)
    assert part is not None
    assert (part.first, part.end, part.whole) == (first, end, whole)


@pytest.mark.parametrize("asked_for", ["bytes=100-", "bytes=20-10", "bytes=-0"])
def test_parts_that_are_not_there(asked_for: str) -> None:
    assert part_of(asked_for, 100) is None


def test_a_waveform_has_both_channels() -> None:
    made = peaks(two_channels(4))
    assert made["duration_ms"] == 4000
    left, right = made["channels"]
    assert len(left) == len(right) == COLUMNS
    assert max(left[: COLUMNS // 2 - 1]) == 0 < max(right[: COLUMNS // 2 - 1])
    assert max(right[COLUMNS // 2 + 1 :]) == 0 < max(left[COLUMNS // 2 + 1 :])
