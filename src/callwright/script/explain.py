"""What pydantic says about a script, in words for the author: a code, a plain sentence, the place and a hint."""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from callwright.errors import Place, Problem
from callwright.script.model import Script
from callwright.script.source import Source

__all__ = ["MAX_PROBLEMS", "explain", "nearest_place"]

MAX_PROBLEMS = 100
NEXT_KEYS = (
    "affirm", "deny", "refuse", "any", "silence", "unrecognised", "interrupted", "filled", "refused", "failed", "ok", "error",
    "intent.<id>", "dtmf.<digit>",
)  # fmt: skip
_CONFUSED = {
    "on": "next", "text": "say", "prompt": "say", "goto": "next", "transitions": "next", "keywords": "phrases",
    "words": "phrases", "patterns": "regex", "answer": "answers", "question": "ask", "variables": "vars", "rules": "globals",
}  # fmt: skip
_SHAPES = {
    "dict_type": "a mapping (key: value)", "model_type": "a mapping (key: value)", "model_attributes_type": "a mapping (key: value)",
    "tuple_type": "a list", "list_type": "a list", "string_type": "text", "bool_type": "true or false", "bool_parsing": "true or false",
    "int_type": "a whole number", "int_parsing": "a whole number", "int_from_float": "a whole number",
    "int_parsing_size": "a smaller whole number", "float_type": "a number", "float_parsing": "a number",
}  # fmt: skip
_EXAMPLES = {
    "a mapping (key: value)": "Write `key: value` on lines of their own, indented, or {key: value}.",
    "a list": "Put it in brackets, also if it is only one: [one, two].",
    "text": 'Write one text; put it in quotes: "…".',
}
_REFERENCE = "See docs/reference/script-1.md."
_PATTERNS = {
    r"^[\w.-]+$": "may hold only letters, digits, `_`, `-` and `.`",
    r"^([01]\d|2[0-3]):[0-5]\d$": 'must be a time in quotes, like "09:00"',
    r"^\d{4}-\d{2}-\d{2}$": 'must be a date in quotes, like "2027-03-01"',
    r"^[A-F]$": "must be one letter, A to F",
}


def explain(error: ValidationError, source: Source) -> list[Problem]:
    """Problems in file order, at most 100."""
    problems: dict[tuple[str, str, str], Problem] = {}
    for item in error.errors(include_url=False):
        path, value, extra = _follow(item["loc"], source.value)
        if _wrong_branch(item["loc"], source.value):
            continue
        problem = _problem(item, path, value, extra, source)
        problems.setdefault((problem.code, problem.place.field, problem.message), problem)
    ordered = sorted(problems.values(), key=lambda p: (p.place.line, p.place.column))
    if len(ordered) > MAX_PROBLEMS:
        left = len(ordered) - MAX_PROBLEMS
        ordered = [
            *ordered[:MAX_PROBLEMS],
            Problem("too-many-problems", f"and {left} more", ordered[MAX_PROBLEMS].place, "Mend the first ones."),
        ]
    return ordered


def nearest_place(places: Mapping[str, Place], path: str) -> Place:
    """The place of `path`, or of its nearest known ancestor; the field named is always `path`."""
    known = path
    while known and known not in places:
        cut = max(known.rfind("."), known.rfind("["))
        known = known[:cut] if cut > 0 else ""
    found = places.get(known, Place())
    return Place(found.file, found.line, found.column, path)


def _follow(loc: Sequence[int | str], value: Any) -> tuple[str, Any, tuple[str, ...]]:
    """Walk pydantic's location through the raw values: the field path, the value there, and the parts that are not in the file."""
    path = ""
    extra: list[str] = []
    for part in loc:
        if isinstance(value, dict) and isinstance(part, str) and part in value:
            value = value[part]
            path = f"{path}.{part}" if path else part
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
            path = f"{path}[{part}]"
        else:
            extra.append(str(part))
    return path, value, tuple(extra)


def _wrong_branch(loc: Sequence[int | str], value: Any) -> bool:
    """A `next` value is a node id or a mapping; of the two readings pydantic reports, keep the one the author meant."""
    if len(loc) < 6 or loc[:2] != ("flow", "nodes") or loc[3] != "next" or loc[5] == "[key]":
        return False
    written = _follow(loc[:5], value)[1]
    return isinstance(written, dict) != (loc[5] == "NextStep")


def _problem(item: Any, path: str, value: Any, extra: tuple[str, ...], source: Source) -> Problem:
    kind = str(item["type"])
    name = path.rpartition(".")[2] or "the script"
    place = nearest_place(source.places, path)
    if kind == "extra_forbidden":
        key = str(item["loc"][-1])
        owner = path[: -len(key)].rstrip(".")
        return Problem(
            "unknown-key", f"unknown key `{key}`" + (f" in {owner}" if owner else ""), place, _key_hint(item["loc"])
        )
    if kind == "missing":
        missing = extra[-1]
        where = f" in {path}" if path else ""
        return Problem("missing-key", f"`{missing}` is missing{where}", place, f"Add `{missing}:` here.")
    if extra and extra[-1] == "[key]":
        return _key_problem(item, path, place)
    if path in source.bare and not isinstance(value, str):
        return _bare_problem(kind, name, source.bare[path], place)
    return _value_problem(item, kind, name, place)


