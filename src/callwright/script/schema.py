"""The JSON Schema of `script/1`, for editors: completion and instant marks while writing.

It accepts what the loader accepts: a text where a wording is expected, a number where text is, one-key actions, `else` and `from`.
It knows nothing of references between parts; `callwright script check` does.
"""

from __future__ import annotations

from typing import Any, get_args

from callwright.script.model import Action, Script
from callwright.yaml_schema import numbers_are_text

__all__ = ["SCHEMA_ID", "json_schema"]

SCHEMA_ID = "https://callwright.dev/schema/script-1.json"
_TEXT: dict[str, Any] = {"type": ["string", "number"]}
_FROM_TEXT = ("Variant", "TestTurn")  # models that a plain text stands for
_ONE_OR_MANY = {
    "Intent": ("regex",), "KbEntry": ("regex",), "GlobalRule": ("regex",),
    "Expect": ("tags", "kb", "said", "not_said", "actions"),
}  # fmt: skip


def json_schema() -> dict[str, Any]:
    """Draft 2020-12 schema as a JSON-ready mapping."""
    schema = Script.model_json_schema(by_alias=True)
    definitions: dict[str, Any] = schema["$defs"]
    definitions["Action"] = _action()
    for name in _FROM_TEXT:
        definitions[name] = {"anyOf": [_TEXT, definitions[name]]}
    for name, keys in _ONE_OR_MANY.items():
        for key in keys:
            properties = definitions[name]["properties"]
            properties[key] = {"anyOf": [_TEXT, properties[key]]}
    numbers_are_text(schema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        **schema,
        "title": "callwright script/1",
        "description": "What a phone robot says and how it goes on; one file per script.",
    }


def _action() -> dict[str, Any]:
    kinds = get_args(Action.model_fields["kind"].annotation)
    return {
        "title": "Action",
        "description": "One thing to do, as a mapping with one key: {tag: booked}, {freeze: {scope: company, days: 0}}.",
        "type": "object",
        "properties": {kind: {} for kind in kinds},
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
