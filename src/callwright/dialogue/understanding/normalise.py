"""One written form for what was said, so that phrases, patterns and n-grams see the same text.

`normalise` is the text that spans refer to: NFKC, case folded, a comma for a clause boundary (zh), one space between words (en),
hesitation sounds removed, English contractions written out ("don't", "dont" and "do not" agree). Digits stay as spoken.
`digits` is a second view in which spoken and written numbers agree ("十二" and "12"); patterns are tried on both.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from callwright.dialogue.understanding.numerals import english_digits, mandarin_digits

__all__ = ["Language", "digits", "fold", "normalise"]

Language = Literal["zh", "en"]

_CJK = "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
# Kept inside and beside numbers: 7:30, 3.5, 12,000, 138-0000, 2026/11/20, 5%, ¥50, $5, +86.
_NUMBER_SIGN = re.compile(r"(?<=\d)(?:[.:/-](?=\d)|,(?=\d{3}(?!\d)))|(?<=\d)%|[+$¥€£](?=\d)")
_ZH_INNER_SPACE = re.compile(rf"(?<=[{_CJK}])\s+|\s+(?=[{_CJK}])")
_BOUNDARIES = re.compile(r"[\s,]{2,}|\s")
_MERIDIEM = re.compile(r"\b([ap])\.\s?m\b\.?")
_APOSTROPHES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'", "\uff07": "'", "`": "'"})

# Hesitation sounds that carry nothing. 嗯 is one only inside a clause: alone, first or last it answers. 额 begins 额度, 那个 and 就是
# are words, so only their stammer is folded. After a negator a sound becomes a boundary: "不，呃，可以" is not "不可以".
_ZH_SOUND = re.compile(r"[呃唔]+")
_ZH_MID_HUM = re.compile(rf"(?<=[{_CJK}\w])(?<!嗯)嗯+(?=[{_CJK}\w])")
_ZH_STAMMER = re.compile(r"(那个|这个|就是|然后|我是说|那)(?:\1)+")
_ZH_HESITATION = re.compile(rf"[呃唔嗯]|{_ZH_STAMMER.pattern}")
_ZH_PLAIN = re.compile("[\u4e00-\u9fff]+")  # characters that no folding changes
_ZH_NEGATORS = ("不", "没", "别", "未", "无")
_EN_SOUND = re.compile(r"(?<!uh )\b(?:u+m+|u+h+m*|e+r+m*|a+hm+)\b(?! (?:huh|uh|oh)\b)")

_NEGATED = {
    "ain": "is", "aren": "are", "can": "can", "couldn": "could", "didn": "did", "doesn": "does", "don": "do", "hadn": "had", "hasn": "has",
    "haven": "have", "isn": "is", "mustn": "must", "needn": "need", "shouldn": "should", "wasn": "was", "weren": "were", "won": "will",
    "wouldn": "would",
}  # fmt: skip
_BARE = {f"{stem}t": f"{full} not" for stem, full in _NEGATED.items()} | {
    "cannot": "can not", "im": "i am", "ive": "i have", "youre": "you are", "youve": "you have", "theyre": "they are", "thats": "that is",
    "whats": "what is", "wheres": "where is", "whos": "who is", "hows": "how is", "theres": "there is", "gonna": "going to",
    "wanna": "want to", "gotta": "got to", "lemme": "let me", "gimme": "give me", "okay": "ok",
}  # fmt: skip
_IS = "what|where|who|how|when|why|that|there|here|it|he|she|this|everything|something"
_CONTRACTION = re.compile(
    rf"\b(?:(?P<neg>{'|'.join(sorted(_NEGATED, key=len, reverse=True))})'t"
    rf"|(?P<is>{_IS})'s|(?P<let>let)'s|(?P<who>[a-z]+)'(?P<tail>m|re|ve|ll|d)"
    rf"|(?P<bare>{'|'.join(sorted(_BARE, key=len, reverse=True))}))\b(?!')"
)
_TAIL = {"m": "am", "re": "are", "ve": "have", "ll": "will", "d": "would"}


def normalise(text: str, lang: Language) -> str:
    """The text that spans refer to; see the module. Never raises; idempotent.

    A sentence that is nothing but a sound ("嗯", "um") is kept: it may be a backchannel.
    """
    folded = text if lang == "zh" and _ZH_PLAIN.fullmatch(text) else _plain(fold(text), lang)
    if lang == "zh":
        return (_mandarin(folded) or folded) if _ZH_HESITATION.search(folded) else folded
    return _english(folded) or folded


def fold(text: str) -> str:
    """NFKC, case folded, one kind of apostrophe; punctuation stays. Patterns that name punctuation are tried on this."""
    if text.isascii():
        return text.lower().replace("`", "'")
    folded = unicodedata.normalize("NFKC", text.translate(_APOSTROPHES)).casefold()
    return unicodedata.normalize("NFKC", folded)  # case folding can undo the composition


def digits(text: str, lang: Language) -> str:
    """A view of normalised text in which spoken numbers are written with digits: "十二岁" -> "12岁", "twenty five" -> "25"."""
    return mandarin_digits(text)[0] if lang == "zh" else english_digits(text)[0]


def _plain(text: str, lang: Language) -> str:
    """Letters, digits and the signs of numbers; everything else becomes one boundary: a comma (zh) or a space (en).

    A recogniser's spaces between Chinese words are no boundaries: they vanish first.
    """
    text = _ZH_INNER_SPACE.sub("", text.strip()) if lang == "zh" else _MERIDIEM.sub(r"\1m", text)
    if text.isalnum():
        return text
    signs = {match.start() for match in _NUMBER_SIGN.finditer(text)}
    boundary = "," if lang == "zh" else " "
    kept = [
        char
        if char.isalnum() or position in signs or unicodedata.combining(char) or _inner_apostrophe(text, position)
        else (" " if char.isspace() else boundary)
        for position, char in enumerate(text)
    ]
    return _tidy("".join(kept))


def _tidy(text: str) -> str:
    """One boundary where several met, none at the ends. A comma between digits belongs to the number."""
    return _BOUNDARIES.sub(lambda match: "," if "," in match.group() else " ", text).strip(", ")


def _inner_apostrophe(text: str, position: int) -> bool:
    return (
        text[position] == "'"
        and text[position - 1 : position].isalnum()
        and text[position + 1 : position + 2].isalnum()
    )


def _mandarin(text: str) -> str:
    def sound(match: re.Match[str]) -> str:
        return "," if match.string[match.start() - 1 : match.start()] in _ZH_NEGATORS else ""

    text = _ZH_SOUND.sub(sound, text)
    text = _ZH_MID_HUM.sub(sound, text)
    text = _ZH_STAMMER.sub(r"\1", text)
    return _tidy(_ZH_INNER_SPACE.sub("", text))


def _english(text: str) -> str:
    return _tidy(_EN_SOUND.sub(" ", _CONTRACTION.sub(_written_out, text)))


def _written_out(match: re.Match[str]) -> str:
    found = match.groupdict()
    if found["neg"]:
        return f"{_NEGATED[found['neg']]} not"
    if found["is"]:
        return f"{found['is']} is"
    if found["let"]:
        return "let us"
    if found["who"]:
        return f"{found['who']} {_TAIL[found['tail']]}"
    return _BARE[found["bare"]]
