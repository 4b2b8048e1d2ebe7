"""The list that the import is measured with: it holds what it says it holds."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from callwright.bench.importing import tree_megabytes, write_list
from callwright.campaigns.entries import Entry, Rules, judge
from callwright.campaigns.mapping import targets
from callwright.campaigns.sources import open_list


def test_the_list_holds_what_it_says(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    wanted = write_list(path, 2_500)
    source = open_list(path)
    rules = Rules(targets(source.columns, {}, {}), datetime(2026, 11, 26, tzinfo=UTC))
    verdicts = [judge(rules, row) for row in source.rows()]
    numbers = [verdict.number for verdict in verdicts if isinstance(verdict, Entry)]
    frozen = path.with_suffix(".frozen").read_text(encoding="utf-8").split()
    assert len(verdicts) == wanted["rows"] == 2_500
    assert len(verdicts) - len(numbers) == wanted["bad"] == 5
    assert len(numbers) - len(set(numbers)) == wanted["duplicates"]
    assert len(set(frozen) & set(numbers)) == wanted["frozen"] == 3


def test_memory_of_a_process_and_its_children() -> None:
    assert tree_megabytes(os.getpid()) > 5
