"""Spoken Mandarin numbers: 三千五 = 3500, 一万零二 = 10002, 两三千 = 2000..3000, 百分之三十 = 0.3, 幺三八 = 138.

The shape is fixed by one regular expression (so it is linear and total), the value by walking its characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from callwright.dialogue.understanding.later import later

__all__ = ["DIGITS", "Spoken", "exact", "numbers", "plain"]

DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "幺": 1, "俩": 2, "仨": 3}
DIGITS |= {str(i): i for i in range(10)}
_UNITS = {"十": 10, "百": 100, "千": 1000}

_D = "[一二两三四五六七八九1-9]"
_T = f"{_D}?十{_D}?"
_H = f"{_D}百(?:零?{_T}|零{_D}|{_D})?"
_K = f"{_D}千(?:零?{_H}|零{_T}|零{_D}|{_D})?"
_SECTION = f"(?:{_K}|{_H}|{_T}|{_D})"
_ARABIC = r"(?:[0-9]{1,3}(?:,[0-9]{3}){1,4}(?![0-9])|[0-9]{1,15})(?:\.[0-9]{1,6})?"
_POINT = f"(?:{_T}|[零〇]|{_D}|{_H}|{_K}|[0-9]{{1,6}})点[零〇一二三四五六七八九0-9]{{1,6}}(?![十刻分0-9零一二三四五六七八九])"
_HEAD = f"(?:{_POINT}|{_ARABIC}|{_SECTION})"
_WAN = f"(?:{_HEAD}万(?:零?{_SECTION})?)"
_YI = f"(?:(?:{_WAN}|{_HEAD})亿(?:零?(?:{_WAN}|{_SECTION}))?)"
_PLAIN = f"(?:{_YI}|{_WAN}|{_POINT}|{_ARABIC}(?:[百千])?|{_SECTION}|[零〇])"
_STRING = "[零〇幺一二两三四五六七八九0-9]{2,15}"
_PAIR = "(?:一两|一二|两三|二三|三四|三五|四五|五六|六七|七八|八九)"
_BIG = "[十百千]?(?:[万亿])?"

# words in which a numeral counts nothing
_IDIOM = later(
    "一下|一点儿?(?![零一二三四五六七八九半刻十钟])|一起|一样|一直|一会儿?|一般|一定|一些|一旦|一边|一种|一切|一律"
    "|一共|一时|一向|一方面|一味|一致|一带|一旁|一路|一生|"
    "万一|统一|唯一|同一|进一步|不一|专一|单一|千万(?=别|不|要|记)|百度|百合|百姓|百货|千里|三心二意|乱七八糟|七上八下|"
    "五一|十一(?=放假|假期|长假|黄金周|国庆|期间)|双十一|双十二|六一|二手|二维码|四川|三亚|九江|八卦|零食|零售|零钱|零件|两边|"
    "十分(?=满|感|抱|不|高|喜|想|重|需|着|清|明|好|难|急|方|愿|便)|(?:周|星期|礼拜)[一二三四五六]|老[一二三四五六七八九](?![十百千])|"
    "三星|三轮|五金|六神|七夕|八宝|九寨|百分之?百|半天|半路|半夜|多半|大半|第一次|第一时间|一来|张三|李四|王五"
)
_RANGE = later(
    f"(?P<pair>(?P<head>(?:{_D}百|{_D}千|{_D}?十)?)(?P<p>{_PAIR})(?P<unit>{_BIG})(?![零〇幺一二两三四五六七八九0-9]))"
    f"|(?P<few>(?P<fh>(?:{_D}百|{_D}千)?)(?P<fd>{_D}?)十几(?P<fb>[万亿]?))"
    f"|(?P<some>好?几(?P<su>[十百千万亿]{{1,2}}))"
)
_MORE = later(f"(?P<n>{_PLAIN})(?P<m>[多来余])(?P<b>[万亿]?)")
_FRACTION = later(f"(?P<neg>负)?(?P<den>百|千|万|{_SECTION})分之(?P<num>{_PLAIN})")
_HALF = later(f"(?P<n>{_SECTION}|[俩仨])个半|一半|半(?=个|小时|年|天|斤|月|块|公里|里|分|价|岁|杯|碗|瓶)|^半$")
_TENTHS = later(f"(?P<a>{_D})(?:成(?P<half>半)?(?![立为功都员本长分交])|(?P<b>{_D})?折)")
_SINGLE = later(f"(?:负|零下)?{_PLAIN}")
_STRING_RE = later(_STRING)
_SPAN_TO = later("[到至~-]")


@dataclass(frozen=True, slots=True)
class Spoken:
    """A number at [start, end): `low`, and `high` when the words give a range or are vague (二十多 = 20..29).

    digits: the figures as spoken when it was a mere string of digits (幺三八), else "".
    """

    start: int
    end: int
    low: int | float
    high: int | float | None = None
    digits: str = ""


def exact(value: float) -> int | float:
    """3.0 -> 3; floats are rounded to 6 places so that 0.1 * 3 stays 0.3."""
    value = round(value, 6)
    return int(value) if value == int(value) else value


def _section(text: str) -> int:
    """Value of a run below 10 000; 三千五 = 3500 (a last digit right after 百 or 千 counts tenths of it)."""
    if text.isascii():
        return int(text)
    total, digit, last = 0, 0, 0
    for place, char in enumerate(text):
        if char in _UNITS:
            total += (digit or 1) * _UNITS[char]
            digit, last = 0, _UNITS[char]
        elif char == "零":
            last = 0
        else:
            digit = DIGITS[char]
            if place == len(text) - 1 and last >= 100:
                return total + digit * last // 10
    return total + digit


def _head(text: str) -> float:
    if "点" in text:
        whole, _, rest = text.partition("点")
        return float(f"{_section(whole) if whole not in '零〇' else 0}.{''.join(str(DIGITS[c]) for c in rest)}")
    if text[0] in "0123456789" and not any(unit in text for unit in _UNITS):
        return float(text.replace(",", ""))
    return float(_section(text))


def _big(text: str, unit: str, size: int) -> float:
    """`X万Y`: Y is 万's tail; a single digit right after the unit counts thousands (一万二 = 12 000)."""
    before, _, after = text.partition(unit)
    low = plain(before) * size
    if not after:
        return low
    if after[0] not in "零〇" and len(after) == 1 and after in DIGITS:
        return low + DIGITS[after] * size / 10
    return low + plain(after.lstrip("零〇"))


