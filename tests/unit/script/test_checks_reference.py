"""The reference names every code that can be reported."""

from __future__ import annotations

import re
from pathlib import Path

from callwright.script.explore.wording import CODES

ROOT = Path(__file__).resolve().parents[3]
CODE = re.compile(r'(?:error|warning|_error|Problem|report|_report)\(\s*(?:loaded, )?"([a-z][\w-]+)",')


def test_every_code_is_in_the_reference() -> None:
    text = (ROOT / "docs" / "reference" / "script-checks.md").read_text(encoding="utf-8")
    script = ROOT / "src" / "callwright" / "script"
    files = [*(script / "checks").glob("*.py"), script / "source.py", script / "explain.py", script / "loader.py"]
    codes = {code for file in files for code in CODE.findall(file.read_text(encoding="utf-8"))} | set(CODES)
    assert len(codes) > 80
    assert sorted(code for code in codes if f"`{code}`" not in text) == []
