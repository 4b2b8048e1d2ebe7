"""From files to `Packs`: read safely, validate strictly, and report every problem at once with file:line:column.

Packs of one's own can only be stricter: they are added to the built-in ones, and may not call themselves like one of those.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfoNotFoundError

from pydantic import ValidationError

from callwright.compliance.cases import FactsFile, moment
from callwright.compliance.openings import zone
from callwright.compliance.pack_model import PACK_FORMAT, PackFile, Rule
from callwright.compliance.packs import Pack, Packs, compile_pack
from callwright.compliance.rules import CHECKS
from callwright.errors import PackError, Place, Problem
from callwright.yaml_file import Kind, Source, check_head, decode, nearest_place, read, read_bytes
from callwright.yaml_problems import Dialect, did_you_mean, explain, follow

__all__ = ["PACK_FILE", "built_in_packs", "load_facts", "load_pack", "load_packs", "loads_pack"]

PACK_FILE = Kind(
    PackError,
    "rule pack",
    PACK_FORMAT,
    "Start from the example in docs/reference/rule-packs.md.",
    "Split it: one file holds one pack.",
)
_REFERENCE = "See docs/reference/rule-packs.md."
_PATTERNS = {
    r"^[a-z0-9][a-z0-9.-]*$": "may hold only small letters, digits, `.` and `-`",
    r"^([A-Z]{2}|\*)$": "must be two capital letters, like CN, or *",
    r"^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$": "is no range of hours like 09:00-20:00",
    r"^([1-9][0-9]{0,3}(min|h|d)|day|week|month)$": "is no span: 90min, 24h, 30d, day, week or month",
    r"^([1-9][0-9]{0,3}(min|h|d)|day|week|month|ever)$": "is no span: 90min, 24h, 30d, day, week, month or ever",
}
_DIALECT = Dialect(PackFile, "the pack", _REFERENCE, _PATTERNS, {"name": "title", "kind": "check", "since": "from"})


def load_pack(path: Path, own: bool = True) -> Pack:
    """The pack in `path`. Raises PackError with every problem: unreadable, not YAML, not valid, or parts that do not agree."""
    return loads_pack(decode(read_bytes(path, PACK_FILE), str(path), PACK_FILE), str(path), own)


def loads_pack(text: str, file: str = "<text>", own: bool = True) -> Pack:
    """The pack in `text`. Raises PackError with every problem."""
    source = read(text, file, PACK_FILE)
    check_head(source, PACK_FILE)
    problems = list(source.problems)
    pack = None
    try:
        pack = PackFile.model_validate(source.value)
    except ValidationError as error:
        problems += explain(error, source, _DIALECT)
    if pack is not None:
        problems += _disagreements(pack, source)
    if problems or pack is None:
        raise PackError(sorted(problems, key=lambda each: (each.place.line, each.place.column)))
    return compile_pack(pack, own)


@lru_cache(maxsize=1)
def built_in_packs() -> tuple[Pack, ...]:
    """The packs that came with the program, by name."""
    folder = resources.files("callwright.compliance") / "packs"
    files = sorted((each for each in folder.iterdir() if each.name.endswith(".yaml")), key=lambda each: each.name)
    return tuple(loads_pack(each.read_text(encoding="utf-8"), each.name, own=False) for each in files)


def load_packs(folder: Path | None = None) -> Packs:
    """The built-in packs, and those of one's own in `folder` (*.yaml).

    Raises:
        PackError: with every problem of every file; or an own pack calls itself like a built-in one or like another file.
    """
    packs = list(built_in_packs())
    if folder is None:
        return Packs(packs)
    if not folder.is_dir():
        raise PackError(Problem("no-such-folder", "there is no such folder", Place(str(folder)), "Check its name."))
    taken = {pack.file.id: "a pack that came with the program" for pack in packs}
    names: dict[str, str] = {}
    problems: list[Problem] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            pack = load_pack(path)
        except PackError as error:
            problems += error.problems
            continue
        other = taken.get(pack.file.id) or names.get(pack.name)
        if other is not None:
            message = f"`{pack.name}` is the name of {other} already"
            hint = "Packs of your own add to the others and replace none: choose another id."
            problems.append(Problem("duplicate-pack", message, Place(str(path), field="id"), hint))
        names[pack.name] = f"the pack in {path.name}"
        packs.append(pack)
    if problems:
        raise PackError(problems)
    return Packs(packs)


def load_facts(path: Path) -> Mapping[str, Any]:
    """Facts somebody wrote down (YAML or JSON, no `format` needed), checked. Raises PackError with every problem."""
    text = decode(read_bytes(path, PACK_FILE), str(path), PACK_FILE)
    source = read(text, str(path), PACK_FILE)
    problems = list(source.problems)
    value = source.value if source.value is not None else {}
    if not isinstance(value, dict):
        raise PACK_FILE.problem("wrong-type", "the file is not a mapping (key: value)", Place(str(path)), _REFERENCE)
    problems += _wrong_facts(value, source, "")
    if problems:
        raise PackError(problems)
    return value


# ------------------------------------------------------------ what the parts of a pack must agree on


def _disagreements(pack: PackFile, source: Source) -> Iterator[Problem]:
    def where(field: str) -> Place:
        return nearest_place(source.places, field)

    if pack.effective_to is not None and pack.effective_to < pack.effective_from:
        yield Problem("ends-before", "the pack ends before it begins", where("effective_to"), "Swap the days.")
    yield from _no_zone(pack.clock, where("clock"))
    yield from _twice([each.id for each in pack.sources], "sources", where)
    yield from _twice([rule.id for rule in pack.rules], "rules", where)
    sources = {each.id for each in pack.sources}
    for at, rule in enumerate(pack.rules):
        field = f"rules[{at}]"
        if rule.citation.source not in sources:
            hint = did_you_mean(rule.citation.source, sources) or f"Known: {', '.join(sorted(sources))}."
            message = f"there is no source `{rule.citation.source}`"
            yield Problem("no-such-source", message, where(f"{field}.citation.source"), hint)
        if rule.from_ is not None and rule.to is not None and rule.to < rule.from_:
            yield Problem("ends-before", f"`{rule.id}` ends before it begins", where(f"{field}.to"), "Swap the days.")
        yield from _wrong_params(rule, field, source)
        yield from _wrong_cases(pack, rule, field, source)


def _twice(ids: Sequence[str], field: str, where: Any) -> Iterator[Problem]:
    for at, name in enumerate(ids):
        if name in ids[:at]:
            yield Problem("duplicate-id", f"`{name}` stands here twice", where(f"{field}[{at}].id"), "Rename one.")


def _no_zone(name: str, place: Place) -> Iterator[Problem]:
    try:
        zone(name)
    except (ZoneInfoNotFoundError, ValueError):
        yield Problem(
            "no-such-zone", f"there is no time zone `{name}`", place, "Write an IANA name, like Asia/Shanghai."
        )


def _wrong_params(rule: Rule, field: str, source: Source) -> Iterator[Problem]:
    kind = CHECKS.get(rule.check)
    if kind is None:
        hint = did_you_mean(rule.check, CHECKS) or f"Known: {', '.join(CHECKS)}."
        yield Problem(
            "no-such-check", f"there is no check `{rule.check}`", nearest_place(source.places, f"{field}.check"), hint
        )
        return
    try:
        kind.params.model_validate(rule.params)
    except ValidationError as error:
        dialect = Dialect(kind.params, f"the parameters of {rule.check}", _REFERENCE, _PATTERNS)
        yield from _explained(error, source, f"{field}.params", dialect)


def _wrong_cases(pack: PackFile, rule: Rule, field: str, source: Source) -> Iterator[Problem]:
    for at, case in enumerate(rule.tests):
        place = f"{field}.tests[{at}]"
        yield from _wrong_facts(case.facts, source, f"{place}.facts")
        zones = case.facts.get("zones")
        clocks = (str(zones[0]),) if isinstance(zones, list) and zones else (pack.clock,)
        for name, text in (("at", case.at), ("next", case.next)):
            if text is None or (name == "next" and text == "never"):
                continue
            try:
                moment(text, clocks)
            except (ValueError, KeyError) as error:
                hint = "Write 2026-11-26T09:00, or with its offset."
                yield Problem(
                    "wrong-value", f"`{name}`: {error}", nearest_place(source.places, f"{place}.{name}"), hint
                )


def _wrong_facts(facts: Mapping[str, Any], source: Source, field: str) -> Iterator[Problem]:
    try:
        FactsFile.model_validate(dict(facts))
    except ValidationError as error:
        yield from _explained(error, source, field, Dialect(FactsFile, "the facts", _REFERENCE, _PATTERNS))
        return
    for at, name in enumerate(facts.get("zones") or ()):
        place = nearest_place(source.places, f"{field}.zones[{at}]" if field else f"zones[{at}]")
        yield from _no_zone(str(name), place)


def _explained(error: ValidationError, source: Source, field: str, dialect: Dialect) -> Iterator[Problem]:
    """What pydantic says about the part below `field`."""
    if not field:
        yield from explain(error, source, dialect)
        return
    path, value, _ = follow(_steps(field), source.value)
    below = {name[len(path) + 1 :]: place for name, place in source.places.items() if name.startswith(f"{path}.")}
    bare = {name[len(path) + 1 :]: text for name, text in source.bare.items() if name.startswith(f"{path}.")}
    below[""] = nearest_place(source.places, path)
    for problem in explain(error, Source(value, below, bare), dialect):
        place = problem.place
        whole = f"{field}.{place.field}" if place.field else field
        yield replace(problem, place=Place(place.file, place.line, place.column, whole))


def _steps(field: str) -> list[int | str]:
    """`rules[0].params` as steps."""
    return [int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", field)]
