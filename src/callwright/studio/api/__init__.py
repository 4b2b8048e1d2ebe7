"""The studio's routes."""

from __future__ import annotations

from fastapi import APIRouter

from callwright.studio.api import checks, drafts, scripts, tables, talks, versions

__all__ = ["router"]

router = APIRouter()
for part in (scripts, drafts, versions, checks, talks, tables):
    router.include_router(part.router)
