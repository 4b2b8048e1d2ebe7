"""An agent calls somebody from the browser: decided, placed and recorded by a real worker, heard on both sides, found among the results."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from tests.integration.desk.browser import AGENT_HZ, browser, comes
from tests.integration.desk.conftest import PERSON_HZ, strength
from tests.integration.desk.office import Office, office

pytestmark = [pytest.mark.anyio, pytest.mark.integration]

LOUD = 1500.0


async def test_an_agent_calls_somebody_and_the_rules_decide(tmp_path: Path) -> None:
    async with office(tmp_path) as found:
        numbers, leads = found.console.seeded.numbers, found.console.seeded.leads
        async with browser(found.api) as page:  # it is night there
            refused = (await found.click(await page.offer(), lead=leads[1]))["refused"]
            assert (refused["pack"], refused["rule"]) in (("cn", "hours"), ("house", "window"))
            assert datetime.fromisoformat(refused["next_allowed_at"]) > datetime.now(UTC)
            assert int(refused["record"]) > 0
            assert refused["title"]
        async with browser(found.api) as page:  # nobody knows this number
            refused = (await found.click(await page.offer(), number="+8613999999999"))["refused"]
            assert (refused["rule"], refused["record"], refused["next_allowed_at"]) == ("unknown-person", "", None)
        assert not await found.attempts()

        async with browser(found.api) as page:
            placed = await found.click(await page.offer(), number=numbers[0])
            assert not found.telephone.heard  # nobody is rung before the browser is there
            await page.connect(placed["call"], placed["session"], placed["answer"])
            await comes(lambda: strength(found.telephone.last(), AGENT_HZ) > LOUD)
            await comes(lambda: strength(page.last(), PERSON_HZ) > LOUD)
            (row,) = (await found.get("/live/calls"))["items"]
            assert (row["standing"], row["user"]) == ("person", 1)
            busy = await found.api.post(
                "/api/v1/desk/calls", json={"task": found.task, "offer": "v=0", "number": numbers[0]}
            )
            assert (busy.status_code, busy.json()["code"]) == (409, "agent-state")
            assert (await page.do("hang_up")).status_code == 200
            await asyncio.wait_for(found.telephone.over.wait(), 20)

        async with asyncio.timeout(30):
            while not (call := await found.get(f"/calls/{placed['call']}")):  # noqa: ASYNC110 - over HTTP
                await asyncio.sleep(0.2)
        assert (call["origin"], call["agent"], call["disposition"], call["recorded"]) == (
            "agent",
            1,
            "transferred",
            True,
        )
        assert (await found.get("/calls?agent=1"))["items"][0]["call"] == placed["call"]
        assert (await found.get("/calls?agent=2"))["items"] == []
        assert not [line for line in call["lines"] if line["who"] == "robot"]  # it has said nothing
        (kept,) = await found.attempts()
        assert (kept.id, kept.task_id, kept.record_seq > 0) == (placed["call"], None, True)
        assert (await found.get(f"/calls/{placed['call']}/decision"))["verified"]
        await _recorded(found, placed["call"])
        await _written_up(found, placed["call"])


async def _recorded(found: Office, call: str) -> None:
    """Who was called is on the left, and who called on the right."""
    answer = await found.api.get(f"/api/v1/calls/{call}/recording")
    assert answer.status_code == 200
    samples = np.frombuffer(answer.content[44:][: (len(answer.content) - 44) // 4 * 4], "<i2").reshape(-1, 2)
    middle = samples[len(samples) // 2 :][:2000]
    assert strength(middle[:, 0], PERSON_HZ) > LOUD
    assert strength(middle[:, 1], AGENT_HZ) > LOUD


async def _written_up(found: Office, call: str) -> None:
    assert (await found.get("/desk/settings"))["codes"]
    body = {"call": call, "code": "callback", "note": "on Monday", "follow_up": True}
    assert (await found.api.post("/api/v1/desk/wrap-ups", json=body)).json()["state"] == "ready"
    (note,) = await found.get(f"/desk/calls/{call}/wrap-ups")
    assert (note["code"], note["note"], note["follow_up"]) == ("callback", "on Monday", True)


async def test_nobody_is_rung_for_a_browser_that_does_not_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callwright.desk.placing._THERE_S", 0.5)
    async with office(tmp_path) as found, browser(found.api) as page:
        placed = await found.click(await page.offer(), number=found.console.seeded.numbers[0])
        async with asyncio.timeout(30):
            while not (rows := await found.attempts()) or not rows[0].disposition:  # noqa: ASYNC110 - in the database
                await asyncio.sleep(0.1)
        assert (rows[0].id, rows[0].answered_at, rows[0].counts) == (placed["call"], None, False)
        assert found.telephone.media is None
