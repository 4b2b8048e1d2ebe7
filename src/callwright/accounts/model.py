"""Who asks: a person with a session, a program with a token, or the machine itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from callwright.accounts.roles import EVERYTHING, Permission, Role, permissions_of

__all__ = ["Via", "Viewer"]

Via = Literal["session", "token", "system"]


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks for something, and what they may.

    Args:
        tenant: whose rows they see.
        user: id of the user; of a token: of who made it. None = the machine itself.
        name: as it stands in the audit log; never a phone number.
        roles: of the user; empty for a token and for the machine.
        permissions: what they may do. Decides alone: roles are only shown.
        token: id of the API token, None = none was used.
    """

    tenant: int
    user: int | None
    name: str
    roles: frozenset[Role]
    permissions: frozenset[Permission]
    via: Via
    token: int | None = None

    @classmethod
    def of_session(cls, tenant: int, user: int, name: str, roles: frozenset[Role]) -> Viewer:
        """Somebody who logged in: may what their roles may."""
        return cls(tenant, user, name, roles, permissions_of(roles), "session")

    @classmethod
    def of_token(
        cls, tenant: int, token: int, user: int, name: str, roles: frozenset[Role], scopes: frozenset[Permission]
    ) -> Viewer:
        """A program: may what its token says, as far as who made it still may. roles: of who made it."""
        return cls(tenant, user, name, frozenset(), scopes & permissions_of(roles), "token", token)

    @classmethod
    def system(cls, tenant: int, name: str = "callwright") -> Viewer:
        """A command on the machine, or a job of its own: whoever can run it holds the keys anyway."""
        return cls(tenant, None, name, frozenset(), EVERYTHING, "system")

    def may(self, permission: Permission) -> bool:
        """Whether it is granted."""
        return permission in self.permissions
