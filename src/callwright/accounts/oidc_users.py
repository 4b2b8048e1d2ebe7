"""Who somebody is here whom the identity service vouches for: known by subject, by the address it verified, or new."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, String, bindparam, select, update

from callwright import audit
from callwright.accounts import users
from callwright.accounts.model import Viewer
from callwright.accounts.oidc import Identity, OidcError
from callwright.accounts.tenant_settings import Oidc
from callwright.accounts.user_tables import user_account
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.store.metadata import TENANT

__all__ = ["settle", "tell"]

_BY_SUBJECT = select(user_account.c.id).where(
    user_account.c.tenant_id == TENANT, user_account.c.subject == bindparam("which", type_=String())
)
_LINK = (
    update(user_account)
    .where(user_account.c.tenant_id == TENANT, user_account.c.id == bindparam("which", type_=BigInteger()))
    .values(subject=bindparam("whose", type_=String()), state="active")
)


async def settle(
    database: Database, keyring: Keyring, tenant: int, chosen: Oidc, identity: Identity, now: datetime
) -> int:
    """The id of their user, active and with their roles as of now.

    Raises:
        OidcError: nobody here is meant, they are disabled, or no group of theirs gives a role.
    """
    viewer = Viewer.system(tenant, "oidc")
    given = chosen.roles_for(identity.groups)
    async with database.system() as connection:
        scope = await database.enter(connection, tenant)
        keys = await keyring.tenant(scope)
        which: Any = await scope.value(_BY_SUBJECT, which=identity.subject)
        if which is None:
            if not identity.email:
                raise OidcError("the identity service names no verified mail address")
            known = await users.find_by_email(scope, identity.email)
            if known is not None and known.oidc:
                raise OidcError("this mail address belongs to somebody else of the identity service")
            if known is None and not (chosen.invite and given):
                raise OidcError("nobody here has this mail address")
            roles = [role.value for role in given]
            which = known.id if known else await users.add(
                database, connection, keys, viewer, identity.email, identity.name, roles, "en", now
            )  # fmt: skip
            user = await users.find(scope, which)
            if user.state == "disabled":
                raise OidcError("this user is disabled")
            await scope.run(_LINK, which=which, whose=identity.subject)
            await audit.note(scope, keys, viewer, "user.link", ("user", which), now=now)
        user = await users.find(scope, which)
        if user.state == "disabled":
            raise OidcError("this user is disabled")
        if chosen.roles:
            if not given:
                raise OidcError("no group of theirs gives a role here")
            await users.change(scope, keys, viewer, which, now, roles=[role.value for role in given])
    return int(which)


async def tell(database: Database, keyring: Keyring, tenant: int, why: str, now: datetime) -> None:
    """Whoever was not let in stands in the audit log, with the reason: who set the service up must find their mistake."""
    async with database.scope(tenant) as scope:
        keys = await keyring.tenant(scope)
        viewer = Viewer.system(tenant, "oidc")
        await audit.note(scope, keys, viewer, "session.refuse", ("setting", "oidc"), {"why": why[:200]}, now=now)
