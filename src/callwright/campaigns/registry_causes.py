"""Why people wait for a do-not-call registry: which one, and what it takes. Pure.

Looked at are the rules that refused, and the copies that are loaded now.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from callwright.compliance.packs import Packs
from callwright.compliance.registries import Copy
from callwright.compliance.registry_rules import Asking, asked, newest

__all__ = ["of_refusal", "of_rules"]

Told = tuple[str, dict[str, Any]]
"""Code of a cause (wordings.py), and what its sentence is made of."""


def of_refusal(body: Iterable[dict[str, Any]], packs: Packs, copies: Collection[Copy], now: datetime) -> list[Told]:
    """Of the rules in the body of the last refusal of somebody who is left out."""
    rules = {(one.pack, one.rule): one for one in _all(packs)}
    found: list[Told] = []
    for one in body:
        asking = rules.get((str(one["pack"]), str(one["rule"])))
        if asking is None or one["outcome"] == "ok":
            continue
        copy = newest(copies, asking.registry)
        old = _old(asking, copy, now)
        if one["outcome"] == "unknown" or copy is None:
            found.append(_missing(asking))
        else:
            found.append(old or ("registry_listed", {"registry": asking.registry, "at": copy.as_of}))
    return found


def of_rules(names: Collection[str], packs: Packs, copies: Collection[Copy], now: datetime) -> list[Told]:
    """Of the rules for which people are left out of a task: registries that are not loaded, or too old."""
    found: dict[str, Told] = {}
    for asking in _all(packs):
        if asking.rule in names and asking.registry not in found:
            copy = newest(copies, asking.registry)
            told = _missing(asking) if copy is None else _old(asking, copy, now)
            if told is not None:
                found[asking.registry] = told
    return list(found.values())


def _all(packs: Packs) -> Iterator[Asking]:
    for rules in asked(packs).values():
        yield from rules


def _missing(asking: Asking) -> Told:
    return "registry_missing", {"registry": asking.registry}


def _old(asking: Asking, copy: Copy | None, now: datetime) -> Told | None:
    if copy is None or now - copy.as_of <= timedelta(days=asking.days):
        return None
    return "registry_old", {"registry": asking.registry, "at": copy.as_of, "days": asking.days}
