"""Scenario files of sipp, rewritten for a network that loses, repeats and reorders: what no file can say for both ways of playing it.

sipp knows only the last message: its `[last_Via:]` and the like are those of whatever came last, so that a repeated INVITE is answered with
the headers of the ACK in between. The copy remembers the headers of each request it waits for, and answers with those. (`NEVER` is what
our scenarios wait for where they must not come to.)
"""

from __future__ import annotations

import re

__all__ = ["PLAYED", "ask", "caller_scenario", "for_lossy_network", "pause", "reply", "take"]

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


# ---------------------------------------------------------------- scenarios of a caller, by table

_OFFER = """v=0
o=peer 1 {number} IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio 16000 RTP/AVP 8 0 97
a=rtpmap:8 PCMA/8000
a=rtpmap:97 telephone-event/8000
a=fmtp:97 0-15
a=sendrecv"""


def ask(
    method: str, number: int, *headers: str, body: str = "", to: str = "[peer_tag_param]", again: bool = True
) -> str:
    """One request with this CSeq number. INVITE brings an offer; a CANCEL has the branch of the INVITE of its number.

    headers: further lines; again: sent again until something comes.
    """
    branch = f"z9hG4bK[pid]-[call_number]-{number}" if method in ("INVITE", "CANCEL") else "[branch]"
    body = body or (_OFFER.format(number=number) if method == "INVITE" else "")
    lines = [
        f"{method} sip:robot@[remote_ip]:[remote_port] SIP/2.0",
        f"Via: SIP/2.0/UDP [local_ip]:[local_port];branch={branch}",
        "Max-Forwards: 70",
        "From: <sip:+8613900000001@[local_ip]:[local_port]>;tag=[pid]caller[call_number]",
        f"To: <sip:robot@[remote_ip]:[remote_port]>{'' if method == 'CANCEL' else to}",
        "Call-ID: [call_id]",
        f"CSeq: {number} {method}",
        "Contact: <sip:caller@[local_ip]:[local_port]>",
        *headers,
        *(["Content-Type: application/sdp"] if method == "INVITE" else []),
        "Content-Length: [len]",
        "",
        *body.split("\n"),
    ]
    text = "\n".join(f"      {line}" if line else "" for line in lines)
    retrans = ' retrans="500"' if again and method != "ACK" else ""
    return f"  <send{retrans}><![CDATA[\n\n{text}\n\n  ]]></send>\n"


def take(code: int, method: str = "", *, optional: bool = False) -> str:
    """Wait for a response; method: its CSeq must name it (sipp itself takes any response of that code)."""
    attributes = f'response="{code}"' + (' optional="true"' if optional else "")
    if not method:
        return f"  <recv {attributes}/>\n"
    check = f'<ereg regexp="[0-9]+ {method}" search_in="hdr" header="CSeq:" check_it="true" assign_to="checked"/>'
    return f"  <recv {attributes}><action>{check}</action></recv>\n"


def reply(code: int) -> str:
    """Answer the request that was waited for last."""
    lines = [f"SIP/2.0 {code} Reply", *(f"[last_{name}:]" for name in _WANTED), "Content-Length: 0", "", ""]
    text = "\n".join(f"      {line}" if line else "" for line in lines)
    return f"  <send><![CDATA[\n\n{text}\n\n  ]]></send>\n"


def pause(ms: int) -> str:
    return f'  <pause milliseconds="{ms}"/>\n'


def caller_scenario(*steps: str) -> str:
    """A scenario of somebody who calls us."""
    reference = '  <Reference variables="checked"/>\n' if any("checked" in step for step in steps) else ""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="caller">\n{"".join(steps)}{reference}</scenario>\n'
