"""A script as a Mermaid flowchart: nodes by type, labelled edges, knowledge and global rules in their own boxes."""

from __future__ import annotations

from collections.abc import Iterator

from callwright.script.model import GlobalRule, NextStep, Node, Script, Then

__all__ = ["mermaid"]

_SHAPES = {
    "say": ('["', '"]'), "collect": ('[/"', '"/]'), "branch": ('{"', '"}'), "action": ('[["', '"]]'),
    "transfer": ('(["', '"])'), "subflow": ('[["', '"]]'), "ab": ('{{"', '"}}'),
}  # fmt: skip
_SHOWN = 40


def mermaid(script: Script) -> str:
    """Mermaid source (`flowchart TD`). Text is escaped; ids are numbered, so any node name will do."""
    ids = {name: f"n{i}" for i, name in enumerate(script.flow.nodes)}
    lines = ["flowchart TD", f'  start(("{_escape("start")}"))', *_edge("start", "", script.flow.start, ids)]
    for name, node in script.flow.nodes.items():
        opening, closing = _SHAPES[node.type]
        lines.append(f"  {ids[name]}{opening}{_label(script, name, node)}{closing}")
        lines += _edges(ids[name], node, ids)
    lines += _knowledge(script, ids)
    lines += _globals(script, ids)
    return "\n".join(lines) + "\n"


def _escape(text: str) -> str:
    """Text for a quoted Mermaid label: entity codes for what Mermaid or HTML would read as markup."""
    flat = " ".join(text.split())
    short = flat if len(flat) <= _SHOWN else flat[: _SHOWN - 1] + "…"
    return "".join(f"#{ord(char)};" if char in '"#<>&`\\{}[]|;' else char for char in short)


def _label(script: Script, name: str, node: Node) -> str:
    slot = script.slots.get(node.slot or "")
    text = node.say[0].text if node.say else (slot.ask or "") if slot else ""
    end = f"end: {node.end}" if node.end else ""
    group = f"to: {node.to.group}" if node.to else ""
    return "<br/>".join(_escape(part) for part in (name, text, group, end) if part)


def _edges(origin: str, node: Node, ids: dict[str, str]) -> Iterator[str]:
    for key, step in node.next.items():
        if isinstance(step, NextStep):
            limit = f"{key} (max {step.max})" if step.then else key
            yield from _edge(origin, limit, step.goto, ids)
            yield from _edge(origin, f"{key}, then", step.then, ids)
        else:
            yield from _edge(origin, key, step, ids)
    for case in node.cases:
        yield from _edge(origin, case.when, case.goto, ids)
    yield from _edge(origin, "else", node.case_else, ids)
    yield from _edge(origin, "enter", node.enter, ids)
    for arm in node.arms:
        yield from _edge(origin, arm.name, arm.goto, ids)


def _edge(origin: str, label: str, target: str | None, ids: dict[str, str]) -> Iterator[str]:
    """One edge; targets outside the flow (`return`, or unknown) become a small node of their own."""
    if target is None:
        return
    arrow = f'-->|"{_escape(label)}"|' if label else "-->"
    if target in ids:
        yield f"  {origin} {arrow} {ids[target]}"
    else:
        yield f'  {origin} {arrow} {origin}_out(("{_escape(target)}"))'


def _knowledge(script: Script, ids: dict[str, str]) -> Iterator[str]:
    if not script.kb:
        return
    yield '  subgraph knowledge["kb"]'
    for i, entry in enumerate(script.kb):
        yield f'    k{i}["{_escape(entry.id)}<br/>{_escape(entry.title or entry.answers[0].text)}"]'
    yield "  end"
    for i, entry in enumerate(script.kb):
        yield from _follow(f"k{i}", entry.then, ids)


def _globals(script: Script, ids: dict[str, str]) -> Iterator[str]:
    if not script.globals:
        return
    yield '  subgraph rules["globals"]'
    for i, rule in enumerate(script.globals):
        yield f'    g{i}["{"<br/>".join(_escape(part) for part in _rule_parts(rule))}"]'
    yield "  end"
    for i, rule in enumerate(script.globals):
        yield from _edge(f"g{i}", "", rule.goto, ids)
        if rule.then is not None:
            yield from _follow(f"g{i}", rule.then, ids)


def _rule_parts(rule: GlobalRule) -> list[str]:
    follows = f"end: {rule.end}" if rule.end else ""
    if rule.then is not None and rule.then.transfer:
        follows = f"to: {rule.then.transfer}"
    return [part for part in (f"{rule.priority} {rule.id}", rule.role or "", follows) if part]


def _follow(origin: str, then: Then, ids: dict[str, str]) -> Iterator[str]:
    yield from _edge(origin, "", then.goto, ids)
