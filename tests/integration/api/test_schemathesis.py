"""Requests nobody would think of, over every operation the API describes: no fault of ours, and no answer that is not described.

A few examples each, always the same ones (CALLWRIGHT_SCHEMATHESIS=N for more). The viewers are fake and may do everything; all else is real.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

EXAMPLES = int(os.environ.get("CALLWRIGHT_SCHEMATHESIS", "2"))
ROLES = "administrator,author,reviewer,operator,agent,inspector,auditor"
HEADERS = {"x-fake-roles": ROLES, "X-Callwright": "1"}
LEFT_OUT = ("/live", "/events", "/api/v1/me")  # streams do not end; fake viewers have no account
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("console")
    environment = {**os.environ, "TMPDIR": str(folder)}
    process = subprocess.Popen(
        [sys.executable, "-m", "callwright.testing.console"], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[0]
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def described(address: str) -> Any:
    schema = schemathesis.openapi.from_url(f"{address}/api/v1/openapi.json")
    return schema.exclude(path_regex="|".join(f"{end}$" for end in LEFT_OUT))


def _faults(operation: Any) -> list[str]:
    """What a few requests of one operation found."""

    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    def ask(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(headers=HEADERS, checks=CHECKS, timeout=60)

    try:
        ask()
    except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001 - of any kind: each operation is told
        return [f"{operation.label}: {error}"]
    return []


def test_no_request_finds_a_fault(described: Any) -> None:
    found = [fault for each in described.get_all_operations() for fault in _faults(each.ok())]
    assert not found, f"{len(found)} operations\n\n" + "\n\n".join(text[:1500] for text in found)


def test_the_description_has_every_feature(address: str) -> None:
    import httpx

    paths = httpx.get(f"{address}/api/v1/openapi.json", timeout=60).json()["paths"]
    assert len(paths) > 100
