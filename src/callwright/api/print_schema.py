"""Print the OpenAPI document, for what is generated from it: `python -m callwright.api.print_schema > openapi.json`."""

from __future__ import annotations

import json
import sys
from typing import Any, cast

from fastapi import Request

from callwright.accounts.model import Viewer
from callwright.api.app import create_app
from callwright.settings import Settings

__all__ = ["document"]


async def _nobody(_: Request) -> Viewer | None:
    return None


def document() -> dict[str, Any]:
    """Of the application as it is, without anything that is kept."""
    return create_app(cast(Any, None), Settings.from_environment({}), _nobody).openapi()


if __name__ == "__main__":
    json.dump(document(), sys.stdout, ensure_ascii=False, indent=1)
