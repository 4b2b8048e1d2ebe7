"""What runs callwright in a larger house: every command is one that callwright has, no secret stands in an environment, units are sound."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from callwright.cli.lazy import COMMANDS, load

DEPLOY = Path(__file__).parents[3] / "deploy"
COMPOSE = DEPLOY / "compose"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((COMPOSE / "compose.yaml").read_text())["services"]


def _parses(words: list[str]) -> None:
    """Fails when callwright has no such command or option."""
    command, rest = load(words[1]), words[2:]
    if hasattr(command, "commands"):
        command, rest = command.commands[rest[0]], rest[1:]
    command.make_context(words[1], list(rest), resilient_parsing=False)


def _commands() -> Iterator[list[str]]:
    for service in SERVICES.values():
        words = service.get("command") or []
        if words[:1] == ["callwright"]:
            yield words
        checked = service.get("healthcheck", {}).get("test", [])[1:]
        if checked[:1] == ["callwright"]:
            yield checked
    for unit in UNITS:
        (line,) = re.findall(r"^ExecStart=/usr/local/bin/(.*)$", unit.read_text(), re.M)
        yield shlex.split(line)


@pytest.mark.parametrize("words", list(_commands()), ids=" ".join)
def test_every_command_is_one_of_callwright(words: list[str]) -> None:
    assert words[1] in COMMANDS
    _parses(words)


def test_a_wrong_option_would_be_found() -> None:
    with pytest.raises(Exception, match="No such option"):
        _parses(["callwright", "worker", "line.yaml", "--no-such-option"])


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_services_are_watched_restarted_and_hold_no_secret(name: str) -> None:
    service = SERVICES[name]
    if name != "migrate":  # it ends
        assert service["healthcheck"]["test"]
        assert service["restart"] == "unless-stopped"
    assert not service.get("privileged")
    said = " ".join(str(value) for value in (service.get("environment") or {}).values())
    assert not re.search(r"postgresql://|password=", said)
    known = yaml.safe_load((COMPOSE / "compose.yaml").read_text())["secrets"]
    assert set(service.get("secrets", [])) <= set(known)
    waits_for = service.get("depends_on", {})
    assert set(waits_for) <= set(SERVICES)
    for other, how in waits_for.items():
        assert how["condition"] != "service_healthy" or "healthcheck" in SERVICES[other]


def test_files_that_are_mounted_are_there() -> None:
    mounted = [
        volume.split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if volume.startswith("./")
    ]
    assert mounted
    for file in [*mounted, *(file for service in SERVICES.values() for file in service.get("env_file", []))]:
        assert (COMPOSE / file).is_file(), file
    for service in SERVICES.values():
        if "build" in service:
            context = (COMPOSE / service["build"]["context"]).resolve()
            text = (context / service["build"]["dockerfile"]).read_text()
            copied = [words.split()[-2] for words in re.findall(r"^COPY (?!--from)(.*)$", text, re.M)]
            assert copied and all((context / path).exists() for path in copied)


def test_workers_and_the_proxy_agree_on_ports() -> None:
    listed = (COMPOSE / "dispatcher.list").read_text()
    for file in sorted(COMPOSE.glob("worker-*.yaml")):
        local = yaml.safe_load(file.read_text())["trunks"][0]["local"]
        assert re.search(rf"^1 sip:{re.escape(local['host'])}:{local['port']}$", listed, re.M)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_units_are_sound_and_closed(unit: Path, tmp_path: Path) -> None:
    text = unit.read_text()
    for wanted in (
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "User=callwright",
        "UMask=0077",
        "CapabilityBoundingSet=",
    ):
        assert wanted in text
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    place = tmp_path / unit.name.replace("@.", "@1.")
    place.write_text(text.replace("/usr/local/bin/callwright", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", str(place)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_scripts_are_posix() -> None:
    for script in COMPOSE.glob("*.sh"):
        assert subprocess.run(["sh", "-n", str(script)], timeout=10).returncode == 0
