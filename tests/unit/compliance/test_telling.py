"""Records in plain words."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from callwright.compliance.cases import harmless
from callwright.compliance.decision import decide
from callwright.compliance.house import HOUSE_TITLES
from callwright.compliance.pack_file import built_in_packs
from callwright.compliance.packs import Packs
from callwright.compliance.records import Head, Kind, NewRecord, chain
from callwright.compliance.telling import parsed, tell, verdict_of
from callwright.compliance.titles_zh import PACK_TITLES_ZH, TITLES_ZH

EVENING = datetime(2026, 11, 26, 14, 0, tzinfo=UTC)  # 22:00 in China
PACKS = Packs(built_in_packs())


def _body(now: datetime, because: str = "") -> dict[str, object]:
    facts = replace(harmless(now, "CN", ("Asia/Shanghai",)), callee="+8613900000001")
    decision = decide(facts, now, PACKS)
    kind: Kind = "refusal" if because or not decision.allow else "dial"
    entry = NewRecord(
        kind, now, decision, facts.digest(), 1, 2, 3, "call-1" if kind == "dial" else None, because=because
    )
    (sealed,) = chain(7, Head(), [entry], lambda _: bytes(64), lambda _: bytes(16))
    return parsed(sealed.body, sealed.rules)


def test_every_built_in_rule_has_a_chinese_title() -> None:
    rules = {f"{pack.file.id}/{rule.rule.id}" for pack in built_in_packs() for rule in pack.rules}
    assert rules | {f"house/{rule}" for rule in HOUSE_TITLES} <= set(TITLES_ZH)
    assert {pack.file.id for pack in built_in_packs()} == set(PACK_TITLES_ZH)
    assert all(any(ord(letter) > 0x3000 for letter in title) for title in TITLES_ZH.values())


@pytest.mark.parametrize(("language", "word"), [("en", "Refused"), ("zh", "拒绝拨出")])
def test_a_refusal_names_what_stands_against_it_first(language: str, word: str) -> None:
    told = tell(_body(EVENING), PACKS, language, "明早")  # type: ignore[arg-type]
    assert told.verdict == "refused" and told.summary.startswith(word)
    assert "明早" in told.following
    against = [one for one in told.rules if one.refuses]
    assert told.rules[: len(against)] == tuple(against)
    by_name = {f"{one.pack}/{one.rule}": one for one in against}
    assert {"house/window", "cn/hours"} <= set(by_name)
    assert by_name["cn/hours"].source and by_name["cn/hours"].as_of and by_name["cn/hours"].status != "unknown"
    assert by_name["house/window"].status == "house"
    assert all(one.title in told.summary for one in against)


def test_a_dial_and_what_was_held_back() -> None:
    noon = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
    assert tell(_body(noon), PACKS, "en").following == ""
    assert verdict_of(_body(noon)) == "dialled"
    held = tell(_body(noon, "pre_dial"), PACKS, "zh")
    assert held.verdict == "held-back" and "客户系统" in held.summary


def test_another_version_than_the_loaded_one_is_told() -> None:
    body = _body(EVENING)
    older = json.loads(json.dumps(body).replace('"version": "2026.11"', '"version": "2020.01"'))
    rule = next(one for one in tell(older, PACKS, "zh").rules if one.rule == "hours")
    assert (rule.version, rule.other_version) == ("2020.01", "2026.11")
    unloaded = next(one for one in tell(body, Packs(()), "en").rules if one.rule == "hours")
    assert (unloaded.status, unloaded.source) == ("unknown", "")


def test_what_is_no_record_is_told_as_none() -> None:
    assert parsed("[", "[]") == parsed("[]", "[]") == parsed("{}", "{}") == parsed("{}", "") == parsed("{}", None) == {}
    said = json.dumps({"rules": hashlib.sha256(b"[]").hexdigest()})
    assert parsed(said, "[]") == {"rules": []}
    assert parsed(said, "[1]") == parsed("{}", "[]") == {}
