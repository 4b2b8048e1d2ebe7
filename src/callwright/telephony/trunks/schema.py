"""The JSON Schema of `line/1`, for editors: completion and instant marks while writing.

It knows nothing of what the parts must agree on; `callwright line check` does.
"""

from __future__ import annotations

from typing import Any

from callwright.telephony.trunks.model import LINE_FORMAT, LineFile
from callwright.yaml_schema import numbers_are_text

__all__ = ["SCHEMA_ID", "line_schema"]

SCHEMA_ID = "https://callwright.dev/schema/line-1.json"


def line_schema() -> dict[str, Any]:
    """Draft 2020-12 schema as a JSON-ready mapping."""
    schema = LineFile.model_json_schema(by_alias=True)
    trunk = schema["$defs"]["Trunk"]["properties"]
    trunk["proxy"] = {
        "type": "string",
        "title": "Proxy",
        "description": "sip:host[:port][;transport=udp|tcp|tls], or a domain",
    }
    trunk["srtp"]["enum"] = [*trunk["srtp"]["enum"], False]  # a bare `off` is false in YAML
    del schema["$defs"]["Proxy"]
    numbers_are_text(schema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        **schema,
        "title": f"callwright {LINE_FORMAT}",
        "description": "Trunks to the telephone network, and what answers the numbers that are called.",
    }
