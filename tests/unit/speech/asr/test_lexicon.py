from __future__ import annotations

from pathlib import Path

import pytest

from callwright.errors import ModelError
from callwright.speech.asr.lexicon import ChineseLexicon, EnglishLexicon, read_dictionary, write_dictionary
from callwright.speech.asr.spelling import phones_by_spelling
from callwright.speech.numerals import chinese_numerals, english_numerals

CHINESE = ChineseLexicon(
    {"没问题": [("m", "ei", "w", "en", "t", "i")], "没": [("m", "ei")], "问": [("w", "en")], "好": [("h", "ao")], "十": [("sh", "ib")],
     "二": [("es", "er")], "点": [("d", "ian")], "浩": [("h", "ao")], "行": [("h", "ang"), ("x", "ing")]}
)  # fmt: skip
ENGLISH = EnglishLexicon({"yes": [("Y", "EH", "S")], "nine": [("N", "AY", "N")], "thirty": [("TH", "ER", "D", "IY")]})


def test_chinese_words_by_longest_match_without_punctuation_and_letters() -> None:
    assert CHINESE.words("好，没问题！OK") == ("好", "没问题")
    assert CHINESE.words("12点") == ("十", "二", "点")


def test_a_missing_chinese_word_is_put_together_from_syllables() -> None:
    assert CHINESE.pronunciations("豪") == (("h", "ao"),)
    assert CHINESE.pronunciations("猫") == ()
    assert CHINESE.pronunciations("行") == (("h", "ang"), ("x", "ing"))


def test_english_words_and_figures() -> None:
    assert ENGLISH.words("Yes, at 9:30!") == ("yes", "at", "nine", "thirty")
    assert ENGLISH.phones("yes") == ("Y", "EH", "S")


def test_a_missing_english_word_is_spelled() -> None:
    assert ENGLISH.pronunciations("acme") == (("AE", "K", "M"),)
    assert phones_by_spelling("") == ()
    assert phones_by_spelling("makes")[0] == "M"


def test_the_dictionary_is_cut_to_the_words_used() -> None:
    text, missing = write_dictionary(CHINESE, ["行", "猫", "好"])
    assert text.splitlines() == ["好 h ao", "行 h ang", "行(2) x ing"]
    assert missing == ("猫",)


def test_reading_a_dictionary_keeps_all_readings(tmp_path: Path) -> None:
    path = tmp_path / "d.dic"
    path.write_text("a AH\na(2) EY\n\nb B IY\n", encoding="utf-8")
    assert read_dictionary(path) == {"a": [("AH",), ("EY",)], "b": [("B", "IY")]}
    with pytest.raises(ModelError, match="cannot read"):
        read_dictionary(tmp_path / "none.dic")


@pytest.mark.parametrize(
    ("figures", "said"),
    [("8岁", "八岁"), ("10", "十"), ("12", "十二"), ("20", "二十"), ("105", "一百零五"), ("2400", "二千四百"), ("12321", "一二三二一"),
     ("0", "零"), ("007", "零零七"), ("9:30", "九点三十"), ("9:00", "九点"), ("110", "一百一十")],
)  # fmt: skip
def test_chinese_numerals(figures: str, said: str) -> None:
    assert chinese_numerals(figures) == said


@pytest.mark.parametrize(
    ("figures", "said"),
    [("9", "nine"), ("42", "forty two"), ("20", "twenty"), ("911", "nine one one"), ("9:30", "nine thirty"), ("9:05", "nine oh five"),
     ("9:00", "nine o'clock"), ("21st", "twenty first"), ("20th", "twentieth"), ("12th", "twelfth"), ("4th", "fourth")],
)  # fmt: skip
def test_english_numerals(figures: str, said: str) -> None:
    assert english_numerals(figures) == said
