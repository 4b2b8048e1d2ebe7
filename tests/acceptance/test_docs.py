"""Every command in the README and the tutorial is run as a reader would run it, and what it is said to print is printed.

A ```console block holds `$ command` lines and, below each, lines of its output (`...` stands for anything). Links must lead somewhere.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "README.zh-CN.md", *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
# `make test` is what runs this test; the demos have an acceptance test of their own (test_demo.py) that runs them and reads their figures.
NOT_AGAIN = ("make test", "make demo", "make demo DEMO_ARGS=")


def steps(page: Path) -> list[tuple[str, list[str]]]:
    """(command, expected output lines) in order."""
    found: list[tuple[str, list[str]]] = []
    for block in BLOCK.findall(page.read_text(encoding="utf-8")):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            elif line.strip() and line.strip() != "..." and found:
                found[-1][1].append(line.strip())
    return found


@pytest.mark.acceptance
@pytest.mark.parametrize(
    "page", [page for page in PAGES if BLOCK.search(page.read_text(encoding="utf-8"))], ids=lambda page: page.name
)
def test_commands_do_what_the_page_says(page: Path, tmp_path: Path) -> None:
    scripts = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "200", "NO_COLOR": "1"}
    environment.setdefault("CALLWRIGHT_SHARED", str((ROOT / ".." / "shared").resolve()))
    environment["CALLWRIGHT_SHARED"] = str((ROOT / environment["CALLWRIGHT_SHARED"]).resolve())
    ran = 0
    for command, expected in steps(page):
        if command.startswith(NOT_AGAIN):
            continue
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        output = done.stdout + done.stderr
        assert done.returncode == 0 or "# exit" in command, f"{command}\n{output}"
        for line in expected:
            assert line in output, f"{command}\nexpected: {line}\n{output}"
        ran += 1
    assert ran or all(command.startswith(NOT_AGAIN) for command, _ in steps(page))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    missing = [
        target
        for target in targets
        if "://" not in target and not target.startswith("mailto:") and not (page.parent / target).exists()
    ]
    assert not missing
