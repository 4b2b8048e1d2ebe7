"""Reading YAML (or JSON) files into plain values, safely, and remembering where each value stands. Knows no format: a `Kind` names it.

Defences: size, depth, alias and node limits, no tags, no merge keys, no duplicate keys, one document, UTF-8 only.
A plain scalar that YAML would re-spell (007, 10:00, 2027-03-01, 0x1F) keeps its own spelling.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.reader import ReaderError

from callwright.errors import InputError, Place, Problem

__all__ = [
    "MAX_ALIASES",
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_NODES",
    "Kind",
    "Source",
    "SpelledFloat",
    "SpelledInt",
    "check_head",
    "decode",
    "nearest_place",
    "read",
    "read_bytes",
]

MAX_BYTES = 1024 * 1024
MAX_ALIASES = 100
MAX_DEPTH = 40
MAX_NODES = 200_000

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_PLAIN_INT = re.compile(r"[-+]?\d{1,18}")
_PLAIN_FLOAT = re.compile(r"[-+]?\d+\.\d+")
_SURROGATES = re.compile(r"(?<!\\)((?:\\\\)*)\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})", re.IGNORECASE)


class SpelledInt(int):
    """An integer that prints as it was written (`007`)."""

    spelling: str

    def __str__(self) -> str:
        return self.spelling


class SpelledFloat(float):
    """A decimal number that prints as it was written (`1.50`)."""

    spelling: str

    def __str__(self) -> str:
        return self.spelling


@dataclass(frozen=True)
class Source:
    """The values of one document; `places` by field path (`flow.nodes.opening.say[0].text`); `bare` holds the spelling of bare
    booleans and nulls by path, for hints; `problems` are duplicate keys, tags and the like (the values are then incomplete)."""

    value: Any
    places: Mapping[str, Place]
    bare: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """What is read. error: raised with the problems; noun: `script`; format: what the first key says (`script/1`);
    begin: how somebody gets a first one; shorten: how one that is too large gets smaller."""

    error: type[InputError]
    noun: str
    format: str
    begin: str
    shorten: str

    def problem(self, code: str, message: str, place: Place, hint: str = "") -> InputError:
        """The error of this kind with one problem."""
        return self.error(Problem(code, message, place, hint))


def read_bytes(path: Path, kind: Kind) -> bytes:
    """What is in a file, at most one byte more than is allowed. Raises `kind.error`: no regular file, or not readable."""
    place = Place(str(path))
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise kind.problem(
                "not-a-file", f"this is a folder, not a {kind.noun}", place, "Name the .yaml file in it."
            )
        if not stat.S_ISREG(mode):
            raise kind.problem("not-a-file", "this is not a regular file", place, "Name a .yaml file.")
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        hint = f"Check the name, or {kind.begin[0].lower()}{kind.begin[1:]}"
        raise kind.problem("no-such-file", "there is no such file", place, hint) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise kind.problem(
            "unreadable", f"the file cannot be read: {reason}", place, "Check its permissions."
        ) from None


def nearest_place(places: Mapping[str, Place], path: str) -> Place:
    """The place of `path`, or of its nearest known ancestor; the field named is always `path`."""
    known = path
    while known and known not in places:
        cut = max(known.rfind("."), known.rfind("["))
        known = known[:cut] if cut > 0 else ""
    found = places.get(known, Place())
    return Place(found.file, found.line, found.column, path)


def check_head(source: Source, kind: Kind) -> None:
    """Raises `kind.error` unless the file is a mapping whose `format` is the one of `kind`."""
    place = nearest_place(source.places, "")
    if not isinstance(source.value, dict):
        hint = f"A {kind.noun} starts with `format: {kind.format}`."
        raise kind.problem("wrong-type", "the file is not a mapping (key: value)", place, hint)
    written = source.value.get("format")
    if written != kind.format:
        where = nearest_place(source.places, "format")
        found = f"`format` is `{written}`" if "format" in source.value else "`format` is missing"
        raise kind.problem(
            "wrong-format", f"{found}, not {kind.format}", where, f"Write `format: {kind.format}` first."
        )


def decode(data: bytes, file: str, kind: Kind) -> str:
    """UTF-8 text of `data` (a byte order mark is dropped). Raises `kind.error`: too large, UTF-16/32, binary or not UTF-8."""
    _check_size(len(data), file, kind)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise kind.problem("not-utf8", "the file is UTF-16, not UTF-8", Place(file), "Save it as UTF-8.")
    if b"\0" in data:
        raise kind.problem(
            "not-text",
            "the file is binary, not a text file",
            Place(file),
            f"A {kind.noun} is a YAML text file in UTF-8.",
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        hint = "Save it as UTF-8 (many Chinese editors offer GBK first)."
        raise kind.problem("not-utf8", "the file is not UTF-8 text", Place(file, line), hint) from None


def read(text: str, file: str, kind: Kind) -> Source:
    """Values, places and problems of `text`. Raises `kind.error` when it is no YAML at all or breaks a limit."""
    _check_size(len(text), file, kind)
    text = text.removeprefix("\ufeff")
    if text.lstrip().startswith("{"):  # JSON writes characters beyond U+FFFF as two escapes, which YAML does not know
        text = _SURROGATES.sub(_join_surrogates, text)
    try:
        _check_size(len(text.encode()), file, kind)
        _guard(text, file, kind)
        root = yaml.compose(text, Loader=_Loader)
    except ReaderError as error:
        line = text.encode()[: error.position].count(b"\n") + 1
        raise kind.problem(
            "yaml-syntax", "control characters are not allowed", Place(file, line), "Remove them."
        ) from None
    except yaml.YAMLError as error:
        raise kind.error(_syntax_problem(error, file)) from None
    except UnicodeEncodeError:
        raise kind.problem(
            "not-utf8", "the text holds characters that are not Unicode", Place(file), "Save it as UTF-8."
        ) from None
    if root is None:
        raise kind.problem("empty", f"the file holds no {kind.noun}", Place(file), kind.begin)
    builder = _Builder(file, kind)
    value = builder.build(root, "", 0)
    return Source(value, builder.places, builder.bare, tuple(builder.problems))


def _check_size(size: int, file: str, kind: Kind) -> None:
    if size > MAX_BYTES:
        message = f"the file is larger than {MAX_BYTES // 1024} KiB"
        raise kind.problem("too-large", message, Place(file), kind.shorten)


def _join_surrogates(match: re.Match[str]) -> str:
    high, low = int(match[2], 16), int(match[3], 16)
    return f"{match[1]}\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"


def _guard(text: str, file: str, kind: Kind) -> None:
    """Walk the events, which needs no recursion, and refuse what would hurt before anything is built."""
    depth = aliases = nodes = documents = 0
    for event in yaml.parse(text, Loader=_Loader):
        mark: Any = event.start_mark
        place = Place(file, mark.line + 1, mark.column + 1)
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise kind.problem(
                    "many-documents", "the file holds more than one document", place, "Remove the line `---`."
                )
        elif isinstance(event, yaml.AliasEvent):
            aliases += 1
            if aliases > MAX_ALIASES:
                raise kind.problem(
                    "too-many-aliases", f"more than {MAX_ALIASES} aliases (*name)", place, "Write the values out."
                )
        elif isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise kind.problem(
                    "too-deep",
                    f"nested deeper than {MAX_DEPTH} levels",
                    place,
                    f"A {kind.noun} needs about ten levels.",
                )
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        nodes += isinstance(event, yaml.NodeEvent)
        if nodes > MAX_NODES:
            raise _too_many(place, kind)


def _too_many(place: Place, kind: Kind) -> InputError:
    return kind.problem("too-many-values", f"more than {MAX_NODES} values", place, f"{kind.shorten} Use fewer aliases.")


def _syntax_problem(error: yaml.YAMLError, file: str) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read"
    context = getattr(error, "context", None)
    message = f"not valid YAML: {what}" + (f" ({context})" if context else "")
    return Problem("yaml-syntax", message, place, _syntax_hint(str(what)))


def _syntax_hint(what: str) -> str:
    if "\\t" in what or "tab" in what:
        return "Indent with blanks, not tabs."
    if "cannot start any token" in what:
        return "Indent with blanks, not tabs; put a text that begins with % @ or ` in quotes."
    if "mapping values are not allowed" in what:
        return "Put a text that holds `: ` in quotes."
    if "did not find expected ','" in what:
        return 'Inside [...] and {...}, put a text that holds { } [ ] or a comma in quotes: "我是{company}的助手".'
    if "undefined alias" in what or "alphabetic or numeric character" in what:
        return "Put a text that begins with * or & in quotes."
    return "Look for a missing quote, bracket or blank on this line or the line above it."


class _Builder:
    """Turns composed nodes into values; collects every problem instead of stopping at the first."""

    def __init__(self, file: str, kind: Kind) -> None:
        self.file = file
        self.kind = kind
        self.places: dict[str, Place] = {}
        self.bare: dict[str, str] = {}
        self.problems: list[Problem] = []
        self.nodes = 0

    def build(self, node: yaml.Node, path: str, depth: int) -> Any:
        self.nodes += 1
        place = self._place(node, path)
        self.places.setdefault(path, place)
        if self.nodes > MAX_NODES:
            raise _too_many(place, self.kind)
        if depth > MAX_DEPTH:
            raise self.kind.problem(
                "too-deep", "an alias (*name) makes the values nest without end", place, "Write the values out."
            )
        if isinstance(node, yaml.MappingNode):
            self._plain_tag(node, "map", place)
            return self._mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            self._plain_tag(node, "seq", place)
            return [self.build(item, f"{path}[{i}]", depth + 1) for i, item in enumerate(node.value)]
        return self._scalar(node, path, place)

    def _mapping(self, node: yaml.MappingNode, path: str, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, path)
            if key is None:
                continue
            inner = f"{path}.{key}" if path else key
            place = self._place(key_node, inner)
            if key in result:
                first = self.places[inner].line
                self._report(
                    "duplicate-key", f"`{key}` is written twice (first on line {first})", place, "Keep one of them."
                )
                continue
            self.places[inner] = place
            result[key] = self.build(value_node, inner, depth + 1)
        return result

    def _key(self, node: yaml.Node, path: str) -> str | None:
        place = self._place(node, path)
        if not isinstance(node, yaml.ScalarNode):
            self._report(
                "wrong-key",
                "a key must be one word, not a list or mapping",
                place,
                "Write `key: value`; quote a text that begins with [ or {.",
            )
        elif node.tag == f"{_TAG}merge":
            self._report("merge-key", "`<<` is not supported", place, "Write the keys out.")
        elif node.tag == f"{_TAG}bool" and node.value.lower() in ("yes", "no", "on", "off", "y", "n"):
            hint = f'Never use {node.value} as a key; for what follows, write `next:`. As a name put it in quotes: "{node.value}".'
            self._report("bare-boolean", f"YAML reads the bare key `{node.value}` as true or false", place, hint)
        else:
            return str(node.value)
        return None

    def _scalar(self, node: yaml.Node, path: str, place: Place) -> Hashable:
        text = str(node.value)
        kind = node.tag.removeprefix(_TAG)
        if kind in ("str", "timestamp", "merge", "value"):
            return text
        if kind == "bool":
            self.bare[path] = text
            return text.lower() in ("true", "yes", "on", "y")
        if kind == "null":
            self.bare[path] = text
            return None
        if kind == "int":
            return _number(text, int, SpelledInt) if _PLAIN_INT.fullmatch(text) else text
        if kind == "float":
            return _number(text, float, SpelledFloat) if _PLAIN_FLOAT.fullmatch(text) else text
        self._report("yaml-tag", f"the tag {node.tag.replace(_TAG, '!!')} is not allowed", place, "Remove it.")
        return text

    def _plain_tag(self, node: yaml.Node, kind: str, place: Place) -> None:
        if node.tag != _TAG + kind:
            self._report("yaml-tag", f"the tag {node.tag.replace(_TAG, '!!')} is not allowed", place, "Remove it.")

    def _place(self, node: yaml.Node, path: str) -> Place:
        return Place(self.file, node.start_mark.line + 1, node.start_mark.column + 1, path)

    def _report(self, code: str, message: str, place: Place, hint: str) -> None:
        if len(self.problems) < 100:
            self.problems.append(Problem(code, message, place, hint))


def _number(text: str, plain: type[int] | type[float], spelled: type[SpelledInt] | type[SpelledFloat]) -> Hashable:
    value = plain(text)
    if str(value) == text:
        return value
    kept = spelled(text)
    kept.spelling = text
    return kept
