"""A decision record in plain words, in English or Chinese. Pure: what was sealed is shown as it was, the words around it are today's.

A rule is named by the pack and version that the record holds. When another version is loaded now, its title is still told, and so is that it is
another one: the citation is then of today's version.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

from callwright.compliance.explanation import citation
from callwright.compliance.house import HOUSE_TITLES
from callwright.compliance.packs import CompiledRule, Packs
from callwright.compliance.reasons import REFUSING
from callwright.compliance.records import digest_of
from callwright.compliance.titles_zh import TITLES_ZH

__all__ = [
    "Language",
    "ToldRecord",
    "ToldRule",
    "known_rules",
    "newest",
    "parsed",
    "refusing_rules",
    "tell",
    "title_of",
    "verdict_of",
]

Language = Literal["en", "zh"]
Verdict = Literal["dialled", "refused", "held-back"]

_OURS = {
    "in-call": "No call of ours to this person is under way",
    "task-cap": "Within the caps of the task",
    "script-cap": "Within the script's limit in 30 days",
    "own-number": "A number of ours may be shown",
    "rules-slow": "The rules answered in time",
    "rule-failed": "The rules could be evaluated",
}
_SUMMARY: Mapping[Verdict, tuple[str, str]] = {
    "dialled": ("Allowed, and dialled: all {count} rules hold.", "允许并已拨出:全部 {count} 条规则均符合。"),
    "refused": (
        "Refused: {bad} of {count} rules do not hold ({names}).",
        "拒绝拨出:{count} 条规则中有 {bad} 条不符合({names})。",
    ),
    "held-back": ("Allowed by all {count} rules, but not dialled: {why}.", "{count} 条规则均允许,但未拨出:{why}。"),
}
_BECAUSE = {
    "pre_dial": ("the customer's own system said no before dialling", "客户系统在拨号前回复不呼"),
    "script": ("the script or what it must say was not usable", "话术或其必要内容不可用"),
}
_NEXT = {
    "known": (
        "Earliest next call: {when}, if nobody calls before.",
        "最早可再次呼叫时间:{when}(其间未再呼叫的前提下)。",
    ),
    "never": ("Time alone does not change this.", "不会随时间自动解除。"),
}


@dataclass(frozen=True, slots=True)
class ToldRule:
    """A rule that was looked at. detail: as it was sealed; status: law, draft, norm, contract, house, or unknown; other_version: the version
    that is loaded now when it is not the one of the record, "" = the same, or none is loaded."""

    pack: str
    rule: str
    version: str
    title: str
    outcome: str
    severity: str
    refuses: bool
    detail: str
    status: str
    source: str = ""
    quote: str = ""
    as_of: str = ""
    doubt: str = ""
    other_version: str = ""


@dataclass(frozen=True, slots=True)
class ToldRecord:
    """summary: one sentence; following: one about when it may be called again, "" of a dial; rules: those that stand against it first."""

    verdict: Verdict
    summary: str
    following: str
    rules: tuple[ToldRule, ...]


def parsed(body: str, rules: str | None) -> dict[str, Any]:
    """The body of a record with what its rules said (the text of `decision_rules`, None = it is gone); {} when one of them is none, or they
    do not belong together (verification tells that)."""
    try:
        said, told = json.loads(body), json.loads(rules or "")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(said, dict) or not isinstance(told, list) or said.get("rules") != digest_of(rules or "").hex():
        return {}
    return {**said, "rules": told}


def newest(packs: Packs, pack: str, rule: str) -> CompiledRule | None:
    """The rule of this name, of the newest version that is loaded."""
    found = known_rules(packs).get((pack, rule), ())
    return found[-1] if found else None


@lru_cache(maxsize=4)
def known_rules(packs: Packs) -> Mapping[tuple[str, str], Sequence[CompiledRule]]:
    """By pack and rule; several when several versions are loaded."""
    found: dict[tuple[str, str], list[CompiledRule]] = {}
    for pack in packs.packs:
        for rule in pack.rules:
            found.setdefault((pack.file.id, rule.rule.id), []).append(rule)
    return found


def title_of(pack: str, rule: str, language: Language, known: CompiledRule | None = None) -> str:
    """What the rule asks, in that language as far as we have words for it; its id when nothing is known."""
    if language == "zh" and f"{pack}/{rule}" in TITLES_ZH:
        return TITLES_ZH[f"{pack}/{rule}"]
    if known is not None:
        return known.rule.title
    return HOUSE_TITLES.get(rule) or _OURS.get(rule) or rule


def refusing_rules(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Pack and rule of each that stood against the call."""
    return [(str(one["pack"]), str(one["rule"])) for one in body.get("rules", ()) if _refuses(one)]


def tell(body: Mapping[str, Any], packs: Packs, language: Language, when: str = "") -> ToldRecord:
    """A record's body in words. when: the next allowed moment as the reader writes it, "" = as the record does."""
    known = known_rules(packs)
    rules = [_rule(one, known, language) for one in body["rules"]]
    rules.sort(key=lambda one: (not one.refuses, one.outcome == "ok"))
    at = 0 if language == "en" else 1
    bad = [one for one in rules if one.refuses]
    verdict = verdict_of(body)
    stop = "; " if language == "en" else ";"
    names = stop.join(one.title for one in bad)
    because = str(body.get("because", ""))
    why = _BECAUSE.get(because, (because, because))[at]
    summary = _SUMMARY[verdict][at].format(count=len(rules), bad=len(bad), names=names, why=why)
    return ToldRecord(verdict, summary, "" if verdict == "dialled" else _following(body, at, when), tuple(rules))


def verdict_of(body: Mapping[str, Any]) -> Verdict:
    """What became of it."""
    if body.get("kind") == "dial":
        return "dialled"
    return "held-back" if body.get("verdict") == "allowed" else "refused"


def _following(body: Mapping[str, Any], at: int, when: str) -> str:
    moment = body.get("next_allowed_at")
    if not moment:
        return _NEXT["never"][at] if body.get("verdict") == "refused" else ""
    return _NEXT["known"][at].format(when=when or _plain(str(moment)))


def _plain(moment: str) -> str:
    try:
        return f"{datetime.fromisoformat(moment):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return moment


def _rule(
    one: Mapping[str, Any], known: Mapping[tuple[str, str], Sequence[CompiledRule]], language: Language
) -> ToldRule:
    pack, rule, version = str(one["pack"]), str(one["rule"]), str(one["version"])
    versions = known.get((pack, rule), ()) if version else ()
    same = [each for each in versions if each.pack.version == version]
    found = same[0] if same else versions[-1] if versions else None
    title = title_of(pack, rule, language, found)
    source, quote, as_of = citation(found) if found is not None else ("", "", "")
    status = found.rule.status if found is not None else "unknown" if version else "house"
    doubt = (found.rule.doubt or "") if found is not None else ""
    other = found.pack.version if found is not None and not same else ""
    return ToldRule(
        pack, rule, version, title, str(one["outcome"]), str(one["severity"]), _refuses(one), str(one["detail"]), status, source, quote,
        as_of, doubt, other,
    )  # fmt: skip


def _refuses(one: Mapping[str, Any]) -> bool:
    return not one["ok"] and one["severity"] in REFUSING
