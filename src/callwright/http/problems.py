"""Errors as problem documents (RFC 9457): what, where (file, line, field) and how to mend it.

Every error body of the API has this shape. `code` is stable and is what a program looks at; the console shows its own words for the codes it
knows, in the language of its user.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from callwright.errors import CallwrightError, InputError, Place, Problem, RefusedError, StoreError

__all__ = [
    "ApiError",
    "Detail",
    "ProblemDocument",
    "absent",
    "answer_of",
    "answers",
    "conflict",
    "detail_of",
    "fault",
    "handle_problems",
    "respond",
]

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
_SHOWN = 200  # problems in one answer; a list of a million wrong rows has its own file


class Detail(BaseModel):
    """One thing that is wrong."""

    code: str = Field(examples=["unknown-node"])
    message: str
    severity: str = "error"
    file: str = ""
    line: int = 0
    column: int = 0
    field: str = Field("", examples=["flow.nodes.opening.next"])
    hint: str = ""
    trace: list[str] = []


class ProblemDocument(BaseModel):
    """RFC 9457, with our `code` and every single problem."""

    type: str = "about:blank"
    title: str = Field(examples=["Unprocessable Content"])
    status: int = Field(examples=[422])
    code: str = Field(examples=["invalid"])
    detail: str
    hint: str = ""
    problems: list[Detail] = []


class ApiError(CallwrightError):
    """An answer other than success, on purpose: status, a stable code, what is wrong and how to mend it."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        hint: str = "",
        headers: Mapping[str, str] | None = None,
        problems: Sequence[Problem] = (),
    ) -> None:
        self.status, self.code, self.message, self.hint = status, code, message, hint
        self.headers, self.problems = dict(headers or {}), tuple(problems)
        super().__init__(message)


def absent(what: str, hint: str = "") -> ApiError:
    """404: it is not there, or not this viewer's (the two are not told apart)."""
    return ApiError(404, "absent", f"there is no such {what}", hint=hint)


def conflict(code: str, message: str, hint: str = "") -> ApiError:
    """409: it was changed meanwhile, or its state does not allow it."""
    return ApiError(409, code, message, hint=hint)


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """`responses=` of a route: these statuses have a problem document. What every route may answer is documented by the application."""
    return {status: _documented(status) for status in statuses}


def _documented(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/ProblemDocument"}
    return {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": schema}}}


def respond(
    status: int,
    code: str,
    detail: str,
    *,
    hint: str = "",
    problems: Sequence[Detail] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """The answer with this problem document."""
    document = ProblemDocument(
        title=HTTPStatus(status).phrase, status=status, code=code, detail=detail, hint=hint, problems=list(problems)
    )
    return _Told(document.model_dump(), status, dict(headers or {}), MEDIA_TYPE)


class _Told(JSONResponse):
    """It may repeat what was sent, and that may hold half a character (a lone surrogate), which UTF-8 cannot: it stays `\\ud800`, as sent."""

    def render(self, content: Any) -> bytes:
        told: bytes = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode(
            "utf-8", "backslashreplace"
        )
        return told


def detail_of(problem: Problem) -> Detail:
    """A problem of the core, as the API tells it."""
    place: Place = problem.place
    return Detail(
        code=problem.code,
        message=problem.message,
        severity=problem.severity,
        file=place.file,
        line=place.line,
        column=place.column,
        field=place.field,
        hint=problem.hint,
        trace=list(problem.trace),
    )


def handle_problems(app: FastAPI) -> None:
    """Let the application answer every error with a problem document."""
    app.add_exception_handler(ApiError, _api_error)
    app.add_exception_handler(InputError, _input_error)
    app.add_exception_handler(RefusedError, _refused)
    app.add_exception_handler(StoreError, _store_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(UnicodeEncodeError, _halved)
    app.add_exception_handler(Exception, fault)


async def _api_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ApiError)
    return answer_of(error)


def answer_of(error: ApiError) -> JSONResponse:
    """What it says, as the answer."""
    told = [detail_of(each) for each in error.problems[:_SHOWN]]
    return respond(error.status, error.code, error.message, hint=error.hint, problems=told, headers=error.headers)


async def _input_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, InputError)
    first = error.problems[0]
    return respond(
        422, first.code, first.message, hint=first.hint, problems=[detail_of(each) for each in error.problems[:_SHOWN]]
    )


async def _refused(_: Request, error: Exception) -> JSONResponse:
    return respond(409, "refused", str(error))


async def _store_error(request: Request, error: Exception) -> JSONResponse:
    log.error("%s %r: %s", request.method, request.scope.get("path"), type(error).__name__, exc_info=error)
    return respond(503, "store", "what is kept cannot be reached just now", headers={"Retry-After": "2"})


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    problems = [  # what was sent is not told back: it may be as deep or as secret as its sender likes
        Detail(code=str(each["type"]).replace("_", "-"), message=str(each["msg"]), field=_field(each["loc"]))
        for each in error.errors()[:_SHOWN]
    ]
    names = ", ".join(dict.fromkeys(each.field for each in problems))
    return respond(422, "invalid", f"the request is not valid: {names}", problems=problems)


def _field(where: Sequence[Any]) -> str:
    """`body.plan.robots`, `query.limit`. Half of a character, which names of fields may hold, is told as `\\ud800`."""
    return ".".join(str(each) for each in where).encode("utf-8", "backslashreplace").decode()


async def _halved(request: Request, error: Exception) -> JSONResponse:
    """Somewhere in what was sent is half a character (a lone surrogate), which neither a database nor a file takes."""
    assert isinstance(error, UnicodeEncodeError)
    if error.reason != "surrogates not allowed":
        return await fault(request, error)
    return respond(422, "half-character", "a text that was sent holds half of a character", hint="send whole ones")


async def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if error.status_code == 400:  # a body that cannot be read as what it says it is
        return respond(422, "unreadable", "the body of the request cannot be read", headers=error.headers)
    code = {404: "no-route", 405: "no-method", 413: "too-large"}.get(error.status_code, "http")
    return respond(error.status_code, code, str(error.detail), headers=error.headers)


async def fault(request: Request, error: Exception) -> JSONResponse:
    """The answer to what nobody expected, which is told to the log only."""
    log.error("%s %r: %s", request.method, request.scope.get("path"), type(error).__name__, exc_info=error)
    return respond(500, "fault", "this is a fault of ours; it is in the log")
