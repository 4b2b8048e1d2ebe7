"""Users, sessions, links, tokens and second factors on both databases."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime, timedelta

import pytest

from callwright.accounts import api_tokens, doors, inviting, sessions, setup, signing_in, tenants, totp, users
from callwright.accounts.doors import Door, Kind
from callwright.accounts.model import Viewer
from callwright.accounts.passwords import Hasher
from callwright.accounts.roles import Permission, Role
from callwright.accounts.signing_in import Asked, SignInError
from callwright.audit.service import verify_kept
from callwright.audit.store import Wanted
from callwright.audit.store import find as entries
from callwright.errors import InputError
from callwright.store.crypto import Keyring
from callwright.store.database import Database

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
ANNA, GOOD, OTHER = "anna@acme.example", "tulip ladder seven moss", "nine green kettles drift"
HASHER = Hasher(memory_kib=64, rounds=1)


def first(**more: object) -> setup.First:
    values = {
        "slug": "acme", "house": "Acme", "email": ANNA, "name": "Anna", "password": GOOD, "language": "en", "everything": False,
    }  # fmt: skip
    return setup.First(**{**values, **more})  # type: ignore[arg-type]


async def house(database: Database, keyring: Keyring) -> Viewer:
    """A tenant with its first administrator."""
    door = await setup.link_if_first(database, NOW)
    assert door is not None
    tenant, user = await setup.set_up(database, keyring, HASHER, door, first(), NOW)
    return Viewer.of_session(tenant, user, "Anna", frozenset({Role.ADMINISTRATOR}))


async def ask(database: Database, keyring: Keyring, password: str = GOOD, now: datetime = NOW, **more: str) -> Door:
    asked = Asked(more.pop("email", ANNA), password, agent="Firefox", address="192.0.2.7", **more)
    return await signing_in.sign_in(database, keyring, HASHER, asked, now)


async def test_the_first_start(database: Database, keyring: Keyring) -> None:
    old = await setup.link_if_first(database, NOW)
    door = await setup.link_if_first(database, NOW)
    assert old is not None
    assert door is not None
    assert not await setup.pending(database, old, NOW)
    assert await setup.pending(database, door, NOW)
    assert not await setup.pending(database, door, NOW + setup.HOLDS)
    for wrong in (first(password="short"), first(slug="No Slug"), first(email="nobody"), first(name=" ")):
        with pytest.raises(InputError):
            await setup.set_up(database, keyring, HASHER, door, wrong, NOW)
    with pytest.raises(InputError, match="used already"):
        await setup.set_up(database, keyring, HASHER, old, first(), NOW)
    tenant, user = await setup.set_up(database, keyring, HASHER, door, first(everything=True), NOW)
    with pytest.raises(InputError, match="used already"):
        await setup.set_up(database, keyring, HASHER, door, first(slug="two", email="b@acme.example"), NOW)
    assert await setup.link_if_first(database, NOW) is None
    async with database.scope(tenant) as scope:
        assert (await users.find(scope, user)).roles == frozenset(Role)
        keys = await keyring.tenant(scope)
        assert [one.action for one in await entries(scope, Wanted(), 9)] == [
            "tenant.set-up",
            "user.password",
            "user.add",
        ]
        assert (await verify_kept(scope, keys.signing.public_key())).ok


async def test_signing_in_and_out(database: Database, keyring: Keyring) -> None:
    viewer = await house(database, keyring)
    door = await ask(database, keyring)
    again = await ask(database, keyring, house="acme")
    for wrong in (
        {"password": OTHER}, {"email": "nobody@acme.example"}, {"house": "other"}, {"password": ""}, {"email": ""},
    ):  # fmt: skip
        with pytest.raises(SignInError):
            await ask(database, keyring, **wrong)  # type: ignore[arg-type]
    async with database.scope(viewer.tenant) as scope:
        found = await sessions.find(scope, door, NOW)
        assert found is not None
        assert (found.user, found.method, found.source) == (viewer.user, "password", "192.0.2.0/24")
        assert await sessions.find(scope, doors.mint(Kind.SESSION, viewer.tenant), NOW) is None
        assert await sessions.find(scope, door, NOW + sessions.IDLE) is None
        assert not sessions.due(found, NOW + timedelta(seconds=59))
        await sessions.seen(scope, found, NOW + timedelta(minutes=20))
        assert await sessions.find(scope, door, NOW + sessions.IDLE) is not None
        assert await sessions.find(scope, door, NOW + sessions.ABSOLUTE) is None
        assert len(await sessions.listed(scope, found.user, NOW)) == 2
        assert await sessions.end(scope, found.user, found.id)
        assert not await sessions.end(scope, found.user + 1, found.id)
        assert await sessions.find(scope, door, NOW) is None
        assert await sessions.end_all(scope, found.user) == 1
        assert await sessions.find(scope, again, NOW) is None


async def test_wrong_passwords_shut_the_account_for_a_while(database: Database, keyring: Keyring) -> None:
    viewer = await house(database, keyring)
    results = await asyncio.gather(*(ask(database, keyring, OTHER) for _ in range(8)), return_exceptions=True)
    assert all(isinstance(each, SignInError) for each in results)
    with pytest.raises(SignInError):
        await ask(database, keyring, GOOD)
    async with database.reading(viewer.tenant) as scope:
        user = await users.find(scope, viewer.user or 0)
        assert user.failures == 5  # those that came while it was shut were not even looked at
        assert len(await entries(scope, Wanted(action="session.refuse"), 99)) == 5
    await ask(database, keyring, GOOD, NOW + timedelta(seconds=31))
    async with database.reading(viewer.tenant) as scope:
        assert (await users.find(scope, viewer.user or 0)).failures == 0


async def test_a_second_factor(database: Database, keyring: Keyring) -> None:
    viewer = await house(database, keyring)
    old = await ask(database, keyring)
    async with database.scope(viewer.tenant) as scope:
        keys = await keyring.tenant(scope)
        shown, _ = await signing_in.enrol_totp(scope, keys, viewer, "Acme")
    secret = base64.b32decode(shown)
    await ask(database, keyring)  # not confirmed yet: nobody is asked for it
    async with database.scope(viewer.tenant) as scope:
        with pytest.raises(InputError, match="not the code"):
            await signing_in.confirm_totp(scope, keys, viewer, "000000", NOW, keep=None)
        code = totp.code_at(secret, NOW)
        recovery = await signing_in.confirm_totp(scope, keys, viewer, code, NOW, keep=None)
        assert await sessions.find(scope, old, NOW) is None
        with pytest.raises(InputError, match="already"):
            await signing_in.enrol_totp(scope, keys, viewer, "Acme")
    with pytest.raises(SignInError) as missing:
        await ask(database, keyring)
    assert missing.value.code == "totp"
    for wrong in (code, "123456", "abcd"):  # the first one was taken already
        with pytest.raises(SignInError) as refused:
            await ask(database, keyring, code=wrong)
        assert refused.value.code == "sign-in"
    with pytest.raises(SignInError) as unknown:
        await ask(database, keyring, OTHER, code=totp.code_at(secret, NOW))
    assert unknown.value.code == "sign-in"
    later = NOW + timedelta(minutes=2)
    await ask(database, keyring, now=later, code=totp.code_at(secret, later))
    with pytest.raises(SignInError):
        await ask(database, keyring, now=later, code=totp.code_at(secret, later))
    await ask(database, keyring, now=later, code=recovery[0].upper())
    with pytest.raises(SignInError):
        await ask(database, keyring, now=later, code=recovery[0])
    async with database.scope(viewer.tenant) as scope:
        await signing_in.drop_totp(scope, keys, viewer, viewer.user or 0, later)
    await ask(database, keyring, now=later)


async def test_an_invitation_works_once(database: Database, keyring: Keyring) -> None:
    viewer = await house(database, keyring)
    bert = {"email": "Bert@Acme.example ", "name": "Bert", "roles": ["operator"], "language": "zh-CN", "now": NOW}
    which, door = await inviting.invite(database, keyring, viewer, **bert)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="mail address"):
        await inviting.invite(database, keyring, viewer, **bert)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no role"):
        await inviting.invite(database, keyring, viewer, "c@acme.example", "C", ["boss"], "en", NOW)
    async with database.scope(viewer.tenant) as scope:
        keys = await keyring.tenant(scope)
        with pytest.raises(InputError, match="its time is over"):
            await users.open_link(scope, door, NOW + users.INVITED_FOR)
        with pytest.raises(InputError, match="12 characters"):
            await users.accepted(HASHER, await users.find(scope, which), "short")
        user = await users.use_link(scope, keys, door, await HASHER.make(OTHER), NOW, name="Bert B.")
        assert (user.state, user.name, user.email) == ("active", "Bert B.", "bert@acme.example")
        with pytest.raises(InputError, match="used already"):
            await users.use_link(scope, keys, door, await HASHER.make(GOOD), NOW)
    session = await ask(database, keyring, OTHER, email="BERT@acme.example")
    async with database.scope(viewer.tenant) as scope:
        reset = await users.link_for(scope, keys, viewer, which, NOW, purpose="reset")
        newer = await users.link_for(scope, keys, viewer, which, NOW, purpose="reset")
        with pytest.raises(InputError, match="used already"):
            await users.open_link(scope, reset, NOW)
        await users.use_link(scope, keys, newer, await HASHER.make(GOOD), NOW)
        assert await sessions.find(scope, session, NOW) is None
    await ask(database, keyring, GOOD, email="bert@acme.example")


async def test_what_changes_about_somebody_ends_their_sessions(database: Database, keyring: Keyring) -> None:
    viewer = await house(database, keyring)
    which, door = await inviting.invite(database, keyring, viewer, "b@acme.example", "B", ["operator"], "en", NOW)
    async with database.scope(viewer.tenant) as scope:
        keys = await keyring.tenant(scope)
        await users.use_link(scope, keys, door, await HASHER.make(OTHER), NOW)
    session = await ask(database, keyring, OTHER, email="b@acme.example")
    async with database.scope(viewer.tenant) as scope:
        await users.change(scope, keys, viewer, which, NOW, name="Berta")
        assert await sessions.find(scope, session, NOW) is not None
        changed = await users.change(scope, keys, viewer, which, NOW, roles=["operator", "agent"])
        assert changed.roles == {Role.OPERATOR, Role.AGENT}
        assert await sessions.find(scope, session, NOW) is None
        await users.change(scope, keys, viewer, which, NOW, state="disabled")
    with pytest.raises(SignInError):
        await ask(database, keyring, OTHER, email="b@acme.example")
    for roles, state in (([], None), (None, "disabled")):
        with pytest.raises(InputError, match="nobody would be left"):
            async with database.scope(viewer.tenant) as scope:
                await users.change(scope, keys, viewer, viewer.user or 0, NOW, roles=roles, state=state)
    await inviting.erase(database, keyring, viewer, which, NOW)
    async with database.scope(viewer.tenant) as scope:
        gone = await users.find(scope, which)
        assert (gone.email, gone.name, gone.state) == (f"erased-{which}@invalid", "", "disabled")
    with pytest.raises(InputError, match="yourself"):
        await inviting.erase(database, keyring, viewer, viewer.user or 0, NOW)
    await inviting.invite(database, keyring, viewer, "b@acme.example", "B", [], "en", NOW)


async def test_tokens(database: Database, keyring: Keyring) -> None:
    viewer = await house(database, keyring)
    async with database.scope(viewer.tenant) as scope:
        keys = await keyring.tenant(scope)
        which, door = await api_tokens.add(scope, keys, viewer, "CI", ["tasks.read", "users.manage"], NOW, days=30)
        found = await api_tokens.find(scope, door, NOW)
        assert found is not None
        assert found.scopes == {Permission.TASKS_READ, Permission.USERS_MANAGE}
        assert door.text.startswith(found.hint)
        assert len(found.hint) < 12
        assert await api_tokens.find(scope, door, NOW + timedelta(days=30)) is None
        for scopes, days in (
            (["live.takeover"], 1),
            (["nothing"], 1),
            ([], 1),
            (["tasks.read"], 0),
            (["tasks.read"], 400),
        ):
            with pytest.raises(InputError):
                await api_tokens.add(scope, keys, viewer, "x", scopes, NOW, days=days)
        program = Viewer.of_token(viewer.tenant, which, viewer.user or 0, "CI", viewer.roles, found.scopes)
        with pytest.raises(InputError, match="person"):
            await api_tokens.add(scope, keys, program, "x", ["tasks.read"], NOW, days=1)
        await api_tokens.revoke(scope, keys, viewer, which, NOW)
        assert await api_tokens.find(scope, door, NOW) is None
        with pytest.raises(InputError):
            await api_tokens.revoke(scope, keys, viewer, which, NOW)
        assert [one.revoked_at for one in await api_tokens.listed(scope)] == [NOW]


async def test_one_address_in_two_houses(database: Database, keyring: Keyring) -> None:
    viewer = await house(database, keyring)
    other = await tenants.add(database, keyring, "beta", "Beta", NOW)
    system = Viewer.system(other)
    _, door = await inviting.invite(database, keyring, system, ANNA, "Anna", ["auditor"], "en", NOW)
    async with database.scope(other) as scope:
        await users.use_link(scope, await keyring.tenant(scope), door, await HASHER.make(OTHER), NOW)
    assert (await ask(database, keyring, OTHER)).tenant == other
    assert (await ask(database, keyring, GOOD)).tenant == viewer.tenant
    assert (await ask(database, keyring, OTHER, house="beta")).tenant == other
    with pytest.raises(SignInError):
        await ask(database, keyring, OTHER, house="acme")
    stranger = doors.read((await ask(database, keyring)).text.replace(f"_{viewer.tenant}_", f"_{other}_"), Kind.SESSION)
    async with database.scope(other) as scope:
        assert stranger is not None
        assert await sessions.find(scope, stranger, NOW) is None
