"""The routers of all features, by the name under which the documentation groups them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fastapi import APIRouter

from callwright.api import health, jobs
from callwright.campaigns.api import lists, tasks
from callwright.compliance.api import freezes, records, suspects

__all__ = ["ROUTERS"]

# One line each, in the order of the documentation.
ROUTERS: Mapping[str, APIRouter] = MappingProxyType(
    {
        "health": health.router,
        "jobs": jobs.router,
        "lists": lists.router,
        "tasks": tasks.router,
        "freezes": freezes.router,
        "freeze suspects": suspects.router,
        "decision records": records.router,
    }
)
