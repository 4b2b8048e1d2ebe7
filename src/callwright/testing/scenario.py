"""Scenario files of sipp, rewritten for a network that loses, repeats and reorders: what no file can say for both ways of playing it.

sipp knows only the last message: its `[last_Via:]` and the like are those of whatever came last, so that a repeated INVITE is answered with
the headers of the ACK in between. The copy remembers the headers of each request it waits for, and answers with those. (`NEVER` is what
our scenarios wait for where they must not come to.)
"""

from __future__ import annotations

import re

__all__ = ["PLAYED", "for_lossy_network"]

PLAYED = "played to the end"

_LINGER = f"""
  <nop><action><log message="{PLAYED}"/></action></nop>
  <timewait milliseconds="30000"/>
"""
_STEP = re.compile(r'<recv request="(?!NEVER")[^>]*>|\[last_([A-Za-z-]+):\]')
_WANTED = ("Via", "From", "To", "Call-ID", "CSeq")


def for_lossy_network(text: str, address: tuple[str, int]) -> str:
    """The scenario with `address` in Via and Contact, headers remembered, and a last step that answers copies for half a minute.

    That step begins with a line `PLAYED` in sipp's log.
    """
    text = text.replace("[local_ip]:[local_port]", f"{address[0]}:{address[1]}")
    count = 0

    def step(match: re.Match[str]) -> str:
        nonlocal count
        header = match[1]
        if header is None:
            count += 1
            return match[0]
        known = count and header in _WANTED
        return f"{header}: [$kept{header.replace('-', '')}{count}]" if known else match[0]

    text = _STEP.sub(step, text)
    text = _remembered(text)
    names = ",".join(f"kept{name.replace('-', '')}{number}" for number in range(1, count + 1) for name in _WANTED)
    reference = f'  <Reference variables="{names}"/>\n' if names else ""
    last = text.index("<Reference") if "<Reference" in text else text.index("</scenario>")
    return text[:last] + _LINGER + reference + text[last:]


def _remembered(text: str) -> str:
    """An action for every header wanted, at every request that is waited for."""
    parts = re.split(r'(<recv request="(?!NEVER")[^>]*>(?:\s*<action>)?)', text)
    for number, at in enumerate(range(1, len(parts), 2), start=1):
        actions = "".join(
            f'\n      <ereg regexp="[^ ].*" search_in="hdr" header="{name}:" assign_to="kept{name.replace("-", "")}{number}"/>'
            for name in _WANTED
        )
        opening = parts[at]
        if opening.endswith("<action>"):
            parts[at] = opening + actions
        elif opening.endswith("/>"):
            parts[at] = f"{opening[:-2]}><action>{actions}\n  </action></recv>"
        else:
            parts[at] = f"{opening}<action>{actions}\n  </action>"
    return "".join(parts)
