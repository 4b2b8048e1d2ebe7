"""Every command in the README and the docs is run as a reader would run it, and what it is said to print is printed.

A ```console block holds `$ command` lines and, below each, lines of its output in order (`...` stands for any lines). A command goes on after a
backslash and through the end of its heredoc; `# exit 2` says with which code it ends (else 0). All commands of a page run in one folder.
A ```yaml block is a part of a script: it is put into a complete one, whose reading then finds nothing wrong. Links must lead somewhere.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import typer

from callwright.cli.main import app
from callwright.script.builtin import template_path
from callwright.script.loader import loads

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "README.zh-CN.md", *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
FRAGMENT = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
HEREDOC = re.compile(r"<<'(\w+)'")
EXIT = re.compile(r"#\s*exit (\d+)")
TOP_KEY = re.compile(r"^(?=[a-z_]+:)", re.MULTILINE)
# `make test` is what runs this test; the demos have an acceptance test of their own (test_demo.py) that runs them and reads their figures.
NOT_AGAIN = ("make test", "make demo", "make demo DEMO_ARGS=")


@dataclass(frozen=True)
class Command:
    """text: what the shell runs; code: the exit code the page tells; output: the lines the page shows, in order."""

    text: str
    code: int
    output: list[str] = field(default_factory=list)


def commands(text: str) -> Iterator[Command]:
    """The commands of a page, in order."""
    for block in BLOCK.findall(text):
        yield from block_commands(iter(block.splitlines()))


def block_commands(lines: Iterator[str]) -> Iterator[Command]:
    command: Command | None = None
    for line in lines:
        if line.startswith("$ "):
            if command is not None:
                yield command
            told = EXIT.search(line)
            command = Command(whole_command(line[2:], lines), int(told.group(1)) if told else 0)
        elif line.strip() and line.strip() != "...":
            assert command is not None, f"output before any command: {line}"
            command.output.append(line.strip())
    if command is not None:
        yield command


def whole_command(first: str, lines: Iterator[str]) -> str:
    """A command with the lines that belong to it: after a backslash, and those of its heredoc."""
    taken = [first]
    while taken[-1].endswith("\\"):
        taken.append(next(lines))
    if heredoc := HEREDOC.search(taken[-1]):
        for line in lines:
            taken.append(line)
            if line == heredoc.group(1):
                return "\n".join(taken) + "\n"
        raise AssertionError(f"heredoc without end: {first}")
    return "\n".join(taken)


def missing_line(expected: list[str], output: str) -> str | None:
    """The first expected line that does not stand in the output after the one before it."""
    at = 0
    for line in expected:
        found = output.find(line, at)
        if found < 0:
            return line
        at = found + len(line)
    return None


def with_fragment(fragment: str) -> str:
    """A complete script in which the fragment's top-level keys replace those of the same name."""
    given = TOP_KEY.split(fragment)[1:]
    keys = {part.partition(":")[0] for part in given}
    base = TOP_KEY.split(template_path("appointment_en").read_text(encoding="utf-8"))
    kept = [part for part in base if part.partition(":")[0] not in keys]
    return "".join(part if part.endswith("\n") else part + "\n" for part in [*kept, *given])


def told_in_english(page: Path) -> bool:
    """A Chinese page of the very same commands and answers as the English one, which is run."""
    english = page.with_name(page.name.replace(".zh-CN.md", ".md"))
    if english == page or not english.exists():
        return False
    told = [list(commands(one.read_text(encoding="utf-8"))) for one in (page, english)]
    return told[0] == told[1]


@pytest.mark.acceptance
@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if BLOCK.search(page.read_text(encoding="utf-8")) and not told_in_english(page)],
    ids=lambda page: str(page.relative_to(ROOT)),
)
@pytest.mark.timeout(900)
def test_commands_do_what_the_page_says(page: Path, tmp_path: Path) -> None:
    scripts = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "200", "NO_COLOR": "1"}
    environment.setdefault("CALLWRIGHT_SHARED", str((ROOT / ".." / "shared").resolve()))
    environment["CALLWRIGHT_SHARED"] = str((ROOT / environment["CALLWRIGHT_SHARED"]).resolve())
    environment["XDG_DATA_HOME"] = str(tmp_path / ".data")  # what a page keeps (database, keys) is its own
    found = list(commands(page.read_text(encoding="utf-8")))
    assert found
    for command in found:
        if command.text.startswith(NOT_AGAIN):
            continue
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command.text],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=840,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        output = done.stdout + done.stderr
        assert done.returncode == command.code, f"{command.text}\n{output}"
        missing = missing_line(command.output, output)
        assert missing is None, f"{command.text}\nexpected: {missing}\n{output}"


@pytest.mark.parametrize(
    ("page", "fragment"),
    [(page, part) for page in PAGES for part in FRAGMENT.findall(page.read_text(encoding="utf-8"))],
    ids=lambda value: str(value.relative_to(ROOT)) if isinstance(value, Path) else value.partition("\n")[0],
)
def test_fragments_fit_into_a_script(page: Path, fragment: str) -> None:
    assert TOP_KEY.search(fragment), f"{page.name}: a fragment holds whole top-level keys"
    loads(with_fragment(fragment), page.name)  # raises ScriptError with every unknown key and wrong value


def test_a_wrong_fragment_is_found() -> None:
    with pytest.raises(Exception, match="unknown-key"):
        loads(with_fragment("kb:\n  - {id: price, phrase: [how much], answers: [free]}\n"))


def test_heredocs_continuations_and_exit_codes_are_read() -> None:
    page = (
        "```console\n$ cat > a <<'E'\n$ no command\n...\nE\n$ false \\\n  || exit 2  # exit 2\nline\n...\nlast\n```\n"
    )
    first, second = commands(page)
    assert first == Command("cat > a <<'E'\n$ no command\n...\nE\n", 0)
    assert (second.text, second.output) == ("false \\\n  || exit 2  # exit 2", ["line", "last"])
    assert missing_line(["a", "b"], "a\nb") is None
    assert missing_line(["b", "a"], "a\nb") == "a"


def described() -> Iterator[tuple[str, Any]]:
    """(words, command) of everything the command line knows, hidden ones left out."""

    def walk(words: str, command: Any) -> Iterator[tuple[str, Any]]:
        yield words, command
        for name in getattr(command, "commands", {}):
            child = command.get_command(None, name)  # imported now, when it is the outermost group's
            if not child.hidden:
                yield from walk(f"{words} {name}", child)

    return walk("callwright", typer.main.get_command(app))


@pytest.mark.parametrize(("words", "command"), [pytest.param(*item, id=item[0]) for item in described()])
def test_every_command_and_option_stands_in_the_reference(words: str, command: Any) -> None:
    text = (ROOT / "docs/reference/cli.md").read_text(encoding="utf-8")
    parts = re.split(r"^## ", text, flags=re.MULTILINE)
    section = next((part for part in parts if part.partition("\n")[0].strip("` ") == words), "")
    assert section, f"docs/reference/cli.md has no section `{words}`"
    options = [
        name for param in command.params for name in (*param.opts, *param.secondary_opts) if name.startswith("-")
    ]
    assert not [name for name in options if not re.search(rf"`{name}[ `]", section)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    missing = [
        target
        for target in targets
        if "://" not in target and not target.startswith("mailto:") and not (page.parent / target).exists()
    ]
    assert not missing
