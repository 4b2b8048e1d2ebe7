"""The pages about dispositions and tones say what the code does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from callwright.calls.announcements import ANNOUNCEMENTS, read_announcement
from callwright.calls.disposition import (
    BY_CAUSE,
    BY_CODE,
    BY_EVIDENCE,
    CONNECTED,
    FACTS,
    TRUST,
    VAGUE_CODES,
    Disposition,
)
from callwright.calls.progress import DEFINITE_AT
from callwright.telephony.tones.sets import PATTERNS

PAGES = Path(__file__).parents[3] / "docs" / "reference"


def rows(page: str) -> list[list[str]]:
    """The cells of every table row of a page."""
    text = (PAGES / page).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("|") and not re.fullmatch(r"[|-]+", line)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def inverse(table: dict[int, Disposition]) -> dict[str, str]:
    return {name: ", ".join(str(key) for key, value in table.items() if value == name) for name in FACTS}


@pytest.mark.parametrize(("page", "language", "yes", "others"), [
    ("dispositions.md", "en", ("yes", "no"), "others"), ("dispositions.zh-CN.md", "zh", ("是", "否"), "其余"),
])  # fmt: skip
def test_dispositions(page: str, language: str, yes: tuple[str, str], others: str) -> None:
    found = {row[0].strip("`"): row for row in rows(page) if row[0].strip("`") in FACTS}
    assert list(found) == list(get_args(Disposition))
    codes = inverse(BY_CODE) | {"network_fault": "5xx", "unreachable": others}
    causes = inverse(BY_CAUSE)
    for name, row in found.items():
        facts = FACTS[name]  # type: ignore[index]
        assert row[1] == (facts.en if language == "en" else facts.zh)
        assert row[-2] == yes[0 if facts.counts else 1], name
        assert row[-1] == facts.retry, name
        if name in CONNECTED:
            assert len(row) == 6
            continue
        heard = ", ".join(f"`{kind}`" for kind, value in BY_EVIDENCE.items() if value == name)
        assert (row[3], row[4], row[5]) == (codes[name], causes[name], heard), name


@pytest.mark.parametrize("page", ["dispositions.md", "dispositions.zh-CN.md"])
def test_the_numbers_of_the_rules(page: str) -> None:
    text = (PAGES / page).read_text(encoding="utf-8")
    assert f"{TRUST}" in text
    assert re.findall(r"400[^)）]*606", text)[0].replace("、", ", ") == ", ".join(map(str, sorted(VAGUE_CODES)))
    assert "3 to 25 s" in text or "3 到 25 秒" in text


def test_tones() -> None:
    page = [row for row in rows("call-progress.md") if len(row) == 6 and row[1] in {"cn", "na", "eu", "any"}]
    told = [(row[0].split("`")[1], row[1], row[2], row[3], float(row[4]), int(row[5].split()[0])) for row in page]
    assert told == [
        (
            pattern.kind,
            pattern.region,
            " + ".join(f"{hz:g}" for hz in pattern.frequencies),
            "/".join(map(str, pattern.cadence_ms)),
            pattern.tolerance_hz,
            pattern.cycles,
        )
        for pattern in PATTERNS
    ]


def test_announcements() -> None:
    page = {row[0].strip("`"): row for row in rows("call-progress.md") if len(row) == 3}
    for kind in ANNOUNCEMENTS:
        _, zh, en = page[kind]
        for phrase in re.sub(r" \(.*\)", "", zh).split(", "):
            found = read_announcement(f"您拨打的用户{phrase}" if kind != "own_line" else phrase, "zh")
            assert found is not None, phrase
            assert found.kind == kind, phrase
        for phrase in en.split(", "):
            found = read_announcement(f"the number you have dialed {phrase}", "en")
            assert found is not None, phrase
            assert found.kind == kind, phrase
    assert f"{DEFINITE_AT}" in (PAGES / "call-progress.md").read_text(encoding="utf-8")
