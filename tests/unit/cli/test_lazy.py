"""Commands are imported when they are used, and listed as they describe themselves."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from callwright.cli.lazy import COMMANDS, load
from callwright.cli.main import app


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_what_the_command_says_of_itself(name: str) -> None:
    command = load(name)
    assert command.name == name
    assert command.help.split("\n\n")[0].replace("\n", " ").startswith(COMMANDS[name][1].rstrip("."))


def test_help_lists_every_command_and_imports_none() -> None:
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom callwright.cli.main import app\n"
        "print(CliRunner().invoke(app, ['--help']).output)\n"
        "print('imported:', [n for n in sys.modules if n.startswith('callwright.dialogue') or n == 'numpy'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "imported: []" in done.stdout
    assert all(f"  {name} " in done.stdout for name in COMMANDS)


def test_an_unknown_command_is_refused_with_a_near_one() -> None:
    done = CliRunner().invoke(app, ["dmeo"])
    assert done.exit_code == 2
    assert "Did you mean 'demo'?" in done.output
