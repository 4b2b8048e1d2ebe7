"""Examples of whole bodies and answers, made of the examples of their fields: what a model says of itself comes first, then what its fields say,
then what fields of this name hold everywhere. A test sees to it that nothing is left to be guessed, and that each example is valid.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from callwright.api.example_words import WORDS

__all__ = ["Examples", "add_examples"]

_MOMENT = "2026-11-26T09:30:00+08:00"
_STREAMS = MappingProxyType(
    {
        "watch_task": 'event: counters\ndata: {"state":"running","counters":{"finished":20,"total":100}}\n\n',
        "watch_live_calls": 'event: board\ndata: {"set":{"4f2a9c0e5b6d47aa8c21":{"stage":"talking"}},"gone":[],"workers":1}\n\n',
        "watch_live_call": 'event: line\ndata: {"at_ms":8000,"kind":"prompt","text":"您好"}\n\n',
        "watch_spoken_talk": 'event: line\ndata: {"what": "caller", "text": "yes that works", "early": false}\n\n',
    }
)
_FORMATS = MappingProxyType(
    {"date-time": _MOMENT, "date": "2026-11-26", "time": "09:30:00", "uri": "https://calls.example.com", "password": "tulip ladder seven moss"}
)  # fmt: skip


class Examples:
    """Of the schemas of one document. missing: fields of which nobody knows an example, as `Model.field`."""

    def __init__(self, schemas: Mapping[str, Any], *, answers: bool) -> None:
        self._schemas, self._answers = schemas, answers
        self.missing: list[str] = []

    def of(self, schema: Mapping[str, Any], name: str = "", model: str = "", within: tuple[str, ...] = ()) -> Any:
        """One example. name, model: of the field; within: the models around it."""
        if "$ref" in schema:
            model = str(schema["$ref"]).rpartition("/")[2]
            return self.of(self._schemas[model], name, model, (*within, model))
        for key in ("example", "const", "examples", "enum"):
            if key in schema:
                return schema[key][0] if key in ("examples", "enum") else schema[key]
        for key in ("anyOf", "oneOf", "allOf"):
            if key in schema:
                return self._branch(schema, schema[key], name, model, within)
        return self._typed(schema, name, model, within)

    def _branch(
        self,
        schema: Mapping[str, Any],
        branches: list[Mapping[str, Any]],
        name: str,
        model: str,
        within: tuple[str, ...],
    ) -> Any:
        usable = [one for one in branches if one.get("type") != "null" and _model(one) not in within]
        if not usable or (schema.get("default", 0) is None and _word(model, name) is None and not _tells(usable[0])):
            return None
        return self.of(usable[0], name, model, within)

    def _typed(self, schema: Mapping[str, Any], name: str, model: str, within: tuple[str, ...]) -> Any:
        match schema.get("type"):
            case "object":
                return self._object(schema, name, model, within)
            case "array":
                items = schema.get("items", {})
                if _model(items) in within or schema.get("maxItems") == 0:
                    return []
                known = _word(model, name) if items.get("type") == "string" else None
                return known if isinstance(known, list) else [self.of(items, name, model, within)]
            case "null":
                return None
            case "boolean":
                return bool(schema.get("default", True))
            case "integer" | "number":
                return _number(schema, _word(model, name))
            case "string":
                return self._text(schema, name, model)
        known = _word(model, name)
        return {} if known is None else known

    def _object(self, schema: Mapping[str, Any], name: str, model: str, within: tuple[str, ...]) -> Any:
        fields: Mapping[str, Any] = schema.get("properties", {})
        if not fields:
            values = schema.get("additionalProperties")
            known = _word(model, name)
            if isinstance(known, dict):
                return known
            return {name or "name": self.of(values, name, model, within)} if isinstance(values, dict) and values else {}
        needed = schema.get("required", ())
        return {
            field: self.of(each, field, model, within)
            for field, each in fields.items()
            if field in needed or (self._answers and not _endless(each, within)) or _tells(each)
        }

    def _text(self, schema: Mapping[str, Any], name: str, model: str) -> str:
        if schema.get("format") in _FORMATS:
            return _FORMATS[schema["format"]]
        known = _word(model, name)
        if isinstance(known, str):
            return known
        if "default" in schema:
            return str(schema["default"])
        self.missing.append(f"{model}.{name}")
        return ""


def _word(model: str, name: str) -> Any:
    """None = nobody knows one."""
    return WORDS.get(f"{model}.{name}", WORDS.get(name))


def _model(schema: Mapping[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _endless(schema: Mapping[str, Any], within: tuple[str, ...]) -> bool:
    return _model(schema) in within


def _tells(schema: Mapping[str, Any]) -> bool:
    return "examples" in schema or "example" in schema


def _number(schema: Mapping[str, Any], known: Any) -> float:
    if isinstance(known, int | float) and not isinstance(known, bool):
        return known
    if "default" in schema and schema["default"] is not None:
        return schema["default"]  # type: ignore[no-any-return]
    return max(1, schema.get("minimum", 1))  # type: ignore[no-any-return]


def add_examples(document: Mapping[str, Any]) -> list[str]:
    """Give every body and answer of JSON its example; fields of which nobody knows one."""
    schemas = document["components"]["schemas"]
    bodies, answers = Examples(schemas, answers=False), Examples(schemas, answers=True)
    for path in document["paths"].values():
        for operation in path.values():
            _add(operation.get("requestBody", {}), bodies)
            for status, answer in operation["responses"].items():
                if int(status) < 300:
                    _add(answer, answers)
                    _add_stream(answer, operation["operationId"])
    return sorted({*bodies.missing, *answers.missing})


def _add_stream(answer: Mapping[str, Any], operation: str) -> None:
    stream = answer.get("content", {}).get("text/event-stream")
    if stream is not None and operation in _STREAMS:
        stream["example"] = _STREAMS[operation]


def _add(part: dict[str, Any], examples: Examples) -> None:
    content = part.get("content", {}).get("application/json")
    if content is not None and content.get("schema"):
        content["example"] = examples.of(content["schema"])
