"""The SIP ladder of a call: its rungs as lines of the event log, and the log read back as a ladder an engineer can follow. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from callwright.telephony.port import LegSignal, Media

__all__ = ["CallTrace", "as_text", "rtp_line", "signal_line", "trace"]

_ARROW_WIDTH = 56
Line = Mapping[str, Any]


def signal_line(signal: LegSignal, leg: str = "") -> dict[str, Any]:
    """The data of a `sip` line. leg: "" for the call itself, `desk` for the person who is rung for it. What is empty is left out."""
    whole = asdict(signal) | {"leg": leg}
    return {key: value for key, value in whole.items() if key != "at_ms" and value not in ("", False)}


def rtp_line(media: Media) -> dict[str, Any]:
    """The data of an `rtp` line: how the leg sounded (`CallQuality`), rounded; what is not known is left out."""
    stats, known = media.stats, media.quality().to_json()
    line = {key: round(value, 3) if isinstance(value, float) else value for key, value in known.items()}
    return {key: value for key, value in line.items() if value is not None} | {
        "garbage": stats.garbage,
        "dropped": stats.dropped,
    }


@dataclass(frozen=True, slots=True)
class CallTrace:
    """A call as its log tells it. state: `running`, `ended`, `killed` (its process is gone, nobody has reported it yet), `recovered`.

    lines: the rungs (`sip`), and what else tells how the call went, in order; rtp: of each leg, once its audio is closed;
    code, q850: of a refusal, or of the Reason with which the call was released.
    """

    call_id: str
    number: str
    direction: str
    started_at: str
    state: str
    last_ms: int
    lines: tuple[Line, ...]
    rtp: tuple[Line, ...]
    disposition: str
    cause: str
    by: str
    code: int | None
    q850: int | None

    def to_json(self) -> dict[str, Any]:
        """JSON-ready mapping."""
        return asdict(self)


def trace(log: Iterable[Line], *, running: bool) -> CallTrace:
    """Read a log, whole or not. running: its process still writes it."""
    lines = list(log)
    first = lines[0] if lines else {}
    ended, released = _last(lines, "ended"), _last(lines, "released")
    rejected, recovered = _last(lines, "rejected"), _last(lines, "recovered")
    state = "ended" if ended else "recovered" if recovered else "running" if running else "killed"
    return CallTrace(
        call_id=str(first.get("call_id", "")),
        number=str(first.get("number", "")),
        direction="in" if first.get("kind") == "came_in" else "out",
        started_at=str(first.get("started_at", "")),
        state=state,
        last_ms=max((int(line.get("at_ms", 0)) for line in lines), default=0),
        lines=tuple(line for line in lines if line.get("kind") in _SHOWN),
        rtp=tuple(line for line in lines if line.get("kind") == "rtp"),
        disposition=str((ended or recovered or {}).get("disposition", "")),
        cause=str((released or ended or {}).get("cause", "")),
        by=str((released or {}).get("by", "")),
        code=(rejected or {}).get("code"),
        q850=(rejected or released or {}).get("q850"),
    )


def _last(lines: list[Line], kind: str) -> Line | None:
    return next((line for line in reversed(lines) if line.get("kind") == kind), None)


# ---------------------------------------------------------------- as text


def as_text(call: CallTrace) -> str:
    """The ladder as lines of at most about 110 columns."""
    peer = next((str(line.get("peer", "")) for line in call.lines if line["kind"] == "sip"), "")
    out = [_head(call), ""]
    if peer:
        out.append(f"{'time s':>10}   {'us':<{_ARROW_WIDTH - len(peer)}}{peer}")
    out += [_rung(line, peer) if line["kind"] == "sip" else _event(line) for line in call.lines]
    if not any(line["kind"] == "sip" for line in call.lines):
        out.append("  no SIP message is in the log: nothing was sent, or the log is of an older version")
    out.append("")
    out += [_rtp(line) for line in call.rtp]
    out.append(_end(call))
    return "\n".join(out) + "\n"


def _head(call: CallTrace) -> str:
    way = "from" if call.direction == "in" else "to"
    return f"call {call.call_id or '(unknown)'} {way} {call.number or '(unknown)'}  {call.started_at}".rstrip()


def _rung(line: Line, peer: str) -> str:
    text = str(line.get("line", ""))
    request = str(line.get("request", "")).rpartition(" ")[2]
    sdp = " SDP" if line.get("sdp") else ""
    room = _ARROW_WIDTH - 6 - len(sdp)
    if text.startswith("SIP/2.0 "):
        label = text[8:] + (f" ({request})" if request else "")
    else:
        label = text.removesuffix(" SIP/2.0")
        label = label if len(label) <= room else label.partition(" ")[0]
    label = f" {label[:room]}{sdp} "
    sent, width = line.get("direction") == "->", _ARROW_WIDTH - 3
    arrow = f"--{label:-<{width}}>" if sent else f"<{label:->{width}}--"
    beside = [
        f"[{line['leg']}]" if line.get("leg") else "",
        str(line.get("peer", "")) if line.get("peer", "") != peer else "",
        str(line.get("transport", "")) if line.get("transport", "UDP") != "UDP" else "",
        str(line.get("reason", "")),
        "retransmission" if line.get("again") else "",
    ]
    return f"{_seconds(line)}   {arrow}  {' '.join(part for part in beside if part)}".rstrip()


def _event(line: Line) -> str:
    words = _SHOWN[line["kind"]]
    return f"{_seconds(line)}      {words(line)}".rstrip() if words else ""


def _seconds(line: Line) -> str:
    return f"{int(line.get('at_ms', 0)) / 1000:>10.3f}"


def _rtp(line: Line) -> str:
    leg = f" [{line['leg']}]" if line.get("leg") else ""
    received, lost = int(line.get("received", 0)), int(line.get("lost", 0))
    share = f" ({100 * lost / (received + lost):.1f} %)" if lost > 0 else ""
    parts = [
        f"sent {line.get('sent', 0)}",
        f"received {received}",
        f"lost {lost}{share}",
        f"late {line.get('late', 0)}",
        f"jitter {line.get('jitter_ms', 0):.1f} ms",
    ]
    if line.get("round_trip_ms") is not None:
        parts.append(f"round trip {line['round_trip_ms']:.0f} ms")
    if line.get("mos") is not None:
        parts.append(f"MOS {line['mos']:.1f}")
    if line.get("far_loss") is not None:
        parts.append(f"they lost {100 * line['far_loss']:.1f} %")
    return f"rtp{leg}  {line.get('codec', '')}: {', '.join(parts)}"


def _end(call: CallTrace) -> str:
    at = f"{call.last_ms / 1000:.3f} s"
    if call.state == "running":
        return f"still running; last event at {at}"
    if call.state == "killed":
        return f"not ended: its process was killed; last event at {at}; `callwright calls recover` reports it"
    cause = f": {call.cause}{f' by {call.by}' if call.by else ''}" if call.cause else ""
    sip = f", SIP {call.code}" if call.code is not None else ""
    q850 = f", Q.850 cause {call.q850}" if call.q850 is not None else ""
    recovered = " (its process was killed)" if call.state == "recovered" else ""
    return f"{call.disposition or 'unknown'}{recovered}{cause}{sip}{q850}; {at}"


def _rejected(line: Line) -> str:
    q850 = f", Q.850 cause {line['q850']}" if line.get("q850") is not None else ""
    return f"rejected: {line.get('code', '')} {line.get('text', '')}{q850}"


def _released(line: Line) -> str:
    detail = f" ({line['detail']})" if line.get("detail") else ""
    return f"released: {line.get('cause', '')} by {line.get('by', '')}{detail}"


_SHOWN: dict[str, Callable[[Line], str] | None] = {
    "sip": None,
    "ringing": lambda line: "ringing",
    "early_media": lambda line: "early media",
    "connected": lambda line: "connected: audio both ways",
    "recording": lambda line: f"recording into {line.get('file', '')}",
    "greeting": lambda line: f"answered by a {line.get('verdict', '')}",
    "key": lambda line: f"key {line.get('digit', '')}",
    "replaced": lambda line: "somebody else goes on in the far side's place",
    "bridged": lambda line: f"with a person: {line.get('group', '')}",
    "rejected": _rejected,
    "released": _released,
    "fault": lambda line: f"fault: {line.get('message', '')}",
    "recovered": lambda line: "found unfinished after a restart",
}
