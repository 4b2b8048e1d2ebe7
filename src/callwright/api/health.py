"""Is it there, and which version: for load balancers and for the console's first request."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from callwright import __version__
from callwright.http.here import Outside, open_to_all
from callwright.http.problems import answers

__all__ = ["router"]

router = APIRouter()


class Health(BaseModel):
    """It answers, and its database too."""

    version: str = Field(examples=["0.1.0"])
    database: str = Field(examples=["sqlite", "postgresql"])


@router.get("/health", responses=answers(503))
async def read_health(outside: Annotated[Outside, open_to_all]) -> Health:
    """Whether the application and its database answer."""
    await outside.kept.database.answers()
    return Health(version=__version__, database=outside.kept.database.dialect)