def plain(text: str) -> int | float:
    """Value of words that match the plain-number grammar (ValueError/KeyError on others: internal use)."""
    if text and all(char in "零〇" for char in text):
        return 0
    if "亿" in text:
        return exact(_big(text, "亿", 10**8))
    if "万" in text:
        return exact(_big(text, "万", 10**4))
    if text[-1] in "百千" and len(text) > 2 and all(c in "0123456789.," for c in text[:-1]):
        return exact(_head(text[:-1]) * _UNITS[text[-1]])
    return exact(_head(text))


def _unit_value(words: str) -> int:
    value = 1
    for char in words:
        value *= _UNITS.get(char) or {"万": 10**4, "亿": 10**8}[char]
    return value


def _step(low: float) -> int:
    """The lowest place spoken: 3500 -> 100, 20 -> 10, 7 -> 1."""
    step = 1
    while low and low % (step * 10) == 0:
        step *= 10
    return step


def _pair(match: re.Match[str]) -> tuple[int, int]:
    """两三千 -> (2000, 3000); 十七八 -> (17, 18); 一百七八 -> (170, 180)."""
    a, b = (DIGITS[c] for c in match["p"])
    head, unit = match["head"], match["unit"]
    base = _section(head) if head else 0
    if head and not unit[:1].strip("万亿"):
        place = _UNITS[head[-1]] // 10
        big = _unit_value(unit)
        return (base + a * place) * big, (base + b * place) * big
    size = _unit_value(unit)
    return base + a * size, base + b * size


