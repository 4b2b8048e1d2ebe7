"""Long work that a request begins and others ask about: imports, exports, forecasts.

    job = jobs_of(here).start(here.viewer, "list.import", "autumn", Permission.LISTS_READ, work)     # answer 202 with job_view(job)

A job belongs to the task group of the application: it ends with it, and none is left behind. What it wrote goes with it. Few run at once, the
others wait; whoever asks for too many is told so. Jobs are kept in this process only: after a restart nobody knows of them, and what they were
doing shows in the database.
"""

from __future__ import annotations

import logging
import secrets
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, cast

import anyio
from anyio.abc import TaskGroup

from callwright.accounts.model import Viewer
from callwright.accounts.roles import Permission
from callwright.errors import CallwrightError, InputError, Problem
from callwright.http.here import Outside
from callwright.http.problems import ApiError, absent

__all__ = ["Job", "JobState", "Jobs", "jobs_of"]

log = logging.getLogger(__name__)

JobState = Literal["waiting", "running", "done", "failed", "cancelled"]
Work = Callable[["Job"], Awaitable[Mapping[str, Any]]]

AT_ONCE = 2
OPEN_OF_A_TENANT = 10
KEPT_OF_A_TENANT = 40
KEPT_FOR = timedelta(hours=1)


@dataclass(eq=False)
class Job:
    """One piece of work. kind: `list.import`; about: what it is done to, as people know it; needs: what whoever looks at it must be allowed;
    part, done, total: how far it is (total 0 = unknown); result: JSON-ready, once it is done; files: by name, what it made."""

    id: str
    tenant: int
    user: int | None
    kind: str
    about: str
    needs: Permission
    folder: Path
    created_at: datetime
    state: JobState = "waiting"
    part: str = ""
    done: int = 0
    total: int = 0
    result: Mapping[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    files: dict[str, Path] = field(default_factory=dict)
    ended_at: datetime | None = None
    _cancelling: anyio.CancelScope = field(default_factory=anyio.CancelScope, repr=False)
    _ended: anyio.Event = field(default_factory=anyio.Event, repr=False)

    def tell(self, part: str, done: int = 0, total: int = 0) -> None:
        """How far it is. Plain assignments: may be called from a thread."""
        self.part, self.done, self.total = part, done, total

    @property
    def over(self) -> bool:
        """It will not change any more."""
        return self.state in ("done", "failed", "cancelled")

    async def wait(self) -> None:
        """Until it is over."""
        await self._ended.wait()


class Jobs:
    """The jobs of this process."""

    def __init__(self, tasks: TaskGroup, folder: Path, now: Callable[[], datetime]) -> None:
        self._tasks, self._folder, self._now = tasks, folder, now
        self._places = anyio.Semaphore(AT_ONCE)
        self._jobs: dict[str, Job] = {}

    @classmethod
    @asynccontextmanager
    async def open(cls, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> AsyncIterator[Jobs]:
        """Jobs that end with the body."""
        with TemporaryDirectory(prefix="callwright-jobs-") as folder:
            async with anyio.create_task_group() as tasks:
                try:
                    yield cls(tasks, Path(folder), now)
                finally:
                    tasks.cancel_scope.cancel()

    def start(self, viewer: Viewer, kind: str, about: str, needs: Permission, work: Work) -> Job:
        """Begin something, as soon as there is room.

        Raises:
            ApiError: 429, too many of this tenant are under way already.
        """
        self._sweep(viewer.tenant)
        if sum(not job.over for job in self.of(viewer.tenant)) >= OPEN_OF_A_TENANT:
            hint = "Wait until one of them is done, or cancel one."
            headers = {"Retry-After": "10"}
            raise ApiError(429, "too-many", "too much is under way already", hint=hint, headers=headers)
        name = secrets.token_urlsafe(12)
        folder = self._folder / name
        folder.mkdir(mode=0o700)
        job = self._jobs[name] = Job(name, viewer.tenant, viewer.user, kind, about[:300], needs, folder, self._now())
        self._tasks.start_soon(self._run, job, work)
        return job

    def of(self, tenant: int) -> list[Job]:
        """Of a tenant, newest first."""
        return [job for job in reversed(self._jobs.values()) if job.tenant == tenant]

    def find(self, viewer: Viewer, name: str) -> Job:
        """One that the viewer may look at.

        Raises:
            ApiError: 404.
        """
        job = self._jobs.get(name)
        if job is None or job.tenant != viewer.tenant or not viewer.may(job.needs):
            raise absent("job", "It was long ago, or the server was restarted meanwhile.")
        return job

    def cancel(self, job: Job) -> None:
        """End it. What it has written to the database stays."""
        job._cancelling.cancel()

    async def _run(self, job: Job, work: Work) -> None:
        try:
            with job._cancelling:
                async with self._places:
                    job.state = "running"
                    job.result = await work(job)
                    job.state = "done"
            if not job.over:
                job.state = "cancelled"
        except InputError as error:
            job.state, job.problems = "failed", list(error.problems)
        except ApiError as error:
            job.state, job.problems = "failed", [Problem(error.code, error.message, hint=error.hint)]
        except CallwrightError as error:
            log.error("job %s: %s", job.kind, type(error).__name__, exc_info=error)
            job.state, job.problems = "failed", [Problem("store", "what is kept cannot be reached just now")]
        except Exception as error:
            log.exception("job %s: %s", job.kind, type(error).__name__)
            job.state, job.problems = "failed", [Problem("fault", "this is a fault of ours; it is in the log")]
        finally:
            if not job.over:
                job.state = "cancelled"  # the application ends
            if job.state == "cancelled":
                job.files.clear()  # half a file is no result
                shutil.rmtree(job.folder, ignore_errors=True)
            job.ended_at = self._now()
            job._ended.set()

    def _sweep(self, tenant: int) -> None:
        """Forget what was over long ago, or is one of too many."""
        now = self._now()
        over = [job for job in self.of(tenant) if job.over]
        for at, job in enumerate(over):
            if at >= KEPT_OF_A_TENANT or (job.ended_at is not None and now - job.ended_at > KEPT_FOR):
                del self._jobs[job.id]
                shutil.rmtree(job.folder, ignore_errors=True)


def jobs_of(outside: Outside) -> Jobs:
    """The jobs of the application that answers."""
    return cast(Jobs, outside.request.app.state.jobs)
