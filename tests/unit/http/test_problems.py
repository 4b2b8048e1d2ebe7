"""Problem documents: whatever was sent, the answer is one."""

from __future__ import annotations

import json

from callwright.errors import Problem
from callwright.http.problems import MEDIA_TYPE, detail_of, respond


def test_a_document_repeats_half_a_character_as_it_was_sent() -> None:
    sent = json.loads('"\\ud800"')
    told = respond(422, "bad-role", f"`{sent}` is no role", problems=[detail_of(Problem("bad-role", f"{sent}王"))])
    assert told.media_type == MEDIA_TYPE
    document = json.loads(bytes(told.body))
    assert document["detail"] == f"`{sent}` is no role"
    assert document["problems"][0]["message"] == f"{sent}王"
    assert "王".encode() in bytes(told.body)
