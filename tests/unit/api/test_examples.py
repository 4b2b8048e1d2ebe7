"""Every operation says what it does, and shows a body and an answer that are valid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from jsonschema import Draft202012Validator, FormatChecker

from callwright.api.app import PREFIX, create_app
from callwright.api.examples import Examples, add_examples
from callwright.settings import Settings

HTTP = ("application/json", "text/event-stream")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """As it is served. Nothing is kept or asked for it."""
    app: FastAPI = create_app(None, Settings.from_environment({"HOME": "/nowhere"}), None)  # type: ignore[arg-type]
    return app.openapi()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def contents(operation: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """What is sent and what answers success, but files: (which, media type, content)."""
    parts = {"body": operation.get("requestBody", {})} | {
        status: answer for status, answer in operation["responses"].items() if status < "300"
    }
    for which, part in parts.items():
        for media, content in part.get("content", {}).items():
            if media in HTTP:
                yield which, media, content


def test_every_operation_says_what_it_does(document: dict[str, Any]) -> None:
    silent = [
        name
        for name, operation in operations(document)
        if not operation.get("summary") or not operation.get("description") or not operation.get("tags")
    ]
    assert not silent, "write a docstring"
    assert len(list(operations(document))) > 190


def test_every_body_and_answer_has_an_example(document: dict[str, Any]) -> None:
    bare = [
        f"{name}: {which} {media}"
        for name, operation in operations(document)
        for which, media, content in contents(operation)
        if "example" not in content
    ]
    assert not bare
    assert add_examples(document) == [], "say `examples` in these fields, or in api/example_words.py"


def test_every_example_is_valid(document: dict[str, Any]) -> None:
    wrong = []
    for name, operation in operations(document):
        for which, media, content in contents(operation):
            if media == "application/json":
                schema = {**content["schema"], "components": document["components"]}
                found = Draft202012Validator(schema, format_checker=FormatChecker()).iter_errors(content["example"])
                wrong += [f"{name} {which}: {list(each.absolute_path)} {each.message[:100]}" for each in found]
    assert not wrong


def test_a_field_of_which_nothing_is_known_is_told() -> None:
    schemas = {"M": {"type": "object", "properties": {"odd": {"type": "string"}}, "required": ["odd"]}}
    examples = Examples(schemas, answers=True)
    assert examples.of({"$ref": "#/components/schemas/M"}) == {"odd": ""}
    assert examples.missing == ["M.odd"]


def test_a_model_within_itself_ends() -> None:
    tree = {"type": "object", "properties": {"below": {"type": "array", "items": {"$ref": "#/components/schemas/T"}}}}
    schemas = {"T": tree | {"required": ["below"]}}
    assert Examples(schemas, answers=True).of({"$ref": "#/components/schemas/T"}) == {"below": []}


def test_the_prefix_is_the_one_that_clients_use(document: dict[str, Any]) -> None:
    from callwright.client.asking import PREFIX as CLIENT

    assert CLIENT == PREFIX
    assert all(path.startswith(f"{PREFIX}/") for path in document["paths"])
