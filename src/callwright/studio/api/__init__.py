"""The studio's routes."""

from __future__ import annotations

from fastapi import APIRouter

from callwright.studio.api import checks, drafts, recordings, scripts, spoken_talks, tables, talks, versions

__all__ = ["router"]

router = APIRouter()
for part in (scripts, drafts, versions, checks, talks, spoken_talks, tables, recordings):
    router.include_router(part.router)