def _value_problem(item: Any, kind: str, name: str, place: Place) -> Problem:
    context = item.get("ctx", {})
    shown = _shown(item["input"])
    if kind in _SHAPES:
        shape = _SHAPES[kind]
        return Problem(
            "wrong-type", f"`{name}` must be {shape}, not {shown}", place, _EXAMPLES.get(shape, f"Write {shape} there.")
        )
    if kind == "literal_error":
        options = [option.strip("' ") for option in str(context["expected"]).replace(" or ", ", ").split(",")]
        hint = _did_you_mean(str(item["input"]), options) or "Write one of them."
        return Problem("wrong-value", f"{shown} is not one of {', '.join(options)}", place, hint)
    if kind == "string_pattern_mismatch":
        reason = _PATTERNS.get(str(context["pattern"]), "is not written as expected")
        return Problem("wrong-value", f"{shown} {reason}", place, _REFERENCE)
    if kind in ("too_long", "string_too_long"):
        unit = "characters" if isinstance(item["input"], str | int | float) else "entries"
        return Problem(
            "too-long", f"`{name}` holds more than {context['max_length']} {unit}", place, "Shorten or split it."
        )
    if kind in ("too_short", "string_too_short"):
        return Problem("too-short", f"`{name}` is empty", place, "Write something there, or remove it.")
    if kind in ("greater_than_equal", "less_than_equal", "greater_than", "less_than"):
        words = {"ge": "at least", "le": "at most", "gt": "more than", "lt": "less than"}
        key, limit = next(iter(context.items()))
        return Problem(
            "out-of-range", f"`{name}` must be {words[key]} {limit}, not {shown}", place, f"Write {words[key]} {limit}."
        )
    message = str(context.get("error") or item["msg"])
    return Problem("wrong-value", f"`{name}`: {message}", place, _REFERENCE)


def _bare_problem(kind: str, name: str, spelling: str, place: Place) -> Problem:
    if spelling.lower() in ("", "~", "null"):
        hint = (
            "Write a value after the colon, or remove the key."
            if not spelling
            else f'As a word put it in quotes: "{spelling}".'
        )
        return Problem("no-value", f"`{name}` has no value", place, hint)
    hint = "Use `none` to switch something off." if kind == "literal_error" else f'Put it in quotes: "{spelling}".'
    return Problem("bare-boolean", f"YAML reads the bare word `{spelling}` as true or false", place, hint)


def _key_problem(item: Any, path: str, place: Place) -> Problem:
    key = str(item["loc"][-2])
    if ".next." in path:
        message = f"`{key}` is not a key of `next`"
        return Problem(
            "unknown-key", message, place, _did_you_mean(key, NEXT_KEYS) or f"Known: {', '.join(NEXT_KEYS)}."
        )
    context = item.get("ctx", {})
    if item["type"] == "literal_error":
        return Problem("unknown-key", f"`{key}` is not one of {context['expected']}", place, "Write one of them.")
    reason = _PATTERNS.get(str(context.get("pattern")), "is not a usable name (1 to 64 letters, digits, `_`, `-`, `.`)")
    return Problem("wrong-key", f"`{key}` {reason}", place, "Rename it.")


def _key_hint(loc: Sequence[int | str]) -> str:
    key = str(loc[-1])
    known = tuple(_keys_at(loc[:-1]))
    if _CONFUSED.get(key) in known:
        return f"Did you mean `{_CONFUSED[key]}`?"
    return _did_you_mean(key, known) or (f"Known: {', '.join(known)}." if known else _REFERENCE)


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return f"Did you mean `{close[0]}`?" if close else ""


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = str(value)
    return f"`{text if len(text) <= 40 else text[:39] + '…'}`"


def _keys_at(loc: Sequence[int | str]) -> list[str]:
    """The keys an author may write at a location, from the model itself."""
    annotation: Any = Script
    for part in loc:
        annotation = _step(annotation, part)
    model = _model_in(annotation)
    return [f.alias or name for name, f in model.model_fields.items()] if model else []


def _step(annotation: Any, part: int | str) -> Any:
    model = _model_in(annotation)
    if model is not None:
        field = next((f for n, f in model.model_fields.items() if part in (n, f.alias)), None)
        return field.annotation if field else annotation
    for inner in _flat(annotation):
        origin = get_origin(inner)
        if origin is tuple and isinstance(part, int):
            return get_args(inner)[0]
        if origin is dict:
            return get_args(inner)[1]
    return annotation


def _flat(annotation: Any) -> list[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _flat(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [inner for arg in typing.get_args(annotation) for inner in _flat(arg)]
    return [annotation]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    return next((t for t in _flat(annotation) if isinstance(t, type) and issubclass(t, BaseModel)), None)
