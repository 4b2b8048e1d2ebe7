"""What the JSON Schemas of our YAML formats have in common."""

from __future__ import annotations

from typing import Any

__all__ = ["numbers_are_text"]


def numbers_are_text(node: Any) -> None:
    """A bare 12321 is a phrase: wherever text is expected without a closed list, a number does as well."""
    if isinstance(node, list):
        for item in node:
            numbers_are_text(item)
    elif isinstance(node, dict):
        if node.get("type") == "string" and "enum" not in node and "const" not in node and not _is_clock(node):
            node["type"] = ["string", "number"]
        for key, value in node.items():
            if key != "propertyNames":
                numbers_are_text(value)


def _is_clock(node: dict[str, Any]) -> bool:
    return "pattern" in node and "\\d" in str(node["pattern"])
