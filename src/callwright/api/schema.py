"""The OpenAPI document: what FastAPI makes of the routes, with the answers that all of them have, as problem documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts

from callwright.api.examples import add_examples
from callwright.http.here import needs_of
from callwright.http.problems import ProblemDocument, answers

__all__ = ["asked_of", "describe", "routes_of"]

_INTRODUCTION = """The API of callwright. Every error is a problem document (RFC 9457). Lists are paged by cursor: pass `next` of a page as
`cursor`. A POST with an `Idempotency-Key` is done once, however often it is sent. Log in with a session cookie (then every unsafe method
needs the header `X-Callwright: 1`), or send an API token: `Authorization: Bearer cw_...`."""


def asked_of(route: APIRoute) -> set[str]:
    """What a route asks of its viewer: permissions, `any`, `open`; empty = it forgot to say."""
    found: set[str] = set()
    waiting = list(route.dependant.dependencies)
    while waiting:
        dependant = waiting.pop()
        asked = needs_of(dependant.call) if dependant.call else None
        if asked is not None:
            found.add(str(asked))
        waiting += dependant.dependencies
    return found


def routes_of(app: FastAPI) -> Iterator[tuple[str, APIRoute]]:
    """Every route of the application with its whole path, those of included routers too."""
    for found in iter_route_contexts(app.routes):
        if isinstance(found.original_route, APIRoute):
            yield str(found.path_format), found.original_route


def describe(app: FastAPI) -> None:
    """Let the application describe itself so."""

    def openapi() -> dict[str, Any]:
        if not app.openapi_schema:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, description=_INTRODUCTION, routes=app.routes)
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    problem = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs") | {"ProblemDocument": problem}
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    components["securitySchemes"] = {
        "session": {"type": "apiKey", "in": "cookie", "name": "callwright"},
        "token": {"type": "http", "scheme": "bearer"},
    }
    for path, route in routes_of(app):
        for method in route.methods or ():
            _complete(document["paths"][path][method.lower()], path, route)
    _gathered(document, schemas)
    add_examples(document)
    return document


def _gathered(part: Any, schemas: dict[str, Any]) -> Any:
    """What routes describe by hand brings the models it names within itself (`$defs`): they belong to the components."""
    if isinstance(part, list):
        for each in part:
            _gathered(each, schemas)
    elif isinstance(part, dict):
        for name, model in part.pop("$defs", {}).items():
            schemas.setdefault(name, _gathered(model, schemas))
        for key, value in part.items():
            if key == "$ref" and isinstance(value, str):
                part[key] = value.replace("#/$defs/", "#/components/schemas/")
            else:
                _gathered(value, schemas)
    return part


def _complete(operation: dict[str, Any], path: str, route: APIRoute) -> None:
    asked = asked_of(route)
    common = [422, 429, 503]
    if asked - {"open"}:
        common += [401, 403]
        operation["security"] = [{"session": []}, {"token": []}]
        wanted = sorted(asked - {"any"})
        if wanted:
            operation["x-permission"] = wanted[0]
    if "{" in path:
        common.append(404)
    if (route.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}:
        common += [403, 409, 413]
    for answer in operation["responses"].values():  # a route without a model: FastAPI writes JSON of anything
        content = answer.get("content", {})
        if content.get("application/json") == {"schema": {}}:
            del content["application/json"]
    for status, answer in answers(*common).items():
        known = operation["responses"].get(str(status))
        if known is None or status == 422:
            operation["responses"][str(status)] = answer
