"""Who may do what: roles, permissions, and the matrix between them. Pure. What the matrix does not grant is denied.

A permission is what a route asks for; a role is what a person has, and a person may have several. An API token has permissions of its own, and
never more than who made it. docs/how-to/users-and-roles.md tells it in plain words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

__all__ = ["EVERYTHING", "MATRIX", "Permission", "Role", "permissions_of"]


class Role(StrEnum):
    """What a person is in the house of a tenant."""

    ADMINISTRATOR = (
        "administrator"  # lines, users, companies, settings; vets and confirms; calls nobody unmasked by chance
    )
    AUTHOR = "author"  # writes scripts, knowledge and recordings
    REVIEWER = "reviewer"  # looks at what an author wrote, and lets it through or not
    OPERATOR = "operator"  # lists and tasks: starts, watches, pauses
    AGENT = "agent"  # takes over live calls, follows up those who are interested
    INSPECTOR = "inspector"  # quality, complaints, the freeze library
    AUDITOR = "auditor"  # sees what was done and by whom, changes nothing


class Permission(StrEnum):
    """What somebody may do. `ROOM.VERB`: read looks, write changes; whatever has consequences outside of its room has a verb of its own."""

    SCRIPTS_READ = "scripts.read"
    SCRIPTS_WRITE = "scripts.write"
    SCRIPTS_REVIEW = "scripts.review"
    KNOWLEDGE_READ = "knowledge.read"
    KNOWLEDGE_WRITE = "knowledge.write"
    LISTS_READ = "lists.read"
    LISTS_WRITE = "lists.write"
    NUMBERS_UNMASKED = "numbers.unmasked"  # phone numbers in full
    TASKS_READ = "tasks.read"
    TASKS_WRITE = "tasks.write"
    TASKS_APPROVE = "tasks.approve"
    TASKS_RUN = "tasks.run"  # start, pause, stop
    LIVE_WATCH = "live.watch"
    LIVE_LISTEN = "live.listen"
    LIVE_TAKEOVER = "live.takeover"  # whisper, take over, give back
    DESK_WORK = "desk.work"  # be an agent: queue, click-to-dial, wrap-up
    DESK_MANAGE = "desk.manage"  # groups of agents, wrap-up codes, states of others
    RESULTS_READ = "results.read"
    RESULTS_EXPORT = "results.export"
    RECORDINGS_PLAY = "recordings.play"
    QUALITY_READ = "quality.read"
    QUALITY_SCORE = "quality.score"  # review calls, decide appeals
    COMPLIANCE_READ = "compliance.read"  # consents, freezes, number health
    COMPLIANCE_WRITE = "compliance.write"  # add and withdraw consents, freeze a number
    FREEZES_CONFIRM = "freezes.confirm"  # the second person of an unfreezing
    COMPLAINTS_HANDLE = "complaints.handle"
    RECORDS_READ = "records.read"  # decision records and their verification
    SUBJECTS_EXPORT = "subjects.export"  # everything about one person
    SUBJECTS_ERASE = "subjects.erase"
    LINES_READ = "lines.read"
    LINES_MANAGE = "lines.manage"  # trunks and own numbers
    ENDPOINTS_MANAGE = "endpoints.manage"  # webhooks
    COMPANY_READ = "company.read"
    COMPANY_WRITE = "company.write"  # companies and their papers
    COMPANY_VET = "company.vet"  # decide about papers that somebody else brought
    USERS_READ = "users.read"
    USERS_MANAGE = "users.manage"
    TENANT_MANAGE = "tenant.manage"
    TOKENS_MANAGE = "tokens.manage"
    AUDIT_READ = "audit.read"
    SETTINGS_MANAGE = "settings.manage"  # sign-in, retention, how long things are kept


_P = Permission
EVERYTHING = frozenset(Permission)
"""What is run on the machine itself (`callwright ...`) may do: whoever holds the master key holds it all."""

# What everybody reads who works here; no personal data in it beyond masked numbers.
_COMMON = frozenset({_P.SCRIPTS_READ, _P.KNOWLEDGE_READ, _P.TASKS_READ, _P.COMPANY_READ})

MATRIX: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.ADMINISTRATOR: EVERYTHING
        - {_P.LIVE_LISTEN, _P.LIVE_TAKEOVER, _P.DESK_WORK, _P.NUMBERS_UNMASKED, _P.RECORDINGS_PLAY, _P.QUALITY_SCORE},
        Role.AUTHOR: _COMMON | {_P.SCRIPTS_WRITE, _P.KNOWLEDGE_WRITE, _P.RESULTS_READ},
        Role.REVIEWER: _COMMON | {_P.SCRIPTS_REVIEW, _P.TASKS_APPROVE, _P.RESULTS_READ, _P.COMPLIANCE_READ},
        Role.OPERATOR: _COMMON
        | {
            _P.LISTS_READ, _P.LISTS_WRITE, _P.TASKS_WRITE, _P.TASKS_RUN, _P.LIVE_WATCH, _P.LIVE_LISTEN, _P.RESULTS_READ,
            _P.RESULTS_EXPORT, _P.RECORDINGS_PLAY, _P.COMPLIANCE_READ, _P.COMPLIANCE_WRITE, _P.LINES_READ, _P.DESK_MANAGE,
        },
        Role.AGENT: _COMMON
        | {
            _P.LIVE_WATCH, _P.LIVE_LISTEN, _P.LIVE_TAKEOVER, _P.DESK_WORK, _P.RESULTS_READ, _P.RECORDINGS_PLAY,
            _P.NUMBERS_UNMASKED, _P.COMPLIANCE_WRITE, _P.LISTS_READ,
        },
        Role.INSPECTOR: _COMMON
        | {
            _P.LIVE_WATCH, _P.LIVE_LISTEN, _P.RESULTS_READ, _P.RESULTS_EXPORT, _P.RECORDINGS_PLAY, _P.QUALITY_READ,
            _P.QUALITY_SCORE, _P.COMPLIANCE_READ, _P.COMPLIANCE_WRITE, _P.FREEZES_CONFIRM, _P.COMPLAINTS_HANDLE, _P.RECORDS_READ,
            _P.SUBJECTS_EXPORT, _P.NUMBERS_UNMASKED, _P.LISTS_READ,
        },
        Role.AUDITOR: _COMMON
        | {
            _P.AUDIT_READ, _P.RECORDS_READ, _P.COMPLIANCE_READ, _P.RESULTS_READ, _P.QUALITY_READ, _P.USERS_READ, _P.LINES_READ,
            _P.LISTS_READ,
        },
    }
)  # fmt: skip
"""What each role may do. An administrator gives roles, so nothing in here stops one from taking another role: that stands in the audit log."""


def permissions_of(roles: Iterable[Role]) -> frozenset[Permission]:
    """What somebody with these roles may do: nothing without any."""
    return frozenset().union(*(MATRIX[role] for role in roles))
