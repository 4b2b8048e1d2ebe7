"""Import of a list as large as they come: every row judged, each number once, compared with freezes, sealed and written; then once more.

The import runs in a process of its own, so that its memory is its own: what it and its workers hold together is asked for ten times a second.
PostgreSQL is another one on the same cores, whose processor time is told too.
A tenth of the numbers are of countries that are looked up one by one; some rows are wrong, some stand twice, some people are frozen.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from callwright.bench.report import Figure, Report, machine
from callwright.testing.databases import PostgresServer, missing, sqlite_template

__all__ = ["run", "write_list"]

SECONDS = 120.0
MEGABYTES = 500.0
_OF = 1_000_000  # rows that the targets are for
_BAD, _TWICE, _FROZEN = 500, 200, 1000  # one row in so many
_MOBILE = ("130", "135", "138", "139", "150", "152", "158", "159", "180", "182", "186", "188", "189", "191", "199")
_ELSEWHERE = ("+4930{:08}", "+8190{:08}", "+3361{:07}")


def run(rows: int, say: Callable[[str], None] = lambda _: None) -> Report:
    """Import so many rows into SQLite, and into PostgreSQL where it is installed. Targets are in proportion for more rows than a million."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="callwright-import-") as made:
        folder = Path(made)
        say(f"writing a list of {rows:,} rows")
        wanted = write_list(folder / "people.csv", rows)
        for name, engine in (("SQLite", _sqlite), ("PostgreSQL", _postgres)):
            why = missing() if engine is _postgres else ""
            if why:
                say(f"{name} is left out: {why}")
                continue
            with engine(folder) as (url, others_s):
                for again in (False, True):
                    say(f"importing into {name}{', the same list again' if again else ''}")
                    figures += _measured(name, url, folder / "people.csv", wanted, again, others_s)
    return Report("import", machine(), figures)


def write_list(path: Path, rows: int, seed: int = 1) -> dict[str, int]:
    """A list of so many rows; how many of them are good, bad, duplicates, and frozen (the first numbers of the kind are)."""
    chance = random.Random(seed)
    wanted = {"rows": rows, "bad": 0, "duplicates": 0, "frozen": 0}
    seen: list[str] = []
    known: set[str] = set()
    with path.open("w", encoding="utf-8") as file:
        file.write("手机号,依据,同意时间,同意范围,渠道,姓名,城市\n")
        for row in range(rows):
            if row % _BAD == _BAD - 1:
                number, wanted["bad"] = "12345", wanted["bad"] + 1
            elif row % _TWICE == _TWICE - 1:
                number, wanted["duplicates"] = chance.choice(seen), wanted["duplicates"] + 1
            else:
                number = _fresh(chance, row, known)
                if len(seen) % _FROZEN == 0:
                    wanted["frozen"] += 1
                seen.append(number)
            day = 1 + row % 28
            file.write(
                f"{number},同意,2026-0{1 + row % 9}-{day:02} 10:00,marketing;service,web,客户{row % 9973},上海\n"
            )
    path.with_suffix(".frozen").write_text("\n".join(seen[::_FROZEN]), encoding="utf-8")
    return wanted


def _fresh(chance: random.Random, row: int, known: set[str]) -> str:
    from callwright.campaigns.numbers import look_up

    while True:
        kind = row % 10
        if kind < 7:
            number = f"+86{chance.choice(_MOBILE)}{chance.randrange(10**8):08}"
        elif kind < 9:
            number = f"+1{chance.choice(('212', '310', '415', '512', '617', '305', '206', '416'))}{chance.randrange(200, 1000)}"
            number += f"{chance.randrange(10**4):04}"
        else:
            number = chance.choice(_ELSEWHERE).format(chance.randrange(10**7))
        if number not in known and (kind < 7 or look_up(number)):
            known.add(number)
            return number


@contextmanager
def _sqlite(folder: Path) -> Iterator[tuple[str, None]]:
    path = folder / "callwright.db"
    shutil.copyfile(sqlite_template(folder), path)
    yield f"sqlite:///{path}", None


@contextmanager
def _postgres(folder: Path) -> Iterator[tuple[str, Callable[[], float]]]:
    with PostgresServer.start() as server:
        yield server.fresh(), lambda: server.processor_s


def _measured(
    name: str, url: str, path: Path, wanted: dict[str, int], again: bool, others_s: Callable[[], float] | None
) -> list[Figure]:
    """others_s: processor time of the database so far, where it is a process of its own."""
    command = [sys.executable, "-m", "callwright.bench.importing_once", url, str(path)]
    begin, before = time.monotonic(), others_s() if others_s is not None else 0.0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own command
        most = 0.0
        while process.poll() is None:
            most = max(most, tree_megabytes(process.pid))
            time.sleep(0.1)
        out = process.stdout.read() if process.stdout else ""
    if process.returncode:
        raise RuntimeError(f"the import into {name} failed with {process.returncode}")
    told: dict[str, Any] = json.loads(out)
    factor = max(1.0, wanted["rows"] / _OF)
    new = wanted["rows"] - wanted["bad"] - wanted["duplicates"] - wanted["frozen"]
    right = {
        "rows": wanted["rows"], "bad": wanted["bad"], "duplicates": wanted["duplicates"],
        "frozen": wanted["frozen"], "imported": 0 if again else new, "already": new if again else 0, "people": new,
    }  # fmt: skip
    wrong = sum(abs(told[key] - value) for key, value in right.items())
    label = f"{name}{', again' if again else ''}"
    others = [] if others_s is None else [Figure(f"{label}: processor time of {name}", others_s() - before, "s")]
    return [
        Figure(f"{label}: whole import", told["seconds"], "s", SECONDS * factor, "most"),
        Figure(f"{label}: rows", wanted["rows"] / told["seconds"], "1/s"),
        Figure(f"{label}: memory of all its processes", most, "MB", MEGABYTES * factor, "most"),
        Figure(f"{label}: processor time of all its processes", told["processor"], "s"),
        *others,
        Figure(f"{label}: with start and end of the process", time.monotonic() - begin, "s"),
        Figure(f"{label}: rows that became something else than they should", wrong, "rows", 0.0, "most"),
    ]


def tree_megabytes(pid: int) -> float:
    """What a process and its children hold in memory (RSS; pages they share count for each)."""
    total = 0.0
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        total += int(status.split("VmRSS:")[1].split()[0]) / 1024 if "VmRSS:" in status else 0.0
        children = [
            child for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
        ]
    except (OSError, IndexError):
        return total
    return total + sum(tree_megabytes(int(child)) for child in children)
