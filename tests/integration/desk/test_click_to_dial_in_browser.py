"""An agent calls somebody from the desk in Chromium: what the rules say, sound both ways, hanging up and writing up."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.integration.desk.browser import comes
from tests.integration.desk.chromium import MICROPHONE_HZ, NEEDS_CHROMIUM, page_at, person_heard
from tests.integration.desk.conftest import strength
from tests.integration.desk.office import Office, office

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = [pytest.mark.anyio, pytest.mark.integration, *NEEDS_CHROMIUM]

LOUD = 1000.0


async def test_an_agent_calls_from_the_desk(tmp_path: Path) -> None:
    async with office(tmp_path) as found, page_at(f"{found.console.url}/desk", tmp_path) as page:
        await _choose_task(page)
        refused = page.get_by_role("alert").filter(has_text="Not allowed")
        await _call(page, "+8613999999999")
        await refused.filter(has_text="nobody knows this number").wait_for()
        await _call(page, found.console.seeded.numbers[1])  # it is night there
        await refused.filter(has_text="Allowed again:").wait_for()
        assert not await found.attempts()

        await _call(page, found.console.seeded.numbers[0])
        await page.get_by_text("You talk with the person called").wait_for()
        await comes(lambda: strength(found.telephone.last(10), MICROPHONE_HZ) > LOUD)
        await person_heard(page)
        await page.get_by_role("button", name="Hang up").click()
        await page.locator(".ant-popconfirm").get_by_role("button", name="Hang up").click()
        await asyncio.wait_for(found.telephone.over.wait(), 20)
        await _write_up(found, page)


async def _choose_task(page: Page) -> None:
    await page.get_by_label("In the frame of task").click()
    await page.locator(".ant-select-item-option").first.click()


async def _call(page: Page, number: str) -> None:
    await page.get_by_label("Number").fill(number)
    await page.get_by_role("button", name="Call", exact=True).click()


async def _write_up(found: Office, page: Page) -> None:
    await page.get_by_label("Result").click()
    await page.locator(".ant-select-item-option:visible").first.click()
    await page.get_by_label("Note").fill("on Monday")
    await page.get_by_role("button", name="Done, ready again").click()
    await page.get_by_role("button", name="Done, ready again").wait_for(state="detached")
    (attempt,) = await found.attempts()
    (note,) = await found.get(f"/desk/calls/{attempt.id}/wrap-ups")
    assert note["note"] == "on Monday"
