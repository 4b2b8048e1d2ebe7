"""The routers of all features, by the name under which the documentation groups them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fastapi import APIRouter

from callwright.accounts import api as accounts
from callwright.accounts import companies_api, house_api, users_api
from callwright.api import health, jobs, overview
from callwright.audit import api as audit_log
from callwright.campaigns.api import endpoints, lines, lists, tasks
from callwright.compliance.api import (
    complaints,
    consents,
    freezes,
    numbers,
    records,
    registries,
    rules,
    subjects,
    suspects,
)
from callwright.desk.api import agents, calling, dialling, joining, live, managing
from callwright.insight.api import analytics, call, calls, exports, follow_ups, questions
from callwright.studio import api as studio

__all__ = ["ROUTERS"]

# One line each, in the order of the documentation.
ROUTERS: Mapping[str, APIRouter] = MappingProxyType(
    {
        "health": health.router,
        "sign-in": accounts.router,
        "users": users_api.router,
        "house": house_api.router,
        "companies": companies_api.router,
        "audit": audit_log.router,
        "overview": overview.router,
        "jobs": jobs.router,
        "lists": lists.router,
        "tasks": tasks.router,
        "freezes": freezes.router,
        "freeze suspects": suspects.router,
        "do-not-call registries": registries.router,
        "consents": consents.router,
        "decision records": records.router,
        "calls": calls.router,
        "call now": calling.router,
        "exports of calls": exports.router,
        "call": call.router,
        "studio": studio.router,
        "live": live.router,
        "follow-ups": follow_ups.router,
        "unanswered questions": questions.router,
        "analytics": analytics.router,
        "complaints": complaints.router,
        "number health": numbers.router,
        "rules": rules.router,
        "subjects": subjects.router,
        "lines": lines.router,
        "endpoints": endpoints.router,
        "live calls": joining.router,
        "desk": agents.router,
        "calls of agents": dialling.router,
        "desk settings": managing.router,
    }
)
