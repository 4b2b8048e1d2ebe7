"""From a file to a checked `Script`: read safely, validate strictly, and report every problem at once with file:line:column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from callwright.errors import Place, ScriptError
from callwright.script.dialect import SCRIPT_DIALECT, SCRIPT_FILE
from callwright.script.model import Script
from callwright.yaml_file import check_head, decode, nearest_place, read, read_bytes
from callwright.yaml_problems import explain

__all__ = ["LoadedScript", "load", "loads"]


@dataclass(frozen=True)
class LoadedScript:
    """A valid script and where each of its values stands. `folder` is where recordings are looked up (None: read from text)."""

    script: Script
    places: Mapping[str, Place]
    file: str = "<text>"
    folder: Path | None = None

    def place(self, path: str) -> Place:
        """Where the field `flow.nodes.opening.say[0].text` stands, or its nearest known ancestor."""
        return nearest_place(self.places, path)


def load(path: Path) -> LoadedScript:
    """The script in `path`. Raises ScriptError with every problem: unreadable, not YAML, or not a valid script."""
    return _validated(decode(read_bytes(path, SCRIPT_FILE), str(path), SCRIPT_FILE), str(path), path.parent)


def loads(text: str, file: str = "<text>") -> LoadedScript:
    """The script in `text`; `file` names it in messages. Raises ScriptError with every problem."""
    return _validated(text, file, None)


def _validated(text: str, file: str, folder: Path | None) -> LoadedScript:
    source = read(text, file, SCRIPT_FILE)
    check_head(source, SCRIPT_FILE)
    problems = list(source.problems)
    script = None
    try:
        script = Script.model_validate(source.value)
    except ValidationError as error:
        problems += explain(error, source, SCRIPT_DIALECT)
    if problems or script is None:
        raise ScriptError(sorted(problems, key=lambda problem: (problem.place.line, problem.place.column)))
    return LoadedScript(script, source.places, file, folder)
