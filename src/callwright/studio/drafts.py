"""Use cases of drafts: begin one, save over the version one began from, go back, throw it away."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Any

import yaml
from sqlalchemy.exc import IntegrityError

from callwright.errors import InputError, Problem, ScriptError
from callwright.http.problems import absent, conflict
from callwright.script.builtin import template_path, templates
from callwright.script.dialect import SCRIPT_FILE
from callwright.store.scope import Scope
from callwright.studio import store
from callwright.studio.model import Draft, Person, Save
from callwright.studio.recordings.pinning import unsealed
from callwright.yaml_file import MAX_BYTES, read

__all__ = ["begin", "discard", "read_draft", "restore", "save", "template", "text_of", "with_id"]

_NAME = re.compile(r"[\w.-]{1,64}")
_ID_LINE = re.compile(r"^id:[ \t]*([^\n#]*?)[ \t]*(#[^\n]*)?$", re.MULTILINE)


async def begin(scope: Scope, script: str, text: str, by: Person, now: datetime) -> Draft:
    """A draft where there is none.

    Raises:
        InputError: the name or the text cannot be kept.
        ApiError: 409, there is one already.
    """
    if not _NAME.fullmatch(script):
        hint = "Use letters, digits, `_`, `-` and `.`, at most 64."
        raise InputError(Problem("bad-name", f"`{script[:80]}` is no name of a script", hint=hint))
    if await store.draft(scope, script) is not None:
        raise conflict("exists", f"there is a draft of {script} already", "Open it, or choose another name.")
    number = await store.last_save(scope, script) + 1
    new = _described(Draft(script, with_id(text, script), number, "", "", "", by, now))
    try:
        async with scope.savepoint():
            await store.add_draft(scope, new)
    except IntegrityError:
        raise conflict("exists", f"there is a draft of {script} already", "Open it, or choose another name.") from None
    await store.add_save(scope, script, Save(number, by, now, "", new.text))
    return new


async def save(scope: Scope, script: str, text: str, seen: int, by: Person, note: str, now: datetime) -> Draft:
    """Put a text in the place of the version that was seen. The same text again is no new version.

    Raises:
        InputError: the text is too long.
        ApiError: 404, there is no draft; 409, somebody else saved meanwhile: says who.
    """
    found = await read_draft(scope, script)
    if found.version != seen:
        raise _changed(found)
    if found.text == text:
        return found
    new = _described(replace(found, text=text, version=seen + 1, updated_by=by, updated_at=now))
    if not await store.update_draft(scope, new, seen):
        raise _changed(await read_draft(scope, script))
    await store.add_save(scope, script, Save(new.version, by, now, note, text))
    return new


async def restore(scope: Scope, script: str, text: str, seen: int, by: Person, source: str, now: datetime) -> Draft:
    """Go back to a text the draft once had (`source` says which). What was written since stays among the saves."""
    return await save(scope, script, text, seen, by, source, now)


async def discard(scope: Scope, script: str, seen: int) -> None:
    """Throw the draft away; its saves and versions stay.

    Raises:
        ApiError: 404, there is no draft; 409, somebody else saved meanwhile.
    """
    found = await read_draft(scope, script)
    if found.version != seen or not await store.drop_draft(scope, script, seen):
        raise _changed(await read_draft(scope, script))


async def read_draft(scope: Scope, script: str, *, lock: bool = False) -> Draft:
    """The draft.

    Raises:
        ApiError: 404.
    """
    found = await store.draft(scope, script, lock=lock)
    if found is None:
        raise absent("draft", "Begin one from a template or from a version.")
    return found


async def text_of(scope: Scope, script: str, which: str, *, whole: bool = False) -> str:
    """The text that is meant by `draft`, `save:12`, the digest of a version, or `empty`. whole: of a version with the line that says which
    recordings it is spoken with.

    Raises:
        ApiError: 404, it is not there (any more).
    """
    if which == "empty":
        return ""
    if which == "draft":
        return (await read_draft(scope, script)).text
    if which.startswith("save:"):
        kept = await store.find_save(scope, script, int(which[5:])) if which[5:].isdigit() and len(which) < 15 else None
        if kept is None:
            raise absent("save", f"The last {store.KEPT_SAVES} are kept.")
        return kept.text
    version = await store.version(scope, script, which)
    if version is None:
        raise absent("version")
    return version.text if whole else unsealed(version.text)


def template(name: str) -> str:
    """The text of a built-in template.

    Raises:
        InputError: there is none of this name.
    """
    known = templates()
    if name not in known:
        raise InputError(
            Problem("unknown-template", f"there is no template `{name[:80]}`", hint=f"Known: {', '.join(known)}.")
        )
    return template_path(name).read_text(encoding="utf-8")


def with_id(text: str, script: str) -> str:
    """The text with this `id:` at its top level; nothing else is touched. A text without an `id:` line stays as it is."""
    found = _ID_LINE.search(text)
    if found is None or found[1].strip("\"'") == script:
        return text
    return f"{text[: found.start(1)]}{_scalar(script)}{text[found.end(1) :]}"


def _scalar(word: str) -> str:
    """A name as YAML has it: in quotes when it would be read as something else than text (`12`, `on`)."""
    plain = yaml.safe_load(word) if re.fullmatch(r"[\w][\w.-]*", word) else None
    return word if plain == word else f'"{word}"'


def _described(new: Draft) -> Draft:
    """With the title, language and purpose its text says; where it cannot be read, what was known before."""
    size = len(new.text.encode(errors="surrogatepass"))
    if size > MAX_BYTES:
        raise InputError(
            Problem("too-large", f"the script is longer than {MAX_BYTES // 1024} KiB", hint="Split it, or shorten the phrase lists.")
        )  # fmt: skip
    try:
        value = read(new.text, new.script, SCRIPT_FILE).value
    except ScriptError:
        return new
    if not isinstance(value, dict):
        return new
    return replace(
        new, title=_word(value.get("title"), 200), language=_word(value.get("lang"), 8), purpose=_word(value.get("purpose"), 32)
    )  # fmt: skip


def _word(value: Any, most: int) -> str:
    return str(value)[:most] if isinstance(value, str | int | float) else ""


def _changed(found: Draft) -> Exception:
    when = found.updated_at.isoformat(timespec="minutes")
    return conflict(
        "changed-meanwhile",
        f"{found.updated_by.name} saved this draft meanwhile (version {found.version}, {when})",
        "Look at what changed, and put yours over it or take theirs.",
    )
