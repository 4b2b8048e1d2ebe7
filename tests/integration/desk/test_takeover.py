"""A browser (aiortc as its peer) on a real call over loopback RTP: who hears whom is measured by tones."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.integration.desk.browser import AGENT_HZ, browser, comes
from tests.integration.desk.conftest import CALL, PERSON_HZ, house, speaks_again, strength

from callwright.audit.store import Wanted, find
from callwright.calls.live import LiveCall

pytestmark = [pytest.mark.anyio, pytest.mark.integration]

LOUD, QUIET = 1500.0, 200.0


async def test_taken_over_and_given_back(tmp_path: Path) -> None:
    async with house(tmp_path) as found, browser(found.api) as page:
        assert (await page.join("takeover")).status_code == 200
        await found.until("person")
        await comes(lambda: strength(found.telephone.last(), AGENT_HZ) > LOUD)  # the person called hears the browser
        await comes(lambda: strength(page.last(), PERSON_HZ) > LOUD)  # and the other way round
        async with browser(found.api) as late:
            refused = await late.join("takeover")
            assert (refused.status_code, refused.json()["code"]) == (409, "taken")
        assert (await page.do("keys", keys="12#")).status_code == 200
        assert (await page.do("give_back")).status_code == 200
        await comes(lambda: strength(found.telephone.last(), AGENT_HZ) < QUIET)
        await comes(lambda: speaks_again(found.live))
        assert await found.standing() in ("returned", "robot", "paused")
        assert (await page.do("give_back")).status_code in (404, 409)


async def test_a_browser_that_is_lost_gives_the_call_back(tmp_path: Path) -> None:
    async with house(tmp_path) as found:
        async with browser(found.api) as page:
            await page.join("takeover")
            await comes(lambda: strength(found.telephone.last(), AGENT_HZ) > LOUD)
        await comes(lambda: any(line["kind"] == "given_back" for call in found.live for line in call.log.lines))
        assert not found.telephone.over.is_set()


async def test_who_listens_is_heard_by_nobody_and_who_takes_over_ends_the_call(tmp_path: Path) -> None:
    async with house(tmp_path) as found, browser(found.api) as boss, browser(found.api) as agent:
        assert (await boss.join("listen")).status_code == 200
        await comes(lambda: strength(boss.last(), PERSON_HZ) > LOUD)
        assert strength(found.telephone.last(), AGENT_HZ) < QUIET
        refused = await boss.do("mode", mode="whisper")  # only the robot talks
        assert (refused.status_code, refused.json()["code"]) == (409, "line")
        assert (await agent.join("takeover")).status_code == 200
        await comes(lambda: strength(found.telephone.last(), AGENT_HZ) > LOUD)
        assert (await boss.do("mode", mode="whisper")).status_code == 200
        assert (await agent.do("hang_up")).status_code == 200
        await asyncio.wait_for(found.telephone.over.wait(), 20)
        record = await asyncio.wait_for(asyncio.shield(found.calling), 20)
        assert (record.disposition, record.end) == ("transferred", "transfer")
        log = await found.api.get("/api/v1/live/calls")
        assert all(row["stage"] == "over" for row in log.json()["items"])


async def test_who_may_and_what_is_no_offer(tmp_path: Path) -> None:
    async with house(tmp_path) as found:
        path = f"/api/v1/live/calls/{CALL}/sessions"
        for roles, mode in (("operator", "takeover"), ("auditor", "listen")):
            answer = await found.api.post(path, json={"offer": "x", "mode": mode}, headers={"x-fake-roles": roles})
            assert answer.status_code == 403
        answer = await found.api.post(path, json={"offer": "", "mode": "listen"})
        assert answer.status_code == 422
        answer = await found.api.post(path, json={"offer": "v=0", "mode": "listen"})
        assert (answer.status_code, answer.json()["code"]) == (409, "line")
        answer = await found.api.post("/api/v1/live/calls/nobody/sessions", json={"offer": "v=0", "mode": "listen"})
        assert answer.status_code == 404


async def test_a_look_is_in_the_audit_log_once_for_each_viewer(tmp_path: Path) -> None:
    async with house(tmp_path) as found:
        for user in ("1", "1", "2"):  # a browser that comes back, and another one
            for path in ("/live/events", f"/live/calls/{CALL}/events"):
                async with found.api.stream("GET", f"/api/v1{path}", headers={"x-fake-user": user}) as stream:
                    assert await anext(stream.aiter_lines())
        async with browser(found.api) as boss, browser(found.api) as again:
            assert (await boss.join("listen")).status_code == 200
            await comes(lambda: strength(boss.last(), PERSON_HZ) > LOUD)
            await boss.do("leave")
            await comes(
                lambda: all(
                    line["kind"] != "supervising" or _over(call) for call in found.live for line in call.log.lines
                )
            )
            assert (await again.join("listen")).status_code == 200
        async with found.console.storage.database.reading(found.console.seeded.tenant) as scope:
            noted = [(one.action, one.user) for one in await find(scope, Wanted(action="live."), 100)]
        assert sorted(noted) == [
            ("live.board", 1), ("live.board", 2), ("live.listen", 1), ("live.read", 1), ("live.read", 2)
        ]  # fmt: skip


def _over(call: LiveCall) -> bool:
    return any(line["kind"] == "supervised" and line.get("over") for line in call.log.lines)
