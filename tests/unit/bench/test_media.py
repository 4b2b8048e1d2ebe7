from __future__ import annotations

import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from callwright.bench import media
from callwright.bench.media_peer import spacing
from callwright.cli.main import app

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="bench media is for Linux")


def test_spacing_and_gaps_of_streams_that_wrap() -> None:
    ssrc = np.array([1, 2, 1, 2, 1], np.uint32)
    sequence = np.array([65535, 10, 0, 12, 1], np.uint16)  # the second stream lost its 11
    at_ns = np.array([0, 5, 21_000_000, 40_000_000, 40_000_000], np.int64)
    apart, came, expected = spacing(ssrc, sequence, at_ns)
    assert apart.tolist() == [1.0, 1.0]
    assert (came, expected) == (5, 6)


@linux
def test_a_small_load_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "_WARM_S", 0.4)
    report = media.run([3], 1.0)
    assert 0.1 < report.figures[0].value < 1000
    found = {figure.name.removeprefix("3 calls: "): figure.value for figure in report.figures}
    assert found["theirs lost"] < 50
    assert found["tick"] > 0
    assert found["whole process"] >= found["tick"]
    assert found["spacing p99"] >= found["spacing p50"]


def test_a_saturated_peer_is_told_and_nothing_is_judged() -> None:
    load = media.Load(600, 50, 60, 1, 9, 9, 0.5, 0.5, 0.5, 0, 0, 0, 0.95, 2.0, 0)
    assert load.saturated
    figures = list(media._figures(load))
    assert "saturated" in figures[0].name
    assert all(figure.ok for figure in figures)


def test_loads_are_judged_up_to_the_claim() -> None:
    good = media.Load(1200, 50, 60, 1, 9, 9, 0.5, 0.5, 0.5, 0, 0, 0, 0.4, 2.0, 0)
    assert sum(not figure.ok for figure in media._figures(good)) == 4


def test_the_list_of_calls_is_checked() -> None:
    result = CliRunner().invoke(app, ["bench", "media", "--calls", "300,x"])
    assert result.exit_code == 2
    assert "300,x" in result.output
