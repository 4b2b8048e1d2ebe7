"""What stands in the outbox arrives: signed, once more after a failure, never twice at the same time, on both databases, at local doubles."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

import anyio
import pytest
from sqlalchemy import select
from standardwebhooks.webhooks import Webhook

from callwright.campaigns import endpoints, pre_dial
from callwright.campaigns.deliveries import LEASE, Sender, open_client
from callwright.campaigns.delivery_store import PRE_DIAL
from callwright.campaigns.events import post
from callwright.campaigns.mail import SmtpPost
from callwright.campaigns.notices import Answer
from callwright.campaigns.tables import delivery, endpoint
from callwright.errors import InputError, SettingsError
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.store.metadata import TENANT
from callwright.testing.receivers import fake_mail_server, fake_receiver
from callwright.testing.tenants import Seeded, seed

pytestmark = pytest.mark.anyio

STATES = select(delivery.c.state, delivery.c.tries, delivery.c.last_error, delivery.c.due_at).where(
    delivery.c.tenant_id == TENANT
)
ACTIVE = select(endpoint.c.active).where(endpoint.c.tenant_id == TENANT)


class Clock:
    def __init__(self) -> None:
        self.time = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.time


@asynccontextmanager
async def sender_of(database: Database, seeded: Seeded, clock: Clock, name: str = "s1") -> AsyncIterator[Sender]:
    async with open_client() as client:
        yield Sender(database, seeded.keys, seeded.tenant, name, client, clock)


async def test_webhook_arrives_signed_and_is_tried_again(database: Database, keyring: Keyring) -> None:
    clock = Clock()
    seeded = await seed(database, keyring, clock(), leads=1)
    async with fake_receiver() as receiver, sender_of(database, seeded, clock) as sender:
        async with database.scope(seeded.tenant) as scope:
            _, secret = await endpoints.add(scope, seeded.keys, "webhook", receiver.url + "/hook", clock())
            await endpoints.add(scope, seeded.keys, "webhook", receiver.url + "/no", clock(), events=["task.state"])
            assert await post(scope, seeded.keys, "call.ended", {"grade": "A"}, clock()) == 1
        receiver.answer = lambda _: (503, {})
        assert await sender.round() == 1
        assert await sender.round() == 0  # not due yet
        async with database.scope(seeded.tenant) as scope:
            row = await scope.first(STATES)
        assert row is not None
        assert (row.state, row.tries, row.last_error) == ("waiting", 1, "HTTP 503")
        clock.time = row.due_at + timedelta(seconds=1)
        receiver.answer = lambda _: (204, {})
        assert await sender.round() == 1
        first, second = receiver.got
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert Webhook(secret).verify(second.body, second.headers)["data"] == {"grade": "A"}
        assert first.path == "/hook"
        async with database.scope(seeded.tenant) as scope:
            assert [row.state for row in await scope.all(STATES)] == ["sent"]


async def test_nothing_is_told_of_what_was_undone(database: Database, keyring: Keyring) -> None:
    clock = Clock()
    seeded = await seed(database, keyring, clock(), leads=1)
    async with database.scope(seeded.tenant) as scope:
        await endpoints.add(scope, seeded.keys, "webhook", "https://example.com/", clock())
    with pytest.raises(ZeroDivisionError):
        async with database.scope(seeded.tenant) as scope:
            await post(scope, seeded.keys, "call.ended", {}, clock())
            _ = 1 / 0
    async with database.scope(seeded.tenant) as scope:
        assert not await scope.all(STATES)


async def test_gone_switches_the_endpoint_off(database: Database, keyring: Keyring) -> None:
    clock = Clock()
    seeded = await seed(database, keyring, clock(), leads=1)
    async with fake_receiver() as receiver, sender_of(database, seeded, clock) as sender:
        receiver.answer = lambda _: (410, {})
        async with database.scope(seeded.tenant) as scope:
            await endpoints.add(scope, seeded.keys, "webhook", receiver.url, clock())
            await post(scope, seeded.keys, "call.ended", {}, clock())
        await sender.round()
        async with database.scope(seeded.tenant) as scope:
            assert [row.state for row in await scope.all(STATES)] == ["given_up"]
            assert not await scope.value(ACTIVE)


async def test_two_senders_share_the_work_and_a_dead_one_leaves_its_lease(database: Database, keyring: Keyring) -> None:
    clock = Clock()
    seeded = await seed(database, keyring, clock(), leads=1)
    async with (
        fake_receiver() as receiver,
        sender_of(database, seeded, clock, "s1") as one,
        sender_of(database, seeded, clock, "s2") as two,
    ):
        async with database.scope(seeded.tenant) as scope:
            await endpoints.add(scope, seeded.keys, "webhook", receiver.url, clock())
            for n in range(20):
                await post(scope, seeded.keys, "call.ended", {"n": n}, clock())
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(one.round)
            tasks.start_soon(two.round)
        await one.round()
        assert sorted(json.loads(got.body)["data"]["n"] for got in receiver.got) == list(range(20))

        async with database.scope(seeded.tenant) as scope:
            await post(scope, seeded.keys, "call.ended", {"n": 99}, clock())
        dead = await one._take()  # and then its process is killed
        assert len(dead) == 1
        assert await two.round() == 0
        clock.time += LEASE + timedelta(seconds=1)
        assert await two.round() == 1
        await one._settle(dead[0], Answer(False, error="late"))  # it was only slow: too late, it has lost the lease
        async with database.scope(seeded.tenant) as scope:
            assert {row.state for row in await scope.all(STATES)} == {"sent"}


async def test_robots_of_groups_and_mail(database: Database, keyring: Keyring) -> None:
    clock = Clock()
    seeded = await seed(database, keyring, clock(), leads=1)
    async with (
        fake_receiver() as receiver,
        fake_mail_server() as mail,
        sender_of(database, seeded, clock) as sender,
    ):
        sender.post, sender.mail_from, sender.language = SmtpPost.from_url(mail.url), "robot@example.com", "zh"
        async with database.scope(seeded.tenant) as scope:
            for kind in ("wecom", "dingtalk", "feishu"):
                await endpoints.add(scope, seeded.keys, kind, f"{receiver.url}/{kind}", clock(), secret="SEC1")
            await endpoints.add(scope, seeded.keys, "mail", "qa@example.com", clock())
            assert await post(scope, seeded.keys, "suspect.found", {"words": "没兴趣"}, clock()) == 4
        assert await sender.round() == 4
        assert sorted(got.path.partition("?")[0] for got in receiver.got) == ["/dingtalk", "/feishu", "/wecom"]
        assert all("疑似拒绝" in got.body.decode() for got in receiver.got)
        letter = message_from_bytes(mail.letters[0], policy=policy.default)
        assert "疑似拒绝" in letter["Subject"]
        assert "没兴趣" in letter.get_content()
        async with database.scope(seeded.tenant) as scope:
            assert {row.state for row in await scope.all(STATES)} == {"sent"}
            shown = [one.address for one in await endpoints.listed(scope)]
        assert all("SEC1" not in address for address in shown)


async def test_a_mail_server_that_refuses_is_tried_again(database: Database, keyring: Keyring) -> None:
    clock = Clock()
    seeded = await seed(database, keyring, clock(), leads=1)
    async with fake_mail_server() as mail, sender_of(database, seeded, clock) as sender:
        mail.refuse = True
        sender.post = SmtpPost.from_url(mail.url)
        async with database.scope(seeded.tenant) as scope:
            await endpoints.add(scope, seeded.keys, "mail", "qa@example.com", clock())
            await post(scope, seeded.keys, "suspect.found", {}, clock())
        await sender.round()
        async with database.scope(seeded.tenant) as scope:
            row = await scope.first(STATES)
        assert row is not None
        assert (row.state, row.tries) == ("waiting", 1)
        assert not mail.letters


async def test_the_pre_dial_webhook_decides(database: Database, keyring: Keyring) -> None:
    clock = Clock()
    seeded = await seed(database, keyring, clock(), leads=1)
    async with fake_receiver() as receiver, open_client() as client:
        async with database.scope(seeded.tenant) as scope:
            _, secret = await endpoints.add(scope, seeded.keys, "pre_dial", receiver.url, clock())
            assert await post(scope, seeded.keys, "call.ended", {}, clock()) == 0  # it is asked, not told
            asked = await scope.all(PRE_DIAL)
        receiver.answer = lambda _: (200, {"allow": True})
        assert (await pre_dial.ask(client, seeded.keys, asked, {"number": "+1"}, clock())).allow
        Webhook(secret).verify(receiver.got[0].body, receiver.got[0].headers)
        receiver.answer = lambda _: (200, {"allow": False, "reason": "just bought", "retry_after_s": 60})
        verdict = await pre_dial.ask(client, seeded.keys, asked, {}, clock())
        assert (verdict.allow, verdict.reason, verdict.retry_after_s) == (False, "pre-dial webhook: just bought", 60)
    async with open_client() as client:  # nobody is there any more
        assert not (await pre_dial.ask(client, seeded.keys, asked, {}, clock())).allow


async def test_what_is_no_endpoint(database: Database, keyring: Keyring) -> None:
    clock = Clock()
    seeded = await seed(database, keyring, clock(), leads=1)
    async with database.scope(seeded.tenant) as scope:
        for kind, address, more in (
            ("pigeon", "https://example.com", {}),
            ("webhook", "http://example.com", {}),
            ("webhook", "https://example.com", {"events": ["call.endet"]}),
            ("webhook", "https://example.com", {"secret": "short"}),
        ):
            with pytest.raises(InputError):
                await endpoints.add(scope, seeded.keys, kind, address, clock(), **more)
        with pytest.raises(InputError):
            await endpoints.switch(scope, 4711, False)


@pytest.mark.parametrize("url", ["", "smtp://", "http://host", "smtp://user:pw@host", "smtp://host:port"])
def test_what_is_no_mail_server(url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        SmtpPost.from_url(url)
    assert "pw" not in str(refused.value)
