"""What a worker does with a call that it cannot place."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from callwright.calling import _Robots
from callwright.campaigns.gate import Dial
from callwright.errors import ModelError, Problem

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
