"""From a file to a checked `LineFile`: read safely, validate strictly, and report every problem at once with file:line:column."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from callwright.errors import LineFileError, Place, Problem
from callwright.telephony.sip.digest import Credentials
from callwright.telephony.trunks.checks import check_line
from callwright.telephony.trunks.model import LINE_FORMAT, Auth, LineFile, User
from callwright.yaml_file import Kind, check_head, decode, nearest_place, read, read_bytes
from callwright.yaml_problems import Dialect, explain

__all__ = ["LINE_FILE", "LoadedLine", "load_line", "loads_line"]

LINE_FILE = Kind(
    LineFileError,
    "line file",
    LINE_FORMAT,
    "Start from the example in docs/reference/line-file.md.",
    "Split it: one process serves one line file.",
)
_LITERAL = (
    "literal-password",
    "a password does not belong into this file",
    "Put it into an environment variable (`password_env: NAME`) or a file only the service can read (`password_file: PATH`).",
)
_DIALECT = Dialect(
    LineFile,
    "the line file",
    "See docs/reference/line-file.md.",
    {
        r"^[A-Za-z0-9][A-Za-z0-9_.-]*$": "may hold only letters, digits, `_`, `-` and `.`",
        r"^[A-Z]{2}$": "must be two capital letters, like CN",
        r"^\+[0-9]{1,14}$": "must be + and digits, like +8610",
        r"^[0-9*#]*$": "may hold only digits, * and #",
        r"^[A-Za-z_][A-Za-z0-9_]*$": "is no name of an environment variable",
        r"^[^\x00-\x1f\x7f\"\\<>]+$": "may not hold quotes, < > \\ or control characters",
        r"^([0-9]{0,4}|auto)$": "must be up to four digits in quotes, or auto",
        r"^([0-9]{1,6}|auto)$": "must be up to six digits in quotes, or auto",
    },
    {
        "host": "proxy",
        "server": "proxy",
        "username": "auth",
        "registration": "register",
        "caller": "numbers",
        "allow": "sources",
    },
    {"password": _LITERAL, "secret": _LITERAL, "pass": _LITERAL},
)


@dataclass(frozen=True)
class LoadedLine:
    """A valid line file, where its values stand, and what is doubtful (warnings). folder: what its paths are relative to."""

    line: LineFile
    places: Mapping[str, Place]
    file: str = "<text>"
    folder: Path = Path()
    warnings: tuple[Problem, ...] = ()

    def place(self, field: str) -> Place:
        """Where the field `trunks[0].numbers[1]` stands, or its nearest known ancestor."""
        return nearest_place(self.places, field)

    def path(self, text: str) -> Path:
        """A path of the file, from its folder."""
        return self.folder / text

    def credentials(self, secret: Auth | User, field: str, environ: Mapping[str, str] | None = None) -> Credentials:
        """User name and password, read now; field: where `secret` stands, for the message.

        Raises:
            LineFileError: the variable is not set, the file cannot be read, or the password is empty or not one line.
        """
        if secret.password_env is not None:
            env = os.environ if environ is None else environ
            password = env.get(secret.password_env, "")
            if not password:
                hint = f"Set it where the service is started: export {secret.password_env}=..."
                message = f"the environment variable {secret.password_env} is not set"
                raise self._error("no-password", message, f"{field}.password_env", hint)
        else:
            password = self._password_in(str(secret.password_file), field)
        if "\n" in password or "\r" in password or "\0" in password:
            raise self._error(
                "bad-password", "the password is more than one line", field, "Put the password alone there."
            )
        return Credentials(secret.username, password)

    def _password_in(self, name: str, field: str) -> str:
        try:
            password = self.path(name).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not UTF-8 text"
            message = f"the password file cannot be read: {reason}"
            raise self._error("no-password", message, f"{field}.password_file", "Check its name and owner.") from None
        if not password:
            raise self._error(
                "no-password", "the password file is empty", f"{field}.password_file", "Write the password into it."
            )
        return password

    def _error(self, code: str, message: str, field: str, hint: str) -> LineFileError:
        return LineFileError(Problem(code, message, self.place(field), hint))


def load_line(path: Path) -> LoadedLine:
    """The line file in `path`. Raises LineFileError with every problem: unreadable, not YAML, not valid, or files of it missing."""
    return _validated(decode(read_bytes(path, LINE_FILE), str(path), LINE_FILE), str(path), path.parent)


def loads_line(text: str, file: str = "<text>", folder: Path = Path()) -> LoadedLine:
    """The line file in `text`; paths in it are relative to `folder`. Raises LineFileError with every problem."""
    return _validated(text, file, folder)


def _validated(text: str, file: str, folder: Path) -> LoadedLine:
    source = read(text, file, LINE_FILE)
    check_head(source, LINE_FILE)
    problems = list(source.problems)
    line = None
    try:
        line = LineFile.model_validate(source.value)
    except ValidationError as error:
        problems += explain(error, source, _DIALECT)
    warnings: list[Problem] = []
    if line is not None:
        loaded = LoadedLine(line, source.places, file, folder)
        found = [*check_line(line, loaded.place), *_missing_files(loaded)]
        problems += [problem for problem in found if problem.severity == "error"]
        warnings = _ordered([problem for problem in found if problem.severity != "error"])
    if problems or line is None:
        raise LineFileError(_ordered(problems))
    return LoadedLine(line, source.places, file, folder, tuple(warnings))


def _ordered(problems: list[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: (problem.place.line, problem.place.column))


def _missing_files(loaded: LoadedLine) -> Iterator[Problem]:
    for field, name in _files(loaded.line):
        place = loaded.place(field)
        if not loaded.path(name).is_file():
            hint = "Paths are relative to the folder of the line file."
            yield Problem("no-such-file", f"there is no file {name}", place, hint)
        elif field.endswith(("password_file", "tls.key")) and _open_to_others(loaded.path(name)):
            message = f"everybody on this machine can read {name}"
            yield Problem("readable-secret", message, place, f"chmod 600 {name}", severity="warning")


def _open_to_others(path: Path) -> bool:
    return bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))


def _files(line: LineFile) -> Iterator[tuple[str, str]]:
    """(field, path) of every file that is named."""
    for at, trunk in enumerate(line.trunks):
        field = f"trunks[{at}]"
        if trunk.tls is not None:
            for key in ("ca_file", "certificate", "key"):
                name = getattr(trunk.tls, key)
                if name is not None:
                    yield f"{field}.tls.{key}", name
        secrets: list[tuple[str, Auth | User]] = [(f"{field}.auth", trunk.auth)] if trunk.auth is not None else []
        secrets += [(f"{field}.users[{number}]", user) for number, user in enumerate(trunk.users)]
        for where, secret in secrets:
            if secret.password_file is not None:
                yield f"{where}.password_file", secret.password_file
    for at, route in enumerate(line.inbound):
        for kind in ("script", "announcement"):
            name = getattr(route, kind)
            if name is not None:
                yield f"inbound[{at}].{kind}", name
