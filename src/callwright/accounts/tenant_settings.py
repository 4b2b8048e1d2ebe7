"""What a tenant decides about itself: how people sign in, and how long things are kept. Each has a form, and a value when nobody chose."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert as upsert

from callwright import audit
from callwright.accounts.model import Viewer
from callwright.accounts.roles import Role
from callwright.accounts.user_tables import tenant_setting
from callwright.accounts.users import roles_of
from callwright.errors import InputError, Place, Problem
from callwright.store.crypto import TenantKeys
from callwright.store.metadata import TENANT
from callwright.store.scope import Scope

__all__ = [
    "Oidc",
    "Retention",
    "SignIn",
    "keep_oidc",
    "keep_retention",
    "keep_setting",
    "keep_sign_in",
    "oidc",
    "retention",
    "setting",
    "sign_in",
]

_ONE = select(tenant_setting.c.value, tenant_setting.c.sealed).where(
    tenant_setting.c.tenant_id == TENANT, tenant_setting.c.name == bindparam("which")
)
_PUT = upsert(tenant_setting)
_KEEP = _PUT.on_conflict_do_update(
    index_elements=["tenant_id", "name"],
    set_={
        "value": _PUT.excluded.value,
        "sealed": _PUT.excluded.sealed,
        "changed_at": _PUT.excluded.changed_at,
    },
)
_LONGEST_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class SignIn:
    """totp_required: whoever signs in with a password may do nothing before they have a second factor."""

    totp_required: bool = False


@dataclass(frozen=True, slots=True)
class Retention:
    """For how many days things are kept; None = as long as nobody deletes them. recordings: of calls; transcripts: what was said, call
    records and logs; audit: the audit log."""

    recordings: int | None = None
    transcripts: int | None = None
    audit: int | None = None


@dataclass(frozen=True, slots=True)
class Oidc:
    """The identity service of the house. groups: the claim that names somebody's groups; roles: which group gives which roles; secret: ""
    = a public client (PKCE alone); invite: whether somebody unknown is taken in when a group of theirs gives a role."""

    issuer: str
    client: str
    secret: str = ""
    groups: str = "groups"
    roles: Mapping[str, tuple[Role, ...]] = field(default_factory=dict)
    invite: bool = False
    label: str = ""

    def __repr__(self) -> str:
        return f"Oidc({self.issuer!r}, {self.client!r})"

    def roles_for(self, groups: object) -> frozenset[Role]:
        """What these groups give: none that is not named here."""
        named = groups if isinstance(groups, list) else [groups]
        return frozenset(role for group in named if isinstance(group, str) for role in self.roles.get(group, ()))


async def sign_in(scope: Scope) -> SignIn:
    """As the tenant chose."""
    value = await setting(scope, "sign-in")
    return SignIn(totp_required=bool(value.get("totp_required", False)))


async def retention(scope: Scope) -> Retention:
    """As the tenant chose."""
    value = await setting(scope, "retention")
    return Retention(**{key: value.get(key) for key in ("recordings", "transcripts", "audit")})


async def oidc(scope: Scope, keys: TenantKeys) -> Oidc | None:
    """As the tenant chose; None = people sign in with passwords only."""
    row = await scope.first(_ONE, which="oidc")
    if row is None or not row.value:
        return None
    roles = {group: tuple(Role(name) for name in names) for group, names in row.value["roles"].items()}
    secret = keys.open(bytes(row.sealed), "tenant_setting.oidc").decode() if row.sealed else ""
    return Oidc(
        row.value["issuer"], row.value["client"], secret, row.value["groups"], roles, row.value["invite"], row.value["label"]
    )  # fmt: skip


async def keep_sign_in(scope: Scope, keys: TenantKeys, viewer: Viewer, chosen: SignIn, now: datetime) -> None:
    """Decide how people sign in."""
    await keep_setting(scope, keys, viewer, "sign-in", asdict(chosen), now)


async def keep_retention(scope: Scope, keys: TenantKeys, viewer: Viewer, chosen: Retention, now: datetime) -> None:
    """Decide how long things are kept.

    Raises:
        InputError: less than a day, or more than a hundred years.
    """
    problems = [
        Problem("bad-days", f"1 to {_LONGEST_DAYS} days, or nothing for ever", Place(field=name))
        for name, days in asdict(chosen).items()
        if days is not None and not 1 <= days <= _LONGEST_DAYS
    ]
    if problems:
        raise InputError(problems)
    await keep_setting(scope, keys, viewer, "retention", asdict(chosen), now)


async def keep_oidc(
    scope: Scope, keys: TenantKeys, viewer: Viewer, chosen: Oidc | None, now: datetime, *, secret_stays: bool = False
) -> None:
    """Let people sign in through an identity service, or (None) through none any more. secret_stays: the one that is kept already.

    Raises:
        InputError: the issuer is no https address, or something is missing.
    """
    if chosen is None:
        await keep_setting(scope, keys, viewer, "oidc", {}, now)
        return
    _check(chosen)
    secret = chosen.secret
    if secret_stays:
        before = await oidc(scope, keys)
        secret = before.secret if before is not None and before.issuer == chosen.issuer else ""
    roles = {group: sorted(role.value for role in given) for group, given in chosen.roles.items()}
    value = {
        "issuer": chosen.issuer, "client": chosen.client, "groups": chosen.groups, "roles": roles, "invite": chosen.invite,
        "label": chosen.label,
    }  # fmt: skip
    sealed = keys.seal(secret, "tenant_setting.oidc") if secret else None
    await keep_setting(scope, keys, viewer, "oidc", value, now, sealed, {"issuer": chosen.issuer, "groups": len(roles)})


def _check(chosen: Oidc) -> None:
    parts = urlsplit(chosen.issuer)
    local = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
    problems = []
    if not (parts.scheme == "https" or local) or not parts.hostname or parts.query or parts.fragment:
        hint = "The issuer of the identity service, like https://login.example.com/realms/house."
        problems.append(Problem("bad-issuer", "the issuer is an https address", Place(field="issuer"), hint))
    if not chosen.client.strip() or len(chosen.client) > 200:
        problems.append(Problem("bad-client", "the client id is missing", Place(field="client")))
    if len(chosen.roles) > 200 or any(not group or len(group) > 200 for group in chosen.roles):
        problems.append(Problem("bad-groups", "a group has a name of at most 200 characters", Place(field="roles")))
    for given in chosen.roles.values():
        roles_of(role.value for role in given)
    if problems:
        raise InputError(problems)


async def setting(scope: Scope, name: str) -> dict[str, Any]:
    """What was chosen under this name, {} = nothing: for features that have settings of their own."""
    row = await scope.first(_ONE, which=name)
    return {} if row is None else dict(row.value)


async def keep_setting(
    scope: Scope,
    keys: TenantKeys,
    viewer: Viewer,
    name: str,
    value: Mapping[str, Any],
    now: datetime,
    sealed: bytes | None = None,
    told: Mapping[str, Any] | None = None,
) -> None:
    """Choose it, and note that. value: JSON, checked by whoever calls; told: what the audit log says of it, None = all of it."""
    await scope.run(_KEEP, name=name, value=json.loads(json.dumps(value)), sealed=sealed, changed_at=now)
    await audit.note(scope, keys, viewer, "setting.change", ("setting", name), told or dict(value), now=now)