def _vague(text: str) -> Iterator[Spoken]:
    for match in _RANGE.finditer(text):
        start, end = match.span()
        if match["pair"]:
            low, high = _pair(match)
        elif match["few"]:
            base = (_section(match["fh"]) if match["fh"] else 0) + (DIGITS[match["fd"]] if match["fd"] else 1) * 10
            size = _unit_value(match["fb"])
            low, high = (base + 1) * size, (base + 9) * size
        else:
            size = _unit_value(match["su"])
            low, high = 2 * size, 9 * size
        yield Spoken(start, end, low, high)
    for match in _MORE.finditer(text):
        low_value = plain(match["n"])
        if low_value < 10 and match["n"][-1] not in "万亿":
            continue
        size = _unit_value(match["b"])
        step = 1 if match["m"] == "来" else _step(low_value)
        high_value = None if step == 1 else (low_value + step) * size - (size if size > 1 else 1)
        yield Spoken(match.start(), match.end(), exact(low_value * size), high_value)


def _parts(text: str) -> Iterator[Spoken]:
    """Fractions: 百分之三十, 三分之二, 一半, 两个半, 八成, 八五折."""
    for match in _FRACTION.finditer(text):
        denominator = {"百": 100, "千": 1000, "万": 10000}.get(match["den"]) or plain(match["den"])
        value = plain(match["num"]) / denominator
        yield Spoken(match.start(), match.end(), exact(-value if match["neg"] else value))
    for match in re.finditer("百分之?百", text):
        yield Spoken(match.start(), match.end(), 1)
    for match in _HALF.finditer(text):
        whole = match["n"]
        base = 0 if not whole else DIGITS[whole] if whole in DIGITS else _section(whole)
        yield Spoken(match.start(), match.end(), base + 0.5)
    for match in _TENTHS.finditer(text):
        tenths = DIGITS[match["a"]] / 10 + (0.05 if match["half"] else 0)
        yield Spoken(match.start(), match.end(), exact(tenths + (DIGITS[match["b"]] / 100 if match["b"] else 0)))


def _plain_numbers(text: str) -> Iterator[Spoken]:
    for match in _SINGLE.finditer(text):
        words = match[0]
        sign = -1 if words.startswith(("负", "零下")) else 1
        words = words.removeprefix("负").removeprefix("零下")
        yield Spoken(match.start(), match.end(), sign * plain(words))
    for match in _STRING_RE.finditer(text):
        words = "".join(str(DIGITS[c]) for c in match[0])
        yield Spoken(match.start(), match.end(), int(words), digits=words)
    for match in re.finditer("[俩仨]", text):
        yield Spoken(match.start(), match.end(), DIGITS[match[0]])


def _percent(text: str, number: Spoken) -> Spoken:
    if text[number.end : number.end + 1] == "%":
        high = None if number.high is None else exact(number.high / 100)
        return Spoken(number.start, number.end + 1, exact(number.low / 100), high)
    return number


def numbers(text: str) -> list[Spoken]:
    """All numbers of a text without white space, longest first won, in order."""
    idioms = [match.span() for match in _IDIOM.finditer(text)]
    found = [*_vague(text), *_parts(text), *(_percent(text, n) for n in _plain_numbers(text))]
    chosen: list[Spoken] = []
    for number in sorted(found, key=lambda n: (n.start - n.end, n.start)):
        inside = (
            any(a <= number.start and number.end <= b for a, b in idioms)
            and text[number.start : number.end][:2] != "百分"
        )
        if not inside and all(number.end <= c.start or number.start >= c.end for c in chosen):
            chosen.append(number)
    return _join_ranges(text, sorted(chosen, key=lambda n: n.start))


def _join_ranges(text: str, found: list[Spoken]) -> list[Spoken]:
    """三到五 -> 3..5; 五到八千 -> 5000..8000 (the first borrows the unit of the second)."""
    joined: list[Spoken] = []
    for number in found:
        last = joined[-1] if joined else None
        if last and last.high is None and number.high is None and _SPAN_TO.fullmatch(text[last.end : number.start]):
            low = last.low
            if low < 10 <= number.low and text[last.start : last.end] in DIGITS:
                low = low * _step(number.low)
            if 0 <= low < number.low:
                joined[-1] = Spoken(last.start, number.end, exact(low), number.low)
                continue
        joined.append(number)
    return joined
