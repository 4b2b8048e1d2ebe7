"""Whom nobody may call, who agreed to be called, and why each call was placed or not."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from callwright.client.asking import Progress
from callwright.client.flow import Flow, Upload
from callwright.client.operations import Awaiting, Blocking, Operation, Room, listing_of, made_of
from callwright.compliance.api.consents import (
    ConsentFilter,
    ConsentRow,
    ConsentTold,
    Evidence,
    NewConsentBody,
    WithdrawBody,
    Withdrawn,
)
from callwright.compliance.api.freezes import (
    FreezeFilter,
    FreezeReason,
    FreezeRow,
    Imported,
    NewFreezeBody,
    NoteBody,
    ReasonBody,
)
from callwright.compliance.api.records import RecordFilter, RecordKey, RecordRow, RecordTold, VerificationBody
from callwright.compliance.api.subjects import FindBody, FoundSubject
from callwright.compliance.telling import Language
from callwright.http.job_views import JobView
from callwright.http.paging import Page

__all__ = [
    "AsyncConsents", "AsyncFreezes", "AsyncRecords", "ConsentRoom", "Consents", "FreezeRoom", "Freezes", "RecordRoom", "Records",
]  # fmt: skip

Named = str | os.PathLike[str]


class FreezeRoom(Room):
    """The freeze library. To freeze is for one; to lift takes two people, so no token can do both."""

    find = listing_of("/freezes", FreezeFilter, Page[FreezeRow], "Freezes that fit, newest first.")
    add = made_of(
        "/freezes", NewFreezeBody, FreezeRow, "Freeze a number. Again changes nothing: the freeze that stands is told."
    )

    @Operation
    def subject(self, number: str) -> Flow[FoundSubject]:
        """What stands for a phone number in filters."""
        return self._at.ask("POST", "/subjects/find", FoundSubject, body=FindBody(number=number))

    @Operation
    def read(self, freeze: int) -> Flow[FreezeRow]:
        """One freeze."""
        return self._at.ask("GET", "/freezes/{freeze}", FreezeRow, {"freeze": freeze})

    @Operation
    def reasons(self) -> Flow[list[FreezeReason]]:
        """Why a number can be frozen, and for how long."""
        return self._at.ask("GET", "/freezes/reasons", list[FreezeReason])

    @Operation
    def ask_lift(self, freeze: int, reason: str) -> Flow[FreezeRow]:
        """Ask a second person to lift it."""
        body = ReasonBody(reason=reason)
        return self._at.ask("POST", "/freezes/{freeze}/ask-lift", FreezeRow, {"freeze": freeze}, body=body)

    @Operation
    def lift(self, freeze: int, note: str = "") -> Flow[FreezeRow]:
        """Agree, as the second person: the number may be called again."""
        body = NoteBody(note=note)
        return self._at.ask("POST", "/freezes/{freeze}/lift", FreezeRow, {"freeze": freeze}, body=body)

    @Operation
    def keep(self, freeze: int) -> Flow[FreezeRow]:
        """It stays, though somebody asked for its end."""
        return self._at.ask("POST", "/freezes/{freeze}/keep", FreezeRow, {"freeze": freeze})

    @Operation
    def import_file(self, file: Named) -> Flow[Imported]:
        """Freeze every number of a CSV, XLSX or JSON (number; scope, scope_id, reason, until, note if you like). It may be sent again."""
        return self._at.ask("POST", "/freezes/import", Imported, body=Upload(Path(file)))

    @Operation
    def export(self, to: Named) -> Flow[Path]:
        """Save what stands as CSV, with whole numbers; the import reads it again."""
        return self._at.saved("/freezes/export", Path(to))


class Freezes(FreezeRoom, Blocking):
    """See FreezeRoom."""


class AsyncFreezes(FreezeRoom, Awaiting):
    """See FreezeRoom."""


class ConsentRoom(Room):
    """The consent ledger: added to and withdrawn, never rewritten."""

    find = listing_of("/consents", ConsentFilter, Page[ConsentRow], "Rows of the ledger that fit, newest first.")
    add = made_of("/consents", NewConsentBody, ConsentRow, "Write a consent, or another ground, into the ledger.")
    withdraw = made_of(
        "/consents/withdraw", WithdrawBody, Withdrawn, "Take back what a person agreed to; it holds from now on."
    )

    @Operation
    def read(self, consent: int) -> Flow[ConsentTold]:
        """One row, with the calls that rested on it."""
        return self._at.ask("GET", "/consents/{consent}", ConsentTold, {"consent": consent})

    @Operation
    def keep_evidence(self, file: Named) -> Flow[Evidence]:
        """Keep a proof (at most 32 MB); its `sha256` goes into the consent."""
        return self._at.ask("POST", "/consents/evidence", Evidence, body=Upload(Path(file)))

    @Operation
    def evidence(self, consent: int, to: Named) -> Flow[Path]:
        """Save the proof, where it is kept."""
        return self._at.saved("/consents/{consent}/evidence", Path(to), {"consent": consent})


class Consents(ConsentRoom, Blocking):
    """See ConsentRoom."""


class AsyncConsents(ConsentRoom, Awaiting):
    """See ConsentRoom."""


class RecordRoom(Room):
    """Decision records."""

    find = listing_of("/records", RecordFilter, Page[RecordRow], "Records that fit, newest first.")

    @Operation
    def read(self, record: str | int, language: Language = "en", zone: str = "UTC") -> Flow[RecordTold]:
        """One record by its number, in plain words, with what proves it."""
        query = {"language": language, "zone": zone}
        return self._at.ask("GET", "/records/{record}", RecordTold, {"record": record}, query=query)

    @Operation
    def key(self) -> Flow[str]:
        """The public key that records are verified with."""
        return (yield from self._at.ask("GET", "/records/key", RecordKey)).public_key

    @Operation
    def verify(self, first: int = 1, progress: Progress | None = None) -> Flow[dict[str, Any]]:
        """Verify the chain where it lies, from this record on: `checked`, `problems`, `findings`."""
        begun = yield from self._at.ask("POST", "/records/verifications", JobView, body=VerificationBody(first=first))
        return (yield from self._at.finished(begun, progress)).result


class Records(RecordRoom, Blocking):
    """See RecordRoom."""


class AsyncRecords(RecordRoom, Awaiting):
    """See RecordRoom."""
