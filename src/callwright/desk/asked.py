"""Which groups of agents scripts ask for. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from callwright.script.blocks import Action
from callwright.script.model import Script

__all__ = ["groups_asked"]


def groups_asked(script: Script) -> frozenset[str]:
    """Of nodes, knowledge and global rules."""
    return frozenset(name for name in _asked(script) if name)


def _asked(script: Script) -> Iterator[str]:
    for node in script.flow.nodes.values():
        if node.to is not None:
            yield node.to.group
        yield from _of_actions(node.do)
    for entry in script.kb:
        yield entry.then.transfer or ""
    for rule in script.globals:
        yield (rule.then.transfer or "") if rule.then is not None else ""
        yield from _of_actions(rule.do)


def _of_actions(actions: tuple[Action, ...]) -> Iterator[str]:
    for action in actions:
        if action.kind == "transfer":
            yield str(action.arg.get("group", "")) if isinstance(action.arg, dict) else str(action.arg or "")
