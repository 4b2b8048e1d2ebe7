"""In the studio: an open question is brought there by one click, with its entry and test; and what two authors wrote at once is put together."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from sqlalchemy import select

from callwright.campaigns.tables import script_version
from callwright.store.metadata import TENANT
from callwright.testing.campaigns import start_task
from callwright.testing.console import Console, open_console
from callwright.testing.results import Told, add_calls

if TYPE_CHECKING:
    from playwright.async_api import Page

CHROMIUM = "/usr/bin/chromium"
NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
SCRIPT = select(script_version.c.id).where(
    script_version.c.tenant_id == TENANT, script_version.c.script_id == "appointment"
)
QUESTION = "有没有停车位"
pytestmark = [pytest.mark.anyio, pytest.mark.acceptance]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def console_with_a_question(folder: Path) -> AsyncIterator[Console]:
    async with open_console(folder, leads=3, now=lambda: NOW) as console:
        seeded, database = console.seeded, console.storage.database
        await start_task(database, seeded, NOW)
        async with database.scope(seeded.tenant) as scope:
            version = int(await scope.value(SCRIPT))
        asked = dataclasses.replace(seeded, script_version=version)
        calls = [Told("B", ("你好", QUESTION), unknown=(QUESTION,), who=who) for who in range(2)]
        await add_calls(database, asked, NOW, calls)
        yield console


@asynccontextmanager
async def author(console: Console, lang: str = "en") -> AsyncIterator[Page]:
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            context = await chromium.new_context(
                extra_http_headers={"x-fake-roles": "author"},
                locale="zh-CN" if lang == "zh" else "en-GB",
                color_scheme="dark" if lang == "zh" else "light",
                viewport={"width": 1280, "height": 800},
                reduced_motion="reduce",  # a dialog that is still growing is missed by a click
            )
            page = await context.new_page()
            page.set_default_timeout(40_000)
            yield page
        finally:
            await chromium.close()


async def picture(page: Page, name: str) -> None:
    """Kept where CALLWRIGHT_PICTURES says."""
    folder = os.environ.get("CALLWRIGHT_PICTURES")
    if folder:
        await page.wait_for_load_state("networkidle")
        await page.screenshot(path=Path(folder) / f"{name}.png")


async def test_a_question_comes_into_the_studio_and_two_authors_are_put_together(tmp_path: Path) -> None:
    async with console_with_a_question(tmp_path) as console, author(console) as page:
        await page.goto(f"{console.url}/unanswered")
        await picture(page, "questions")
        await page.get_by_role("button", name="Answer it in appointment", exact=True).click()
        await page.get_by_text(f"From the open questions: “{QUESTION}” (2 times)").wait_for()
        title = page.locator("#entry-title")
        await title.wait_for()
        assert await title.input_value() == QUESTION
        await page.get_by_text("not saved").wait_for()
        answer = page.locator("textarea").first
        await answer.fill("门口有免费停车位。")
        await answer.blur()
        await picture(page, "studio-brought")
        await page.get_by_role("tab", name="Tests").click()
        await page.get_by_role("button", name="Run the tests").click()
        await page.get_by_text(QUESTION).last.wait_for()
        await picture(page, "studio-brought-tests")

        # somebody else saves the same draft meanwhile, twice where both write
        headers = {"x-fake-roles": "author", "x-fake-user": "2", "X-Callwright": "1"}
        async with httpx.AsyncClient(base_url=f"{console.url}/api/v1", headers=headers) as other:
            before = (await other.get("/scripts/appointment/draft")).json()
            text: str = before["text"]
            theirs = text.rstrip("\n").replace("id: appointment", "id: appointment  # Bert was here", 1)
            theirs += "\n  - name: Bert's test\n    turns: [你好]\n    expect: {}\n"
            named = {"If-Match": f'"{before["version"]}"'}
            saved = await other.put("/scripts/appointment/draft", json={"text": theirs, "note": ""}, headers=named)
            assert saved.status_code == 200, saved.text
            await page.get_by_role("button", name="Save").click()
            await page.get_by_role("button", name="Compare and merge").click()
            take = page.get_by_role("button", name="Put it into the editor")
            await page.get_by_text("1 to choose").wait_for()
            assert await take.is_disabled()
            await picture(page, "studio-merge")
            await page.get_by_text("Mine, then theirs", exact=True).first.click()
            await page.get_by_text("Nothing left to choose").wait_for()
            await take.click()
            await page.get_by_text("not saved").wait_for()
            async with page.expect_response("**/unanswered/settle"):  # told after the draft is kept
                await page.get_by_role("button", name="Save").click()
            await page.get_by_text("Saved", exact=True).first.wait_for()
            whole = (await other.get("/scripts/appointment/draft")).json()["text"]
            assert all(
                one in whole for one in ("# Bert was here", "Bert's test", "you_mei_you_ting", "门口有免费停车位")
            )
            assert (await other.get("/unanswered")).json()["items"] == []
            drafted = (await other.get("/unanswered", params={"state": "drafted"})).json()["items"]
            assert [one["times"] for one in drafted] == [2]
