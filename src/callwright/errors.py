"""The one tree of exceptions. Everything callwright raises on purpose is a CallwrightError.

CallwrightError
├── InputError            something that came from outside is wrong (exit code 2)
│   ├── ScriptError       a script/1 file
│   ├── LineFileError     a line/1 file (trunks and inbound routes)
│   ├── PackError         a rule-pack/1 file, or facts for one
│   ├── LeadsError        a list of people to call
│   ├── AudioError        a recording
│   ├── ModelError        a speech model or a trained understanding
│   ├── TaskError         a plan, or what is asked of a task
│   └── SettingsError     environment or command line
├── RefusedError               the call may not be placed (compliance)
├── StoreError            what is kept cannot be reached or used
│   ├── LostError         the connection broke: whether the last commit was done is not known
│   ├── DamagedError      it is there and cannot be opened: damaged, or sealed with another key
│   └── ScopeError        a statement that would leave its tenant (a mistake in the code)
└── LineError             the line or its peer failed (telephony)
    ├── UnreachableError  there is nowhere to send to
    └── WireError         a peer sent what is no SIP, SDP or RTP
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "AudioError",
    "CallwrightError",
    "DamagedError",
    "InputError",
    "LeadsError",
    "LineError",
    "LineFileError",
    "LostError",
    "ModelError",
    "PackError",
    "Place",
    "Problem",
    "RefusedError",
    "ScopeError",
    "ScriptError",
    "SettingsError",
    "StoreError",
    "UnreachableError",
    "WireError",
]


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: file, 1-based line and column (0 = unknown), and the field path (`flow.nodes.opening.say[0]`)."""

    file: str = ""
    line: int = 0
    column: int = 0
    field: str = ""

    def __str__(self) -> str:
        parts = [self.file or "<input>"]
        if self.line:
            parts.append(str(self.line))
            if self.column:
                parts.append(str(self.column))
        text = ":".join(parts)
        return f"{text} ({self.field})" if self.field else text


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with an input: a stable code (`unknown-key`), what, where, and how to mend it."""

    code: str
    message: str
    place: Place = Place()
    hint: str = ""
    severity: str = "error"  # "error" | "warning"
    trace: tuple[str, ...] = ()  # shortest path that shows it (model checker)

    def __str__(self) -> str:
        text = f"{self.place}: {self.severity}: {self.message} [{self.code}]"
        if self.trace:
            text += "\n    path: " + " -> ".join(self.trace)
        return f"{text}\n    {self.hint}" if self.hint else text


class CallwrightError(Exception):
    """Base of every error callwright raises on purpose; `exit_code` is what the command line ends with."""

    exit_code = 1


class InputError(CallwrightError):
    """Something from outside is wrong; carries every problem found, in file order."""

    exit_code = 2

    def __init__(self, problems: Problem | list[Problem]) -> None:
        self.problems = [problems] if isinstance(problems, Problem) else list(problems)
        super().__init__("\n".join(str(p) for p in self.problems))


class ScriptError(InputError):
    """A script/1 file cannot be used."""


class LineFileError(InputError):
    """A line/1 file cannot be used."""


class PackError(InputError):
    """A rule-pack/1 file, or facts to try one with, cannot be used."""


class LeadsError(InputError):
    """A list of people to call cannot be used."""


class AudioError(InputError):
    """A recording cannot be used."""


class ModelError(InputError):
    """A speech model or a trained understanding is missing or damaged."""


class SettingsError(InputError):
    """A setting from the environment or the command line is wrong."""


class TaskError(InputError):
    """A plan of a task is wrong, or a task cannot do what is asked of it."""


class RefusedError(CallwrightError):
    """The call may not be placed; the decision tells why."""

    exit_code = 3


class StoreError(CallwrightError):
    """The database, the keys or the blobs cannot be reached or used; says what and how to mend it."""


class LostError(StoreError):
    """The connection to the database broke within a transaction: it is undone, unless it was just being committed."""


class DamagedError(StoreError):
    """What is kept is there and cannot be opened: it was changed, or another key sealed it."""


class ScopeError(StoreError):
    """A statement would read or write outside of its tenant: a mistake in the code, refused before it runs."""


class LineError(CallwrightError):
    """The line failed: no socket, no route, peer gone."""


class UnreachableError(LineError):
    """A name that does not resolve, or a server that no connection can be opened to: the fault is over there."""


class WireError(LineError):
    """A peer sent bytes that are no valid message; never fatal for other calls."""
