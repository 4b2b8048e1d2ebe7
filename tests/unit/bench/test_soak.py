"""The numbers of the soak: what both sides expect of a call, and when memory counts as grown."""

from __future__ import annotations

import asyncio

from callwright.bench.soak import growth
from callwright.bench.soak_fates import FATES, fate, number
from callwright.bench.upkeep import held, resident_mb


def test_every_way_to_end_a_call_comes_up_within_a_dozen_calls() -> None:
    deeds = {fate(number(call)).deed for call in range(len(FATES))}
    assert deeds == {"we_hang_up", "they_hang_up", "busy", "we_cancel", "nobody"}
    assert fate(number(0)) == fate(number(len(FATES))), "the number alone decides"


def test_memory_that_grows_after_the_first_thousand_calls_is_told() -> None:
    flat = [(ended, 100.0 if ended >= 1_000 else 50.0) for ended in range(0, 10_000, 100)]
    growing = [(ended, 100.0 + ended / 500) for ended in range(0, 10_000, 100)]
    assert [figure.ok for figure in growth("memory", flat)] == [True, True]
    assert [figure.ok for figure in growth("memory", growing)] == [True, False]


def test_too_few_calls_are_not_judged() -> None:
    (figure,) = growth("memory", [(ended, 1.0 + ended) for ended in range(100)])
    assert figure.target is None


def test_what_a_process_holds_is_counted() -> None:
    async def look() -> tuple[int, int]:
        before = held()
        task = asyncio.create_task(asyncio.sleep(60))
        with open("/dev/null"):  # noqa: ASYNC230, PTH123
            within = held()
        task.cancel()
        return within.files - before.files, within.tasks - before.tasks

    assert asyncio.run(look()) == (1, 1)
    assert resident_mb() > 1
