"""The reference names every code that can be reported."""

from __future__ import annotations

import re
from pathlib import Path

from callwright.script.explore.wording import CODES

ROOT = Path(__file__).resolve().parents[3]
CODE = re.compile(r'(?:error|warning|_error|Problem|problem|report|_report)\(\s*(?:loaded, )?"([a-z][\w-]+)",')


def test_every_code_is_in_the_reference() -> None:
    text = (ROOT / "docs" / "reference" / "script-checks.md").read_text(encoding="utf-8")
    package = ROOT / "src" / "callwright"
    script = package / "script"
    reading = [package / "yaml_file.py", package / "yaml_problems.py", script / "dialect.py", script / "loader.py"]
    files = [*(script / "checks").glob("*.py"), *reading]
    codes = {code for file in files for code in CODE.findall(file.read_text(encoding="utf-8"))} | set(CODES)
    assert len(codes) > 80
    assert sorted(code for code in codes if f"`{code}`" not in text) == []
