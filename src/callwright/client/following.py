"""People to be followed up, and long work of other clients."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from callwright.api.jobs import JobList
from callwright.client.asking import Progress
from callwright.client.flow import Flow
from callwright.client.operations import Awaiting, Blocking, Operation, Room, listing_of
from callwright.http.job_views import JobView
from callwright.http.paging import Page
from callwright.insight.api.follow_ups import DoneBody, FollowCounts, FollowQuery, FollowRow

__all__ = ["AsyncFollowUps", "AsyncJobs", "FollowUpRoom", "FollowUps", "JobRoom", "Jobs"]

Named = str | os.PathLike[str]
Outcome = Literal["won", "appointment", "later", "no_interest", "not_reached", "other"]


class FollowUpRoom(Room):
    """The follow-up list, A first."""

    find = listing_of(
        "/follow-ups", FollowQuery, Page[FollowRow], "A first, then B, then C; within a grade the oldest."
    )

    @Operation
    def counts(self) -> Flow[FollowCounts]:
        """How many wait, are taken, and are done."""
        return self._at.ask("GET", "/follow-ups/counts", FollowCounts)

    @Operation
    def claim(self, call: str) -> Flow[None]:
        """Take it, so that nobody else calls this person too."""
        return self._at.tell("POST", "/follow-ups/{call}/claim", {"call": call})

    @Operation
    def release(self, call: str) -> Flow[None]:
        """Give it back to the others."""
        return self._at.tell("POST", "/follow-ups/{call}/release", {"call": call})

    @Operation
    def done(self, call: str, outcome: Outcome, note: str = "") -> Flow[None]:
        """It is done; the note is sealed."""
        body = DoneBody(outcome=outcome, note=note)
        return self._at.tell("POST", "/follow-ups/{call}/done", {"call": call}, body=body)


class FollowUps(FollowUpRoom, Blocking):
    """See FollowUpRoom."""


class AsyncFollowUps(FollowUpRoom, Awaiting):
    """See FollowUpRoom."""


class JobRoom(Room):
    """Long work: imports, exports, forecasts. The methods that begin it wait for it; these are for looking at it from elsewhere."""

    @Operation
    def all(self) -> Flow[list[JobView]]:
        """What is under way or was over within the last hour."""
        return (yield from self._at.ask("GET", "/jobs", JobList)).items

    @Operation
    def read(self, job: str) -> Flow[JobView]:
        """How far it is."""
        return self._at.ask("GET", "/jobs/{job}", JobView, {"job": job})

    @Operation
    def wait(self, job: str, progress: Progress | None = None) -> Flow[JobView]:
        """Until it is done."""
        return (yield from self._at.finished((yield from JobRoom.read.make(self, job)), progress))

    @Operation
    def cancel(self, job: str) -> Flow[JobView]:
        """End it. What it has done so far stays done."""
        return self._at.ask("POST", "/jobs/{job}/cancel", JobView, {"job": job})

    @Operation
    def file(self, job: str, name: str, to: Named) -> Flow[Path]:
        """Save a file that it made."""
        return self._at.saved("/jobs/{job}/files/{name}", Path(to), {"job": job, "name": name})


class Jobs(JobRoom, Blocking):
    """See JobRoom."""


class AsyncJobs(JobRoom, Awaiting):
    """See JobRoom."""
