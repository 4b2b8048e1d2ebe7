"""Names: 我姓王, 我叫李雷, 免贵姓陈, 王小姐; "my name is john smith", "this is anna".

Value: `{"full"?, "surname"?, "given"?, "title"?}` — the parts that were said. English names come back capitalised. zh text is read only
with a cue (姓, 叫, 是 + surname, or surname + title) or as the whole answer: ordinary talk must not turn into names.
"""

from __future__ import annotations

import re

from callwright.dialogue.understanding.later import later

from .spans import Reading
from .surnames import COMPOUND, NOT_GIVEN, SINGLE

__all__ = ["read"]


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_SURNAME = f"(?:{'|'.join(sorted(COMPOUND))}|[{''.join(sorted(SINGLE))}])"
_TITLE = (
    "先生|小姐|女士|太太|老师|经理|总监|总(?![是共的之体算])|医生|大夫|师傅|老板|同学|阿姨|叔叔|主任|律师|教授|工程师"
)
_STOP = "是在有不要了吗吧啊呢的我你他她它们和跟就也都还没会能想请说讲干什么哪谁这那个嘛呀哦喂为给把被从向到打来去做"
_GIVEN = f"(?:[\u4e00-\u9fff](?<![{_STOP}]))"
_END = "(?=$|[,，。.!？?啊吧的呢嘛呀哦]|我|你|先生|小姐|女士|不是|这边|电话)"
_ZH = [
    later(f"(?:我|他|她|俺|老公|爱人|孩子|儿子|女儿)?(?:的)?(?:本人)?(?:叫做?|名字(?:叫|是)|名叫|全名(?:叫"
        f"|是)?)(?P<full>(?P<s>{_SURNAME})(?P<g>{_GIVEN}{{1,2}}?)){_END}"),
    later(f"(?:我(?:就)?是|这是|这里是|您?好?我是)(?P<full>(?P<s>{_SURNAME})(?P<g>{_GIVEN}{{1,2}}?))(?=$|[,，。.!])"),
    later(f"(?:免贵|我|他|她|俺|敝人|本人|小)?(?:就)?姓(?P<s>{_SURNAME})(?!名)(?:[,，]?(?:名字?"
        f"|单名)?叫?(?P<full>(?P<s2>(?P=s))(?P<g2>{_GIVEN}{{1,2}}?)){_END})?(?:[,，]?(?:名|单名(?:一个?)?"
            f"|叫)(?P<g>{_GIVEN}{{1,2}}?){_END})?"),
    later(f"(?P<s>{_SURNAME})(?P<t>{_TITLE})"),
]  # fmt: skip
_ZH_WHOLE = later(f"(?:嗯|呃|哦|我)?(?P<full>(?P<s>{_SURNAME})(?P<g>{_GIVEN}{{1,2}}))[,，。.!吧啊]?")
_NOT_TITLED = later("老师傅|大师傅")
_NOT_FULL = _set(
    "成了 安全 何时 马上 方便 万一 高兴 许多 关于 时候 时间 任何 常常 易懂 应该 全部 简单 管他 向来 成交 "
    "包邮 解决 单位 强烈 文件 华为 金额 石家庄 江西 海南 湖南 程度 代表 关掉 方案 江苏 白天 黄金 高中 钱不 "
    "钱多 周末 周一 周二 周三 周四 周五 周六 周日 周天 左右 单身 文化 明白 温度 路上 车上 全款 应聘 安排 "
    "安静 麦当劳 牛奶 龙虾 水果 宁愿 温和 关机 成年 石头 马路 万元 万块 时间短 毛病 "
)

_EN_WORD = r"[a-z]+(?:['-][a-z]+)?"
_EN_STOP = _set(
    "the a an not just very so too really calling here there going sorry fine good ok okay busy driving in at on from with for and "
    "but or i you he she it we they my your his her our their this that what who how when where why no yes yeah speaking to about "
    "interested able happy sure wondering looking trying afraid glad tired sick home work working out right wrong already still "
    "now never always only all done late unable well great is was are were am do does did have has had will would can could please "
    "than as if because actually also one two three four five six seven eight nine ten called named mr mrs ms miss ridiculous true "
    "important urgent unacceptable nice too much more enough regarding spam scam harassment fraud bad terrible awful crazy hard "
    "easy tomorrow today monday tuesday wednesday thursday friday saturday sunday "
)
_EN = [
    (later(rf"\b(?:my|his|her|the) (?:full )?name(?:'s|s| is| was| would be) (?:(?P<t>mr|mrs|ms|miss|doctor"
        rf"|dr)\.? )?(?P<n>{_EN_WORD}(?: {_EN_WORD}){{0,3}})"), False),
    (later(rf"\b(?:i'm|im|i am|this is|it's|its|it is|call me|they call me|i'm called|name's) (?:(?P<t>mr|mrs"
        rf"|ms|miss|doctor|dr)\.? )?(?P<n>{_EN_WORD}(?: {_EN_WORD}){{0,3}})"), True),
    (later(rf"\b(?P<t>mr|mrs|ms|miss|doctor|dr)\.? (?P<n>{_EN_WORD})"), False),
    (later(rf"^(?P<n>{_EN_WORD}(?: {_EN_WORD})?) (?:speaking|here)\b"), False),
]  # fmt: skip
_EN_SURNAME = later(
    rf"\b(?:my )?(?:last|family) name(?:'s|s| is) (?P<n>{_EN_WORD})|\bsurname(?:'s|s| is) (?P<n2>{_EN_WORD})"
)
_EN_GIVEN = later(rf"\b(?:my )?first name(?:'s|s| is) (?P<n>{_EN_WORD})")
_TITLES_EN = {"doctor": "Dr", "dr": "Dr", "mr": "Mr", "mrs": "Mrs", "ms": "Ms", "miss": "Miss"}


