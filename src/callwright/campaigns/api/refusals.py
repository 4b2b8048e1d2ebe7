"""What services refuse, as routes answer it: not there (404), not now (409), or wrong (422, as every InputError)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError

from callwright.errors import InputError
from callwright.http.problems import ApiError

__all__ = ["told"]

_ABSENT = frozenset({"unknown-task", "no-list", "endpoint"})
_CONFLICT = frozenset(
    {
        "calls-under-way", "changed-meanwhile", "known-number", "leads-left", "list-in-use", "list-not-ready", "name-taken", "no-person",
        "no-start", "not-reviewed", "not-vetted", "own-work", "retired-number", "too-late", "unfinished", "unknown-author", "vetting-over",
        "wrong-state",
    }
)  # fmt: skip


@contextmanager
def told() -> Iterator[None]:
    """Errors of services that are no fault of the request's form get their own status.

    Raises:
        ApiError: 404 or 409, with every problem.
    """
    try:
        yield
    except InputError as error:
        first = error.problems[0]
        status = 404 if first.code in _ABSENT else 409 if first.code in _CONFLICT else 0
        if not status:
            raise
        code = "absent" if status == 404 else first.code
        raise ApiError(status, code, first.message, hint=first.hint, problems=error.problems) from None
    except IntegrityError:
        hint = "Look at it again, then repeat what you want."
        raise ApiError(409, "changed-meanwhile", "somebody else changed it at this moment", hint=hint) from None
