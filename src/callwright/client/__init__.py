"""A client of the API for Python programs; docs/reference/python-client.md.

with Client("https://calls.example.com", token) as client:
    client.lists.import_file("people.csv", ImportBody(name="autumn"), progress=print)
"""

from __future__ import annotations

from callwright.campaigns.api.forecasts import ForecastBody
from callwright.campaigns.api.list_views import ImportBody, ReadingBody
from callwright.campaigns.api.lists import ExportBody
from callwright.campaigns.model import Plan
from callwright.client import webhooks
from callwright.client.asking import Terms
from callwright.client.connection import AsyncClient, Client
from callwright.client.errors import (
    AnswerError,
    BusyError,
    ClientError,
    ConflictError,
    DeniedError,
    InvalidError,
    JobError,
    NotFoundError,
    OfflineError,
    ProblemError,
    WebhookError,
)
from callwright.insight.api.exports import ExportCalls
from callwright.insight.filters import CallFilter

__all__ = [
    "AnswerError",
    "AsyncClient",
    "BusyError",
    "CallFilter",
    "Client",
    "ClientError",
    "ConflictError",
    "DeniedError",
    "ExportBody",
    "ExportCalls",
    "ForecastBody",
    "ImportBody",
    "InvalidError",
    "JobError",
    "NotFoundError",
    "OfflineError",
    "Plan",
    "ProblemError",
    "ReadingBody",
    "Terms",
    "WebhookError",
    "webhooks",
]
