"""The configurations in `deploy/` are accepted by Kamailio, whatever is switched on, and need nothing but the environment."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("kamailio") is None, reason="kamailio is not installed"),
]


def variables() -> dict[str, str]:
    """The three that have no default, on loopback."""
    return {"SIP_OUTSIDE_IP": "127.0.0.2", "SIP_INSIDE_IP": "127.0.0.1", "SIP_DOMAIN": "robots.example"}


def check(given: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = ("kamailio", "-c", "-f", str(DEPLOY / "kamailio" / "kamailio.cfg"))
    path = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    return subprocess.run(command, env={**path, **given}, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("phones", [{}, {"SIP_PHONES": "yes"}])
@pytest.mark.parametrize("tls", [{}, {"SIP_TLS": "yes"}])
@pytest.mark.parametrize("nat", [{}, {"SIP_ADVERTISE_IP": "203.0.113.20"}])
def test_every_variant_is_accepted(phones: dict[str, str], tls: dict[str, str], nat: dict[str, str]) -> None:
    done = check({**variables(), **phones, **tls, **nat})
    assert done.returncode == 0, done.stderr
    assert not re.search(r"WARNING|ERROR|CRITICAL", done.stderr), done.stderr


@pytest.mark.parametrize("name", ["SIP_OUTSIDE_IP", "SIP_INSIDE_IP", "SIP_DOMAIN"])
def test_what_has_no_default_must_be_given(name: str) -> None:
    given = variables()
    del given[name]
    assert check(given).returncode != 0


def test_every_variable_is_described() -> None:
    used = set(re.findall(r"(?m)^#!(?:try)?defenv \w+=(SIP_\w+)", (DEPLOY / "kamailio" / "kamailio.cfg").read_text()))
    described = set(re.findall(r"(?m)^#?(SIP_\w+)=", (DEPLOY / "kamailio" / "kamailio.env").read_text()))
    assert used == described
