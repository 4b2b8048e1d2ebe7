"""Who asks, and what is within reach of the answer: every route takes one `Here`, by naming the permission it needs.

    @router.get("/tasks")
    async def list_tasks(here: Annotated[Here, needs(Permission.TASKS_READ)], page: Annotated[Paging, Query()]) -> Page[TaskRow]:
        async with here.reading() as scope:
            ...

A route without `needs`, `open_to_all` or `any_viewer` is a mistake, and a test finds it: nothing is reachable by forgetting something.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from fastapi import Depends, FastAPI, Request

from callwright.accounts.model import Viewer
from callwright.accounts.roles import Permission
from callwright.http.problems import ApiError
from callwright.settings import Settings
from callwright.store.blobs import Blobs
from callwright.store.crypto import Keyring, TenantKeys
from callwright.store.database import Database
from callwright.store.scope import Scope

__all__ = [
    "ForbiddenError",
    "Here",
    "Kept",
    "Outside",
    "Reach",
    "any_viewer",
    "needs",
    "needs_of",
    "open_to_all",
    "reach",
]

Authenticate = Callable[[Request], Awaitable[Viewer | None]]


class Kept(Protocol):
    """What is kept (`storage.Storage`)."""

    @property
    def database(self) -> Database: ...
    @property
    def keyring(self) -> Keyring: ...
    @property
    def blobs(self) -> Blobs: ...


class ForbiddenError(ApiError):
    """403 to somebody who is known: the audit log is told. wanted: what they lack, a permission or `person`."""

    def __init__(self, viewer: Viewer, wanted: str, code: str, message: str, hint: str) -> None:
        self.viewer, self.wanted = viewer, wanted
        super().__init__(403, code, message, hint=hint)


@dataclass(frozen=True, slots=True)
class Reach:
    """What all routes reach, set once when the application is made."""

    kept: Kept
    settings: Settings
    authenticate: Authenticate
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Outside:
    """A request of somebody who is not known (yet): set-up, login."""

    request: Request
    reach: Reach

    @property
    def kept(self) -> Kept:
        """Database, keys and blobs."""
        return self.reach.kept

    @property
    def settings(self) -> Settings:
        """Of this process."""
        return self.reach.settings

    def now(self) -> datetime:
        """The clock of the application (UTC)."""
        return self.reach.now()


@dataclass(frozen=True, slots=True)
class Here(Outside):
    """A request of a known viewer, within his tenant."""

    viewer: Viewer

    def scope(self) -> AbstractAsyncContextManager[Scope]:
        """A transaction that changes something, within the viewer's tenant."""
        return self.kept.database.scope(self.viewer.tenant)

    def reading(self) -> AbstractAsyncContextManager[Scope]:
        """One that only reads."""
        return self.kept.database.reading(self.viewer.tenant)

    async def keys(self, scope: Scope) -> TenantKeys:
        """What the tenant's fields are sealed with."""
        return await self.kept.keyring.tenant(scope)

    @asynccontextmanager
    async def keyed(self) -> AsyncIterator[tuple[Scope, TenantKeys]]:
        """A transaction that changes something, with the keys."""
        async with self.scope() as scope:
            yield scope, await self.keys(scope)

    def may(self, permission: Permission) -> bool:
        """Whether the viewer may do this besides."""
        return self.viewer.may(permission)

    def require(self, permission: Permission) -> None:
        """For what depends on the body of a request.

        Raises:
            ForbiddenError: 403.
        """
        if not self.viewer.may(permission):
            raise _forbidden(self.viewer, permission)


def reach(app: FastAPI, kept: Kept, settings: Settings, authenticate: Authenticate, **more: Any) -> None:
    """Give the application what its routes reach."""
    app.state.reach = Reach(kept, settings, authenticate, **more)


def needs(permission: Permission) -> Any:
    """The viewer must be known and have this permission; a parameter `Annotated[Here, needs(...)]`.

    Raises:
        ApiError: 401 nobody is known, 403 (ForbiddenError) he may not.
    """

    async def here(request: Request) -> Here:
        found = await _known(request)
        if not found.viewer.may(permission):
            raise _forbidden(found.viewer, permission)
        return found

    here.permission = permission  # type: ignore[attr-defined]
    return Depends(here)


async def _known(request: Request) -> Here:
    wide: Reach = request.app.state.reach
    viewer = await wide.authenticate(request)
    if viewer is None:
        raise ApiError(
            401, "unknown-viewer", "nobody is logged in", headers={"WWW-Authenticate": 'Bearer realm="callwright"'}
        )
    return Here(request, wide, viewer)


async def _outside(request: Request) -> Outside:
    return Outside(request, request.app.state.reach)


any_viewer: Any = Depends(_known)
"""Whoever is logged in, whatever his roles: `Annotated[Here, any_viewer]`."""

open_to_all: Any = Depends(_outside)
"""Nobody need be known: `Annotated[Outside, open_to_all]`."""


def needs_of(call: Callable[..., Any]) -> Permission | str | None:
    """What a dependency made here asks for: a permission, `any`, `open`; None = it is none of them. For the test of the matrix."""
    if call is _known:
        return "any"
    if call is _outside:
        return "open"
    found = getattr(call, "permission", None)
    return found if isinstance(found, Permission) else None


def _forbidden(viewer: Viewer, permission: Permission) -> ForbiddenError:
    hint = "Ask an administrator of your organisation."
    return ForbiddenError(viewer, permission.value, "forbidden", f"this needs the permission {permission.value}", hint)
