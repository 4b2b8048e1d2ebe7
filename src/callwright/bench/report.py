"""What a benchmark found: figures with targets, as a table for people and as JSON for programs."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

from callwright.errors import Place, Problem, SettingsError

__all__ = ["Figure", "Report", "machine"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. want: `least` (value >= target), `most` (value <= target), or `none` (told, not judged)."""

    name: str
    value: float
    unit: str
    target: float | None = None
    want: Literal["least", "most", "none"] = "none"

    @property
    def ok(self) -> bool:
        """The target is met; true where there is none."""
        if self.target is None or self.want == "none":
            return True
        return self.value >= self.target if self.want == "least" else self.value <= self.target

    def as_json(self) -> dict[str, Any]:
        sign = {"least": ">= ", "most": "<= ", "none": ""}[self.want]
        target = f"{sign}{self.target:g}" if self.target is not None else None
        return {"name": self.name, "value": self.value, "unit": self.unit, "target": target, "ok": self.ok}


@dataclass(frozen=True, slots=True)
class Report:
    """One run of one benchmark."""

    bench: str
    machine: str
    figures: Sequence[Figure]

    @property
    def ok(self) -> bool:
        return all(figure.ok for figure in self.figures)

    def as_json(self) -> dict[str, Any]:
        return {"bench": self.bench, "machine": self.machine, "figures": [f.as_json() for f in self.figures]}

    def write(self, path: Path) -> None:
        """Write the JSON. Raises SettingsError when the file cannot be written."""
        try:
            path.write_text(json.dumps(self.as_json(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            problem = Problem(
                "unwritable", f"cannot write the figures: {error}", Place(str(path)), "Choose another --json file."
            )
            raise SettingsError(problem) from error

    def show(self, console: Console) -> None:
        """Print the table."""
        table = Table(title=f"bench {self.bench} on {self.machine}", title_justify="left")
        table.add_column("figure")
        table.add_column("value", justify="right")
        table.add_column("unit")
        table.add_column("target", justify="right")
        table.add_column("")
        for figure in self.figures:
            row = figure.as_json()
            verdict = "" if figure.target is None else ("ok" if figure.ok else "MISSED")
            table.add_row(
                figure.name,
                f"{figure.value:,.4g}" if figure.value < 1000 else f"{figure.value:,.0f}",
                figure.unit,
                row["target"] or "",
                verdict,
            )
        console.print(table)


def machine() -> str:
    """What ran it: processor architecture, cores, Python, and how busy it was (the one-minute load)."""
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{platform.machine()} {os.cpu_count()} cores, Python {platform.python_version()}{load}"
