"""What goes wrong between a program and the API.

CallwrightError
└── ClientError
    ├── ProblemError          the API refused: status, code, and what is wrong where
    │   ├── NotFoundError     404
    │   ├── ConflictError     409: its state does not allow it, or somebody changed it meanwhile
    │   ├── InvalidError      422, or found before anything was sent
    │   ├── DeniedError       401 and 403
    │   └── BusyError         429 and 503, after the last try
    ├── OfflineError          the server cannot be reached, or broke off
    ├── AnswerError           what came is no answer of this API (another server, another version)
    ├── JobError              long work failed or was cancelled
    └── WebhookError          what came to a webhook is not from callwright
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError

from callwright.errors import CallwrightError
from callwright.http.job_views import JobView
from callwright.http.problems import Detail, ProblemDocument

__all__ = [
    "AnswerError",
    "BusyError",
    "ClientError",
    "ConflictError",
    "DeniedError",
    "InvalidError",
    "JobError",
    "NotFoundError",
    "OfflineError",
    "ProblemError",
    "WebhookError",
    "problem_of",
    "unsent",
]


class ClientError(CallwrightError):
    """Everything that this client raises on purpose."""


class ProblemError(ClientError):
    """The API refused. code is stable: look at it, not at the words. field, cure: of the first problem that names them."""

    def __init__(self, document: ProblemDocument) -> None:
        self.document = document
        self.status, self.code, self.detail = document.status, document.code, document.detail
        self.problems: Sequence[Detail] = tuple(document.problems)
        self.field = next((one.field for one in self.problems if one.field), "")
        self.cure = document.hint or next((one.hint for one in self.problems if one.hint), "")
        super().__init__(self._text())

    def _text(self) -> str:
        lines = [f"{self.status} {self.code}: {self.detail}"]
        lines += [f"  {one.field or one.code}: {one.message}" for one in self.problems]
        return "\n".join([*lines, *([f"  {self.cure}"] if self.cure else [])])


class NotFoundError(ProblemError):
    """There is no such thing, or it is not this viewer's."""


class ConflictError(ProblemError):
    """Its state does not allow it, or it was changed meanwhile."""


class InvalidError(ProblemError):
    """What was sent, or would have been, is not valid."""


class DeniedError(ProblemError):
    """Nobody is known by this token (401), or it may not do this (403)."""


class BusyError(ProblemError):
    """Too often, or the server cannot just now; it was tried as often as the client was told to."""


class OfflineError(ClientError):
    """The server cannot be reached, or the line broke. What was asked may have been done, unless `unsent`."""

    def __init__(self, reason: str, *, unsent: bool) -> None:
        self.unsent = unsent
        super().__init__(reason)


class AnswerError(ClientError):
    """What came back is no answer of this API."""


class JobError(ClientError):
    """Long work did not come to its end."""

    def __init__(self, job: JobView) -> None:
        self.job = job
        self.problems: Sequence[Detail] = tuple(job.problems)
        told = "; ".join(one.message for one in job.problems)
        super().__init__(f"{job.kind} {job.about}: {job.state}" + (f": {told}" if told else ""))


class WebhookError(ClientError):
    """A request to a webhook that callwright did not send, or sent too long ago."""


_KINDS: dict[int, type[ProblemError]] = {
    401: DeniedError,
    403: DeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: InvalidError,
    429: BusyError,
    503: BusyError,
}


def problem_of(status: int, body: bytes) -> ClientError:
    """The error of an answer that is none of success."""
    try:
        document = ProblemDocument.model_validate_json(body)
    except ValidationError:
        return AnswerError(f"HTTP {status}, and no problem document: is this the address of callwright?")
    return _KINDS.get(status, ProblemError)(document)


def unsent(error: ValidationError) -> InvalidError:
    """What the API's own models found before anything was sent, told as the API tells it."""
    found = [
        Detail(code=str(one["type"]).replace("_", "-"), message=str(one["msg"]), field=".".join(map(str, one["loc"])))
        for one in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    names = ", ".join(dict.fromkeys(one.field for one in found))
    detail = f"the request is not valid: {names}"
    return InvalidError(
        ProblemDocument(title="Unprocessable Content", status=422, code="invalid", detail=detail, problems=found)
    )
