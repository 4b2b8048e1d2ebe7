"""Calls: place one now, and what came of all of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from callwright.client.asking import Progress
from callwright.client.flow import Flow
from callwright.client.operations import Awaiting, Blocking, Operation, Room, listing_of
from callwright.desk.api.calling import CallNow, CallNowTold
from callwright.http.paging import Page
from callwright.insight.api.call import CallDetail, DecisionView, Events
from callwright.insight.api.calls import CallQuery, FindPerson, FoundPerson
from callwright.insight.api.exports import ExportCalls
from callwright.insight.api.views import CallRow

__all__ = ["AsyncCalls", "CallRoom", "Calls"]

Named = str | os.PathLike[str]


class CallRoom(Room):
    """Calls that are over, and one that begins now."""

    find = listing_of(
        "/calls",
        CallQuery,
        Page[CallRow],
        "Calls that fit, the newest first. Its parameters are the filters of the API.",
    )

    @Operation
    def now(
        self, number: str, task: int, variables: Mapping[str, str] | None = None, *, key: str = ""
    ) -> Flow[CallNowTold]:
        """Let the robot call somebody now, with script, company, line and numbers of a task, if the rules allow it: the answer is the gate's.
        A refusal is an answer, no error. key: names this order, so that the same order is never placed twice (kept for a day).

        Raises:
            ConflictError: no worker is running, or the line has no room; nobody was called.
        """
        body = CallNow(number=number, task=task, variables=dict(variables or {}))
        return (yield from self._at.ask("POST", "/calls/now", CallNowTold, body=body, key=key))

    @Operation
    def read(self, call: str) -> Flow[CallDetail]:
        """What was said and registered."""
        return self._at.ask("GET", "/calls/{call}", CallDetail, {"call": call})

    @Operation
    def events(self, call: str) -> Flow[Events]:
        """Its log: events, decisions with reasons, the SIP messages."""
        return self._at.ask("GET", "/calls/{call}/events", Events, {"call": call})

    @Operation
    def decision(self, call: str) -> Flow[DecisionView]:
        """The signed record that allowed it, checked, and the consents it rests on."""
        return self._at.ask("GET", "/calls/{call}/decision", DecisionView, {"call": call})

    @Operation
    def recording(self, call: str, to: Named) -> Flow[Path]:
        """Save its recording: two channels, first the person, then the robot."""
        return self._at.saved("/calls/{call}/recording", Path(to), {"call": call})

    @Operation
    def subject(self, number: str) -> Flow[FoundPerson]:
        """What stands for a phone number in filters, so that the number itself is in no address and no log."""
        return self._at.ask("POST", "/calls/find-person", FoundPerson, body=FindPerson(number=number))

    @Operation
    def export(self, to: Named, body: ExportCalls | None = None, progress: Progress | None = None) -> Flow[Path]:
        """Save calls as CSV, XLSX or (with their recordings) ZIP."""
        yield from self._at.made("/calls/exports", Path(to), body=body or ExportCalls(), progress=progress)
        return Path(to)


class Calls(CallRoom, Blocking):
    """See CallRoom."""


class AsyncCalls(CallRoom, Awaiting):
    """See CallRoom."""
