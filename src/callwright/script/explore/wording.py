"""The findings in plain words: message, place and hint for each code."""

from __future__ import annotations

from callwright.errors import Place, Problem
from callwright.script.explore.state import Fault
from callwright.script.model import Script

__all__ = ["CODES", "describe"]

COMING = frozenset({"inbound", "screening", "chat"})

# code: (message, hint); {node} and {detail} come from the fault
CODES: dict[str, tuple[str, str]] = {
    "disclosure-missing": (
        "a marketing script must say who is calling before anything else, and this one declares no disclosure",
        "add compliance.disclosure with the node that says it",
    ),
    "disclosure-late": (
        "`{node}` is heard before the disclosure: {detail}",
        "start the flow at the disclosure node and let every path pass it first",
    ),
    "disclosure-interruptible": (
        "the disclosure can be cut off, and then {detail} follows without it having been heard to its end",
        "give the disclosure node `barge: {{mode: none}}`, one wording without `when`, and set `interruptible: false`",
    ),
    "second-refusal": (
        "after a second refusal at `{node}` the robot goes on and listens at `{detail}`",
        "let the second refusal (and a `no` to the one sentence that answers a refusal) lead to a node with `end`",
    ),
    "silent-loop": (
        "the robot can come back to `{node}` for ever without the caller saying a word",
        "let one node of the loop listen, or end the call",
    ),
    "dead-end": ("the call gets stuck at `{node}`: {detail}", "add the missing `next` key, or `end`"),
    "unbalanced-return": (
        "`return` is reached outside any subflow",
        "only nodes entered through a subflow node may go to `return`",
    ),
    "subflow-depth": (
        "subflows can nest deeper than 8 levels at `{node}`",
        "let the subflow come back (`return`) before it is entered again",
    ),
    "unknown-node": ("a path leads to `{node}`, which does not exist", "write the node, or mend the name"),
    "opt-out-missing": (
        "a caller cannot stop the calls: no global rule with role do_not_disturb can be set off by words",
        "add one with phrases, a freeze and an `end`",
    ),
    "opt-out-ineffective": (
        "`{detail}` does not stop the calls at once: the same turn must freeze the number and end the call",
        "give the rule `do: [{{freeze: ...}}]` and an `end`",
    ),
    "opt-out-shadowed": (
        "an opt-out is not heard: {detail}",
        "take the words out of the other rule, or add the longer phrase to the do_not_disturb rule as well",
    ),
    "transfer-missing": (
        "a caller cannot ask for a person: no global rule with role transfer can be set off by words",
        "add one with phrases and `then: {{transfer: <group>}}`, or a `goto` to a transfer node",
    ),
    "transfer-ineffective": (
        "`{detail}` does not hand over at the first request",
        "give the rule `then: {{transfer: <group>}}`, or a `goto` to a transfer node",
    ),
    "transfer-shadowed": (
        "a request for a person is not heard: {detail}",
        "take the words out of the other rule, or add the longer phrase to the transfer rule as well",
    ),
    "dead-node": ("no call can ever reach `{node}`", "lead some `next` to it, or delete it"),
    "dead-kb": ("knowledge entry `{node}` can never be answered: {detail}", "mend it or delete it"),
    "dead-global": ("global rule `{node}` can never apply: {detail}", "mend it or delete it"),
    "dead-next": ("`next.{detail}", "mend it or delete the key"),
}


def describe(script: Script, fault: Fault, trace: tuple[str, ...] = ()) -> Problem:
    """The problem a fault stands for. Its place names the field; the caller knows the line."""
    code, detail = fault.code, fault.detail
    disclosure = script.compliance.disclosure
    if code == "disclosure-late":
        said = f"its `{detail}.say`" if detail.startswith("next.") else f"its answer {detail}"
        heard = said if detail else "its own text"
        spoken_for = detail.startswith("next.") and disclosure is not None and fault.node != disclosure.node
        if disclosure is not None and disclosure.node in trace and not spoken_for:
            code, detail = "disclosure-interruptible", f"`{fault.detail or fault.node}`"
        else:
            detail = heard
    message, hint = CODES[code]
    return Problem(
        code,
        message.format(node=fault.node, detail=detail),
        Place(field=_field(script, fault)),
        hint.format(),
        "warning" if _is_advice(script, code) else "error",
        trace,
    )


def _is_advice(script: Script, code: str) -> bool:
    """A key too many does no harm; and whoever called us is not persuaded when the robot asks again after a `no`."""
    return code == "dead-next" or (code == "second-refusal" and script.purpose in COMING)


def _field(script: Script, fault: Fault) -> str:
    if fault.code == "dead-kb":
        return next((f"kb[{i}]" for i, entry in enumerate(script.kb) if entry.id == fault.node), "kb")
    if fault.code == "dead-global":
        return next((f"globals[{i}]" for i, rule in enumerate(script.globals) if rule.id == fault.node), "globals")
    if fault.code.startswith(("opt-out", "transfer")):
        return next((f"globals[{i}]" for i, rule in enumerate(script.globals) if rule.id == fault.detail), "globals")
    if fault.code == "disclosure-missing":
        return "compliance.disclosure"
    if fault.code == "dead-next":
        return f"flow.nodes.{fault.node}.next.{fault.detail.split('`', 1)[0]}"
    return f"flow.nodes.{fault.node}" if fault.node in script.flow.nodes else "flow"
