"""Parts of a script that no call can ever use: nodes, `next` keys, knowledge entries, global rules."""

from __future__ import annotations

from collections.abc import Iterator

from callwright.script.explore.search import Reached
from callwright.script.explore.state import Fault
from callwright.script.explore.triggers import can_be_meant, global_is_dead, kb_shadow
from callwright.script.model import Node, Script

__all__ = ["dead_parts"]

_OWN_KEYS = frozenset(
    {("subflow", "ok"), ("action", "ok"), ("action", "error"), ("transfer", "failed"), ("collect", "refused")}
)
_FOREIGN = frozenset({"filled", "refused", "failed", "ok", "error"})  # what a node that waits for words does not use


def dead_parts(script: Script, found: Reached) -> Iterator[Fault]:
    """What a complete search never met, in file order."""
    for name, node in script.flow.nodes.items():
        if name not in found.nodes:
            yield Fault("dead-node", name)
        else:
            yield from _dead_keys(script, name, node, found)
    yield from _dead_knowledge(script, found)
    for rule in script.globals:
        why = global_is_dead(script, rule)
        if why is not None:
            yield Fault("dead-global", rule.id, why)


def _dead_keys(script: Script, name: str, node: Node, found: Reached) -> Iterator[Fault]:
    for key in node.next:
        why = _why_dead(script, name, node, key, found)
        if why is not None:
            yield Fault("dead-next", name, f"{key}` of `{name}` is not taken: {why}")


def _why_dead(script: Script, name: str, node: Node, key: str, found: Reached) -> str | None:
    order = node.order or script.turn.order
    category = "intent" if key.startswith("intent.") else key
    if node.end is not None:
        return "the node ends the call"
    if node.type == "say" and node.listen:
        if category in ("intent", "affirm", "deny", "refuse") and category not in order:
            return f"its order leaves out `{category}`"
        if category == "intent" and key.removeprefix("intent.") not in script.intents:
            return "there is no such intent"
        if key in ("affirm", "refuse") and not getattr(script.lexicon, key):
            return f"lexicon.{key} is empty"
        if key == "unrecognised" and "any" in node.next and (name, key) not in found.machine.entrance.taken:
            return "`any` takes every sentence before it"
        if key == "interrupted" and (node.barge.mode or script.turn.barge.mode) == "none":
            return "nobody can interrupt this node"
    if (name, key) not in found.machine.entrance.taken:
        if (node.type, key) in _OWN_KEYS or (node.type == "say" and node.listen and category not in _FOREIGN):
            return "no conversation comes to it"
        return f"a node of type `{node.type}`{'' if node.listen else ' that does not listen'} does not use it"
    return None


def _dead_knowledge(script: Script, found: Reached) -> Iterator[Fault]:
    for entry in script.kb:
        if not can_be_meant(entry):
            yield Fault("dead-kb", entry.id, "it has no phrases, regex or examples")
        elif not any(entry in found.machine.admissible(name) for name in found.listening):
            yield Fault("dead-kb", entry.id, "no reachable node that listens lets it in (`only_in`, `not_in`)")
        elif (takers := kb_shadow(script, entry)) is not None:
            yield Fault("dead-kb", entry.id, f"all its phrases are taken by {takers}")
