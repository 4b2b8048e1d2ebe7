"""What pydantic says about a file, in words for its author: a code, a plain sentence, the place and a hint. A `Dialect` knows the format."""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from callwright.errors import Place, Problem
from callwright.yaml_file import Source, nearest_place

__all__ = ["MAX_PROBLEMS", "Dialect", "did_you_mean", "explain", "follow"]

MAX_PROBLEMS = 100
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
Loc = Sequence[int | str]


@dataclass(frozen=True)
class Dialect:
    """model: what the file is read into; noun: `the script`; reference: where to look it up; patterns: what a regular expression of the
    model demands, in words; confused: keys people write for others; moved: why a key is not allowed at all and what to write instead;
    wrong_branch: which readings of a union to leave out; key_problem: a special word for a wrong key, None = the usual one."""

    model: type[BaseModel]
    noun: str
    reference: str
    patterns: Mapping[str, str]
    confused: Mapping[str, str] = field(default_factory=dict)
    moved: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    wrong_branch: Callable[[Loc, Any], bool] = lambda loc, value: False
    key_problem: Callable[[str, str, Place], Problem | None] = lambda key, path, place: None


def explain(error: ValidationError, source: Source, dialect: Dialect) -> list[Problem]:
    """Problems in file order, at most 100."""
    problems: dict[tuple[str, str, str], Problem] = {}
    for item in error.errors(include_url=False):
        path, value, extra = follow(item["loc"], source.value)
        if dialect.wrong_branch(item["loc"], source.value):
            continue
        problem = _problem(item, path, value, extra, source, dialect)
        problems.setdefault((problem.code, problem.place.field, problem.message), problem)
    ordered = sorted(problems.values(), key=lambda p: (p.place.line, p.place.column))
    if len(ordered) > MAX_PROBLEMS:
        left = len(ordered) - MAX_PROBLEMS
        ordered = [
            *ordered[:MAX_PROBLEMS],
            Problem("too-many-problems", f"and {left} more", ordered[MAX_PROBLEMS].place, "Mend the first ones."),
        ]
    return ordered


def follow(loc: Loc, value: Any) -> tuple[str, Any, tuple[str, ...]]:
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


def _problem(item: Any, path: str, value: Any, extra: tuple[str, ...], source: Source, dialect: Dialect) -> Problem:
    kind = str(item["type"])
    name = path.rpartition(".")[2] or dialect.noun
    place = nearest_place(source.places, path)
    if kind == "extra_forbidden":
        key = str(item["loc"][-1])
        owner = path[: -len(key)].rstrip(".")
        if key in dialect.moved:
            code, message, hint = dialect.moved[key]
            return Problem(code, message, place, hint)
        message = f"unknown key `{key}`" + (f" in {owner}" if owner else "")
        return Problem("unknown-key", message, place, _key_hint(item["loc"], dialect))
    if kind == "missing":
        missing = extra[-1]
        where = f" in {path}" if path else ""
        return Problem("missing-key", f"`{missing}` is missing{where}", place, f"Add `{missing}:` here.")
    if extra and extra[-1] == "[key]":
        return _key_problem(item, path, place, dialect)
    if path in source.bare and not isinstance(value, str):
        return _bare_problem(kind, name, source.bare[path], place)
    return _value_problem(item, kind, name, place, dialect)


def _value_problem(item: Any, kind: str, name: str, place: Place, dialect: Dialect) -> Problem:
    context = item.get("ctx", {})
    shown = _shown(item["input"])
    if kind in _SHAPES:
        shape = _SHAPES[kind]
        return Problem(
            "wrong-type", f"`{name}` must be {shape}, not {shown}", place, _EXAMPLES.get(shape, f"Write {shape} there.")
        )
    if kind == "literal_error":
        options = [option.strip("' ") for option in str(context["expected"]).replace(" or ", ", ").split(",")]
        hint = did_you_mean(str(item["input"]), options) or "Write one of them."
        return Problem("wrong-value", f"{shown} is not one of {', '.join(options)}", place, hint)
    if kind == "string_pattern_mismatch":
        reason = dialect.patterns.get(str(context["pattern"]), "is not written as expected")
        return Problem("wrong-value", f"{shown} {reason}", place, dialect.reference)
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
    return Problem("wrong-value", f"`{name}`: {message}", place, dialect.reference)


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


def _key_problem(item: Any, path: str, place: Place, dialect: Dialect) -> Problem:
    key = str(item["loc"][-2])
    special = dialect.key_problem(key, path, place)
    if special is not None:
        return special
    context = item.get("ctx", {})
    if item["type"] == "literal_error":
        return Problem("unknown-key", f"`{key}` is not one of {context['expected']}", place, "Write one of them.")
    reason = dialect.patterns.get(
        str(context.get("pattern")), "is not a usable name (1 to 64 letters, digits, `_`, `-`, `.`)"
    )
    return Problem("wrong-key", f"`{key}` {reason}", place, "Rename it.")


def _key_hint(loc: Loc, dialect: Dialect) -> str:
    key = str(loc[-1])
    known = tuple(_keys_at(loc[:-1], dialect.model))
    if dialect.confused.get(key) in known:
        return f"Did you mean `{dialect.confused[key]}`?"
    return did_you_mean(key, known) or (f"Known: {', '.join(known)}." if known else dialect.reference)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return f"Did you mean `{close[0]}`?" if close else ""


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = str(value)
    return f"`{text if len(text) <= 40 else text[:39] + '…'}`"


def _keys_at(loc: Loc, root: type[BaseModel]) -> list[str]:
    """The keys an author may write at a location, from the model itself."""
    annotation: Any = root
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