def _zh_value(match: re.Match[str]) -> dict[str, str] | None:
    groups = match.groupdict()
    surname, given = groups["s"], groups.get("g") or groups.get("g2")
    if given and (surname + given in _NOT_FULL or given in NOT_GIVEN):
        return None
    value = {"full": surname + given} if given else {}
    value["surname"] = surname
    if given:
        value["given"] = given
    if groups.get("t"):
        value["title"] = groups["t"]
    return value


def _read_zh(text: str) -> list[Reading]:
    patterns = [m for pattern in _ZH for m in pattern.finditer(text)]
    if whole := _ZH_WHOLE.fullmatch(text):
        patterns.append(whole)
    found = []
    for match in patterns:
        value = _zh_value(match)
        titled = "t" in match.groupdict() and _NOT_TITLED.match(text, match.start() - 1 if match.start() else 0)
        if value and not titled:
            begin, end = (match.start(), match.end()) if "t" in match.groupdict() else _core(match)
            found.append(Reading(begin, end, value))
    return found


def _core(match: re.Match[str]) -> tuple[int, int]:
    """From the surname to the last character of the name, without the cue."""
    ends = [match.end(name) for name, words in match.groupdict().items() if words]
    return match.start("s"), max(ends)


def _title_case(word: str) -> str:
    return "-".join("'".join(part[:1].upper() + part[1:] for part in piece.split("'")) for piece in word.split("-"))


def _words(text: str, start: int, careful: bool) -> list[tuple[str, int]]:
    """The run of name words from `start`: it stops at an ordinary word; at most two words after "this is", three after "my name is"."""
    words: list[tuple[str, int]] = []
    for match in re.finditer(_EN_WORD, text[start : start + 80]):
        between = text[start + (words[-1][1] - start if words else 0) : start + match.start()]
        plain = re.sub("'s$", "", match[0]) if match[0].endswith("'s") else match[0]
        if plain in _EN_STOP or (words and between != " ") or len(words) >= (2 if careful else 3):
            break
        words.append((match[0], start + match.end()))
        if careful and match[0].endswith("ing"):
            return []
    return words


def _en_value(names: list[str], title: str | None) -> dict[str, str]:
    names = [_title_case(name) for name in names]
    value: dict[str, str] = {}
    if title and len(names) == 1:
        value["surname"] = names[0]
    else:
        value["full"] = " ".join(names)
        value["given"] = names[0]
        if len(names) > 1:
            value["surname"] = names[-1]
    if title:
        value["title"] = _TITLES_EN[title]
    return value


def _read_en(text: str) -> list[Reading]:
    found = []
    for pattern, careful in _EN:
        for match in pattern.finditer(text):
            words = _words(text, match.start("n"), careful)
            if careful and (len(match["n"].split()) > len(words) and _goes_on(text, words)):
                continue
            if words:
                title = match.groupdict().get("t")
                start = match.start("t") if title else match.start("n")
                found.append(Reading(start, words[-1][1], _en_value([w for w, _ in words], title)))
    for match in _EN_SURNAME.finditer(text):
        group = "n" if match["n"] else "n2"
        found.append(Reading(match.start(group), match.end(group), {"surname": _title_case(match[group])}))
    given = _EN_GIVEN.finditer(text)
    found += [Reading(m.start("n"), m.end("n"), {"given": _title_case(m["n"])}) for m in given]
    return found


def _goes_on(text: str, words: list[tuple[str, int]]) -> bool:
    """ "this is harassment and …": after a soft cue a name is followed by a pause, a speaking word or nothing."""
    if not words:
        return True
    after = text[words[-1][1] :].lstrip()
    return not re.match(
        r"(?:$|[,.!?]|speaking\b|here\b|from\b|calling\b|and\b|i\b|i'm\b|by\b|with\b|what\b|who\b|can\b|how\b)", after
    )


def read(text: str, lang: str) -> list[Reading]:
    """Names of a text (zh: without white space)."""
    return _read_zh(text) if lang == "zh" else _read_en(text)
