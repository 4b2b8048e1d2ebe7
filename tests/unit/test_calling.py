"""What a worker does with a call that it cannot place, and with trunks that are not its own."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from callwright.calling import Calling, _Robots, open_calling
from callwright.campaigns.intents import Dial
from callwright.errors import InputError, ModelError, Problem
from callwright.settings import Settings

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


class _Mute(_Robots):
    """Its model is not installed."""

    def __init__(self) -> None:
        self.placers = {}

    async def _robot(self, digest: str, version: int) -> Any:
        raise ModelError(Problem("model-missing", "the speech model zh-phone-8k is not installed"))


async def test_a_script_that_cannot_be_spoken_is_a_fault_of_ours_and_nothing_has_left() -> None:
    order = Dial("attempt-1", cast(Any, None), 1, "worker", 3, 7, "digest", {}, "trunk", 30.0)
    came = await _Mute().place(order, lambda step: None, lambda: NOW)
    assert (came.ended.disposition, came.ended.cause, came.ended.fence) == ("network_fault", "robot_not_ready", 3)
    assert came.ended.answered_at is None


async def test_a_name_that_no_trunk_is_for_is_told_before_anything_listens(tmp_path: Path) -> None:
    line = tmp_path / "line.yaml"
    trunk = """{name: office, tenant: acme, proxy: "sip:127.0.0.1:5060", local: {host: 127.0.0.1, port: 0},
        numbers: ["+861085550000"], sources: [127.0.0.1]}"""
    line.write_text(f"format: line/1\ntrunks: [{trunk}]\n", encoding="utf-8")
    nothing = cast(Any, None)
    with pytest.raises(InputError) as told:
        async with open_calling(Calling(line, tmp_path, 1, "acem"), Settings.from_environment(), nothing, 1, nothing):
            raise AssertionError("it works for nobody")
    (problem,) = told.value.problems
    assert (problem.code, problem.place.file) == ("no-trunk", str(line))
    assert "acme" in problem.hint
