"""How a call came out: one taxonomy for every call, from what the line said, what was heard, and how the dialogue ended. Pure.

SIP mapping: RFC 3261 section 21, RFC 3398, RFC 8197 (607), RFC 8688 (608); causes: ITU-T Q.850. 5xx is the carrier's fault, never the callee's.
docs/reference/dispositions.md explains each value; a test holds it against this module.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from callwright.calls.progress import Evidence, EvidenceKind  # brings numpy, for which plans need not wait

__all__ = [
    "BY_CAUSE",
    "BY_CODE",
    "BY_EVIDENCE",
    "CONNECTED",
    "FACTS",
    "NOBODY_MS",
    "RANG_MS",
    "TRUST",
    "VAGUE_CODES",
    "Disposition",
    "DispositionFacts",
    "Retry",
    "disposition",
    "disposition_title",
]

Disposition = Literal[
    # answered
    "completed", "opted_out", "declined", "transferred", "callback", "wrong_person", "no_interaction", "hung_up", "abused", "voicemail",
    "screened", "not_understood", "too_long", "interrupted_by_fault",
    # not connected
    "busy", "line_busy", "no_answer", "rejected", "switched_off", "suspended", "out_of_service", "unreachable", "empty_number", "barred",
    "carrier_blocked", "network_fault", "unknown",
    # not dialled
    "not_allowed",
]  # fmt: skip

CONNECTED: frozenset[str] = frozenset(get_args(Disposition)[:14])

Retry = Literal["done", "never", "agreed", "minutes", "hours", "days", "other_line", "ask"]


@dataclass(frozen=True, slots=True)
class DispositionFacts:
    """zh, en: titles; counts: it stands against the caps of calls to a person (the phone may have rung, or a missed call was shown);
    retry: when another attempt may make sense (`done`: no need; `never`; `agreed`: at the agreed time; `ask`: a person decides;
    `other_line`: at once by another trunk, else in minutes)."""

    zh: str
    en: str
    counts: bool
    retry: Retry


FACTS: dict[Disposition, DispositionFacts] = {
    "completed": DispositionFacts("完成", "completed", True, "done"),
    "opted_out": DispositionFacts("要求免打扰", "opted out", True, "never"),
    "declined": DispositionFacts("拒绝", "declined", True, "never"),
    "transferred": DispositionFacts("已转人工", "transferred", True, "done"),
    "callback": DispositionFacts("约定回拨", "callback", True, "agreed"),
    "wrong_person": DispositionFacts("非本人", "wrong person", True, "never"),
    "no_interaction": DispositionFacts("无人应答对话", "no interaction", True, "days"),
    "hung_up": DispositionFacts("客户挂断", "hung up", True, "ask"),
    "abused": DispositionFacts("辱骂", "abused", True, "never"),
    "voicemail": DispositionFacts("语音信箱", "voicemail", True, "hours"),
    "screened": DispositionFacts("电话助理", "screened", True, "ask"),
    "not_understood": DispositionFacts("未能识别", "not understood", True, "ask"),
    "too_long": DispositionFacts("超时", "too long", True, "ask"),
    "interrupted_by_fault": DispositionFacts("故障中断", "interrupted by fault", True, "ask"),
    "busy": DispositionFacts("忙线", "busy", True, "minutes"),
    "line_busy": DispositionFacts("占线（含可能的拒接）", "line busy", True, "hours"),
    "no_answer": DispositionFacts("无人接听", "no answer", True, "hours"),
    "rejected": DispositionFacts("拒接", "rejected", True, "ask"),
    "switched_off": DispositionFacts("关机", "switched off", True, "hours"),
    "suspended": DispositionFacts("停机", "suspended", False, "days"),
    "out_of_service": DispositionFacts("不在服务区", "out of service area", True, "hours"),
    "unreachable": DispositionFacts("无法接通", "unreachable", True, "hours"),
    "empty_number": DispositionFacts("空号", "empty number", False, "never"),
    "barred": DispositionFacts("呼叫受限", "barred", True, "ask"),
    "carrier_blocked": DispositionFacts("运营商拦截", "carrier blocked", True, "ask"),
    "network_fault": DispositionFacts("线路故障", "network fault", False, "other_line"),
    "unknown": DispositionFacts("未知", "unknown", True, "ask"),
    "not_allowed": DispositionFacts("不允许拨打", "not allowed", False, "ask"),
}

_BY_END: dict[str, Disposition] = {
    "optout": "opted_out",
    "refused": "declined",
    "transfer": "transferred",
    "callback": "callback",
    "transfer_failed": "callback",
    "wrong_person": "wrong_person",
    "silence": "no_interaction",
    "hangup": "hung_up",
    "profanity": "abused",
    "voicemail": "voicemail",
    "screened": "screened",
    "unrecognised": "not_understood",
    "too_long": "too_long",
    "fault": "interrupted_by_fault",
}

BY_CODE: dict[int, Disposition] = {
    401: "barred",
    403: "barred",
    404: "empty_number",
    407: "barred",
    408: "no_answer",
    410: "empty_number",
    480: "no_answer",
    484: "empty_number",
    486: "busy",
    487: "no_answer",
    600: "busy",
    603: "rejected",
    604: "empty_number",
    607: "rejected",
    608: "carrier_blocked",
}

BY_CAUSE: dict[int, Disposition] = {
    1: "empty_number",  # unallocated
    2: "network_fault",  # no route to the transit network
    3: "network_fault",  # no route to the destination
    17: "busy",
    18: "no_answer",  # no user responding
    19: "no_answer",  # alerted, no answer
    20: "out_of_service",  # subscriber absent
    21: "rejected",
    22: "empty_number",  # number changed
    27: "unreachable",  # destination out of order
    28: "empty_number",  # invalid number format
    34: "network_fault",  # no circuit
    38: "network_fault",  # network out of order
    41: "network_fault",  # temporary failure
    42: "network_fault",  # switching equipment congestion
    44: "network_fault",  # requested circuit not available
    47: "network_fault",  # resource unavailable
    55: "barred",  # incoming calls barred
    57: "barred",  # bearer capability not authorised
    87: "barred",  # user not member of the closed group
    88: "unreachable",  # incompatible destination
    102: "network_fault",  # recovery on timer expiry
}
"""Q.850 causes that say something. 16 (normal clearing), 31 (unspecified), 127 (interworking) and the rest do not."""

BY_EVIDENCE: dict[EvidenceKind, Disposition] = {
    "own_line": "network_fault",  # our own line is out of credit or barred
    "carrier_blocked": "carrier_blocked",
    "empty_number": "empty_number",
    "number_changed": "empty_number",
    "suspended": "suspended",
    "switched_off": "switched_off",
    "barred": "barred",
    "out_of_service": "out_of_service",
    "line_busy": "line_busy",
    "busy": "busy",
    "no_answer": "no_answer",
    "unreachable": "unreachable",
    "network_busy": "network_fault",
    "voicemail": "no_answer",  # offered, but nobody and nothing answered
    "reminder": "unreachable",
}

TRUST = 0.6  # confidence from which what was heard counts for the outcome
VAGUE_CODES = frozenset(
    {400, 403, 408, 480, 486, 487, 488, 606}
)  # gateways send them for many reasons: Q.850 knows better
_MAYBE_REFUSED = frozenset({"line_busy", "busy", "no_answer", "unreachable", "voicemail", "reminder"})
RANG_MS = 3000  # a phone that rang so long was not in a call
NOBODY_MS = 25_000  # and after so long nobody refused it either


def disposition(
    *,
    answered: bool,
    end: str,
    code: int | None,
    cause: str,
    q850: int | None = None,
    evidence: Evidence | None = None,
    ring_ms: int | None = None,
) -> Disposition:
    """The disposition of a call.

    Args:
        answered: a 2xx was received.
        end: the dialogue's end value ("" when it never spoke).
        code: the SIP status of the rejection, if there was one.
        cause: `LegEnded.cause`.
        q850: the Q.850 cause given with it (Reason header).
        evidence: the surest finding of the early media.
        ring_ms: how long it rang, None when it did not.
    """
    if answered:
        faults = {"media_timeout", "protocol_error", "transport_error", "internal_error", "shutdown", "timeout"}
        if cause in faults and end in {"", "hangup", "silence"}:
            return "interrupted_by_fault"
        return _BY_END.get(end, "completed" if end else "hung_up")
    if cause == "refused":
        return "not_allowed"
    if (code is not None and 500 <= code < 600) or cause in {"transport_error", "protocol_error"}:
        return "network_fault"
    if code in {607, 608}:
        return BY_CODE[code]
    kind = evidence.kind if evidence is not None and evidence.confidence >= TRUST else None
    if kind is not None and kind in BY_EVIDENCE:
        return _by_evidence(kind, code, q850, ring_ms or 0)
    if cause == "timeout" and code is None and ring_ms is None:
        return "network_fault"  # nothing came back at all: the trunk is silent, and nobody is known to have been rung
    return _by_signalling(code, q850, cause)


def _by_evidence(kind: EvidenceKind, code: int | None, q850: int | None, ring_ms: int) -> Disposition:
    """Something was heard. Chinese switches say 正在通话中 for most refusals and for calls nobody took, so that alone proves nothing:
    an explicit refusal beside it does, or a phone that rang and was cut off."""
    if kind in _MAYBE_REFUSED and (code == 603 or q850 == 21):
        return "rejected"
    if kind == "line_busy":
        if code == 486 and RANG_MS <= ring_ms < NOBODY_MS:
            return "rejected"
        if ring_ms >= NOBODY_MS or q850 in {18, 19}:
            return "no_answer"
    return BY_EVIDENCE[kind]


def _by_signalling(code: int | None, q850: int | None, cause: str) -> Disposition:
    if code is not None:
        known = BY_CODE.get(code)
        if q850 in BY_CAUSE and (known is None or code in VAGUE_CODES) and cause not in {"no_answer", "cancelled"}:
            return BY_CAUSE[q850]
        return known or "unreachable"
    if cause in {"no_answer", "cancelled"}:
        return "no_answer"
    return "unreachable" if cause == "timeout" else "unknown"


def disposition_title(value: str, language: str) -> str:
    """How a disposition is shown to people: `无人接听` (zh), `no answer` (en)."""
    facts = FACTS.get(value)  # type: ignore[call-overload]  # a value of an older or newer record is shown as it is
    if facts is None:
        return value.replace("_", " ") if language != "zh" else value
    return str(facts.zh if language == "zh" else facts.en)
