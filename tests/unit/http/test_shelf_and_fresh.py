"""Uploaded files that wait, and readings that many share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO

import anyio
import pytest

from callwright.accounts.model import Viewer
from callwright.http.fresh import Fresh
from callwright.http.problems import ApiError
from callwright.http.shelf import KEPT_FOR, OF_A_TENANT, Shelf

pytestmark = pytest.mark.anyio
ANN = Viewer.of_session(1, 7, "ann", frozenset())


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
        self.s = 0.0

    def __call__(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        return self.s


async def test_a_file_is_kept_for_its_tenant_and_for_an_hour() -> None:
    clock = Clock()
    with Shelf.open(clock) as shelf:
        laid = await shelf.lay(ANN, "a.csv", BytesIO(b"x" * 10), 10)
        assert (shelf.find(ANN, laid.id).path.read_bytes(), laid.size) == (b"x" * 10, 10)
        with pytest.raises(ApiError):
            shelf.find(Viewer.of_session(2, 7, "ann", frozenset()), laid.id)
        clock.now += KEPT_FOR + timedelta(seconds=1)
        with pytest.raises(ApiError):
            shelf.find(ANN, laid.id)
        assert not laid.path.exists()


async def test_one_that_is_too_long_leaves_nothing_and_the_oldest_makes_room() -> None:
    with Shelf.open() as shelf:
        with pytest.raises(ApiError) as refused:
            await shelf.lay(ANN, "a.csv", BytesIO(b"x" * 11), 10)
        assert refused.value.status == 413
        assert not list(shelf._folder.iterdir())
        laid = [await shelf.lay(ANN, f"{n}", BytesIO(b"x"), 10) for n in range(OF_A_TENANT + 2)]
        kept = [one for one in laid if one.path.exists()]
        assert kept == laid[2:]
        folder = shelf._folder
    assert not folder.exists()


async def test_many_readers_share_one_reading_and_a_dear_one_is_good_for_longer() -> None:
    clock, reads = Clock(), 0

    async def read() -> int:
        nonlocal reads
        reads += 1
        await anyio.lowlevel.checkpoint()
        clock.s += 0.2  # dear
        return reads

    fresh = Fresh(clock.monotonic)
    seen: list[int] = []

    async def look() -> None:
        seen.append(await fresh.value((1, "x"), read))

    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(look)
    assert (seen, reads) == ([1] * 10, 1)
    clock.s += 3.9
    assert await fresh.value((1, "x"), read) == 1, "a twentieth of the time at most goes into reading"
    clock.s += 0.2
    assert await fresh.value((1, "x"), read) == 2
    assert await fresh.value((2, "x"), read) == 3, "another key is another value"


async def test_a_reading_that_fails_is_not_kept() -> None:
    async def broken() -> int:
        raise ValueError("away")

    async def fine() -> int:
        return 5

    fresh = Fresh()
    with pytest.raises(ValueError, match="away"):
        await fresh.value("x", broken)
    assert await fresh.value("x", fine) == 5
