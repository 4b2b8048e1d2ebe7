"""What the client does, told step by step to whoever drives it: so that everything is written once and runs with and without asyncio.

A flow is a generator. It yields what is to be done (`Send`, `Next`, `Close`, `Pause`, `Do`), is sent what came of it, returns its value; when
the line breaks, `BrokenError` is thrown into it. `drivers` holds the two that drive flows: one that blocks, one that awaits.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

__all__ = ["BrokenError", "Came", "Close", "Do", "Flow", "Item", "Many", "Next", "Pause", "Send", "Step", "Upload"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of this machine that goes along, with fields of a form."""

    path: Path
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Send:
    """One request, answered by `Came`. template: the path as the API describes it, with `{names}`; path: with their values; body: JSON-ready, or
    a file; stream: the body of the answer is asked for piece by piece (`Next`)."""

    method: str
    template: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = field(default=None, repr=False)
    stream: bool = False


@dataclass(frozen=True, slots=True)
class Came:
    """An answer. body: all of it; empty while it is still to come piece by piece. Names of headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Next:
    """The next piece of the body, answered by bytes; None = that was all."""


@dataclass(frozen=True, slots=True)
class Close:
    """No more of this body is wanted."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait so long."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Do:
    """Something that may block (a file of this machine); answered by what it returns."""

    act: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Item(Generic[T]):
    """One of many, for the caller."""

    value: T


Step = Send | Next | Close | Pause | Do
Flow = Generator[Step, Any, T]
Many = Generator[Step | Item[T], Any, None]


class BrokenError(Exception):
    """Thrown into a flow: the line broke, or took too long. unsent: the server cannot have seen the request."""

    def __init__(self, reason: str, *, unsent: bool) -> None:
        self.reason, self.unsent = reason, unsent
        super().__init__(reason)
