"""Lists of people."""

from __future__ import annotations

import os
from pathlib import Path

from callwright.campaigns.api.list_views import (
    ImportBody,
    ListRow,
    PersonRow,
    ReadingBody,
    RowsBody,
    RowsTaken,
    UploadView,
)
from callwright.campaigns.api.lists import ExportBody
from callwright.client.asking import Progress
from callwright.client.flow import Flow, Many, Upload
from callwright.client.operations import Awaiting, Blocking, Listing, Operation, Room, made_of
from callwright.http.job_views import JobView
from callwright.http.paging import Page

__all__ = ["AsyncLists", "ListRoom", "Lists"]

Named = str | os.PathLike[str]


class ListRoom(Room):
    """Who may be called, and on what basis."""

    add_rows = made_of(
        "/lists/rows", RowsBody, RowsTaken, "Put at most 1,000 people on a list. The same rows again change nothing."
    )

    @Listing
    def all(self, q: str = "") -> Many[ListRow]:
        """The newest first. q: a part of the name."""
        return self._at.many("/lists", Page[ListRow], query={"q": q} if q else {})

    @Operation
    def read(self, list_id: int) -> Flow[ListRow]:
        """One list."""
        return self._at.ask("GET", "/lists/{list_id}", ListRow, {"list_id": list_id})

    @Listing
    def people(self, list_id: int) -> Many[PersonRow]:
        """Who is on it. A look at personal data: it is written down."""
        return self._at.many("/lists/{list_id}/people", Page[PersonRow], {"list_id": list_id})

    @Operation
    def look(
        self, file: Named, body: ReadingBody | None = None, *, encoding: str = "", sheet: str = ""
    ) -> Flow[UploadView]:
        """How a CSV, XLSX or JSON file would be read: its columns, what each is taken for, what is wrong. Nothing is imported."""
        form = {name: value for name, value in (("encoding", encoding), ("sheet", sheet)) if value}
        seen = yield from self._at.ask("POST", "/lists/uploads", UploadView, body=Upload(Path(file), form))
        if body is not None:
            names = {"upload": seen.id}
            seen = yield from self._at.ask("POST", "/lists/uploads/{upload}/preview", UploadView, names, body=body)
        yield from self._at.tell("DELETE", "/lists/uploads/{upload}", {"upload": seen.id})
        return seen

    @Operation
    def import_file(
        self,
        file: Named,
        body: ImportBody,
        progress: Progress | None = None,
        *,
        encoding: str = "",
        sheet: str = "",
        errors: Named | None = None,
    ) -> Flow[RowsTaken]:
        """Put the people of a file on a list and wait until it is done. Good rows are taken; errors: where a table of the others is saved. The
        same file again changes nothing.

        Raises:
            JobError: nobody was imported (columns that do not fit, or one bad row under `all_or_nothing`).
        """
        form = {name: value for name, value in (("encoding", encoding), ("sheet", sheet)) if value}
        seen = yield from self._at.ask("POST", "/lists/uploads", UploadView, body=Upload(Path(file), form))
        begun = yield from self._at.ask(
            "POST", "/lists/uploads/{upload}/import", JobView, {"upload": seen.id}, body=body
        )
        job = yield from self._at.finished(begun, progress)
        if errors is not None and "errors.csv" in job.files:
            where = {"job": job.id, "name": "errors.csv"}
            yield from self._at.saved("/jobs/{job}/files/{name}", Path(errors), where)
        return RowsTaken.model_validate({**job.result, "problems": job.problems})

    @Operation
    def export(
        self, list_id: int, to: Named, body: ExportBody | None = None, progress: Progress | None = None
    ) -> Flow[Path]:
        """Save everybody on it as CSV or XLSX."""
        names = {"list_id": list_id}
        yield from self._at.made(
            "/lists/{list_id}/exports", Path(to), names, body=body or ExportBody(), progress=progress
        )
        return Path(to)

    @Operation
    def delete(self, list_id: int) -> Flow[int]:
        """Take everybody off it and the list away, unless a task uses it: how many people that were."""
        gone = yield from self._at.ask("DELETE", "/lists/{list_id}", dict[str, int], {"list_id": list_id})
        return gone["people"]


class Lists(ListRoom, Blocking):
    """See ListRoom."""


class AsyncLists(ListRoom, Awaiting):
    """See ListRoom."""
