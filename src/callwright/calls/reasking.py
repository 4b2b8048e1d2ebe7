"""The short question of a node, said in place of a prompt that was broken off by what was no interruption. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from callwright.dialogue.values import Say
from callwright.script.model import Script
from callwright.script.text import placeholders, render

__all__ = ["short_question"]


def short_question(script: Script, node_id: str, values: Mapping[str, str], barge: str) -> Say | None:
    """The first wording of `reask` that may be spoken without a condition and whose values are all there; None = there is none."""
    for index, variant in enumerate(script.flow.nodes[node_id].reask):
        names = placeholders(variant.text)
        if variant.when is None and variant.channel in (None, "voice") and all(values.get(name) for name in names):
            text = render(variant.text, values)
            return Say(text, f"node:{node_id}/reask/{index}", node_id, variant.audio, variant.text, barge)
    return None
