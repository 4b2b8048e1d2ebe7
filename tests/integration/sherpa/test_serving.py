"""A serving process with a recogniser of one's own choice: one for all its scripts."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from callwright.script.builtin import template_path
from callwright.serving import ServingSettings, open_serving
from callwright.settings import Settings

pytest.importorskip("sherpa_onnx", reason="the package sherpa-onnx is not installed (extra `sherpa`)")
pytestmark = [pytest.mark.integration, pytest.mark.shared]
LINE = """
format: line/1
trunks:
  - {name: office, proxy: "sip:127.0.0.1:5060", options_s: 0, numbers: ["+12025550100"], sources: [127.0.0.1], local: {host: 127.0.0.1, port: 0}}
inbound:
  - {number: "+12025550101", script: first.yaml}
  - {number: "+12025550102", script: second.yaml}
"""


async def recognisers(folder: Path, settings: Settings) -> float:
    variables = {"name": "Ann", "company": "Acme", "item": "boiler", "visit": "Tuesday at ten"}
    async with open_serving(ServingSettings(folder / "line.yaml", folder / "out", variables=variables), settings) as up:
        value = up.metrics.registry.get_sample_value("callwright_recognisers")
        assert value is not None
        return value


def test_two_scripts_share_one_model(tmp_path: Path, shared: Path) -> None:
    for name in ("first", "second"):
        shutil.copy(template_path("appointment_en"), tmp_path / f"{name}.yaml")
    (tmp_path / "line.yaml").write_text(LINE, encoding="utf-8")
    models = shared / "models"
    settings = Settings(models, shared, tmp_path / "cache", asr="{engine: sherpa, model: sherpa-toy-8k}")
    assert asyncio.run(recognisers(tmp_path, settings)) == 1
