"""The grammar of "no more calls" and "a person, please", on sentences of known origin (tests/fixtures/signals/README.md)."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from callwright.dialogue.understanding.normalise import Language, normalise
from callwright.dialogue.understanding.requests import find_requests

FIXTURES = Path(__file__).parents[3] / "fixtures" / "signals"
LANGUAGES: tuple[Language, ...] = ("zh", "en")


def sentences(lang: Language, kind: str, batch: str) -> list[str]:
    return (FIXTURES / f"{lang}_{kind}.{batch}.txt").read_text(encoding="utf-8").splitlines()


def kinds(text: str, lang: Language) -> set[str]:
    return {found[0] for found in find_requests(normalise(text, lang), lang)}


def errors(batch: str) -> tuple[list[str], int, list[str], int]:
    """(missed, of how many, false alarms, of how many)"""
    wanted = [
        (s, lang, kind) for lang in LANGUAGES for kind in ("opt_out", "human") for s in sentences(lang, kind, batch)
    ]
    ordinary = [(s, lang) for lang in LANGUAGES for s in sentences(lang, "ordinary", batch)]
    missed = [s for s, lang, kind in wanted if kind not in kinds(s, lang)]
    alarms = [s for s, lang in ordinary if kinds(s, lang)]
    return missed, len(wanted), alarms, len(ordinary)


@pytest.mark.parametrize(
    ("batch", "least", "recall", "false_alarms"),
    [
        ("unseen_dev", 120, 0.99, 0.01),
        ("probes_dev", 190, 0.99, 0.01),
        ("second_dev", 50, 0.99, 0.01),
        ("second_seen", 50, 0.99, 0.02),
        ("third_seen", 50, 0.98, 0.02),
        # Kept apart: as measured (97.7 %, 1.4 %), not as wished (99 %, 1 %).
        ("unseen_held_out", 120, 0.97, 0.02),
    ],
)
def test_recall_and_false_alarms(batch: str, least: int, recall: float, false_alarms: float) -> None:
    missed, total, alarms, ordinary = errors(batch)
    assert total >= least
    assert 1 - len(missed) / total >= recall, missed
    assert len(alarms) / ordinary <= false_alarms, alarms


@pytest.mark.parametrize(
    ("lang", "text", "wanted"),
    [
        ("zh", "别打了", {"opt_out"}),
        ("zh", "今天别打了", set()),
        ("zh", "今天别再打了", {"opt_out"}),
        ("zh", "以后别打了", {"opt_out"}),
        ("zh", "以后再打", set()),
        ("zh", "十点以后别打", set()),
        ("zh", "别打这个号码打我手机", set()),
        ("zh", "他叫我别打了", set()),
        ("zh", "别打疫苗", set()),
        ("zh", "把我的地址删了", set()),
        ("zh", "把我号码删了别让人工再打", {"opt_out"}),
        ("zh", "不用转人工", set()),
        ("zh", "转人工智能", set()),
        ("zh", "别再打了转人工", {"opt_out", "human"}),
        ("en", "do not call me before nine", set()),
        ("en", "do not call me", {"opt_out"}),
        ("en", "he asked me not to call", set()),
        ("en", "i asked you not to call", {"opt_out"}),
        ("en", "call me again tomorrow", set()),
        ("en", "i do not need to talk to a person", set()),
        ("en", "take me off your list and get me a manager", {"opt_out", "human"}),
        ("en", "", set()),
    ],
)
def test_what_excuses_and_what_does_not(lang: Language, text: str, wanted: set[str]) -> None:
    assert kinds(text, lang) == wanted


def test_a_heard_request_reports_the_wording_meant_and_the_span_of_the_text() -> None:
    assert find_requests("帮我转仁工", "zh")[0] == ("human", "转人工", 2, 5)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    "piece",
    ["别", "不", "再打", "你们", "把我", "you ", "do not ", "never ever ", "real live human ", "i do not want to "],
)
def test_no_sentence_holds_up_a_call(lang: Language, piece: str) -> None:
    text = (piece * 2000)[:2000]
    begin = time.process_time()
    find_requests(text, lang)
    assert time.process_time() - begin < 0.25
