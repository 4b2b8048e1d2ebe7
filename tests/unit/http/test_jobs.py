"""Long work: few at once, the others wait; it is ended by hand or with the application, and what it wrote goes with it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

from callwright.accounts.model import Viewer
from callwright.accounts.roles import Permission, Role
from callwright.errors import InputError, Problem
from callwright.http.jobs import AT_ONCE, KEPT_FOR, OPEN_OF_A_TENANT, Job, Jobs
from callwright.http.problems import ApiError

pytestmark = pytest.mark.anyio
ANN = Viewer.of_session(1, 7, "ann", frozenset({Role.OPERATOR}))
READS = Permission.LISTS_READ


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def _there(path: Path) -> bool:
    return path.is_file()


async def _nothing(job: Job) -> Mapping[str, Any]:
    return {}


async def test_two_run_the_others_wait_and_too_many_are_refused() -> None:
    free = anyio.Event()

    async def work(job: Job) -> Mapping[str, Any]:
        await free.wait()
        return {"done": True}

    async with Jobs.open() as jobs:
        begun = [jobs.start(ANN, "list.import", "x", READS, work) for _ in range(OPEN_OF_A_TENANT)]
        await anyio.wait_all_tasks_blocked()
        assert sum(job.state == "running" for job in begun) == AT_ONCE
        with pytest.raises(ApiError) as refused:
            jobs.start(ANN, "list.import", "x", READS, work)
        assert refused.value.status == 429
        other = Viewer.of_session(2, 8, "eve", frozenset({Role.OPERATOR}))
        jobs.start(other, "list.import", "x", READS, _nothing)
        free.set()
        with anyio.fail_after(30):
            for job in begun:
                await job.wait()
        assert {(job.state, job.result["done"]) for job in begun} == {("done", True)}


async def test_one_is_cancelled_and_all_end_with_the_application() -> None:
    async with Jobs.open() as jobs:
        one, two = (jobs.start(ANN, "list.import", "x", READS, _forever) for _ in range(2))
        await anyio.wait_all_tasks_blocked()
        jobs.cancel(one)
        with anyio.fail_after(30):
            await one.wait()
        assert (one.state, two.state) == ("cancelled", "running")
        folder = two.folder
        assert folder.is_dir()
    assert two.state == "cancelled"
    assert not folder.exists()


async def test_what_was_cancelled_leaves_no_file_also_when_it_never_ran() -> None:
    async with Jobs.open() as jobs:
        begun = [jobs.start(ANN, "list.import", "x", READS, _forever) for _ in range(AT_ONCE + 1)]
        for job in begun:
            (job.folder / "sent.csv").write_text("x")
            job.files["sent.csv"] = job.folder / "sent.csv"
        await anyio.wait_all_tasks_blocked()
        assert begun[-1].state == "waiting"
        for job in begun:
            jobs.cancel(job)
            with anyio.fail_after(30):
                await job.wait()
        assert {(job.state, job.folder.exists(), len(job.files)) for job in begun} == {("cancelled", False, 0)}


async def _forever(job: Job) -> Mapping[str, Any]:
    await anyio.sleep_forever()
    return {}


async def test_what_went_wrong_is_told_and_a_fault_of_ours_tells_nothing() -> None:
    async def wrong(job: Job) -> Mapping[str, Any]:
        raise InputError([Problem("empty", "no rows"), Problem("too-long", "x")])

    async def fault(job: Job) -> Mapping[str, Any]:
        raise RuntimeError("+8613900000001 is secret")

    async with Jobs.open() as jobs:
        first, second = jobs.start(ANN, "a", "x", READS, wrong), jobs.start(ANN, "b", "x", READS, fault)
        with anyio.fail_after(30):
            await first.wait()
            await second.wait()
        assert (first.state, [one.code for one in first.problems]) == ("failed", ["empty", "too-long"])
        assert (second.state, second.problems[0].code) == ("failed", "fault")
        assert "13900000001" not in str(second.problems)


async def test_only_who_may_finds_one_and_it_is_forgotten_with_its_files() -> None:
    clock = Clock()

    async def work(job: Job) -> Mapping[str, Any]:
        (job.folder / "errors.csv").write_text("x")
        job.files["errors.csv"] = job.folder / "errors.csv"
        return {}

    async with Jobs.open(clock) as jobs:
        job = jobs.start(ANN, "list.import", "x", READS, work)
        with anyio.fail_after(30):
            await job.wait()
        kept: Path = job.files["errors.csv"]
        assert jobs.find(ANN, job.id) is job
        for stranger in (
            Viewer.of_session(2, 7, "ann", frozenset({Role.OPERATOR})),
            Viewer.of_session(1, 9, "aut", frozenset({Role.AUTHOR})),
        ):
            with pytest.raises(ApiError) as refused:
                jobs.find(stranger, job.id)
            assert refused.value.status == 404
        assert _there(kept)
        clock.now += KEPT_FOR + timedelta(seconds=1)
        jobs.start(ANN, "list.import", "y", READS, _nothing)
        assert not _there(kept)
        with pytest.raises(ApiError):
            jobs.find(ANN, job.id)
