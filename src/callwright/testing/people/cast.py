"""The cast: every manner of person the demo rings, with the share it has among 24 calls and its right outcome."""

from __future__ import annotations

from callwright.testing.people.person import Expected, Line, Person

__all__ = ["DESK_LINE", "VOICEMAIL", "cast_for", "number_format"]

VOICEMAIL = "<greeting and beep>"
DESK_LINE = {"en": "Hello, this is Anna, how can I help you?", "zh": "可以你说吧"}
Cast = tuple[tuple[Person, int], ...]


def number_format(language: str) -> str:
    """Numbers of simulated people: the North American range kept for fiction; a +86 170 block that is rung on loopback only."""
    return "+86170000{:05d}" if language == "zh" else "+1202555{:04d}"


def cast_for(language: str) -> Cast:
    """(person, share) for `en` or `zh`."""
    return _ZH if language == "zh" else _EN


def _person(
    manner: str, expected: Expected, *lines: str | Line, answer: str = "answer", hello: str = "", **variables: str
) -> Person:
    spoken = tuple(Line(line) if isinstance(line, str) else line for line in lines)
    return Person(manner, manner, "", "", expected, answer, hello, spoken, variables=variables)  # type: ignore[arg-type]


_NOT_CONNECTED: Cast = (
    (_person("busy", Expected("busy"), answer="busy"), 2),
    (_person("no-answer", Expected("no_answer"), answer="no_answer"), 1),
    (_person("rejects", Expected("rejected"), answer="rejected"), 1),
    (_person("number-unknown", Expected("empty_number"), answer="unknown_number"), 1),
)

_EN: Cast = (
    (_person("agrees", Expected("completed", ("confirmed",)), "yes that works", hello="hello"), 3),
    (_person("agrees-briefly", Expected("completed", ("confirmed",)), "sure", hello="hello"), 1),
    (
        _person(
            "asks-price-first",
            Expected("completed", ("confirmed",), ("price",)),
            "how much does it cost",
            "yes that works",
            hello="hello",
        ),
        2,
    ),
    (
        _person(
            "refuses-twice",
            Expected("completed", ("cancelled",)),
            "no thanks cancel it",
            "no thanks cancel it",
            hello="hello",
        ),
        2,
    ),
    (_person("do-not-call", Expected("opted_out"), "please don't call me again", hello="hello"), 2),
    (
        _person(
            "asks-robot", Expected("completed", ("confirmed",)), "are you a robot", "yes that works", hello="hello"
        ),
        2,
    ),
    (_person("asks-person", Expected("transferred"), "I'd like to speak to a person", hello="hello"), 2),
    (_person("silent", Expected("no_interaction")), 1),
    (
        _person(
            "speaks-over",
            Expected("completed", ("confirmed",), ("price",)),
            Line("how much does it cost", 2500),
            "yes that works",
        ),
        2,
    ),
    (
        _person(
            "voicemail",
            Expected("voicemail"),
            answer="voicemail",
            greeting="Hi, you have reached my voicemail. I can not take your call right now.|Please leave a message after the tone.",
        ),
        2,
    ),
    *_NOT_CONNECTED,
)

_BOOK = ("我现在方便", "感兴趣", "我儿子六岁", "礼拜天下午", "好就这样吧")
_BOOKED = {"child_age": "6", "when": "周日下午"}
_ZH: Cast = (
    (_person("agrees", Expected("completed", ("已预约",), (), _BOOKED), *_BOOK), 4),
    (_person("asks-price-first", Expected("completed", ("已预约",), ("price",), _BOOKED), "多少钱", *_BOOK), 2),
    (_person("refuses-twice", Expected("declined", ("无意向",)), "不需要", "我不感兴趣"), 2),
    (_person("do-not-call", Expected("opted_out", ("免打扰",)), "不要再打电话"), 2),
    (_person("asks-robot", Expected("completed", ("已预约",), (), _BOOKED), "你是机器人吗", *_BOOK), 2),
    (_person("asks-person", Expected("transferred"), "转人工"), 2),
    (_person("silent", Expected("no_interaction")), 1),
    (
        _person(
            "speaks-over",
            Expected("completed", ("已预约",), ("price",), _BOOKED),
            "我现在方便",
            Line("多少钱", 1800),
            *_BOOK[1:],
        ),
        2,
    ),
    (
        _person(
            "voicemail",
            Expected("voicemail"),
            answer="voicemail",
            greeting="我现在很忙|我在地铁上|等一会儿再打",
        ),
        2,
    ),
    *_NOT_CONNECTED,
)
