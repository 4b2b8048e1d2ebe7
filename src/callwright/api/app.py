"""The HTTP application: every feature's router below `/api/v1`, the console at `/`.

Who makes one gives it what is kept and how viewers are known:

    app = create_app(storage, settings, authenticate)
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from callwright import __version__
from callwright.api.guards import guard
from callwright.api.refusals import Refusals
from callwright.api.routers import ROUTERS
from callwright.api.schema import describe
from callwright.http.fresh import Fresh
from callwright.http.here import Authenticate, Kept, reach
from callwright.http.jobs import Jobs
from callwright.http.problems import handle_problems
from callwright.http.shelf import Shelf
from callwright.settings import Settings
from callwright.studio.booths import Booths
from callwright.web.console import serve_console

__all__ = ["PREFIX", "create_app"]

PREFIX = "/api/v1"

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def _alone(_: FastAPI) -> AsyncIterator[None]:
    yield


def create_app(
    kept: Kept,
    settings: Settings,
    authenticate: Authenticate,
    *,
    lifespan: Lifespan = _alone,
    now: Callable[[], datetime] | None = None,
    routers: Mapping[str, APIRouter] = ROUTERS,
) -> FastAPI:
    """An application that answers for this storage. lifespan: what lives as long as it; now: its clock."""
    app = FastAPI(
        title="callwright",
        version=__version__,
        lifespan=_with_jobs(lifespan),
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # the pages FastAPI brings load scripts of strangers, which our policy forbids
        redoc_url=None,
        generate_unique_id_function=_name,
        separate_input_output_schemas=True,
    )
    reach(app, kept, settings, authenticate, **({} if now is None else {"now": now}))
    handle_problems(app)
    Refusals.of(app)
    for tag, router in routers.items():
        app.include_router(router, prefix=PREFIX, tags=[tag])
    describe(app)
    serve_console(app)
    guard(app, settings)
    return app


def _with_jobs(lifespan: Lifespan) -> Lifespan:
    """What long work needs, around what the maker of the application lets live in it."""

    @asynccontextmanager
    async def living(app: FastAPI) -> AsyncIterator[None]:
        with Shelf.open() as shelf:
            async with Jobs.open() as jobs, Booths.open() as booths, lifespan(app):
                app.state.jobs, app.state.shelf, app.state.fresh, app.state.booths = jobs, shelf, Fresh(), booths
                yield

    return living


def _name(route: APIRoute) -> str:
    """`list_tasks`: names of functions are names of operations, so each is used once."""
    return route.name
